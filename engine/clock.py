"""The one place where time comes from.

Rule: nothing else in the engine asks the system for the time, so that a virtual clock and freezegun both move
all of it. `now()` is looked up at each call, for freezegun patches `datetime`.
"""

import asyncio
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GLANCE_S = 30.0
"The wall clock may be set while somebody waits: it is looked at again at least this often."
JUMP = timedelta(seconds=2)
"By how much wall time and monotonic time differ when the clock was set; less is a clock that is disciplined."


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment, unmoved by a set clock."""

    async def sleep_until(self, when: datetime) -> None:
        """Returns when `now() >= when`, also if the wall clock jumps."""

    async def jumped(self, before: timedelta) -> None:
        """Returns soon after the clock's `offset` is another one than `before`."""


def offset(clock: Clock) -> timedelta:
    """Where the wall clock stands beside monotonic time. It changes only where the clock is set, or by a
    sleep of the machine, which monotonic time does not count.
    """
    return clock.now() - EPOCH - timedelta(seconds=clock.monotonic())


async def first_of(*awaited: Awaitable[object]) -> None:
    """Returns when one of them has ended; nobody waits for the others any more."""
    waits = [asyncio.ensure_future(each) for each in awaited]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def sleep(clock: Clock, duration: timedelta) -> None:
    """Returns when so much monotonic time has passed, wherever the wall clock is set meanwhile."""
    ends_s = clock.monotonic() + duration.total_seconds()
    while (left := timedelta(seconds=ends_s - clock.monotonic())) > timedelta():
        await first_of(clock.sleep_until(clock.now() + left), clock.jumped(offset(clock)))


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, when: datetime) -> None:
        while (left_s := (when - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left_s, GLANCE_S))

    async def jumped(self, before: timedelta) -> None:
        while abs(offset(self) - before) < JUMP:
            await asyncio.sleep(GLANCE_S)
