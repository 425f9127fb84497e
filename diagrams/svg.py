"""A machine as SVG: cards for states, and on each arrow a card with what moves the machine along it.

It has colours of its own for light and for dark pages, its text can be selected, and each state has an id
(`refresh-token-acquired`): an address that ends in `#refresh-token-acquired` lights it, and so does the class
`lit`, which a page may move from state to state.

Rule: the same picture is the same file, byte for byte, for one version of Graphviz.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from . import lettering
from .cards import Card, Fired, every, of_arrow, of_every, of_state
from .layout import Picture
from .lettering import HANDS, ICON, Row, Run
from .look import STYLE, icons
from .placing import Placed, Point, Size, Stroke, placed

COLUMN = 880.0
"Pixels: the width of a README. What is wider is shown smaller there."
WIDTHS = ((230.0, 170.0), (250.0, 205.0), (280.0, 250.0))
"Of the words on the cards of states and of arrows: what makes a drawing the most legible is taken."
DOT = 14.0
"Where the machine begins."
FRAME = 4
"Of a final state, around its card."
START = "start"


class Sheet(NamedTuple):
    """What a drawing is laid out for."""

    classes: str
    headed: bool
    "Its title stands above it."
    margin: float
    space: Mapping[str, str]
    "Between cards, in inches."
    cost: Callable[[float, float], float]
    "Of a width and a height: where it is least, the drawing is the most legible."


class Scene(NamedTuple):
    """What is to be placed."""

    sheet: Sheet
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
        return begins | {
            key: Size(each.wide + 2 * edge, each.high + 2 * edge)
            for key, each in self.cards.items()
            for edge in [FRAME if each.final else 0]
        }


def svg(picture: Picture, fired: Fired | None = None) -> str:
    """`fired`: the rows that fired, to be shown as such. Raises MissingLibrary."""
    return best(scenes(picture, fired))


def scenes(picture: Picture, fired: Fired | None = None) -> list[Scene]:
    return [scene(picture, *widths, fired) for widths in WIDTHS]


def best(found: Sequence[Scene]) -> str:
    """The most legible one. Raises MissingLibrary."""
    laid = [(each, placed(each.sizes, each.strokes, each.sheet.space)) for each in found]
    return drawn(*min(laid, key=lambda each: each[0].sheet.cost(*whole(*each))))


def unplaced(found: Sequence[Scene]) -> str:
    """All that a drawing shows and how, but where nothing lies: the same with every Graphviz, and without."""
    nowhere = Point(0, 0)
    return "".join(
        drawn(
            each, Placed(Size(0, 0), dict.fromkeys(each.sizes, nowhere), [(nowhere,) * 4] * len(each.strokes))
        )
        for each in found
    )


def in_a_column(wide: float, high: float) -> float:
    """How small the words are in a README, then how far one scrolls."""
    shrunk = max(1.0, wide / COLUMN)
    return shrunk * 1000 + high / shrunk * 0.2


WIDE = Sheet("fk", True, 20.0, {"ranksep": "0.32", "nodesep": "0.3"}, in_a_column)


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
    return Scene(WIDE, picture.name, picture.title, cards, strokes, heads)


def drawn(found: Scene, where: Placed) -> str:
    margin, (width, height) = found.sheet.margin, whole(found, where)
    left, top = (width - where.size.wide) / 2, height - margin - where.size.high
    lines = [*opened(found, width, height)]
    if found.sheet.headed:
        lines.append(text(found.name, headline(found), margin, margin + HANDS["head"].size * 0.8))
    lines.append(f'<g transform="translate({left:g} {top:g})">')
    lines += [path(found, points, head) for points, head in zip(where.paths, found.heads, strict=True)]
    if START in where.cards:
        lines.append(
            f'<circle class="fk-start" cx="{where.cards[START].x:g}" cy="{where.cards[START].y:g}" r="6"/>'
        )
    for key, card in found.cards.items():
        lines += carded(found.name, card, where.cards[key])
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def whole(found: Scene, where: Placed) -> Size:
    """With margins, and with the title if it stands above."""
    wide, high = where.size
    if found.sheet.headed:
        head = headline(found)
        wide, high = max(wide, head.wide), high + head.high + 8
    return Size(wide + 2 * found.sheet.margin, high + 2 * found.sheet.margin)


def headline(found: Scene) -> Row:
    return Row((Run(capital(found.title), "head"),), 0)


def capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def opened(found: Scene, width: float, height: float) -> Iterator[str]:
    title = f"State diagram: {found.title}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{found.sheet.classes}" id="{found.name}" role="img" '
        f'aria-label="{escape(title)}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{STYLE}</style>"
    yield f"<defs>{icons(found.name)}</defs>"
    yield f'<rect class="fk-page" width="{width:g}" height="{height:g}" rx="10"/>'


def path(found: Scene, points: Sequence[Point], head: bool) -> str:
    first, *others = (f"{point.x:g} {point.y:g}" for point in points)
    marker = f' marker-end="url(#{found.name}-head)"' if head else ""
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
        yield text(name, row, card.inset, below + row.high - size * 0.42)
        below += row.high
    yield "</g>"


def text(name: str, row: Row, left: float, base: float) -> str:
    """A line of words; one piece for what stands between two icons."""
    pieces: list[list[Run]] = []
    for run in row.runs:
        if run.icon or not pieces:
            pieces.append([])
        pieces[-1].append(run)
    said, at = "", left + row.indent
    for runs in pieces:
        if runs[0].icon:
            icon = f'class="fk-with-{runs[0].icon}" href="#{name}-{runs[0].icon}"'
            said += f'<use {icon} x="{at:.1f}" y="{base - 10:.1f}"/>'
            at += ICON
        long = Row(tuple(run._replace(icon="") for run in runs), 0).wide
        spans = " ".join(f'<tspan class="fk-{run.hand}">{escape(run.text)}</tspan>' for run in runs)
        length = f'textLength="{long:.1f}" lengthAdjust="spacingAndGlyphs"'
        said += f'<text x="{at:.1f}" y="{base:.1f}" {length}>{spans}</text>'
        at += long + lettering.wide(" ", runs[-1].hand)
    return said
