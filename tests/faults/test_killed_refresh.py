"""A device that is killed while it refreshes: at most one request a life, and the sign-in lives wherever the
provider honours the former token for a minute. Where a second use ends it, it is lost only when the power
goes between the provider's answer and the commit, and that is said in words (S26, S29, B11).

Each of these lives is killed soon after its first request arrived. `-s` shows the figures.
"""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from franking.engine.journal import entry
from franking.engine.store.sqlite import SqliteStore
from franking.events.base import Event
from franking.events.token import AccessTokenReady, GrantRefused
from franking.testing.policy import OLD_LIVES_A_MINUTE, REUSE_ENDS_ALL, Rotation

from .test_kill import Bench, bench, kill

MOMENT_S = 0.3
"From the arrival of the request until the answer is durable, and a little more."
JOBS = 3
BATCHES = pytest.mark.parametrize("batch", range(4 if os.environ.get("FRANKING_LONG") else 1))
"A hundred lives take longer than one test may."


@dataclass(frozen=True, slots=True)
class Figures:
    lives: int
    answered: int
    "Refreshes that the provider carried out."
    unknown: int
    "Of these, how many answers never became durable."
    lost: int
    "Sign-ins that the provider ended for it."
    words: tuple[str, ...] = field(repr=False)
    "What the administrator was told."


async def one_life(device: Bench, chance: random.Random, told: list[str]) -> None:
    before = device.here.refreshes
    async with device.process(JOBS) as process:
        async with device.here.provider.hold() as gate:
            arrived = asyncio.ensure_future(gate.arrived(1))
            said = asyncio.ensure_future(hears(device, process, told))
            await asyncio.wait([arrived, said], return_when=asyncio.FIRST_COMPLETED)
            arrived.cancel()
        timer = asyncio.get_running_loop().call_later(chance.uniform(0, MOMENT_S), kill, process)
        await said
        timer.cancel()
    assert device.here.refreshes - before <= 1


async def hears(device: Bench, process: asyncio.subprocess.Process, told: list[str]) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        words = line.decode()
        if words.startswith("again ") and words.endswith("\n"):
            told.append(words.removeprefix("again ").strip())


async def lives(folder: Path, rotation: Rotation, seed: int, count: int) -> Figures:
    chance, told = random.Random(seed), list[str]()  # noqa: S311 - the same moments each time
    async with bench(folder) as device:
        async with device.process(0) as process:
            await hears(device, process, told)
        device.here.provider.policy.rotation = rotation
        for _ in range(count):
            await one_life(device, chance, told)
        async with device.process(0) as process:
            await hears(device, process, told)
            assert await process.wait() == 0
        await device.check_store()
        unknown = await device.unknown()
        assert len(unknown) > 0
        answered = sum(
            seen.kind == "token:refresh_token" and seen.outcome == "ok"
            for seen in device.here.provider.requests
        )
        facts = await journal(device.here.store)
    durable = sum(isinstance(fact, AccessTokenReady) for fact in facts)
    lost = sum(isinstance(fact, GrantRefused) for fact in facts)
    return Figures(count, answered, answered - durable, lost, tuple(told))


async def journal(folder: Path) -> list[Event]:
    store = SqliteStore(folder / "store.db")
    try:
        found = [entry(line).event for line in store.lines(0, 100_000)]
        return [event for event in found if isinstance(event, Event)]
    finally:
        await store.aclose()


@BATCHES
@pytest.mark.manual("S26", "S29", "B11")
async def test_s26_kills_cost_no_sign_in_where_the_former_token_is_honoured_for_a_minute(
    tmp_path: Path, batch: int, long_count: Callable[[int, int], int]
) -> None:
    figures = await lives(tmp_path, OLD_LIVES_A_MINUTE, batch, long_count(3, 25))
    print(figures)  # noqa: T201 - figures of the report
    assert (figures.lost, figures.words) == (0, ())
    assert figures.answered > 0


@BATCHES
@pytest.mark.manual("S26", "S29", "S24")
async def test_s26_where_a_second_use_ends_the_sign_in_each_loss_is_one_unknown_answer_and_is_said(
    tmp_path: Path, batch: int, long_count: Callable[[int, int], int]
) -> None:
    figures = await lives(tmp_path, REUSE_ENDS_ALL, batch, long_count(3, 25))
    print(figures)  # noqa: T201 - figures of the report
    assert figures.lost == figures.unknown
    assert (len(figures.words) > 0) == (figures.lost > 0)
    assert all("AADSTS" in words for words in figures.words)
