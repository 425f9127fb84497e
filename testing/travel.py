"""Time travel: everything that would have happened on the way happens, at its time, to the second."""

from datetime import datetime, timedelta

from ..engine.engine import Engine
from .clock import VirtualClock


async def pass_time(engine: Engine, clock: VirtualClock, **duration: float) -> None:
    """Lets time pass (`hours=2`), stopping at each moment that somebody waits for, and settles the engine
    there.

    `engine` must have been opened with this clock.
    """
    target = clock.now() + timedelta(**duration)
    await engine.settle()
    while (moment := next_moment(engine, clock)) is not None and moment <= target:
        clock.set(max(moment, clock.now()))
        await engine.settle()
    clock.set(target)
    await engine.settle()


def next_moment(engine: Engine, clock: VirtualClock) -> datetime | None:
    """What comes first: a limit of a state, or whatever else waits for the clock."""
    moments = [moment for moment in (engine.next_due(), clock.next_wake()) if moment is not None]
    return min(moments, default=None)
