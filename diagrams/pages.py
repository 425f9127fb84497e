"""The files of `drawn/`: for each machine its picture and a page (essay, picture, states, matrix); an index.

Rule: a file is what the definitions say at this moment, byte for byte: comparing finds a stale one.
"""

import sys

from ..events.base import Event
from ..events.registry import REGISTRY
from ..machines import MACHINES, SUBSCRIBERS_ONLY
from ..machines.definition import Definition
from .layout import Machine, picture
from .matrix import line, matrix, states
from .mermaid import mermaid

MARK = "generated from the machines that run, by `franking diagrams`"
"Stands in the first line of every file that is ours to overwrite or to delete."
HOW_TO_READ = """\
An arrow names the facts that move the machine, their condition in brackets, and below them what the machine
tells the other machines and what it asks of the engine. ⏱ is a limit: its fact is said when time is up."""


def pages() -> dict[str, str]:
    """File name to content."""
    files = {"README.md": index()}
    for machine in MACHINES:
        files[f"{name(machine)}.mmd"] = f"%% {MARK}\n{mermaid(picture(machine))}"
        files[f"{name(machine)}.md"] = page(machine)
    return files


def name(machine: Machine) -> str:
    return machine.title.replace(" ", "-")


def page(machine: Machine) -> str:
    heading, _, rest = essay(machine).partition("\n\n")
    subject = machine.per.subject
    one = f"There is one for each {subject}." if subject else "The device has one."
    return "\n".join([
        f"<!-- {MARK} -->",
        f"# {machine.title.capitalize()}\n",
        f"{heading}\n",
        f"{rest}\n",
        f"{one}\n",
        f"```mermaid\n{mermaid(picture(machine))}```\n",
        f"{HOW_TO_READ}\n",
        "## States\n",
        states(machine),
        "## Every fact in every state\n",
        "What does nothing stands in *italics*, with its reason.\n",
        matrix(machine),
    ])  # fmt: skip


def essay(machine: Machine) -> str:
    """The opening of the machine's own file, a line for each paragraph, however it is wrapped there."""
    opening = sys.modules[machine.data_type.__module__].__doc__ or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in opening.split("\n\n"))


def index() -> str:
    lines = [f"<!-- {MARK} -->", "# The machines\n"]
    lines += [line(["machine", "one for each", "states"]), line(["---"] * 3)]
    for machine in MACHINES:
        names = ", ".join(at.value.replace("_", " ").lower() for at in machine.blocks)
        link = f"[{machine.title}]({name(machine)}.md)"
        lines.append(line([link, machine.per.subject or "device", names]))
    lines += ["", "Each fact is stepped through them in this order, then what they told.\n", "## The facts\n"]
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
