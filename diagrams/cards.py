"""What stands on the cards of a drawing: one for each state, one on each arrow, one for every state alike.

Rule: a card says in words what the picture says in data, and knows its size before anything is placed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .chart import Pair
from .layout import Arrow, Box, Happening, Picture
from .lettering import ICON, Row, Run, rows

Fired = Collection[Pair]
INSET = 12.0
"Between the edge of a card and its words."
GAP = 5.0
"Between two happenings."


@dataclass(frozen=True, slots=True)
class Card:
    key: str
    kind: str
    "`state`, `arrow` or `every`."
    title: str
    rows: tuple[Row, ...]
    first: bool = False
    final: bool = False
    busy: bool = False
    "Deeds run meanwhile."
    inset: float = INSET

    @property
    def wide(self) -> float:
        return round(max(row.wide for row in self.rows) + 2 * self.inset)

    @property
    def high(self) -> float:
        return round(sum(row.above + row.high for row in self.rows) + 2 * self.over)

    @property
    def over(self) -> float:
        """The room above its first line, and below its last."""
        return self.inset * (0.5 if self.loose else 0.8)

    @property
    def loose(self) -> bool:
        """It lies on an arrow."""
        return self.kind == "arrow"


def of_state(box: Box, first: str, most: float, fired: Fired | None) -> Card:
    state = box.state
    lines = rows([Run(state.title, "title", whole=True)], most, 0, 0)
    if state.means:
        lines += rows([Run(state.means, "means")], most, 0, 0, above=2)
    for deed in state.during:
        lines += rows([Run("while here", "verb", "during"), Run(deed, "fact")], most, 0, ICON, above=GAP)
    inside = [row for shown in box.inside for row in happening(shown, most, fired)]
    lines += ruled(inside)
    key = state.key
    return Card(key, "state", state.title, tuple(lines), key == first, state.final, bool(state.during))


def of_arrow(key: str, arrow: Arrow, most: float, fired: Fired | None) -> Card:
    lines = [row for shown in arrow.happenings for row in happening(shown, most, fired)]
    lines[0] = lines[0]._replace(above=0)
    return Card(key, "arrow", "", tuple(lines))


def of_every(key: str, title: str, happenings: Sequence[Happening], most: float, fired: Fired | None) -> Card:
    """«Any state»: with what happens in it, or as the beginning of an arrow."""
    lines = rows([Run(title, "title", whole=True)], most, 0, 0)
    lines += ruled([row for shown in happenings for row in happening(shown, most, fired)])
    return Card(key, "every", title, tuple(lines))


def ruled(lines: list[Row]) -> list[Row]:
    return [lines[0]._replace(rule=True, above=2 * GAP), *lines[1:]] if lines else []


def happening(shown: Happening, most: float, fired: Fired | None) -> Iterator[Row]:
    """The facts with their guard, then a line for each kind of effect."""
    runs: list[Run] = []
    for number, fact in enumerate(shown.facts):
        comma = "," if number < len(shown.facts) - 1 else ""
        if fact.after:
            runs.append(Run(fact.after, "limit", "limit", whole=True))
        runs.append(Run(fact.name + ("" if fired is not None else comma), "fact", whole=True))
        if fired is not None:
            came = sum(pair in fired for pair in fact.pairs)
            icon = "came" if came == len(fact.pairs) else "never"
            runs.append(Run(f"{came}/{len(fact.pairs)}{comma}", icon, whole=True))
    if shown.again:
        runs[0] = runs[0]._replace(icon=runs[0].icon or "again")
    if shown.guard:
        runs += [Run(part, "guard", whole=True) for part in listed(f"[{shown.guard}]")]
    yield from rows(runs, most, 0, ICON, above=GAP)
    for effects in shown.effects:
        names = [Run(name, "name", whole=True) for name in listed(", ".join(effects.names))]
        yield from rows([Run(effects.verb, "verb"), *names], most, ICON, 2 * ICON, above=1)


def listed(names: str) -> list[str]:
    """Each with the comma that follows it: a line may break between two of them."""
    *others, last = names.split(", ")
    return [*(f"{name}," for name in others), last]


def every(picture: Picture, sources: tuple[str, ...]) -> str:
    """What a box that stands for these states is called."""
    missing = [box.state.title for box in picture.boxes if box.state.key not in sources]
    if not missing:
        return "any state"
    if len(missing) <= len(sources):
        return f"any state but {' and '.join(missing)}"
    return ", ".join(box.state.title for box in picture.boxes if box.state.key in sources)
