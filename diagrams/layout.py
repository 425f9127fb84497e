"""What a picture of a machine shows, before any syntax: states, arrows between them, and what happens inside.

Everything is read from the definition that runs. Rows from one state to another become one arrow with several
lines; rows that do not move the state stand inside it; ignored pairs are left to the matrix. A row of every
state is drawn once, from a box «any state», where drawing it from each would hide the picture.

Rule: nothing here knows a machine by name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any

from ..machines.definition import Definition, Guard, Row, Tell
from ..machines.effects import Effect

Machine = Definition[Any]
MANY = 4
"More arrows than this for rows of every state, and one box «any state» says them."


@dataclass(frozen=True, slots=True)
class Happening:
    """What one row says: which facts, under which condition, with which effects."""

    facts: tuple[str, ...]
    "By name; one that a limit says has its time in front: `⏱ 10 min → SignInTimedOut`."
    guard: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Box:
    state: StrEnum
    means: str
    during: tuple[str, ...]
    inside: tuple[Happening, ...]
    "What happens without another state."
    final: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    sources: tuple[StrEnum, ...]
    "One, or all those that «any state» stands for."
    to: StrEnum
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    first: StrEnum
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    everywhere: tuple[Happening, ...]
    "What happens in each state alike, without another state."


def picture(machine: Machine) -> Picture:
    arrows: dict[tuple[tuple[StrEnum, ...], StrEnum], list[Happening]] = {}
    inside: dict[StrEnum, list[Happening]] = {at: [] for at in machine.blocks}
    everywhere = in_every_state(machine)
    moves = shared_moves(machine)
    once = {id(row) for row, _ in everywhere} | {id(row) for row, _, _ in moves}
    for row, sources, happening in moves:
        arrows.setdefault((sources, row.to or sources[0]), []).append(happening)
    for at in machine.blocks:
        for row, facts in acting(machine, at):
            if id(row) in once:
                continue
            happening = happening_of(machine, at, row, facts)
            if row.to is None or row.to is at:
                inside[at].append(happening)
            else:
                arrows.setdefault(((at,), row.to), []).append(happening)
    boxes = tuple(
        Box(at, block.means, tuple(map(effect, block.during)), tuple(inside[at]), block.final)
        for at, block in machine.blocks.items()
    )
    found = tuple(Arrow(sources, to, tuple(lines)) for (sources, to), lines in arrows.items())
    return Picture(
        machine.title, machine.first, boxes, found, tuple(happening for _, happening in everywhere)
    )


Use = tuple[Row[Any], tuple[str, ...], tuple[StrEnum, ...]]
"A row of every state, the facts that it answers, and the states that leave these facts to it."


def uses(machine: Machine) -> Iterator[Use]:
    for row in machine.shared:
        by_facts: dict[tuple[str, ...], list[StrEnum]] = {}
        for at in machine.blocks:
            for found, facts in acting(machine, at):
                if found is row:
                    by_facts.setdefault(facts, []).append(at)
        yield from ((row, facts, tuple(sources)) for facts, sources in by_facts.items())


def in_every_state(machine: Machine) -> list[tuple[Row[Any], Happening]]:
    return [
        (row, happening_of(machine, sources[0], row, facts))
        for row, facts, sources in uses(machine)
        if row.to is None and len(sources) == len(machine.blocks)
    ]


def shared_moves(machine: Machine) -> list[tuple[Row[Any], tuple[StrEnum, ...], Happening]]:
    """Rows of every state that move it; none if they are few enough to be drawn from each."""
    moves = [use for use in uses(machine) if use[0].to is not None]
    if sum(len(sources) for _, _, sources in moves) <= MANY:
        return []
    return [(row, sources, happening_of(machine, sources[0], row, facts)) for row, facts, sources in moves]


def acting(machine: Machine, at: StrEnum) -> Iterator[tuple[Row[Any], tuple[str, ...]]]:
    """The rows that act in a state, each with the facts that it answers there."""
    chains = machine.table[at].values()
    for row in {id(row): row for chain in chains for row in chain if row.acts}.values():
        yield row, tuple(fact.__name__ for fact in row.events if stands(row, machine.table[at][fact]))


def stands(row: Row[Any], chain: Sequence[Row[Any]]) -> bool:
    """That very row; another one may say the same."""
    return any(found is row for found in chain)


def happening_of(machine: Machine, at: StrEnum, row: Row[Any], facts: Sequence[str]) -> Happening:
    limits = {limit.then.__name__: span(limit.until) for limit in machine.blocks[at].limits}
    named = tuple(f"⏱ {limits[fact]} → {fact}" if fact in limits else fact for fact in facts)
    return Happening(named, condition(row), effects(row))


def condition(row: Row[Any]) -> str:
    """The guard in words; the last row of a longer chain is what is left."""
    if row.when is None and len(row.unless) > 1:
        return "otherwise"
    return ", ".join(
        [*([words(row.when)] if row.when else []), *(f"not {words(guard)}" for guard in row.unless)]
    )


def words(guard: Guard[Any, Any]) -> str:
    return guard.__name__.replace("_", " ")


def effects(row: Row[Any]) -> tuple[str, ...]:
    said = [f"tells {', '.join(tell.fact.__name__ + whose(tell) for tell in row.tell)}"] if row.tell else []
    asked = [f"asks {', '.join(map(effect, row.ask))}"] if row.ask else []
    return (*said, *asked)


def whose(tell: Tell) -> str:
    return " (as remembered)" if tell.from_data else ""


def effect(asked: Effect) -> str:
    """As the table writes it: `Inform(SIGN_IN_AGAIN)`."""
    values = [getattr(asked, field.name) for field in fields(asked)]
    inner = ", ".join(value.name if isinstance(value, Enum) else str(value) for value in values)
    return type(asked).__name__ + (f"({inner})" if values else "")


def span(until: str | timedelta) -> str:
    """`10 min`, or `renew_at` for a moment that the machine's data name."""
    if isinstance(until, str):
        return until
    seconds = int(until.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
