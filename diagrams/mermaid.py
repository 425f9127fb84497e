"""A machine as a Mermaid `stateDiagram-v2`, as GitHub shows it.

Rule: what stands in a label is only what Mermaid reads as text: no colon, no semicolon, no `#`, no quotes and
no angle brackets but our own line breaks.
"""

import re
from collections.abc import Sequence
from textwrap import wrap

from .layout import Arrow, Box, Happening, Picture

BREAK = "<br/>"
INSIDE, BESIDE = 44, 28
"Characters in a line: of a box, of an arrow's label (a wider one is broken again by Mermaid)."
NO_BREAK = "\u00a0"
FORBIDDEN = re.compile(r"[:;#\"<>{}]")
SPACE = '%%{init: {"state": {"nodeSpacing": 70, "rankSpacing": 60}}}%%'
CLASSES = (
    "classDef busy stroke-width:3px",
    "classDef every stroke-dasharray:4 3",
)
"No colours: a page has its own, light or dark. Busy: deeds run meanwhile."


def mermaid(picture: Picture) -> str:
    lines = [SPACE, "stateDiagram-v2", *(f"    {style}" for style in CLASSES), ""]
    for box in picture.boxes:
        lines += [f"    {line}" for line in boxed(box)]
    if picture.everywhere:
        lines += [f"    {line}" for line in in_any_state(picture.everywhere)]
    everys = {arrow.sources: f"any{number}" for number, arrow in enumerate(firsts(picture))}
    for sources, name in everys.items():
        lines += [f'    state "{every(picture, sources)}" as {name}', f"    class {name} every"]
    lines += ["", f"    [*] --> {picture.first}"]
    for arrow in picture.arrows:
        source = everys.get(arrow.sources) or arrow.sources[0]
        lines.append(f"    {source} --> {arrow.to} : {label(arrow)}")
    lines += [f"    {box.state.key} --> [*]" for box in picture.boxes if box.state.final]
    return "\n".join(lines) + "\n"


def boxed(box: Box) -> list[str]:
    state = box.state
    inside = [BREAK.join(wrapped(text(state.means), INSIDE))] if state.means else []
    inside += [f"▸ while here {text(deed)}" for deed in state.during]
    inside += [BREAK.join(happening(line, dot(line), INSIDE)) for line in box.inside]
    look = [f"class {state.key} busy"] if state.during else []
    return [
        f'state "{text(state.title)}" as {state.key}',
        *(f"{state.key} : {line}" for line in inside),
        *look,
    ]


def dot(shown: Happening) -> str:
    return "↻ " if shown.again else "▸ "


def in_any_state(everywhere: Sequence[Happening]) -> list[str]:
    inside = [BREAK.join(happening(line, "▸ ", INSIDE)) for line in everywhere]
    return [
        'state "in any state" as everywhere',
        *(f"everywhere : {line}" for line in inside),
        "class everywhere every",
    ]


def label(arrow: Arrow) -> str:
    before = "▸ " if len(arrow.happenings) > 1 else ""
    return BREAK.join(line for shown in arrow.happenings for line in happening(shown, before, BESIDE))


def happening(shown: Happening, before: str, wide: int) -> list[str]:
    """The facts with their guard, then a line for each kind of effect."""
    guard = f" [{whole(shown.guard)}]" if shown.guard else ""
    lines = wrapped(before + text(", ".join(map(whole, map(str, shown.facts))) + guard), wide)
    for effects in shown.effects:
        lines += wrapped(f"↳ {text(str(effects))}", wide)
    return lines


def firsts(picture: Picture) -> list[Arrow]:
    """One arrow for each set of states that «any state» stands for."""
    return list({arrow.sources: arrow for arrow in picture.arrows if len(arrow.sources) > 1}.values())


def every(picture: Picture, sources: tuple[str, ...]) -> str:
    missing = [text(box.state.title) for box in picture.boxes if box.state.key not in sources]
    if not missing:
        return "any state"
    if len(missing) <= len(sources):
        return f"any state but {' and '.join(missing)}"
    titles = {box.state.key: text(box.state.title) for box in picture.boxes}
    return BREAK.join(titles[state] for state in sources)


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
