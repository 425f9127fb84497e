"""How figures are taken: the sides of a comparison by turns, each several times, medians at the end.

Rule: what is compared runs in the same minute, so that a busy machine slows both; a ratio is the median of
the rounds' own ratios, never the ratio of two medians.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """One line of the report. A name with `_vs_` has `vs` and `ratio`, any other has neither."""

    value: float
    unit: str
    vs: float | None = None
    "What the same measurement gives for the other side, in the same unit."
    ratio: float | None = None
    "Ours divided by the other's."


Figures = dict[str, Figure]
Benchmark = Callable[[], Figures]


def by_turns(rounds: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each side gave in each round; every other round goes backwards, so that nobody is always first."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            found[name].append(sides[name]())
    return found


async def turns(rounds: int, sides: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, list[T]]:
    """The same for sides that are waited for, whatever they give."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            found[name].append(await sides[name]())
    return found


def beside(unit: str, ours: Sequence[float], other: Sequence[float]) -> Figure:
    """Of the same rounds."""
    ratios = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
    return Figure(median(ours), unit, median(other), median(ratios))


def alone(rounds: int, unit: str, run: Callable[[], float]) -> Figure:
    """The median of `rounds` runs."""
    return Figure(median(run() for _ in range(rounds)), unit)


def compared(rounds: int, unit: str, ours: Callable[[], float], other: Callable[[], float]) -> Figure:
    """Both sides, by turns."""
    found = by_turns(rounds, {"ours": ours, "other": other})
    return beside(unit, found["ours"], found["other"])


def write(figures: Figures, path: Path) -> None:
    """Adds to what the report has. Raises ValueError where a name doesn't fit its figure."""
    for name, figure in figures.items():
        if len({"_vs_" in name, figure.vs is not None, figure.ratio is not None}) > 1:
            raise ValueError(f"{name}: a name with _vs_, and no other, has `vs` and `ratio`")
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known |= {name: asdict(figure) for name, figure in figures.items()}
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
