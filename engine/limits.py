"""How long states may last: the next moment that is due is a query, and each is said as a fact, once.

A clock that is set while a state lasts must cost nothing: what was to come first by either of wall time and
time that really passed comes then. How long a person was away is measured by the time that passed alone
(AWAY): a clock that is set must not log anybody out, and so delete his sign-in. What gives up or erases
(LOSES) comes by the later of both, and not while the clock is doubted.

Rule: a moment is remembered in the store alone, so that after a restart or a sleep the query gives the right
answer again; beside it, in memory, stands how the clock stood when it was decided.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import Event
from ..events.box import DocumentExpired
from ..events.device import ClockBelieved, CredentialWarningDue, DeviceResumed, SystemAutoReset
from ..events.job import SignInLookDue
from ..events.registry import MalformedRecord
from ..events.sign_in import SignInTimedOut
from ..events.token import GrantWarningDue
from ..machines.clock import CLOCK, DOUBTED
from .bus import Publication
from .clock import JUMP, first_of, offset
from .codec import microseconds, moment
from .known_time import BUILT
from .play import MACHINE, Due, Instance, Machine, Name, limits
from .records import RETRY_STORE, StoreFailed
from .runtime import Runtime
from .watchers import Unit

AT_ONCE = 64
ALL = 1_000_000
"More instances than a device has."
AWAY: tuple[type[Event], ...] = (SystemAutoReset, SignInTimedOut)
"Limits that say how long a person was away."
LOSES: tuple[type[Event], ...] = (DocumentExpired, SignInLookDue)
"Limits by which something is given up or erased."
OF_THE_CALENDAR: tuple[type[Event], ...] = (ClockBelieved, CredentialWarningDue, GrantWarningDue)
"Limits at a moment of the calendar, whatever time passed."
ABSURD = timedelta(days=20 * 365)
"Nobody sets a clock back so far: another one was put in its place, as a frozen one in a test."
LIMITED = tuple(machine for machine in MACHINE.values() if any(b.limits for b in machine.blocks.values()))
"Machines some of whose states have one."
log = logging.getLogger("franking")


class Limits:
    def __init__(
        self, runtime: Runtime, unsaid: Callable[[Machine, str], Event | None] = lambda machine, key: None
    ) -> None:
        self.runtime = runtime
        self.unsaid = unsaid
        "What happened to an instance and is to be said before its limit, for it may put that off."
        self.changed = asyncio.Event()
        self.next_us: int | None = None
        "What `run` sleeps for; an earlier one wakes it."
        self.armed: dict[Name, timedelta] = {}
        "The clock's offset when the moment of an instance was decided in this life."
        self.offset = self.first_offset = offset(runtime.clock)
        self.began = runtime.clock.now()
        self.set_anew = False
        "The clock was set since some of these moments were decided."
        self.unreadable: set[tuple[str, str]] = set()
        runtime.watchers.add(self.watch, CLOCK, DeviceResumed, *LIMITED)

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            name, due = (move.machine.title, move.key), move.after.due
            if due is None:
                self.armed.pop(name, None)
            elif due != move.before.due or move.after.entered != move.before.entered:
                self.armed[name] = offset(self.runtime.clock)
            sooner = due is not None and (self.next_us is None or microseconds(due) < self.next_us)
            if sooner or move.machine is CLOCK:
                self.changed.set()
        if any(isinstance(fact, DeviceResumed) for fact in unit.played.lines):
            self.armed.clear()  # it slept: the time by which the wall clock jumped has really passed
            self.changed.set()

    async def run(self) -> None:
        while True:
            self.changed.clear()
            now = self.runtime.clock.now()
            try:
                await self.look()
                # What was due by then and is still there cannot be read: it must not keep this awake.
                self.next_us = self.next_due_us(now)
            except StoreFailed as failure:
                log.error("a limit waits: %s", failure)
                await self.runtime.clock.sleep_until(self.runtime.clock.now() + RETRY_STORE)
            else:
                await self.wait()

    async def wait(self) -> None:
        clock = self.runtime.clock
        if self.next_us is None:
            await self.changed.wait()
        else:
            due = clock.sleep_until(moment(self.next_us))
            await first_of(self.changed.wait(), due, clock.jumped(self.offset))

    def next_due_us(self, after: datetime) -> int | None:
        """When the next limit after this moment is due. Raises StoreFailed."""
        self.notice()
        found = self.runtime.store.next_due_us(microseconds(after))
        moments = [] if found is None else [found]
        if self.set_anew:
            moments += [microseconds(due) for _, due in self.elsewhere() if due > after]
        return min(moments, default=None)

    # A clock that is set

    def notice(self) -> None:
        now = offset(self.runtime.clock)
        if abs(now - self.offset) >= JUMP:
            self.offset, self.set_anew = now, True
        if self.set_anew:
            self.set_anew = any(abs(now - before) >= JUMP for before in self.armed.values())

    def standing(self, name: Name, instance: Instance, number: int, due: datetime) -> datetime:
        """When a limit is due by the clock as it stands now."""
        then = then_of(MACHINE[name[0]], instance, number)
        by = self.offset - self.armed.get(name, self.offset)
        if then in LOSES and due < BUILT and name not in self.armed:
            # A clock that was not set decided it in a former life: its time counts from this one on.
            began = self.began + (self.offset - self.first_offset)
            return began + max(due - (instance.entered or due), timedelta())
        if abs(by) < JUMP or by < -ABSURD or then in OF_THE_CALENDAR:
            return due
        if then in AWAY:
            return due + by
        return max(due, due + by) if then in LOSES else min(due, due + by)

    def over(self, name: Name, instance: Instance) -> list[tuple[int, datetime]]:
        """Its limits that are to be said now, by number, with the moment that each names."""
        machine, now = MACHINE[name[0]], self.runtime.clock.now()
        return [
            (number, due)
            for number, due in limits(machine, instance)
            if self.standing(name, instance, number, due) <= now
            and not (then_of(machine, instance, number) in LOSES and self.doubted())
        ]

    def doubted(self) -> bool:
        return self.runtime.instance(CLOCK, "").state is DOUBTED

    def elsewhere(self) -> Iterator[tuple[Name, datetime]]:
        """Instances whose moment was decided before the clock was set, and when that is now."""
        for name, before in self.armed.items():
            if abs(self.offset - before) >= JUMP and name not in self.unreadable:
                machine = MACHINE[name[0]]
                try:
                    instance = self.runtime.instance(machine, name[1])
                except MalformedRecord:
                    continue  # it is named where it is due
                for number, due in limits(machine, instance):
                    yield name, self.standing(name, instance, number, due)

    async def look(self) -> int:
        """Says every limit that is due by now; how many that were. Raises StoreFailed."""
        said = 0
        while publications := self.due():
            with self.runtime.activity.busy():
                await asyncio.gather(*(self.say(publication) for publication in publications))
            said += len(publications)
        return said

    async def say(self, publication: Publication) -> None:
        try:
            await self.runtime.publish(publication)
        except MalformedRecord as error:
            # Another machine that hears the fact cannot be read: the limit is kept, and the others go on.
            if publication.due is not None:
                self.unreadable.add(publication.due.name)
            log.error("%s", error)

    def due(self) -> list[Publication]:
        now = self.runtime.clock.now()
        self.notice()
        kept_back = ALL if self.doubted() else len(self.armed) if self.set_anew else 0
        most = AT_ONCE + len(self.unreadable) + kept_back
        found = self.runtime.store.due(microseconds(now), most)
        if self.set_anew:
            found = list(dict.fromkeys([*found, *(name for name, due in self.elsewhere() if due <= now)]))
        due = []
        for title, key in found:
            machine = MACHINE.get(title)
            if machine is None or (title, key) in self.unreadable:
                continue
            try:
                instance = self.runtime.instance(machine, key)
            except MalformedRecord as error:
                self.unreadable.add((title, key))
                log.error("%s", error)
                continue
            over = self.over((title, key), instance)
            if over and (before := self.unsaid(machine, key)) is not None:
                due.append(Publication(before))
                continue
            due += [
                Publication(
                    said_by(machine, key, number, instance.state), due=Due((title, key), number, when)
                )
                for number, when in over
            ]
        return due


def then_of(machine: Machine, instance: Instance, number: int) -> type[Event]:
    return machine.blocks[instance.state].limits[number].then


def said_by(machine: Machine, key: str, number: int, state: StrEnum) -> Event:
    """A limit's fact carries its subject and the time only."""
    then = machine.blocks[state].limits[number].then
    return then.model_validate({machine.per.subject: key} if machine.per.subject else {})
