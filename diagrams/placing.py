"""Where the cards of a drawing lie and how its arrows run: Graphviz's `dot`, which comes with pygraphviz.

Rule: it is imported when something is drawn, never on a device; what it is not needed for works without it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

INCH = 72.0
NEEDED = "drawing SVG needs Graphviz: pip install 'franking[diagrams]'"


class Point(NamedTuple):
    x: float
    y: float


class Size(NamedTuple):
    wide: float
    high: float


class Stroke(NamedTuple):
    """A line from one card to another; `upwards`: the card that it begins at lies lower."""

    begin: str
    end: str
    upwards: bool


class Placed(NamedTuple):
    size: Size
    cards: Mapping[str, Point]
    "The middle of each."
    paths: Sequence[tuple[Point, ...]]
    "Of each stroke, in its own direction: a point, then three for each curve."


def placed(cards: Mapping[str, Size], strokes: Sequence[Stroke], space: Mapping[str, str]) -> Placed:
    """`space`: `ranksep` and `nodesep`, in inches. Raises MissingLibrary."""
    try:
        from pygraphviz import AGraph
    except ImportError as error:
        raise MissingLibrary(NEEDED) from error
    graph = AGraph(directed=True, strict=False, **space)
    graph.node_attr.update(shape="box", fixedsize="true", label="")
    graph.edge_attr.update(arrowhead="none", arrowtail="none")
    for key, size in cards.items():
        graph.add_node(key, width=f"{size.wide / INCH:.4f}", height=f"{size.high / INCH:.4f}")
    for number, stroke in enumerate(strokes):
        ends = (stroke.end, stroke.begin) if stroke.upwards else (stroke.begin, stroke.end)
        graph.add_edge(*ends, key=str(number))
    graph.layout(prog="dot")
    _, _, wide, high = numbers(graph.graph_attr["bb"])
    middles = {key: Point(*numbers(graph.get_node(key).attr["pos"])) for key in cards}
    paths = []
    for number, stroke in enumerate(strokes):
        ends = (stroke.end, stroke.begin) if stroke.upwards else (stroke.begin, stroke.end)
        found = graph.get_edge(*ends, key=str(number)).attr["pos"]
        points = [Point(*numbers(each)) for each in found.split()]
        paths.append(tuple(flipped(point, high) for point in (points[::-1] if stroke.upwards else points)))
    return Placed(
        Size(round(wide), round(high)), {key: flipped(each, high) for key, each in middles.items()}, paths
    )


def numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


def flipped(point: Point, high: float) -> Point:
    """Graphviz counts upwards. Rounded, so that a file does not depend on the last digit."""
    return Point(round(point.x, 1), round(high - point.y, 1))


class MissingLibrary(Exception):
    """Graphviz is not there."""
