"""The files of `drawn/`: for each machine its pictures and a page (essay, picture, states, matrix); an index.

Rule: a file is what the definitions say at this moment: comparing finds a stale one.
"""

import sys
from collections.abc import Sequence
from typing import Any

from ..events.base import Event
from ..events.registry import REGISTRY
from ..machines import MACHINES, SUBSCRIBERS_ONLY
from ..machines.definition import Definition
from .chart import Chart, chart
from .forms import BRIEF, MARK, TOGETHER, Form, in_brief, of_chart, together
from .layout import picture
from .matrix import line, matrix, states
from .mermaid import mermaid
from .seal import Sealed

HOW_TO_READ = """\
An arrow names the facts that move the machine, their condition in brackets, and below them what the machine
tells the other machines and what it asks of the engine. What stands inside a state does not leave it; with ↻
it begins anew. A clock is a limit: its fact is said when time is up. What is done while a state lasts stands
in it as *while here*."""


def pages() -> dict[str, str | Sealed]:
    """File name to content."""
    charts = [chart(machine) for machine in MACHINES]
    files: dict[str, str | Sealed] = {"README.md": index(charts), TOGETHER: together(charts)}
    for machine, drawn in zip(MACHINES, charts, strict=True):
        files |= of_chart(drawn, (Form.SVG, Form.MERMAID, Form.XSTATE))
        files[f"{drawn.name}{BRIEF}"] = in_brief(drawn)
        files[f"{drawn.name}.md"] = page(machine, drawn)
    return files


def page(machine: Definition[Any], drawn: Chart) -> str:
    heading, _, rest = essay(machine).partition("\n\n")
    subject = machine.per.subject
    one = f"There is one for each {subject}." if subject else "The device has one."
    return "\n".join([
        f"<!-- {MARK} -->",
        f"# {machine.title.capitalize()}\n",
        f"{heading}\n",
        f"{rest}\n",
        f"{one}\n",
        f"![The states of the {machine.title}]({drawn.name}.svg)\n",
        f"{HOW_TO_READ}\n",
        "<details><summary>The same as Mermaid</summary>\n",
        f"```mermaid\n{mermaid(picture(drawn))}```\n\n</details>\n",
        "## States\n",
        states(drawn),
        "## Every fact in every state\n",
        "What does nothing stands in *italics*, with its reason.\n",
        matrix(drawn),
    ])  # fmt: skip


def essay(machine: Definition[Any]) -> str:
    """The opening of the machine's own file, a line for each paragraph, however it is wrapped there."""
    opening = sys.modules[type(machine.first).__module__].__doc__ or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in opening.split("\n\n"))


def index(charts: Sequence[Chart]) -> str:
    lines = [f"<!-- {MARK} -->", "# The machines\n"]
    lines += [line(["machine", "one for each", "states"]), line(["---"] * 3)]
    for machine, drawn in zip(MACHINES, charts, strict=True):
        names = ", ".join(state.title.lower() for state in drawn.states.values())
        link = f"[{machine.title}]({drawn.name}.md)"
        lines.append(line([link, machine.per.subject or "device", names]))
    lines += ["", "Each fact is stepped through them in this order, then what they told.\n"]
    lines += [f"![What the machines tell each other]({TOGETHER})\n", "## The facts\n"]
    lines += [line(["fact", "means", "said by a machine", "heard by"]), line(["---"] * 4)]
    lines += [
        line([f"`{fact}`", means(kind), told_by(kind), heard_by(kind)]) for fact, kind in REGISTRY.items()
    ]
    return "\n".join(lines) + "\n"


def means(kind: type[Event]) -> str:
    doc = (kind.__doc__ or "").strip() if "__doc__" in vars(kind) else ""
    return " ".join(doc.split())


def told_by(kind: type[Event]) -> str:
    return ", ".join(machine.title for machine in MACHINES if kind in said(machine))


def said(machine: Definition[object]) -> set[type[Event]]:
    """What its rows tell, and what its limits say."""
    chains = [chain for rows in machine.table.values() for chain in rows.values()]
    told = {tell.fact for chain in chains for row in chain for tell in row.tell}
    return told | {limit.then for block in machine.blocks.values() for limit in block.limits}


def heard_by(kind: type[Event]) -> str:
    heard = [machine.title for machine in MACHINES if kind in machine.hears]
    return ", ".join(heard) or f"*subscribers only: {SUBSCRIBERS_ONLY[kind.__name__]}*"
