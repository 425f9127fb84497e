"""The runner of coroutine tests notices what a test leaves behind."""

import asyncio

from franking.tests.conftest import left_by


async def sound() -> None:
    await asyncio.create_task(asyncio.sleep(0))


async def ending() -> None:
    """Its task was told to end, and ends within the grace."""
    asyncio.create_task(asyncio.Event().wait()).cancel()


async def careless(kept: set["asyncio.Task[bool]"]) -> None:
    kept.add(asyncio.create_task(asyncio.Event().wait(), name="forgotten"))


def test_a_sound_test_leaves_nothing() -> None:
    assert asyncio.run(left_by(sound, {})) == []
    assert asyncio.run(left_by(ending, {})) == []


def test_a_task_left_running_is_named() -> None:
    (left,) = asyncio.run(left_by(careless, {"kept": set()}))
    assert "forgotten" in left
