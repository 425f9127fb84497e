"""The virtual clock: nobody wakes early, everybody wakes in order."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from franking.engine.clock import Clock, offset
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


def test_a_jump_sets_the_wall_clock_alone(clock: VirtualClock) -> None:
    start = clock.now()
    clock.jump(days=-20_000)
    assert clock.now() == start - timedelta(days=20_000)
    assert (clock.true.now(), clock.monotonic()) == (start, 0.0)


def test_a_sleep_passes_everywhere_but_in_monotonic_time(clock: VirtualClock) -> None:
    start = clock.now()
    clock.sleep(days=3)
    assert clock.now() == clock.true.now() == start + timedelta(days=3)
    assert clock.monotonic() == 0.0


def test_time_passes_beside_a_wrong_wall_clock(clock: VirtualClock) -> None:
    start = clock.now()
    clock.jump(days=-1)
    clock.move(timedelta(hours=2))
    clock.move(timedelta(hours=-1))
    assert clock.true.now() == start + timedelta(hours=2)
    assert clock.monotonic() == clock.true.monotonic() == 7200.0


async def test_whoever_waits_for_the_true_time_is_not_woken_by_a_jump(clock: VirtualClock) -> None:
    waiting = asyncio.create_task(clock.true.sleep_until(clock.true.now() + timedelta(hours=1)))
    await asyncio.sleep(0)
    clock.jump(days=2)
    await asyncio.sleep(0)
    assert not waiting.done()
    assert clock.next_wake() == clock.now() + timedelta(hours=1)
    clock.move(timedelta(hours=1))
    await waiting
    assert clock.next_wake() is None


async def test_servers_wake_before_devices(clock: VirtualClock) -> None:
    """So that a host that is up again at a moment is up for whoever asks at that moment."""
    woken: list[str] = []

    async def wait(name: str, by: Clock) -> None:
        await by.sleep_until(clock.true.now() + timedelta(hours=1))
        woken.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(wait("device", clock))
        group.create_task(wait("server", clock.true))
        await asyncio.sleep(0)
        clock.move(timedelta(hours=1))
    assert woken == ["server", "device"]


async def test_a_server_s_offset_changes_with_a_sleep_alone(clock: VirtualClock) -> None:
    seen = asyncio.create_task(clock.true.jumped(offset(clock.true)))
    await asyncio.sleep(0)
    clock.jump(days=1)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not seen.done()
    clock.sleep(days=1)
    await seen
