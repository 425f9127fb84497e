"""How the machines of a set tell each other: a card for each, and on each arrow the facts that one machine
tells and another one hears.

Rule: what a machine says to itself stands on its card; what nobody here hears is no arrow.
"""

from collections.abc import Sequence

from .cards import GAP, Card
from .chart import Chart
from .lettering import ICON, Row, Run, rows
from .mermaid import text
from .placing import Stroke
from .svg import WIDE, Scene

Tellings = dict[tuple[str, str], list[str]]
"Names of the machine that tells and of the one that hears, and the facts."
WIDTHS = (170.0, 200.0, 240.0)
REMEMBERED = " (as remembered)"


def tellings(charts: Sequence[Chart]) -> Tellings:
    return {
        (one.name, other.name): facts
        for one in charts
        for other in charts
        if (facts := sorted(fact for fact in said(one, other) if fact in other.facts))
    }


def said(one: Chart, other: Chart) -> set[str]:
    return told(one) if one is other else told(one) | due(one)


def told(drawn: Chart) -> set[str]:
    lines = [line for chains in drawn.table.values() for chain in chains.values() for line in chain]
    return {
        name.removesuffix(REMEMBERED)
        for line in lines
        for effects in line.effects
        if effects.verb == "tells"
        for name in effects.names
    }


def due(drawn: Chart) -> set[str]:
    """What its limits say, to itself in the first place."""
    return {limit.fact for state in drawn.states.values() for limit in state.limits}


def scenes(name: str, title: str, charts: Sequence[Chart]) -> list[Scene]:
    return [scene(name, title, charts, most) for most in WIDTHS]


def scene(name: str, title: str, charts: Sequence[Chart], most: float) -> Scene:
    found = tellings(charts)
    order = {drawn.name: number for number, drawn in enumerate(charts)}
    together = {name for one, other in found if one != other for name in (one, other)}
    cards = {
        each.name: of_machine(each, found.get((each.name, each.name), []), most)
        for each in charts
        if each.name in together
    }
    if alone := [each for each in charts if each.name not in together]:
        cards["alone"] = by_themselves(alone, found, most)
    strokes, heads = [], []
    for number, ((one, other), facts) in enumerate(found.items()):
        if one != other:
            key = f"tells{number}"
            runs = [Run(fact + ("," if fact != facts[-1] else ""), "fact", whole=True) for fact in facts]
            cards[key] = Card(key, "arrow", "", tuple(rows(runs, most, 0, 0)))
            upwards = order[one] > order[other]
            strokes += [Stroke(one, key, upwards), Stroke(key, other, upwards)]
            heads += [False, True]
    return Scene(WIDE, name, title, cards, strokes, heads)


def of_machine(drawn: Chart, itself: Sequence[str], most: float) -> Card:
    lines = rows([Run(heading(drawn), "title", whole=True)], most, 0, 0)
    titles = ", ".join(state.title for state in drawn.states.values())
    lines += rows([Run(titles, "means")], most, 0, 0, above=2)
    again: list[Row] = []
    for fact in itself:
        again += rows([Run(fact, "fact", "again")], most, 0, ICON, above=GAP)
    return Card(drawn.name, "state", heading(drawn), (*lines, *again))


def heading(drawn: Chart) -> str:
    return drawn.title[:1].upper() + drawn.title[1:]


def by_themselves(alone: Sequence[Chart], found: Tellings, most: float) -> Card:
    """Those that neither tell another machine nor hear one."""
    lines = rows([Run("By themselves", "title", whole=True)], most, 0, 0)
    for drawn in alone:
        lines += rows([Run(heading(drawn), "fact", whole=True)], most, 0, 0, above=GAP)
        for fact in found.get((drawn.name, drawn.name), []):
            lines += rows([Run(fact, "name", "again")], most, ICON, 2 * ICON)
    return Card("alone", "every", "", tuple(lines))


def mermaid(charts: Sequence[Chart]) -> str:
    lines = ["flowchart TD"]
    lines += [f'    {identifier(drawn.name)}["{text(drawn.title)}"]' for drawn in charts]
    lines += [
        f'    {identifier(one)} -- "{"<br/>".join(facts)}" --> {identifier(other)}'
        for (one, other), facts in tellings(charts).items()
    ]
    return "\n".join(lines) + "\n"


def identifier(name: str) -> str:
    return name.replace("-", "_")
