"""What makes a set of definitions sound: every pair decided, every guard with its opposite, nothing told in
circles.

Rule: each check yields a sentence that names machine, state and event; a sound set yields nothing. `make
test` runs them over `MACHINES`, and whoever writes machines of his own runs them over his.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any

from ..events.base import Event, NewLife
from .definition import Definition, Row
from .effects import KeepGrant, RevokeBrought

Machine = Definition[Any]
START = "EngineStarted"


def mistakes(
    machines: Sequence[Machine], registry: Mapping[str, type[Event]], heard_by_nobody: Mapping[str, str]
) -> Iterator[str]:
    for machine in machines:
        yield from (f"{machine.title}: {sentence}" for sentence in of_one(machine))
    heard = {event.__name__ for machine in machines for event in machine.hears}
    for name in registry:
        if name not in heard and name not in heard_by_nobody:
            yield f"{name}: no machine hears it, and it is not listed as told to subscribers only"
        if name in heard and name in heard_by_nobody:
            yield f"{name}: a machine hears it, and it is listed as told to subscribers only"
    yield from unregistered(machines, registry)
    yield from circles(machines)
    yield from lost_grants(machines)


def of_one(machine: Machine) -> Iterator[str]:
    for at, block in machine.blocks.items():
        for event in sorted(machine.hears, key=lambda event: event.__name__):
            rows = machine.table[at].get(event, ())
            if not rows:
                yield f"{at}: {event.__name__} is undecided"
            else:
                yield from (f"{at}: {event.__name__} {why}" for why in chain(rows))
        yield from limits(machine, at)
        if block.during:
            leaves = [
                row for event, rows in machine.table[at].items() if event.__name__ == START for row in rows
            ]
            if not leaves or any(row.to in (None, at) for row in leaves):
                yield f"{at}: it has deeds during it, so {START} must leave it"
    yield from reach(machine)
    yield from shadowed(machine)
    yield from subjects(machine)


def chain(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """One row; or rows whose guards say «the first that holds», each `unless` naming all the guards above
    it.
    """
    guards = tuple(row.when for row in rows[:-1])
    if rows[-1].when is not None:
        yield "has a guard without its opposite: the last row must have no `when`"
    if None in guards or len(set(guards)) != len(guards):
        yield "has two rows that fire for the same case"
    for number, row in enumerate(rows):
        if row.unless != guards[:number]:
            yield f"row {number + 1}: `unless` must name the guards of the rows above it, in their order"


def limits(machine: Machine, at: StrEnum) -> Iterator[str]:
    for limit in machine.blocks[at].limits:
        if not any(row.acts for row in machine.table[at].get(limit.then, ())):
            yield f"{at}: its limit's fact {limit.then.__name__} does nothing there"
        wanted = {name for name, field in limit.then.model_fields.items() if field.is_required()}
        if wanted - {machine.per.subject}:
            yield f"{at}: {limit.then.__name__} carries more than its subject, so no limit can say it"


def reach(machine: Machine) -> Iterator[str]:
    reached, waiting = set[StrEnum](), [machine.first]
    ways = {
        at: {row.to for rows in machine.table[at].values() for row in rows if row.to} - {at}
        for at in machine.blocks
    }
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += ways[here]
    for at, block in machine.blocks.items():
        if at not in reached:
            yield f"{at}: nothing leads here"
        if not ways[at] and not block.final:
            yield f"{at}: nothing leads out of it, and it is not final"
        if block.final and any(row.acts for rows in machine.table[at].values() for row in rows):
            yield f"{at}: it is final, and yet a row acts"


def shadowed(machine: Machine) -> Iterator[str]:
    used = {id(row) for rows in machine.table.values() for chain in rows.values() for row in chain}
    yield from (
        f"every state: each state answers {', '.join(event.__name__ for event in row.events)} itself"
        for row in machine.shared
        if id(row) not in used
    )


def subjects(machine: Machine) -> Iterator[str]:
    for event in machine.hears:
        if not issubclass(event, machine.per | NewLife):
            yield f"{event.__name__} has no {machine.per.subject or 'device'} as its subject"
    remembers = {machine.per.subject, *(field.name for field in fields(machine.data_type))}
    for at, rows in machine.table.items():
        for event, chained in rows.items():
            for tell in (tell for row in chained for tell in row.tell):
                for name in set(tell.fact.model_fields) - {*event.model_fields, *remembers}:
                    yield f"{at}: {event.__name__} tells {tell.fact.__name__}, whose {name} is found nowhere"


def unregistered(machines: Sequence[Machine], registry: Mapping[str, type[Event]]) -> Iterator[str]:
    for machine in machines:
        told = {tell.fact for _, row in rows_of(machine) for tell in row.tell}
        due = {limit.then for block in machine.blocks.values() for limit in block.limits}
        for event in machine.hears | told | due:
            if registry.get(event.__name__) is not event:
                yield f"{machine.title}: {event.__name__} is not in the registry"


def circles(machines: Sequence[Machine]) -> Iterator[str]:
    tells: dict[type[Event], set[type[Event]]] = {}
    for machine in machines:
        for event, row in rows_of(machine):
            tells.setdefault(event, set()).update(tell.fact for tell in row.tell)
    for start, first in tells.items():
        waiting, seen = list(first), set[type[Event]]()
        while waiting:
            event = waiting.pop()
            if event is start:
                yield f"{start.__name__} tells itself in a circle"
                break
            if event not in seen:
                seen.add(event)
                waiting += tells.get(event, ())


def lost_grants(machines: Sequence[Machine]) -> Iterator[str]:
    """A fact that brings a grant is kept or revoked, whatever the state, by one machine."""
    brings = {event for machine in machines for event in machine.hears if event.brings_grant}
    for event in sorted(brings, key=lambda event: event.__name__):
        keepers = [m for m in machines if any(KeepGrant() in row.ask for e, row in rows_of(m) if e is event)]
        if len(keepers) != 1:
            yield f"{event.__name__} brings a grant, and {len(keepers)} machines keep it"
        for machine in keepers:
            for found, row in rows_of(machine):
                if found is event and not {KeepGrant(), RevokeBrought()} & set(row.ask):
                    yield f"{machine.title}: a row for {event.__name__} neither keeps nor revokes its grant"


def rows_of(machine: Machine) -> Iterator[tuple[type[Event], Row[Any]]]:
    for rows in machine.table.values():
        for event, chained in rows.items():
            yield from ((event, row) for row in chained)
