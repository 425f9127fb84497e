"""A machine as drawings and tables read it: its states, and in words what every fact does in each.

A machine of ours and a plain one of the library `transitions` are read into the same chart; what is drawn,
printed or exported is made from that alone.

Rule: nothing here knows a machine by name, and a chart says no more than its machine does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any, NamedTuple

import transitions

from ..machines.definition import Definition, Guard, Row, Tell
from ..machines.effects import Effect


class Pair(NamedTuple):
    """One row of one state and fact, by its place in their chain."""

    state: str
    fact: str
    row: int


class Effects(NamedTuple):
    verb: str
    "`tells`, `asks`; `calls` in a plain machine."
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.verb} {', '.join(self.names)}"


class Limit(NamedTuple):
    until: str
    "`10 min`, or `renew_at` for a moment that the machine's data name."
    seconds: int | None
    "None: a moment."
    fact: str


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What one row says. One that stands in several states, or answers several facts, is the same object."""

    facts: tuple[str, ...]
    to: str
    "Empty: it does not move the state."
    when: tuple[str, ...]
    "Names of the guards that must hold."
    unless: tuple[str, ...]
    "Of those that must not."
    data: str
    "How it changes the data."
    effects: tuple[Effects, ...]
    why: str
    "Of one that is ignored."

    @property
    def acts(self) -> bool:
        return bool(self.to or self.data or self.effects)


@dataclass(frozen=True, slots=True)
class State:
    key: str
    "Letters, digits and underscores."
    title: str
    means: str
    during: tuple[str, ...]
    limits: tuple[Limit, ...]
    final: bool
    undecided: str = ""
    "What becomes of a fact that has no row here; a machine of ours has none."


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    name: str
    "Of its files, and in front of the ids in its drawing."
    first: str
    states: dict[str, State]
    table: dict[str, dict[str, tuple[Line, ...]]]
    shared: tuple[Line, ...]
    "Rows of every state that does not answer the fact itself."

    @property
    def facts(self) -> list[str]:
        return sorted({fact for chains in self.table.values() for fact in chains})

    @property
    def pairs(self) -> Iterator[Pair]:
        """Every row of every state and fact."""
        for at, chains in self.table.items():
            for fact, chain in chains.items():
                yield from (Pair(at, fact, number) for number in range(len(chain)))


def chart(machine: transitions.Machine) -> Chart:
    """Raises ValueError for a plain machine that cannot be read, such as one with nested states."""
    if isinstance(machine, Definition):
        return of_ours(machine)
    from .plain import of_plain

    return of_plain(machine)


def of_ours(machine: Definition[Any]) -> Chart:
    lines = {
        id(row): line_of(row)
        for chains in machine.table.values()
        for chain in chains.values()
        for row in chain
    }
    return Chart(
        machine.title,
        file_name(machine.title),
        key(machine.first),
        {
            key(at): State(
                key(at),
                title(at.value),
                block.means,
                tuple(map(effect, block.during)),
                tuple(
                    Limit(span(limit.until), seconds(limit.until), limit.then.__name__)
                    for limit in block.limits
                ),
                block.final,
            )
            for at, block in machine.blocks.items()
        },
        {
            key(at): {fact.__name__: tuple(lines[id(row)] for row in chain) for fact, chain in chains.items()}
            for at, chains in machine.table.items()
        },
        tuple(lines[id(row)] for row in machine.shared if id(row) in lines),
    )


def file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def line_of(row: Row[Any]) -> Line:
    tells = Effects("tells", tuple(tell.fact.__name__ + whose(tell) for tell in row.tell))
    asks = Effects("asks", tuple(map(effect, row.ask)))
    return Line(
        tuple(fact.__name__ for fact in row.events),
        key(row.to) if row.to else "",
        (guard_name(row.when),) if row.when else (),
        tuple(map(guard_name, row.unless)),
        row.data.__name__ if row.data else "",
        tuple(effects for effects in (tells, asks) if effects.names),
        row.why,
    )


def guard_name(guard: Guard[Any, Any]) -> str:
    return guard.__name__


def whose(tell: Tell) -> str:
    return " (as remembered)" if tell.from_data else ""


def effect(asked: Effect) -> str:
    """As the table writes it: `Inform(SIGN_IN_AGAIN)`."""
    values = [getattr(asked, field.name) for field in fields(asked)]
    inner = ", ".join(value.name if isinstance(value, Enum) else str(value) for value in values)
    return type(asked).__name__ + (f"({inner})" if values else "")


def key(state: StrEnum) -> str:
    return state.name.lower()


def title(words: str) -> str:
    """In the words of the manual where it has them, else as a name of two words reads."""
    shown = words.replace("_", " ")
    return shown[:1].upper() + shown[1:]


def words(name: str) -> str:
    return name.replace("_", " ")


def condition(line: Line) -> str:
    """The guards in words; the last row of a longer chain is what is left."""
    if not line.when and len(line.unless) > 1:
        return "otherwise"
    return ", ".join([*map(words, line.when), *(f"not {words(guard)}" for guard in line.unless)])


def position(chain: Sequence[Line], line: Line) -> int | None:
    """Where that very row stands; another one may say the same."""
    return next((number for number, found in enumerate(chain) if found is line), None)


def span(until: str | timedelta) -> str:
    """`10 min`, or `renew_at` for a moment that the machine's data name."""
    if isinstance(until, str):
        return until
    whole = int(until.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def seconds(until: str | timedelta) -> int | None:
    return None if isinstance(until, str) else int(until.total_seconds())
