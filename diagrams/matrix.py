"""A machine's every (state, fact) pair as a Markdown table: what it does, or why it is ignored.

Rule: no pair is left out; what the picture spares the reader stands here.
"""

from typing import Any

from ..machines.definition import Row
from .layout import Machine, condition, effect, effects, span, words
from .mermaid import title


def matrix(machine: Machine) -> str:
    """A line for each fact, a column for each state."""
    heads = ["fact", *(title(at) for at in machine.blocks)]
    lines = [line(heads), line(["---"] * len(heads))]
    for fact in sorted(machine.hears, key=lambda fact: fact.__name__):
        cells = ["<br>".join(cell(row) for row in machine.table[at][fact]) for at in machine.blocks]
        lines.append(line([f"`{fact.__name__}`", *cells]))
    return "\n".join(lines) + "\n"


def states(machine: Machine) -> str:
    """A line for each state: what it means, how long it may last, what is done meanwhile."""
    lines = [line(["state", "means", "lasts", "meanwhile"]), line(["---"] * 4)]
    for at, block in machine.blocks.items():
        lasts = "<br>".join(f"⏱ {span(limit.until)} → `{limit.then.__name__}`" for limit in block.limits)
        meanwhile = "<br>".join(f"`{effect(deed)}`" for deed in block.during)
        end = "for ever" if block.final else lasts
        lines.append(line([f"**{title(at)}**", block.means, end, meanwhile]))
    return "\n".join(lines) + "\n"


def cell(row: Row[Any]) -> str:
    guard = f"[{condition(row)}] " if condition(row) else ""
    if not row.acts:
        return f"{guard}*{row.why}*"
    does = [
        *([f"→ **{title(row.to)}**"] if row.to else []),
        *([words(row.data)] if row.data else []),
        *effects(row),
    ]
    return guard + ", ".join(does)


def line(cells: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"
