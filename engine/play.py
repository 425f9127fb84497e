"""What one fact does to all machines: stepping, shared by the runtime and by replay.

A fact is stepped by every machine that hears it, in the order of `MACHINES`; then what they told, first in
first out. Nothing is stored and nothing performed here: the outcome is a list of journal lines, the instances
that moved, and what was asked for.

Rule: `play` reads no clock; the same facts on the same world give the same outcome, always.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ..events.base import Event, NewLife
from ..events.box import DocumentDeleted
from ..events.information import Info, InformationCleared, InformationRaised
from ..events.job import JobCancelled
from ..events.registry import MalformedRecord
from ..events.token import TokenDeleted
from ..machines import MACHINES
from ..machines.access_token import ACCESS_TOKEN, FRESH, Request
from ..machines.definition import Definition, Limit, told
from ..machines.document import DOCUMENT, KEPT, Stay
from ..machines.effects import Clear, Effect, Inform
from ..machines.job import JOB, WAITING
from ..machines.progress import Progress
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN, Grant

log = logging.getLogger("franking")
Machine = Definition[Any]
Name = tuple[str, str]
"A machine's title and the key of its subject: one instance."


class Instance(NamedTuple):
    state: StrEnum
    data: Any
    "The frozen dataclass of its machine."
    entered: datetime | None = None
    fired: tuple[tuple[int, datetime], ...] = ()
    "Limits of this state that have been said, by number, with the moment that was due."
    due: datetime | None = None
    "When the next of its limits is to be said."
    version: int = 0


class Due(NamedTuple):
    """A limit whose moment has come: it stands only while the instance still names that moment."""

    name: Name
    number: int
    moment: datetime


class Asked(NamedTuple):
    """One effect that a row asked for."""

    effect: Effect
    machine: Machine
    key: str
    fact: Event
    instance: Instance
    "After the step."


class World(Protocol):
    """Where instances are found: the runtime's overlay, or replay's dictionary."""

    def find(self, machine: Machine, key: str) -> Instance | None: ...

    def put(self, machine: Machine, key: str, instance: Instance) -> None: ...

    def awake(self, machine: Machine, life: type[NewLife]) -> Iterable[str]:
        """Keys of the instances that a new life reaches."""

    def is_raised(self, code: Info, subject: str) -> bool: ...

    def set_raised(self, code: Info, subject: str, raised: bool) -> None: ...


class Move(NamedTuple):
    """One step of one instance that changed it."""

    machine: Machine
    key: str
    before: Instance
    after: Instance
    fact: Event


@dataclass(slots=True)
class Played:
    lines: list[Event] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)


Route = tuple[Machine, str]


def routes(machines: Iterable[Machine]) -> dict[type[Event], tuple[Route, ...]]:
    """Which machines hear a fact, and the field that names the instance."""
    table: dict[type[Event], list[Route]] = {}
    for machine in machines:
        for event in machine.hears:
            table.setdefault(event, []).append((machine, machine.per.subject))
    return {event: tuple(heard) for event, heard in table.items()}


ROUTES = routes(MACHINES)
INFORMATION = (InformationRaised, InformationCleared)
FIRST = {machine.title: Instance(machine.first, machine.begins) for machine in MACHINES}


def is_blank(machine: Machine, instance: Instance) -> bool:
    """In its first state with its first data: it needs no row, so a late word about a purged job makes no
    ghost.
    """
    return instance.state is machine.first and instance.data == machine.begins


def limits(machine: Machine, instance: Instance) -> Iterator[tuple[int, datetime]]:
    """The limits of the instance's state that are still to be said."""
    for number, limit in enumerate(machine.blocks[instance.state].limits):
        moment = moment_of(limit, instance.data, instance.entered)
        if moment is not None and (number, moment) not in instance.fired:
            yield number, moment


def moment_of(limit: Limit, data: object, entered: datetime | None) -> datetime | None:
    """When it is to be said; None: not while the data stay as they are."""
    if isinstance(limit.until, str):
        moment: datetime | None = getattr(data, limit.until)
        return moment
    return entered and entered + limit.until


def first_due(
    limits: tuple[Limit, ...], data: object, entered: datetime | None, fired: tuple[tuple[int, datetime], ...]
) -> datetime | None:
    """The earliest moment of those that are still to be said; a step needs no more of them."""
    first = None
    for number, limit in enumerate(limits):
        moment = moment_of(limit, data, entered)
        if moment is not None and (first is None or moment < first) and (number, moment) not in fired:
            first = moment
    return first


def keys(world: World, event: Event, machine: Machine, subject: str) -> Iterable[str]:
    if subject:
        return (
            world.awake(machine, type(event))
            if isinstance(event, NewLife)
            else (str(getattr(event, subject)),)
        )
    return ("",)


def play(
    world: World, fact: Event, sequence: int, due: Due | None = None, played: Played | None = None
) -> Played:
    """Steps a fact and all that is told because of it; its line in the journal gets the number `sequence`.

    A limit that no longer stands plays nothing.
    """
    played = played or Played()
    if due is not None and not mark_said(world, due):
        return played
    queue = deque([fact])
    while queue:
        event = queue.popleft()
        line = sequence + len(played.lines)
        played.lines.append(event)
        if isinstance(event, INFORMATION):
            world.set_raised(event.code, event.subject, type(event) is InformationRaised)
        for machine, subject in ROUTES.get(type(event), ()):
            for key in keys(world, event, machine, subject):
                step_one(world, event, machine, key, line, queue, played)
    return played


def step_one(
    world: World, event: Event, machine: Machine, key: str, line: int, queue: deque[Event], played: Played
) -> None:
    before = found(world, event, machine, key) or FIRST[machine.title]
    step = machine.step(before.state, before.data, event)
    if step.entered or step.data is not before.data:
        entered, fired = (event.at, ()) if step.entered else (before.entered, before.fired)
        if step.state is machine.first and step.data == machine.begins:
            entered, fired = None, ()  # it has no row from now on: memory knows no more than a restart would
        due = first_due(machine.blocks[step.state].limits, step.data, entered, fired)
        after = Instance(step.state, step.data, entered, fired, due, before.version + 1)
        world.put(machine, key, after)
        played.moves.append(Move(machine, key, before, after, event))
    else:
        after = before
    for tell in step.tell:
        queue.append(told(tell, event, before.data, machine.per.subject, key))
    for effect in step.ask:
        if isinstance(effect, Inform):
            queue.append(InformationRaised(at=event.at, code=effect.code, subject=key, because=line))
        elif isinstance(effect, Clear):
            if world.is_raised(effect.code, key):
                queue.append(InformationCleared(at=event.at, code=effect.code, subject=key))
        else:
            played.asked.append(Asked(effect, machine, key, event, after))


def found(world: World, event: Event, machine: Machine, key: str) -> Instance | None:
    """Raises MalformedRecord; but what is to be deleted is deleted although it cannot be read (S27)."""
    try:
        return world.find(machine, key)
    except MalformedRecord as error:
        if not isinstance(event, TokenDeleted | DocumentDeleted | JobCancelled):
            raise
        log.error("%s; it is deleted as one that is held", error)
        return HELD.get(machine.title)


def mark_said(world: World, due: Due) -> bool:
    """The limit's flag, set in the commit that says it; False: the state was left or the moment moved
    meanwhile.
    """
    title, key = due.name
    machine = MACHINE[title]
    instance = world.find(machine, key)
    if instance is None or (due.number, due.moment) not in list(limits(machine, instance)):
        return False
    others = tuple(said for said in instance.fired if said[0] != due.number)
    said = instance._replace(fired=(*others, (due.number, due.moment)), version=instance.version + 1)
    due_next = first_due(machine.blocks[said.state].limits, said.data, said.entered, said.fired)
    world.put(machine, key, said._replace(due=due_next))
    return True


HELD = {
    REFRESH_TOKEN.title: Instance(ACQUIRED, Grant()),
    ACCESS_TOKEN.title: Instance(FRESH, Request()),
    DOCUMENT.title: Instance(KEPT, Stay()),
    JOB.title: Instance(WAITING, Progress()),
}
"What a deletion takes a record for that it cannot read, so that it erases whatever there is."
MACHINE = {machine.title: machine for machine in MACHINES}
