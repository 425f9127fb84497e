"""How wide words are, and where lines break, in a drawing that is laid out before anybody sees its font.

The widths are those of Helvetica and its many likes, in thousandths of the size. Every line of a drawing says
how long it is, so that another font of the reader's is set to the same length.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

WIDTHS = {
    222: "ijl'|",
    278: " !,./:;[\\]ftI",
    333: '()-`r"·',
    389: "*",
    500: "Jckvsxyz",
    556: "#$0123456789?_abdeghnopquL–",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "@→…",
}
OF = {letter: width for width, letters in WIDTHS.items() for letter in letters}
OTHER = 700
"A letter that stands in no line above."
ROOM = 1.03
"Of other fonts, of which most are a little wider."


class Hand(NamedTuple):
    """How a kind of words is written."""

    size: float
    "In pixels."
    bold: float = 1.0
    "How much wider than the plain letters."


HANDS = {
    "head": Hand(17, 1.07),
    "title": Hand(15, 1.07),
    "means": Hand(12),
    "fact": Hand(12, 1.07),
    "limit": Hand(12, 1.07),
    "guard": Hand(12),
    "verb": Hand(11),
    "name": Hand(11),
    "note": Hand(11),
    "brief": Hand(12),
    "came": Hand(11, 1.07),
    "never": Hand(11, 1.07),
}
ICON = 16.0
"An icon with the gap behind it."
LEADING = 1.36
"Lines apart, by the size of the largest letters in them."


class Run(NamedTuple):
    """Words of one kind; those of an icon are its name."""

    text: str
    hand: str
    icon: str = ""
    "Stands in front."
    whole: bool = False
    "Does not break."

    @property
    def wide(self) -> float:
        return (ICON if self.icon else 0.0) + wide(self.text, self.hand)


class Row(NamedTuple):
    """One line of runs."""

    runs: tuple[Run, ...]
    indent: float
    above: float = 0.0
    "More room above it."
    rule: bool = False
    "A thin line above it."

    @property
    def wide(self) -> float:
        return self.indent + sum(run.wide for run in self.runs) + sum(gaps(self.runs))

    @property
    def high(self) -> float:
        return LEADING * max(HANDS[run.hand].size for run in self.runs)


def wide(text: str, hand: str) -> float:
    letters = sum(OF.get(letter, OTHER) for letter in text)
    return letters / 1000 * HANDS[hand].size * HANDS[hand].bold * ROOM


def gaps(runs: Sequence[Run]) -> list[float]:
    """The space in front of each run but the first."""
    return [wide(" ", run.hand) for run in runs[:-1]]


def rows(runs: Iterable[Run], most: float, indent: float, hanging: float, *, above: float = 0.0) -> list[Row]:
    """Broken where a line would be longer than `most`; every line but the first begins at `hanging`."""
    lines: list[Row] = []
    line: list[Run] = []
    for word in words(runs):
        start = hanging if lines else indent
        if line and line[-1].hand != "verb" and Row((*line, word), start).wide > most:
            lines.append(Row(joined(line), start, 0.0 if lines else above))
            line = []
        line.append(word)
    return (
        [*lines, Row(joined(line), hanging if lines else indent, 0.0 if lines else above)] if line else lines
    )


def words(runs: Iterable[Run]) -> Iterator[Run]:
    for run in runs:
        first, *others = [run.text] if run.whole else run.text.split(" ")
        yield run._replace(text=first)
        yield from (Run(word, run.hand) for word in others)


def joined(line: Sequence[Run]) -> tuple[Run, ...]:
    """Words of one kind are one run again."""
    found: list[Run] = []
    for word in line:
        if found and found[-1].hand == word.hand and not word.icon:
            found[-1] = found[-1]._replace(text=f"{found[-1].text} {word.text}")
        else:
            found.append(word)
    return tuple(found)
