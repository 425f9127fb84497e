"""What a clock must keep (`engine/clock.py`): whoever waits is woken when his moment has come, not before.

`make` gives the clock and what makes its time pass: a virtual clock is moved, a real one waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import NamedTuple

from ...engine.clock import Clock, offset

TURNS = 8
"Of the loop: more than a task needs to come to its first wait, or to go on from it."
TICK = timedelta(milliseconds=80)


class Timed(NamedTuple):
    clock: Clock
    passes: Callable[[timedelta], Awaitable[None]]
    "Returns when so much time has passed."


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class ClockChecks:
    def make(self) -> AbstractAsyncContextManager[Timed]:
        raise NotImplementedError

    async def test_wall_time_is_aware_and_in_utc(self) -> None:
        async with self.make() as (clock, _):
            assert clock.now().utcoffset() == timedelta()

    async def test_both_times_go_on_together(self) -> None:
        async with self.make() as (clock, passes):
            before, wall, monotonic = offset(clock), clock.now(), clock.monotonic()
            await passes(TICK)
            assert clock.now() - wall >= TICK
            assert clock.monotonic() - monotonic >= TICK.total_seconds() * 0.9
            assert abs(offset(clock) - before) < TICK

    async def test_a_moment_that_is_over_is_not_waited_for(self) -> None:
        async with self.make() as (clock, _):
            for back in (timedelta(), TICK, timedelta(days=9000)):
                waiting = asyncio.ensure_future(clock.sleep_until(clock.now() - back))
                await turns()
                assert waiting.done()

    async def test_nobody_is_woken_before_his_moment(self) -> None:
        async with self.make() as (clock, passes):
            when = clock.now() + 2 * TICK
            waiting = asyncio.ensure_future(clock.sleep_until(when))
            await turns()
            assert not waiting.done()
            await passes(TICK)
            await turns()
            assert not waiting.done() or clock.now() >= when
            await passes(2 * TICK)
            await asyncio.wait([waiting], timeout=5)
            assert waiting.done()
            assert clock.now() >= when

    async def test_many_are_woken_in_the_order_of_their_moments(self) -> None:
        async with self.make() as (clock, passes):
            began, woken = clock.now(), list[int]()

            async def wait(number: int) -> None:
                await clock.sleep_until(began + number * TICK / 4)
                woken.append(number)

            waiting = [asyncio.ensure_future(wait(number)) for number in (3, 1, 2)]
            for _ in range(5):
                await turns()
                await passes(TICK / 4)
            await asyncio.wait(waiting, timeout=5)
            assert woken == [1, 2, 3]

    async def test_who_is_cancelled_is_not_waited_for(self) -> None:
        async with self.make() as (clock, passes):
            gone = asyncio.ensure_future(clock.sleep_until(clock.now() + TICK))
            kept = asyncio.ensure_future(clock.sleep_until(clock.now() + TICK))
            await turns()
            gone.cancel()
            await turns()
            assert gone.cancelled()
            await passes(2 * TICK)
            await asyncio.wait([kept], timeout=5)
            assert kept.done()

    async def test_a_clock_that_nobody_sets_does_not_jump(self) -> None:
        async with self.make() as (clock, passes):
            jump = asyncio.ensure_future(clock.jumped(offset(clock)))
            await passes(TICK)
            await turns()
            assert not jump.done()
            jump.cancel()
            await asyncio.wait([jump])

    async def test_a_jump_that_was_already_is_told_at_once(self) -> None:
        async with self.make() as (clock, _):
            jump = asyncio.ensure_future(clock.jumped(offset(clock) - timedelta(hours=1)))
            await turns()
            assert jump.done()
