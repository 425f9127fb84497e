"""A machine as SVG: cards for states, and on each arrow a card with what moves the machine along it.

It has colours of its own for light and for dark pages, its text can be selected, and each state has an id
(`refresh-token-acquired`): an address that ends in `#refresh-token-acquired` lights it, and so does the class
`lit`, which a page may move from state to state.

Rule: the same picture is the same file, byte for byte, for one version of Graphviz.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from . import lettering
from .cards import INSET, Card, Fired, every, of_arrow, of_every, of_state
from .layout import Picture
from .lettering import HANDS, ICON, Row, Run
from .look import ICONS, STYLE
from .placing import Placed, Point, Size, Stroke, placed

COLUMN = 880.0
"Pixels: the width of a README. What is wider is shown smaller there."
WIDTHS = ((230.0, 170.0), (250.0, 205.0), (280.0, 250.0))
"Of the words on the cards of states and of arrows: what makes a drawing the most legible is taken."
MARGIN = 20.0
DOT = 14.0
"Where the machine begins."
FRAME = 4
"Of a final state, around its card."
START = "start"


class Scene(NamedTuple):
    """What is to be placed."""

    name: str
    "Of the drawing: its id, and in front of those of its cards."
    title: str
    cards: Mapping[str, Card]
    strokes: Sequence[Stroke]
    heads: Sequence[bool]
    "Which strokes end in an arrow's head."

    @property
    def sizes(self) -> dict[str, Size]:
        """With the dot where a machine begins, if it has one."""
        begins = {START: Size(DOT, DOT)} if any(stroke.begin == START for stroke in self.strokes) else {}
        return begins | {key: Size(each.wide, each.high) for key, each in self.cards.items()}


def svg(picture: Picture, fired: Fired | None = None) -> str:
    """`fired`: the rows that fired, to be shown as such. Raises MissingLibrary."""
    return best(scenes(picture, fired))


def scenes(picture: Picture, fired: Fired | None = None) -> list[Scene]:
    return [scene(picture, *widths, fired) for widths in WIDTHS]


def best(found: Sequence[Scene]) -> str:
    """The most legible one. Raises MissingLibrary."""
    laid = [(each, placed(each.sizes, each.strokes)) for each in found]
    return drawn(*min(laid, key=lambda each: cost(each[1].size)))


def unplaced(found: Sequence[Scene]) -> str:
    """All that a drawing shows and how, but where nothing lies: the same with every Graphviz, and without."""
    nowhere = Point(0, 0)
    return "".join(
        drawn(
            each, Placed(Size(0, 0), dict.fromkeys(each.sizes, nowhere), [(nowhere,) * 4] * len(each.strokes))
        )
        for each in found
    )


def cost(size: Size) -> float:
    """How small the words are in a README, then how far one scrolls."""
    shrunk = max(1.0, (size.wide + 2 * MARGIN) / COLUMN)
    return shrunk * 1000 + size.high / shrunk * 0.2


def scene(picture: Picture, of_states: float, of_arrows: float, fired: Fired | None) -> Scene:
    cards = {box.state.key: of_state(box, picture.first, of_states, fired) for box in picture.boxes}
    order = {key: number for number, key in enumerate(cards)}
    strokes, heads = [Stroke(START, picture.first, upwards=False)], [True]
    everys = dict.fromkeys(arrow.sources for arrow in picture.arrows if len(arrow.sources) > 1)
    for number, sources in enumerate(everys):
        cards[f"any{number}"] = of_every(f"any{number}", every(picture, sources), (), of_states, fired)
    names = {sources: f"any{number}" for number, sources in enumerate(everys)}
    for number, arrow in enumerate(picture.arrows):
        source, key = names.get(arrow.sources, arrow.sources[0]), f"arrow{number}"
        cards[key] = of_arrow(key, arrow, of_arrows, fired)
        upwards = order.get(source, -1) > order[arrow.to]
        strokes += [Stroke(source, key, upwards), Stroke(key, arrow.to, upwards)]
        heads += [False, True]
    if picture.everywhere:
        cards["everywhere"] = of_every("everywhere", "in any state", picture.everywhere, of_states, fired)
    return Scene(picture.name, picture.title, cards, strokes, heads)


def drawn(found: Scene, where: Placed) -> str:
    head = Row((Run(capital(found.title), "head"),), 0)
    top = MARGIN + head.high + 8
    width = max(where.size.wide, head.wide) + 2 * MARGIN
    height = where.size.high + top + MARGIN
    left = (width - where.size.wide) / 2
    lines = [
        *opened(found.name, f"State diagram: {found.title}", width, height),
        text(head, MARGIN, MARGIN + HANDS["head"].size * 0.8),
        f'<g transform="translate({left:g} {top:g})">',
        *(path(points, head) for points, head in zip(where.paths, found.heads, strict=True)),
    ]
    if START in where.cards:
        lines.append(
            f'<circle class="fk-start" cx="{where.cards[START].x:g}" cy="{where.cards[START].y:g}" r="6"/>'
        )
    for key, card in found.cards.items():
        lines += carded(found.name, card, where.cards[key])
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def opened(name: str, title: str, width: float, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fk" id="{name}" role="img" '
        f'aria-label="{escape(title)}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{STYLE}</style>"
    yield f"<defs>{ICONS}</defs>"
    yield f'<rect class="fk-page" width="{width:g}" height="{height:g}" rx="10"/>'


def path(points: Sequence[Point], head: bool) -> str:
    first, *others = (f"{point.x:g} {point.y:g}" for point in points)
    marker = ' marker-end="url(#fk-head)"' if head else ""
    return f'<path class="fk-way" d="M{first}C{" ".join(others)}"{marker}/>'


def carded(name: str, card: Card, middle: Point) -> Iterator[str]:
    left, top = middle.x - card.wide / 2, middle.y - card.high / 2
    kinds = [f"fk-{card.kind}", *(["fk-busy"] if card.busy else []), *(["fk-final"] if card.final else [])]
    given = f' id="{name}-{card.key}"' if card.kind == "state" else ""
    yield f'<g{given} class="{" ".join(kinds)}" transform="translate({left:g} {top:g})">'
    radius = 5 if card.loose else 9
    if card.final:
        wide, high = card.wide + 2 * FRAME, card.high + 2 * FRAME
        yield f'<rect class="fk-edge" x="-{FRAME}" y="-{FRAME}" width="{wide:g}" height="{high:g}" rx="12"/>'
    yield f'<rect class="fk-card" width="{card.wide:g}" height="{card.high:g}" rx="{radius}"/>'
    below = card.over
    for row in card.rows:
        below += row.above
        if row.rule:
            yield f'<path class="fk-rule" d="M0 {below - row.above / 2 - 1:g}H{card.wide:g}"/>'
        size = max(HANDS[run.hand].size for run in row.runs)
        yield text(row, INSET, below + row.high - size * 0.42)
        below += row.high
    yield "</g>"


def text(row: Row, left: float, base: float) -> str:
    """A line of words; one piece for what stands between two icons."""
    pieces: list[list[Run]] = []
    for run in row.runs:
        if run.icon or not pieces:
            pieces.append([])
        pieces[-1].append(run)
    said, at = "", left + row.indent
    for runs in pieces:
        if runs[0].icon:
            icon = f'class="fk-with-{runs[0].icon}" href="#fk-{runs[0].icon}"'
            said += f'<use {icon} x="{at:.1f}" y="{base - 10:.1f}"/>'
            at += ICON
        long = Row(tuple(run._replace(icon="") for run in runs), 0).wide
        spans = " ".join(f'<tspan class="fk-{run.hand}">{escape(run.text)}</tspan>' for run in runs)
        length = f'textLength="{long:.1f}" lengthAdjust="spacingAndGlyphs"'
        said += f'<text x="{at:.1f}" y="{base:.1f}" {length}>{spans}</text>'
        at += long + lettering.wide(" ", runs[-1].hand)
    return said
