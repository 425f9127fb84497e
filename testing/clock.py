"""A clock that stands still until a test moves it.

Rule: no thread and no real waiting. Whoever waits is woken in the order of the moments waited for, and moving
the clock is the only thing that wakes anybody.
"""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

from ..engine.clock import JUMP, offset


class VirtualClock:
    """Fulfils `engine.clock.Clock`; servers, engine and test share one."""

    def __init__(self, start: datetime) -> None:
        """Raises ValueError for a moment without a time zone."""
        self._now = _aware(start)
        self._elapsed = timedelta()
        self._order = 0
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._set_anew: list[asyncio.Future[None]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        """Seconds that the clock was moved forward so far; setting it back takes none away."""
        return self._elapsed.total_seconds()

    async def sleep_until(self, when: datetime) -> None:
        """Returns when the clock was moved to `when` or past it; at once if it already stands there."""
        when = _aware(when)
        while self._now < when:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._order += 1
            heapq.heappush(self._waiting, (when, self._order, waiter))
            await waiter

    async def jumped(self, before: timedelta) -> None:
        while abs(offset(self) - before) < JUMP:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._set_anew.append(waiter)
            await waiter

    def set(self, when: datetime) -> None:
        """Time passes until `when`; a moment that is over already: the wall clock is set back to it. Wakes
        everybody whose moment has come.
        """
        when = _aware(when)
        self._elapsed += max(when - self._now, timedelta())
        self._put(when)

    def jump(self, **duration: float) -> None:
        """The wall clock alone is set by so much (`days=-1`), or the machine slept for so long: monotonic
        time stands still.
        """
        self._put(self._now + timedelta(**duration))

    def _put(self, when: datetime) -> None:
        self._now = when
        for waiter in self._set_anew:
            if not waiter.done():
                waiter.set_result(None)
        self._set_anew.clear()
        while self._waiting and self._waiting[0][0] <= when:
            waiter = heapq.heappop(self._waiting)[2]
            if not waiter.done():
                waiter.set_result(None)

    def move(self, delta: timedelta) -> None:
        """Moves the clock by `delta`, which may be negative."""
        self.set(self._now + delta)

    def next_wake(self) -> datetime | None:
        """The earliest moment that somebody still waits for."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {when!r}")
    return when.astimezone(UTC)
