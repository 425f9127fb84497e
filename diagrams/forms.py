"""The forms in which a machine is drawn, and the files that they become.

Rule: the first lines of a file say that it is generated, so that it may be overwritten, and deleted when its
machine is gone; an XState file says it in its `meta`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import StrEnum

from . import brief, tells
from .cards import Fired
from .chart import Chart
from .layout import picture
from .matrix import matrix, states
from .mermaid import mermaid
from .plantuml import plantuml
from .seal import Sealed
from .svg import capital, scenes, svg
from .xstate import xstate

MARK = "generated from the machines that run, by `franking diagrams`"
TOGETHER = "machines.svg"
"How the machines of a set tell each other."
BRIEF = ".brief.svg"
"Ends the name of a drawing for a small screen."


class Form(StrEnum):
    SVG = "svg"
    MERMAID = "mermaid"
    PLANTUML = "plantuml"
    XSTATE = "xstate"
    MATRIX = "matrix"


SUFFIXES = {
    Form.SVG: ".svg",
    Form.MERMAID: ".mmd",
    Form.PLANTUML: ".puml",
    Form.XSTATE: ".xstate.json",
    Form.MATRIX: ".md",
}
MARKED = {
    Form.MERMAID: f"%% {MARK}\n",
    Form.PLANTUML: f"' {MARK}\n",
    Form.MATRIX: f"<!-- {MARK} -->\n",
}


def of_chart(drawn: Chart, forms: Collection[Form]) -> dict[str, str | Sealed]:
    """File name to content."""
    return {f"{drawn.name}{SUFFIXES[form]}": content(drawn, form) for form in forms}


def content(drawn: Chart, form: Form) -> str | Sealed:
    if form is Form.SVG:
        return Sealed(MARK, lambda: scenes(picture(drawn)))
    if form is Form.XSTATE:
        return xstate(drawn, MARK)
    return MARKED[form] + said(drawn, form, None)


def said(drawn: Chart, form: Form, fired: Fired | None) -> str:
    """Raises MissingLibrary for SVG."""
    match form:
        case Form.SVG:
            return svg(picture(drawn if fired is None else counted(drawn, fired)), fired)
        case Form.MERMAID:
            return mermaid(picture(drawn))
        case Form.PLANTUML:
            return plantuml(picture(drawn))
        case Form.XSTATE:
            return xstate(drawn)
        case Form.MATRIX:
            whole = [f"# {capital(drawn.title)}\n", states(drawn), "## Every fact in every state\n"]
            return "\n".join([*whole, matrix(drawn, fired)])


def counted(drawn: Chart, fired: Fired) -> Chart:
    pairs = set(drawn.pairs)
    return replace(drawn, title=f"{drawn.title}: {len(pairs & set(fired))} of {len(pairs)} rows fired")


def in_brief(drawn: Chart) -> Sealed:
    """For a small screen."""
    return Sealed(MARK, lambda: brief.scenes(picture(drawn)))


def together(charts: Sequence[Chart]) -> Sealed:
    return Sealed(MARK, lambda: tells.scenes("machines", "How the machines tell each other", charts))
