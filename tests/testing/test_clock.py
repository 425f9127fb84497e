"""The virtual clock: nobody wakes early, everybody wakes in order."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from franking.testing.clock import VirtualClock

HOUR = timedelta(hours=1)


async def test_returns_at_once_for_a_moment_that_has_come(clock: VirtualClock) -> None:
    await clock.sleep_until(clock.now())
    await clock.sleep_until(clock.now() - HOUR)


async def test_sleeps_until_moved_to_the_moment(clock: VirtualClock) -> None:
    asleep = asyncio.create_task(clock.sleep_until(clock.now() + HOUR))
    await asyncio.sleep(0)
    clock.move(HOUR - timedelta(microseconds=1))
    await asyncio.sleep(0)
    assert not asleep.done()
    clock.move(timedelta(microseconds=1))
    await asleep


async def test_wakes_in_the_order_of_the_moments(clock: VirtualClock) -> None:
    woken: list[int] = []

    async def sleeper(hours: int) -> None:
        await clock.sleep_until(start + hours * HOUR)
        woken.append(hours)

    start = clock.now()
    async with asyncio.TaskGroup() as group:
        for hours in (3, 1, 2):
            group.create_task(sleeper(hours))
        await asyncio.sleep(0)
        assert clock.next_wake() == start + HOUR
        clock.move(5 * HOUR)
    assert woken == [1, 2, 3]
    assert clock.next_wake() is None


async def test_a_cancelled_sleeper_is_forgotten(clock: VirtualClock) -> None:
    asleep = asyncio.create_task(clock.sleep_until(clock.now() + HOUR))
    await asyncio.sleep(0)
    asleep.cancel()
    await asyncio.gather(asleep, return_exceptions=True)
    assert clock.next_wake() is None


def test_setting_back_takes_nothing_from_monotonic(clock: VirtualClock) -> None:
    clock.move(HOUR)
    clock.move(-2 * HOUR)
    assert clock.monotonic() == 3600.0
    assert clock.now() == datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


def test_refuses_a_moment_without_a_time_zone(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2026, 11, 2))  # noqa: DTZ001 - the mistake under test
