"""The loop: take what waits, step the machines in memory, commit everything as one, then let the world know.

While a commit runs nothing is stepped, so what is in memory, what the store's reader sees and what the next
step starts from are the same. `publish` returns after the commit: an accepted fact survives a power cut.

Rule: nothing but this file changes an instance, and it does so only by `play`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ..events.base import UNPUBLISHED, Event, NewLife, OfIdentity
from ..events.box import DocumentDeleted
from ..events.information import Info
from ..events.registry import MalformedRecord
from ..machines.effects import DeleteShared, RevokeBrought
from ..machines.progress import may_have_reached
from ..machines.refresh_token import REFRESH_TOKEN
from .activity import Activity
from .bus import Bus, Lane, Publication, Waiting
from .clock import Clock
from .codec import instance_of, line_of, stored
from .keeping import Keeper, Seal, row_of_job, rows_of_lines
from .play import FIRST, MACHINE, Asked, Instance, Machine, Move, Name, Played, is_blank, play
from .records import (
    Batch,
    DiskFull,
    DocumentRow,
    InformationRow,
    JobRow,
    StoreFailed,
    Write,
)
from .store_port import Store
from .watchers import Unit, Watchers

BATCH_MOST = 512
INSTANCES_MOST = 4096
"In memory; every one of them is in the store, too."
log = logging.getLogger("franking")


class EngineFailed(RuntimeError):
    """A part of the engine failed by a fault of the program; the store is whole, a restart goes on from
    it.
    """

    def __init__(self, part: str) -> None:
        super().__init__(f"the engine's {part} failed; restart it, and see the log for the fault")
        self.part = part


class EngineStopped(RuntimeError):
    """The engine was closed; nothing was accepted."""

    def __init__(self) -> None:
        super().__init__("the engine is stopped; open it again")


class Overlay:
    """The world as one unit has changed it, over what the units before it in the batch did, over memory and
    store.
    """

    def __init__(self, runtime: "Runtime", below: "Overlay | None") -> None:
        self.runtime, self.below = runtime, below
        self.changed: dict[Name, Instance] = {}
        self.raised: dict[tuple[Info, str], bool] = {}

    def find(self, machine: Machine, key: str) -> Instance | None:
        found = self.changed.get((machine.title, key))
        if found is None:
            return self.below.find(machine, key) if self.below else self.runtime.instance(machine, key)
        return found

    def put(self, machine: Machine, key: str, instance: Instance) -> None:
        self.changed[machine.title, key] = instance

    def awake(self, machine: Machine, life: type[NewLife]) -> Iterable[str]:
        return self.runtime.awake(machine, life)

    def is_raised(self, code: Info, subject: str) -> bool:
        if (code, subject) in self.raised:
            return self.raised[code, subject]
        return self.below.is_raised(code, subject) if self.below else (code, subject) in self.runtime.raised

    def set_raised(self, code: Info, subject: str, raised: bool) -> None:
        self.raised[code, subject] = raised

    def absorb(self, unit: "Overlay") -> None:
        self.changed.update(unit.changed)
        self.raised.update(unit.raised)


class Runtime:
    def __init__(self, store: Store, clock: Clock, seal: Seal, activity: Activity) -> None:
        self.store, self.clock, self.activity = store, clock, activity
        self.keeper = Keeper(store, seal)
        self.bus = Bus()
        self.memory: dict[Name, Instance] = {}
        self.raised = {(code, row.subject) for row in store.information() if (code := code_of(row))}
        self.sequence = store.last_sequence()
        self.watchers = Watchers()
        self.listeners: list[Callable[[], None]] = []
        "Called once after each commit, before the watchers, and when one failed."
        self.failed = ""
        "The part of the engine that failed by a fault of the program."
        self.stopping = False
        "Only deeds under way may still say their outcome."
        self.closing = False

    async def publish(self, *publications: Publication, lane: Lane | None = None) -> int:
        """Commits the facts together; the number of the first line. Raises StoreFailed, or MalformedRecord
        where a stored instance that they reach cannot be read, EngineFailed, EngineStopped.

        `lane`: of the deed whose outcome they are. Where the state that it lasts as long as was left first,
        they are not said, and a grant that they bring is revoked (S28).
        """
        self.check()
        if self.closing or (self.stopping and lane is None):
            raise EngineStopped
        now = self.clock.now()
        for publication in publications:
            publication.fact = stamped(publication.fact, now)
        waiting = Waiting(publications, lane)
        self.activity.begin()
        try:
            self.bus.put(waiting)
            return await waiting.done
        finally:
            self.activity.end()

    def check(self) -> None:
        """Raises EngineFailed."""
        if self.failed:
            raise EngineFailed(self.failed)

    def fail(self, part: str) -> None:
        """Refuses what waits and what comes: nothing may be accepted that nobody would carry out."""
        self.failed = part
        self.activity.quiet.set()  # whoever waits for quiet is to hear of it
        while len(self.bus):
            for waiting in self.bus.take(len(self.bus)):
                refuse(waiting, EngineFailed(part))

    async def run(self) -> None:
        """Until `close`, and then until nothing waits any more."""
        while len(self.bus) or not self.closing:
            await self.bus.filled.wait()
            await self.turn(self.bus.take(BATCH_MOST), set())

    def close(self) -> None:
        """Refuses what comes from now on; what waits is still committed, so that every caller hears."""
        self.closing = True
        self.bus.filled.set()

    async def turn(self, group: list[Waiting], stopped: set[Lane]) -> None:
        """`stopped`: deeds that a commit has stopped since this was taken from the queue; grows."""
        try:
            await self.carry_out(group, stopped)
        except Exception:
            for waiting in group:
                refuse(waiting, EngineFailed("runtime"))
            raise

    async def carry_out(self, group: list[Waiting], stopped: set[Lane]) -> None:
        overlay = Overlay(self, None)
        units = self.step(group, overlay, stopped)
        if not units:
            return
        try:
            if any(unit.played.lines or unit.writes for unit in units):
                await self.store.commit(self.batch(units, overlay))
        except StoreFailed as failure:
            self.tell_listeners()
            spared = [unit.waiting for unit in units if not brings_new(unit)]
            if isinstance(failure, DiskFull) and 0 < len(spared) < len(units):
                for unit in units:
                    if brings_new(unit):
                        refuse(unit.waiting, failure)
                await self.turn(spared, stopped)
            elif len(units) == 1 or failure.full:
                for unit in units:
                    refuse(unit.waiting, failure)
            else:
                for unit in units:
                    await self.turn([unit.waiting], stopped)
        else:
            self.accept(units, overlay)
            stopped |= lanes_left(units)

    def step(self, group: list[Waiting], overlay: Overlay, before: set[Lane]) -> list[Unit]:
        units: list[Unit] = []
        written: list[Write] = []
        stopped = set(before)
        sequence = self.sequence + 1
        for waiting in group:
            world, played = Overlay(self, overlay), Played()
            try:
                if waiting.void or waiting.lane in stopped:
                    played.asked += revocations(waiting.publications)
                else:
                    for publication in waiting.publications:
                        if publication.made is not None:
                            publication.fact = stamped(publication.made(), publication.fact.at)
                        play(world, publication.fact, sequence, publication.due, played)
                    for fact in self.shared_by(played):
                        play(world, fact, sequence, None, played)
                writes, taken = self.keeper.records(waiting, played, written)
            except Exception as error:  # noqa: BLE001 - one caller's fact must not stop the loop for the others
                refuse(waiting, error)
                continue
            written += writes
            overlay.absorb(world)
            units.append(Unit(waiting, sequence, played, writes, taken))
            stopped |= lanes_left(units[-1:])
            sequence += len(played.lines)
        return units

    def shared_by(self, played: Played) -> list[Event]:
        """The end of the documents that jobs of this unit will not send links to; which these are, only the
        store knows. Raises StoreFailed.
        """
        return [
            DocumentDeleted(at=asked.fact.at, document=link.document)
            for asked in played.asked
            if isinstance(asked.effect, DeleteShared) and not may_have_reached(asked.instance.data)
            for link in self.store.links_of(int(asked.key))
        ]

    def batch(self, units: list[Unit], overlay: Overlay) -> Batch:
        batch = Batch([], [], [], [])
        for unit in units:
            batch.lines += [line_of(unit.sequence + n, event) for n, event in enumerate(unit.played.lines)]
            batch.writes += rows_of_lines(unit.sequence, unit.played.lines, self.keeper.alarm_ways)
            batch.writes += unit.writes
        for (title, key), instance in overlay.changed.items():
            machine = MACHINE[title]
            if is_blank(machine, instance):
                batch.gone.append((title, key))
            else:
                batch.instances.append(stored(machine, key, instance))
            if title == "job":
                batch.writes.append(row_of_job(key, instance))
        return batch

    def accept(self, units: list[Unit], overlay: Overlay) -> None:
        if len(self.memory) > INSTANCES_MOST:
            self.memory.clear()
        self.memory.update(overlay.changed)
        for named, raised in overlay.raised.items():
            (self.raised.add if raised else self.raised.discard)(named)
        self.sequence = units[-1].sequence + len(units[-1].played.lines) - 1
        self.tell_listeners()
        for unit in units:
            self.watchers.tell(unit)
            if not unit.waiting.done.done():
                unit.waiting.done.set_result(unit.sequence)

    def tell_listeners(self) -> None:
        for listener in self.listeners:
            listener()

    def instance(self, machine: Machine, key: str) -> Instance:
        """Raises MalformedRecord, StoreFailed."""
        found = self.memory.get((machine.title, key))
        if found is None:
            row = self.store.instance(machine.title, key)
            try:
                found = instance_of(machine, row) if row else FIRST[machine.title]
            except MalformedRecord as error:
                if machine.per.subject:
                    raise
                # The device's own: its start says everything of it anew, and must not fail for it.
                log.error("%s", error)
                found = FIRST[machine.title]
            self.memory[machine.title, key] = found
        return found

    def begins(self, machine: Machine, key: str) -> None:
        """This key was never used: nobody needs to look for it in the store."""
        self.memory.setdefault((machine.title, key), FIRST[machine.title])

    def awake(self, machine: Machine, life: type[NewLife]) -> list[str]:
        """What cannot be read stays as it is, named in the log: it must not keep the device from starting."""
        states = [state.name for state in machine.blocks if machine.wakes(state, life)]
        keys = []
        for key in self.store.in_states(machine.title, states) if states else ():
            try:
                self.instance(machine, key)
            except MalformedRecord as error:
                log.error("%s", error)
            else:
                keys.append(key)
        return keys


def brings_new(unit: Unit) -> bool:
    """A job or a document that is not in the store yet."""
    return any(isinstance(write, JobRow | DocumentRow) for write in unit.writes)


def code_of(row: InformationRow) -> Info | None:
    """None: a newer program wrote it, or the disk is at fault; named in the log, and left where it is."""
    try:
        return Info(row.code)
    except ValueError:
        log.error("information %r of %r cannot be read: its code is not known here", row.code, row.subject)
        return None


def left_by(move: Move) -> Iterator[Lane]:
    """Deeds that last as long as a state, and that this move stops."""
    for deed in move.machine.blocks[move.before.state].during:
        if deed not in move.machine.blocks[move.after.state].during:
            yield (move.machine.title, move.key, type(deed))


def stamped(fact: Event, now: datetime) -> Event:
    """A fact that was not published yet gets its time in place, for copying one costs as much as stepping it;
    one that is published again is another fact.
    """
    if fact.at is not UNPUBLISHED:
        return fact.model_copy(update={"at": now})
    fact.__dict__["at"] = now
    return fact


def lanes_left(units: Iterable[Unit]) -> set[Lane]:
    return {
        lane
        for unit in units
        for move in unit.played.moves
        if move.before.state is not move.after.state
        for lane in left_by(move)
    }


def revocations(publications: Iterable[Publication]) -> Iterator[Asked]:
    for publication in publications:
        if publication.seal is not None and isinstance(publication.fact, OfIdentity):
            identity = publication.fact.identity
            yield Asked(
                RevokeBrought(), REFRESH_TOKEN, identity, publication.fact, FIRST[REFRESH_TOKEN.title]
            )


def refuse(waiting: Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
