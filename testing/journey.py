"""The clock of a device under test: a year passes in a moment, and everything that falls due on the way
happens at its time and in its order, never in one big jump.

Rule: where freezegun or time-machine moves the system's time, the two go together: whichever a test moves,
the other follows.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..engine.clock import EPOCH
from ..engine.engine import Engine
from ..events.device import DeviceResumed
from .clock import VirtualClock
from .frozen import Elsewhere, elsewhere
from .travel import next_moment, settle

AT_MOST = timedelta(days=366)
"How long `until` waits where nothing else is said."
NEGLIGIBLE = timedelta(milliseconds=1)


class NeverHappened(AssertionError):
    """What a test waited for did not come about in that time."""

    def __init__(self, within: timedelta, now: datetime) -> None:
        super().__init__(f"it did not come about within {within}, until {now:%Y-%m-%d %H:%M:%S}")


class BeforeTheClock(ValueError):
    """A frozen time is earlier than the device's clock, and time only goes on."""

    def __init__(self, frozen: datetime, now: datetime) -> None:
        super().__init__(
            f"the frozen time {frozen:%Y-%m-%d %H:%M} is before the device's clock, which stands at "
            f"{now:%Y-%m-%d %H:%M}; freeze a later time, or begin earlier with "
            f'@pytest.mark.franking(start="{frozen.isoformat()}")'
        )


class DeviceClock(VirtualClock):
    """Engines that are opened with it are `attached` to it. Durations are those of timedelta: `days=90`,
    `hours=1.5`.
    """

    def __init__(self, start: datetime) -> None:
        """Raises ValueError for a moment without a time zone."""
        super().__init__(start)
        self.attached: list[Engine] = []
        self._journey: object = None
        "Of the library that moves the system's time."
        self._seen = self.now()
        "How late it was there when the two were last together."

    async def travel(self, **duration: float) -> None:
        """Lets so much time pass. Raises ValueError for a negative duration, FrozenLoop, BeforeTheClock."""
        span = timedelta(**duration)
        if span < timedelta():
            raise ValueError("time does not run backwards; a clock that is set back is `jump_back`")
        outer = await self._together()
        await self._go(self.now() + span, outer)
        self._note(outer)

    async def until(self, what: datetime | Callable[[], bool], **at_most: float) -> datetime:
        """Lets time pass until this moment, or until the condition holds, which is asked again whenever
        something happened; gives the moment by the device's clock.

        Raises NeverHappened where that takes longer than `at_most` (`days=30`), FrozenLoop, BeforeTheClock.
        """
        outer = await self._together()
        if isinstance(what, datetime):
            await self._go(max(what.astimezone(UTC), self.now()), outer)
        else:
            await self._go_until(what, timedelta(**at_most) or AT_MOST, outer)
        self._note(outer)
        return self.now()

    async def settle(self) -> None:
        """Runs what is due now, and returns when nothing is left to do but wait for time or a person. Time
        that freezegun or time-machine let pass meanwhile passes here first. Raises FrozenLoop,
        BeforeTheClock.
        """
        self._note(await self._together())

    async def sleep_device(self, **duration: float) -> None:
        """The device is suspended for so long and resumes: time passes for everybody, and nothing runs on it
        meanwhile.
        """
        outer, span = await self._together(), timedelta(**duration)
        self.sleep(seconds=span.total_seconds())
        if outer is not None:
            outer.move(span)
        for engine in self.attached:
            await engine.publish(engine.availability(DeviceResumed))
        await self._settled()
        self._note(outer)

    async def jump_back(self, **duration: float) -> None:
        """The device's wall clock is set back by so much (`days=1`); no time passes anywhere."""
        await self._set(-timedelta(**duration))

    async def jump_ahead(self, **duration: float) -> None:
        """The device's wall clock is set ahead by so much; no time passes anywhere."""
        await self._set(timedelta(**duration))

    async def rtc_dead(self) -> None:
        """The battery of the device's clock is dead: it shows 1970-01-01 00:00."""
        await self._set(EPOCH - self.now())

    async def set_right(self) -> None:
        """The network's time has set the device's clock right again."""
        await self._set(self.true.now() - self.now())

    async def _set(self, by: timedelta) -> None:
        outer = await self._together()
        self.jump(seconds=by.total_seconds())
        if outer is not None:
            outer.move(by)
        await self._settled()
        self._note(outer)

    async def _together(self) -> Elsewhere | None:
        """The other library's time, once this clock stands where that one does."""
        outer = elsewhere()
        if outer is None:
            self._journey = None
            await self._settled()
            return None
        if outer.key is self._journey:
            ahead = outer.now() - self._seen
        elif (ahead := outer.now() - self.now()) < timedelta():
            raise BeforeTheClock(outer.now(), self.now())
        if ahead < -NEGLIGIBLE:
            self.jump(seconds=ahead.total_seconds())
            await self._settled()
        else:
            await self._go(self.now() + max(ahead, timedelta()), None)
        return outer

    def _note(self, outer: Elsewhere | None) -> None:
        if outer is not None:
            self._journey, self._seen = outer.key, outer.now()

    async def _go(self, target: datetime, outer: Elsewhere | None) -> None:
        await self._settled()
        while (moment := self._next()) is not None and moment <= target:
            await self._step(moment, outer)
        await self._step(max(target, self.now()), outer)

    async def _go_until(self, holds: Callable[[], bool], within: timedelta, outer: Elsewhere | None) -> None:
        await self._settled()
        last = self.now() + within
        while not holds():
            moment = self._next()
            if moment is None or moment > last:
                await self._step(last, outer)
                if holds():
                    return
                raise NeverHappened(within, self.now())
            await self._step(moment, outer)

    async def _step(self, moment: datetime, outer: Elsewhere | None) -> None:
        passes = max(moment - self.now(), timedelta())
        if outer is not None and passes:
            outer.move(passes)
        self.set(self.now() + passes)
        await self._settled()

    async def _settled(self) -> None:
        for engine in self.attached:
            await settle(engine, self)

    def _next(self) -> datetime | None:
        if not self.attached:
            return self.next_wake()
        moments = [next_moment(engine, self) for engine in self.attached]
        return min((moment for moment in moments if moment is not None), default=None)
