"""A machine in brief, for a small screen: its states, and on each arrow the facts that move it, in words.

It has the ids of the whole drawing, so that a page lights its states in the same way. What a fact needs, what
it asks for and what happens without another state is left to that one.

Rule: an arrow is drawn from each state that it leads from, and says no more than fits beside it.
"""

import re
from collections.abc import Sequence

from .cards import Card
from .layout import Picture
from .lettering import Row, Run, rows
from .placing import Stroke
from .svg import Scene, Sheet

ROOM = (300.0, 320.0)
"Pixels: a panel's width and height for it."
WIDTHS = (130.0, 100.0, 85.0)
"Of the words on arrows."
FACTS = 3
"On one arrow; of more, how many there are is said."
INSET = 4.0
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def in_a_panel(wide: float, high: float) -> float:
    """How much smaller it has to be shown there."""
    return max(1.0, wide / ROOM[0], high / ROOM[1])


NARROW = Sheet("fk fk-brief", False, 8.0, {"ranksep": "0.25", "nodesep": "0.14"}, in_a_panel)


def scenes(picture: Picture) -> list[Scene]:
    return [scene(picture, most) for most in WIDTHS]


def scene(picture: Picture, most: float) -> Scene:
    cards = {}
    for state in (box.state for box in picture.boxes):
        title = rows([Run(state.title, "title", whole=True)], most, 0, 0)
        cards[state.key] = Card(state.key, "state", state.title, tuple(title), final=state.final)
    order = {key: number for number, key in enumerate(cards)}
    strokes, heads = [], []
    for number, ((source, to), facts) in enumerate(ways(picture).items()):
        key, upwards = f"arrow{number}", order[source] > order[to]
        cards[key] = Card(key, "arrow", "", named(facts, most), inset=INSET)
        strokes += [Stroke(source, key, upwards), Stroke(key, to, upwards)]
        heads += [False, True]
    return Scene(NARROW, picture.name, picture.title, cards, strokes, heads)


def ways(picture: Picture) -> dict[tuple[str, str], list[str]]:
    """From which state to which other, by which facts."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for arrow in picture.arrows:
        facts = dict.fromkeys(fact.name for shown in arrow.happenings for fact in shown.facts)
        for source in arrow.sources:
            if source != arrow.to:
                found.setdefault((source, arrow.to), {}).update(facts)
    return {way: list(facts) for way, facts in found.items()}


def named(facts: Sequence[str], most: float) -> tuple[Row, ...]:
    """A line for each, or for each part of a long one; in the middle, where the arrow runs."""
    lines = [line for fact in facts[:FACTS] for line in rows([Run(in_words(fact), "brief")], most, 0, 0)]
    if len(facts) > FACTS:
        lines += rows([Run(f"and {len(facts) - FACTS} more", "note", whole=True)], most, 0, 0)
    widest = max(line.wide for line in lines)
    return tuple(line._replace(indent=(widest - line.wide) / 2) for line in lines)


def in_words(fact: str) -> str:
    """`sign in succeeded` of SignInSucceeded."""
    return " ".join(WORDS.findall(fact)).lower()
