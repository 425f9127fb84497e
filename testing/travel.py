"""Time travel: everything that would have happened on the way happens, at its time, to the second."""

import asyncio
from datetime import datetime, timedelta

from ..engine.engine import Engine
from .clock import VirtualClock

GLANCE_S = 0.001
"Real time between two looks at an engine that waits for a late answer, among other things."


async def pass_time(engine: Engine, clock: VirtualClock, **duration: float) -> None:
    """Lets time pass (`hours=2`), stopping at each moment that somebody waits for, and settles the engine
    there.

    `engine` must have been opened with this clock.
    """
    target = clock.now() + timedelta(**duration)
    await settle(engine, clock)
    while (moment := next_moment(engine, clock)) is not None and moment <= target:
        clock.set(max(moment, clock.now()))
        await settle(engine, clock)
    clock.set(target)
    await settle(engine, clock)


async def settle(engine: Engine, clock: VirtualClock) -> None:
    """As `Engine.settle`, but does not wait for answers that a server holds back until the clock is moved
    (`scripted.slow`).
    """
    settled, held = asyncio.create_task(engine.settle()), asyncio.create_task(clock.true.holds())
    try:
        await asyncio.wait({settled, held}, return_when=asyncio.FIRST_COMPLETED)
        while not settled.done() and engine.activity.count > clock.true.holding:
            await asyncio.wait({settled}, timeout=GLANCE_S)
        if settled.done():
            await settled
    finally:
        settled.cancel()
        held.cancel()
        await asyncio.gather(settled, held, return_exceptions=True)


def next_moment(engine: Engine, clock: VirtualClock) -> datetime | None:
    """What comes first: a limit of a state, or whatever else waits for the clock."""
    moments = [moment for moment in (engine.next_due(), clock.next_wake()) if moment is not None]
    return min(moments, default=None)
