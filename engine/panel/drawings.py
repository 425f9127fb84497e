"""The drawings of the machines, with one state lit.

Rule: what is shown was generated from the machines that run (`franking diagrams`); nothing is drawn here.
"""

from functools import cache

from ... import diagrams


def file_name(title: str) -> str:
    return title.replace(" ", "-")


def brief(title: str, state: str) -> str:
    """For a small screen: states and what moves between them."""
    return lit(f"{file_name(title)}.brief", file_name(title), state)


def whole(title: str, state: str) -> str:
    """With every condition, effect and limit."""
    return lit(file_name(title), file_name(title), state)


def lit(drawing: str, name: str, state: str) -> str:
    text = drawn(drawing)
    card = f'<g id="{name}-{state.lower().replace(" ", "_")}" class="'
    return text.replace(card, f"{card}lit ", 1) if state else text


@cache
def drawn(name: str) -> str:
    return diagrams.shipped(name)


def style() -> str:
    return diagrams.style()
