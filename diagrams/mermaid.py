"""A machine as a Mermaid `stateDiagram-v2`, as GitHub shows it.

Rule: what stands in a label is only what Mermaid reads as text: no colon, no semicolon, no `#`, no quotes and
no angle brackets but our own line breaks.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from textwrap import wrap

from .layout import Arrow, Box, Happening, Picture

BREAK = "<br/>"
INSIDE, BESIDE = 44, 28
"Characters in a line: of a box, of an arrow's label (a wider one is broken again by Mermaid)."
NO_BREAK = "\u00a0"
FORBIDDEN = re.compile(r"[:;#\"<>{}]")
SPACE = '%%{init: {"state": {"nodeSpacing": 70, "rankSpacing": 60}}}%%'
CLASSES = (
    "classDef plain fill:#eef3fb,stroke:#4a6fa5,color:#17233a",
    "classDef busy fill:#fdf3dc,stroke:#b7791f,color:#3b2a08",
    "classDef over fill:#eef1f0,stroke:#6b7772,color:#25302b",
    "classDef every fill:#f7f7f7,stroke:#888888,color:#333333,stroke-dasharray:4 3",
)
"Each with a text colour of its own, to be read on light pages and on dark ones. Busy: deeds run meanwhile."


def mermaid(picture: Picture) -> str:
    lines = [SPACE, "stateDiagram-v2", *(f"    {style}" for style in CLASSES), ""]
    for box in picture.boxes:
        lines += [f"    {line}" for line in boxed(box)]
    if picture.everywhere:
        lines += [f"    {line}" for line in in_any_state(picture.everywhere)]
    everys = {arrow.sources: f"any{number}" for number, arrow in enumerate(firsts(picture))}
    for sources, name in everys.items():
        lines += [f'    state "{every(picture, sources)}" as {name}', f"    class {name} every"]
    lines += ["", f"    [*] --> {identifier(picture.first)}"]
    for arrow in picture.arrows:
        source = everys.get(arrow.sources) or identifier(arrow.sources[0])
        lines.append(f"    {source} --> {identifier(arrow.to)} : {label(arrow)}")
    lines += [f"    {identifier(box.state)} --> [*]" for box in picture.boxes if box.final]
    return "\n".join(lines) + "\n"


def boxed(box: Box) -> list[str]:
    name = identifier(box.state)
    inside = [BREAK.join(wrapped(text(box.means), INSIDE))]
    inside += [f"▸ while here {text(deed)}" for deed in box.during]
    inside += [BREAK.join(happening(line, "▸ ", INSIDE)) for line in box.inside]
    look = "over" if box.final else "busy" if box.during else "plain"
    shown = title(box.state)
    return [f'state "{shown}" as {name}', *(f"{name} : {line}" for line in inside), f"class {name} {look}"]


def in_any_state(everywhere: Sequence[Happening]) -> list[str]:
    inside = [BREAK.join(happening(line, "▸ ", INSIDE)) for line in everywhere]
    return [
        'state "in any state" as everywhere',
        *(f"everywhere : {line}" for line in inside),
        "class everywhere every",
    ]


def label(arrow: Arrow) -> str:
    dot = "▸ " if len(arrow.happenings) > 1 else ""
    return BREAK.join(line for shown in arrow.happenings for line in happening(shown, dot, BESIDE))


def happening(shown: Happening, dot: str, wide: int) -> list[str]:
    """The facts with their guard, then a line for each kind of effect."""
    guard = f" [{whole(shown.guard)}]" if shown.guard else ""
    lines = wrapped(dot + text(", ".join(map(whole, shown.facts)) + guard), wide)
    for effects in shown.effects:
        lines += wrapped(f"↳ {text(effects)}", wide)
    return lines


def firsts(picture: Picture) -> list[Arrow]:
    """One arrow for each set of states that «any state» stands for."""
    return list({arrow.sources: arrow for arrow in picture.arrows if len(arrow.sources) > 1}.values())


def every(picture: Picture, sources: tuple[StrEnum, ...]) -> str:
    missing = [title(box.state) for box in picture.boxes if box.state not in sources]
    if not missing:
        return "any state"
    if len(missing) <= len(sources):
        return f"any state but {' and '.join(missing)}"
    return BREAK.join(title(state) for state in sources)


def title(state: StrEnum) -> str:
    """In the words of the manual where it has them, else as a name of two words reads."""
    shown = text(state.value.replace("_", " "))
    return shown[:1].upper() + shown[1:]


def identifier(state: StrEnum) -> str:
    return state.name.lower()


def text(plain: str) -> str:
    """Raises ValueError for a character that Mermaid would read as syntax."""
    replaced = plain.replace("; ", ", ").replace(": ", " – ")
    if found := FORBIDDEN.search(replaced):
        raise ValueError(f"{found.group()!r} cannot stand in a label: {plain!r}")
    return replaced


def whole(words: str) -> str:
    """Kept on one line."""
    return words.replace(" ", NO_BREAK)


def wrapped(line: str, wide: int) -> list[str]:
    return wrap(line, wide, break_long_words=False, break_on_hyphens=False)
