"""A clock that stands still until a test moves it, and beside it the true time.

Rule: no thread and no real waiting. Whoever waits is woken in the order of the moments waited for, and moving
the clock is the only thing that wakes anybody. A device's wall clock can be wrong; a provider's is not.
"""

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ..engine.clock import JUMP, Clock, offset


@dataclass(slots=True)
class Waiting:
    """Who waits for which moment of one clock."""

    _order: int = 0
    _heap: list[tuple[datetime, int, asyncio.Future[None]]] = field(default_factory=list)

    def until(self, when: datetime) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._heap, (when, self._order, waiter))
        return waiter

    def wake(self, now: datetime) -> None:
        while self._heap and self._heap[0][0] <= now:
            waiter = heapq.heappop(self._heap)[2]
            if not waiter.done():
                waiter.set_result(None)

    def first(self) -> datetime | None:
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None


class VirtualClock:
    """Fulfils `engine.clock.Clock` for a device. Servers take `true`: they are elsewhere, and their clocks
    are right when the device's is not.
    """

    def __init__(self, start: datetime) -> None:
        """Raises ValueError for a moment without a time zone."""
        self._now = _aware(start)
        self._elapsed = timedelta()
        self._waiting = Waiting()
        self._set_anew: list[asyncio.Future[None]] = []
        self.true = TrueTime(self, self._now)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        """Seconds that the clock was moved forward so far; setting it back takes none away."""
        return self._elapsed.total_seconds()

    async def sleep_until(self, when: datetime) -> None:
        """Returns when the clock was moved to `when` or past it; at once if it already stands there."""
        when = _aware(when)
        while self._now < when:
            await self._waiting.until(when)

    async def jumped(self, before: timedelta) -> None:
        await self.set_anew(self, before)

    async def set_anew(self, clock: Clock, before: timedelta) -> None:
        """Returns when `clock`, this one or its true time, has another offset than `before`."""
        while abs(offset(clock) - before) < JUMP:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._set_anew.append(waiter)
            await waiter

    def set(self, when: datetime) -> None:
        """Time passes until `when`; a moment that is over already: the wall clock is set back to it. Wakes
        everybody whose moment has come.
        """
        when = _aware(when)
        passes = max(when - self._now, timedelta())
        self._elapsed += passes
        self._put(when, passes)

    def move(self, delta: timedelta) -> None:
        """Moves the clock by `delta`, which may be negative."""
        self.set(self._now + delta)

    def jump(self, **duration: float) -> None:
        """The wall clock alone is set by so much (`days=-1`): no time passes, here or elsewhere."""
        self._put(self._now + timedelta(**duration), timedelta())

    def sleep(self, **duration: float) -> None:
        """The machine sleeps for so long: time passes everywhere, but monotonic time stands still."""
        passes = timedelta(**duration)
        self._put(self._now + passes, passes)

    def next_wake(self) -> datetime | None:
        """The earliest moment that somebody still waits for, by this clock."""
        here, elsewhere = self._waiting.first(), self.true.next_wake()
        moments = [] if here is None else [here]
        if elsewhere is not None:
            moments.append(self._now + (elsewhere - self.true.now()))
        return min(moments, default=None)

    def _put(self, when: datetime, passes: timedelta) -> None:
        self._now = when
        for waiter in self._set_anew:
            if not waiter.done():
                waiter.set_result(None)
        self._set_anew.clear()
        # Servers first: what is up again at this moment is up for the device that asks at this moment.
        self.true.pass_by(passes)
        self._waiting.wake(when)


class TrueTime:
    """The time that passes for everybody, as servers elsewhere know it. Fulfils `engine.clock.Clock`."""

    def __init__(self, clock: VirtualClock, start: datetime) -> None:
        self._clock = clock
        self._now = start
        self._waiting = Waiting()
        self._holds = asyncio.Event()
        self.holding = 0
        "Answers that servers hold back now."

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep_until(self, when: datetime) -> None:
        when = _aware(when)
        while self._now < when:
            await self._waiting.until(when)

    async def jumped(self, before: timedelta) -> None:
        await self._clock.set_anew(self, before)

    async def hold_back(self, delay: timedelta) -> None:
        """For a server whose answer comes late by so much."""
        self.holding += 1
        self._holds.set()
        try:
            await self.sleep_until(self._now + delay)
        finally:
            self.holding -= 1
            if not self.holding:
                self._holds.clear()

    async def holds(self) -> None:
        """Returns when a server holds an answer back."""
        await self._holds.wait()

    def next_wake(self) -> datetime | None:
        return self._waiting.first()

    def pass_by(self, duration: timedelta) -> None:
        """For the clock that moves."""
        self._now += duration
        self._waiting.wake(self._now)


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {when!r}")
    return when.astimezone(UTC)
