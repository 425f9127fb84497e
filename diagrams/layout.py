"""What a picture of a machine shows, before any syntax: states, arrows between them, and what happens inside.

Rows from one state to another become one arrow with several lines; rows that do not move the state, or begin
it anew, stand inside it; ignored pairs are left to the matrix. A row of every state is drawn once, from a box
«any state», where drawing it from each would hide the picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .chart import Chart, Effects, Line, Pair, State, condition, position

MANY = 4
"More arrows than this for rows of every state, and one box «any state» says them."


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    after: str
    "`10 min`, where a limit says it; else empty."
    pairs: tuple[Pair, ...]
    "The places of its row, one for each state in which it does this."

    def __str__(self) -> str:
        return f"⏱ {self.after} → {self.name}" if self.after else self.name


@dataclass(frozen=True, slots=True)
class Happening:
    """What one row says: which facts, under which condition, with which effects."""

    facts: tuple[Fact, ...]
    guard: str
    effects: tuple[Effects, ...]
    again: bool = False
    "The state in which it stands begins anew."


@dataclass(frozen=True, slots=True)
class Box:
    state: State
    inside: tuple[Happening, ...]
    "What happens without another state."


@dataclass(frozen=True, slots=True)
class Arrow:
    sources: tuple[str, ...]
    "One, or all those that «any state» stands for."
    to: str
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    name: str
    first: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    everywhere: tuple[Happening, ...]
    "What happens in each state alike, without another state."


def picture(drawn: Chart) -> Picture:
    arrows: dict[tuple[tuple[str, ...], str], list[Happening]] = {}
    inside: dict[str, list[Happening]] = {at: [] for at in drawn.states}
    everywhere = in_every_state(drawn)
    moves = shared_moves(drawn)
    once = {id(line) for line, _ in everywhere} | {id(line) for line, _, _ in moves}
    for line, sources, happening in moves:
        arrows.setdefault((sources, line.to), []).append(happening)
    for at in drawn.states:
        for line, facts in acting(drawn, at):
            if id(line) in once:
                continue
            happening = happening_of(drawn, (at,), line, facts)
            if line.to in ("", at):
                inside[at].append(happening)
            else:
                arrows.setdefault(((at,), line.to), []).append(happening)
    boxes = tuple(Box(state, tuple(inside[at])) for at, state in drawn.states.items())
    found = tuple(Arrow(sources, to, tuple(lines)) for (sources, to), lines in arrows.items())
    return Picture(
        drawn.title, drawn.name, drawn.first, boxes, found, tuple(happening for _, happening in everywhere)
    )


Use = tuple[Line, tuple[str, ...], tuple[str, ...]]
"A row of every state, the facts that it answers, and the states that leave these facts to it."


def uses(drawn: Chart) -> Iterator[Use]:
    for line in drawn.shared:
        by_facts: dict[tuple[str, ...], list[str]] = {}
        for at in drawn.states:
            for found, facts in acting(drawn, at):
                if found is line:
                    by_facts.setdefault(facts, []).append(at)
        yield from ((line, facts, tuple(sources)) for facts, sources in by_facts.items())


def in_every_state(drawn: Chart) -> list[tuple[Line, Happening]]:
    return [
        (line, happening_of(drawn, sources, line, facts))
        for line, facts, sources in uses(drawn)
        if not line.to and len(sources) == len(drawn.states)
    ]


def shared_moves(drawn: Chart) -> list[tuple[Line, tuple[str, ...], Happening]]:
    """Rows of every state that move it; none if they are few enough to be drawn from each."""
    moves = [use for use in uses(drawn) if use[0].to]
    if sum(len(sources) for _, _, sources in moves) <= MANY:
        return []
    return [(line, sources, happening_of(drawn, sources, line, facts)) for line, facts, sources in moves]


def acting(drawn: Chart, at: str) -> Iterator[tuple[Line, tuple[str, ...]]]:
    """The rows that act in a state, each with the facts that it answers there."""
    chains = drawn.table[at]
    for line in {id(line): line for chain in chains.values() for line in chain if line.acts}.values():
        yield line, tuple(fact for fact in line.facts if position(chains.get(fact, ()), line) is not None)


def happening_of(drawn: Chart, sources: Sequence[str], line: Line, facts: Sequence[str]) -> Happening:
    limits = {limit.fact: limit.until for limit in drawn.states[sources[0]].limits}
    shown = tuple(
        Fact(fact, limits.get(fact, ""), tuple(pairs(drawn, sources, line, fact))) for fact in facts
    )
    return Happening(shown, condition(line), line.effects, again=line.to in sources)


def pairs(drawn: Chart, sources: Sequence[str], line: Line, fact: str) -> Iterator[Pair]:
    for at in sources:
        number = position(drawn.table[at].get(fact, ()), line)
        if number is not None:
            yield Pair(at, fact, number)
