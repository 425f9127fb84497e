"""Tells others of warnings beside mail: a dead mail path cannot announce itself by mail (B12).

Each alarm is a row that is written in the commit that raises the warning, one for each way in which it is to
be told, and that is settled in a commit after it was told: so it is told at least once, also through a power
cut, and the same `id` comes with each time. Each way goes one by one, and none waits for another or holds up
anything else. One that cannot be told goes behind those that were not tried so often.

Rules: an alarm holds no secret, and of what concerns a user alone nothing that the administrator is not shown
(S24, S33a). What a way answers is believed in nothing but that it was told.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import StrEnum

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info, InformationRaised
from .back_off import ask_again
from .clock import first_of, sleep
from .deeds import where
from .information import Warning
from .journal import entry
from .records import RETRY_STORE, AlarmGiven, Batch, InformationRow, StoreFailed
from .runtime import Runtime
from .status import Reader
from .watchers import Unit

DEPENDS = ("hooks.", "proxy.", "tls.")
FORMAT = 1
"Of the JSON; raised when a member changes its meaning."
LOOKED_AT_ONCE = 256
log = logging.getLogger("franking")


class Way(StrEnum):
    COMMAND = "command"
    URL = "url"


Hook = Callable[[bytes], Awaitable[str]]
"Takes an alarm. Gives back why it was not taken, without anything secret; empty: it was. Raises nothing."


class Alarms:
    def __init__(self, runtime: Runtime, reader: Reader, hook: Callable[[Way], Hook | None]) -> None:
        """`hook`: as the settings are now; None: nobody wants it in this way."""
        self.runtime, self.store, self.clock = runtime, runtime.store, runtime.clock
        self.reader, self.hook = reader, hook
        self.moved = {way: asyncio.Event() for way in Way}
        self.mended = {way: asyncio.Event() for way in Way}
        "The settings are others now: what could not be told is tried at once."
        self.all_told = {way: asyncio.Event() for way in Way}
        runtime.keeper.alarm_ways = self.ways
        runtime.watchers.add(self.raised, InformationRaised)

    def ways(self) -> Iterable[Way]:
        return (way for way in Way if self.hook(way) is not None)

    def raised(self, unit: Unit) -> None:
        for way in Way:
            self.all_told[way].clear()
            self.moved[way].set()

    def changed(self, keys: Sequence[str]) -> None:
        """These settings were changed."""
        if any(key.startswith(DEPENDS) for key in keys):
            for event in (*self.mended.values(), *self.moved.values()):
                event.set()

    async def run(self, way: Way) -> None:
        """After a failure the wait of `back_off` counts for all that this way has to tell."""
        tries: dict[int, int] = {}
        failures = 0
        while True:
            self.moved[way].clear()
            self.mended[way].clear()
            try:
                due = self.store.alarms(way, LOOKED_AT_ONCE)
            except StoreFailed as failure:
                log.error("what is to be told by the %s hook cannot be read: %s", way, failure)
                await sleep(self.clock, RETRY_STORE)
                continue
            tries = {number: tries.get(number, 0) for number in due}
            if not due:
                self.all_told[way].set()
                await self.moved[way].wait()
                continue
            number = min(due, key=lambda each: (tries[each], each))
            why = await self.give(way, number)
            if not why:
                failures = 0
                await self.settled(way, number)
                continue
            tries[number] += 1
            now = self.clock.now()
            wait = ask_again(failures, way, now, None) - now
            failures += 1
            log.error("the %s hook took no alarm: %s; it is tried again", way, why)
            await first_of(sleep(self.clock, wait), self.mended[way].wait())
            if self.mended[way].is_set():
                failures = 0

    async def give(self, way: Way, number: int) -> str:
        """Empty: it needs no more telling."""
        try:
            hook = self.hook(way)
            if hook is None:
                return ""
            told = self.told(number)
            if told is None:
                log.warning("alarm %d is not told any more: the history does not reach back to it", number)
                return ""
            return await hook(told)
        except StoreFailed as failure:
            return f"its line cannot be read: {failure}"
        except Exception as error:  # noqa: BLE001 - a fault in one alarm must not stop the engine
            return f"a fault of the program, {where(error)}"

    async def settled(self, way: Way, number: int) -> None:
        """Until the store has it: what was told is not told again because of that."""
        while True:
            try:
                with self.runtime.activity.busy():
                    await self.store.commit(Batch([], [], [], [AlarmGiven(number, way)]))
                return
            except StoreFailed as failure:
                log.error("that the %s hook took an alarm cannot be noted yet: %s", way, failure)
            await sleep(self.clock, RETRY_STORE)

    def told(self, number: int) -> bytes | None:
        """The alarm as JSON; None: what it tells of is not kept any more. Raises StoreFailed."""
        line = self.store.line(number)
        fact = entry(line).event if line else None
        if not isinstance(fact, InformationRaised):
            return None
        row = InformationRow(fact.code, fact.subject, fact.because, fact.at.isoformat())
        standing = next((each for each in self.store.information() if each[:3] == row[:3]), None)
        warning = self.reader.warning(standing or row)
        if warning is None:
            return None
        whose = self.reader.concerns(warning)
        if not administrators(warning, whose):
            warning = self.reader.warning(row) or warning  # in words that need nothing but the journal
            if warning.code in NAMES_ACCOUNTS:
                warning = warning._replace(cause="", remedy="")
        return json.dumps(
            {
                "format": FORMAT,
                "id": f"{number}@{fact.at.isoformat()}",
                "device": self.reader.people.settings().device.name,
                "raised_at": fact.at.isoformat(),
                "stands": standing is not None,
                "code": fact.code,
                "name": fact.code.name,
                "subject": fact.subject,
                "whose": self.reader.people.name(whose) if whose else "",
                "cause": warning.cause,
                "remedy": warning.remedy,
                "actor": warning.actor.name,
                "who": warning.who,
            },
            ensure_ascii=False,
        ).encode()


def administrators(warning: Warning, whose: str | None) -> bool:
    """The administrator is shown what it says: it concerns the device, or the user cannot mend it (B9)."""
    return whose in (None, ADMINISTRATOR) or warning.actor not in (Actor.PERSON, Actor.NOBODY)


NAMES_ACCOUNTS = frozenset({Info.OTHER_ACCOUNT})
"Their sentences are none without the account that signed in."
