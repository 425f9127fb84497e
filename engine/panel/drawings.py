"""The drawings of the machines, with one state lit.

Rule: what is shown was generated from the machines that run (`franking diagrams`); nothing is drawn here.
"""

from enum import StrEnum
from functools import cache

from ... import diagrams
from ...diagrams import chart
from ..play import Machine


def file_name(machine: Machine) -> str:
    return chart.file_name(machine.title)


def brief(machine: Machine, state: StrEnum | None) -> str:
    """For a small screen: states and what moves between them."""
    return lit(machine, ".brief", state)


def whole(machine: Machine, state: StrEnum | None) -> str:
    """With every condition, effect and limit."""
    return lit(machine, "", state)


def lit(machine: Machine, form: str, state: StrEnum | None) -> str:
    """None: no state is."""
    text = drawn(f"{file_name(machine)}{form}")
    if state is None:
        return text
    card = f'<g id="{file_name(machine)}-{chart.key(state)}" class="'
    return text.replace(card, f"{card}lit ", 1)


@cache
def drawn(name: str) -> str:
    return diagrams.shipped(name)


def style() -> str:
    return diagrams.style()
