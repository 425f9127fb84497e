"""How long states may last: the next moment that is due is a query, and each is said as a fact, once.

Rule: nothing is remembered here; after a restart, a sleep or a set clock the query gives the right answer
again.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from ..events.base import Event
from ..events.registry import MalformedRecord
from .bus import Publication
from .codec import microseconds, moment
from .play import MACHINE, Due, Machine, limits
from .records import RETRY_STORE, StoreFailed
from .runtime import Runtime, Unit

AT_ONCE = 64
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
        self.unreadable: set[tuple[str, str]] = set()
        runtime.watchers.append(self.watch)

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            due = move.after.due
            if due is not None and (self.next_us is None or microseconds(due) < self.next_us):
                self.changed.set()

    async def run(self) -> None:
        while True:
            self.changed.clear()
            now = self.runtime.clock.now()
            try:
                await self.look()
                # What was due by then and is still there cannot be read: it must not keep this awake.
                self.next_us = self.runtime.store.next_due_us(microseconds(now))
            except StoreFailed as failure:
                log.error("a limit waits: %s", failure)
                await self.runtime.clock.sleep_until(self.runtime.clock.now() + RETRY_STORE)
            else:
                await self.wait()

    async def wait(self) -> None:
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self.changed.wait())]
        if self.next_us is not None:
            waits.append(asyncio.ensure_future(self.runtime.clock.sleep_until(moment(self.next_us))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

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
        found = self.runtime.store.due(microseconds(now), AT_ONCE + len(self.unreadable))
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
            if (before := self.unsaid(machine, key)) is not None:
                due.append(Publication(before))
                continue
            due += [
                Publication(
                    said_by(machine, key, number, instance.state), due=Due((title, key), number, when)
                )
                for number, when in limits(machine, instance)
                if when <= now
            ]
        return due


def said_by(machine: Machine, key: str, number: int, state: StrEnum) -> Event:
    """A limit's fact carries its subject and the time only."""
    then = machine.blocks[state].limits[number].then
    return then.model_validate({machine.per.subject: key} if machine.per.subject else {})
