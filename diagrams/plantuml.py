"""A machine as PlantUML's state diagram, for documents that are made with it.

Rule: as small as it can be: its looks are the document's.
"""

from .cards import every
from .layout import Happening, Picture


def plantuml(picture: Picture) -> str:
    lines = ["@startuml", f"title {picture.title}", "hide empty description"]
    for box in picture.boxes:
        state = box.state
        lines.append(f'state "{state.title}" as {state.key}')
        inside = [state.means] if state.means else []
        inside += [f"while here {deed}" for deed in state.during]
        inside += [said(shown) for shown in box.inside]
        lines += [f"{state.key} : {line}" for line in inside]
    if picture.everywhere:
        lines += ['state "in any state" as everywhere']
        lines += [f"everywhere : {said(shown)}" for shown in picture.everywhere]
    everys = dict.fromkeys(arrow.sources for arrow in picture.arrows if len(arrow.sources) > 1)
    names = {sources: f"any{number}" for number, sources in enumerate(everys)}
    lines += [f'state "{every(picture, sources)}" as {name}' for sources, name in names.items()]
    lines.append(f"[*] --> {picture.first}")
    for arrow in picture.arrows:
        source = names.get(arrow.sources, arrow.sources[0])
        lines.append(f"{source} --> {arrow.to} : {BREAK.join(map(said, arrow.happenings))}")
    lines += [f"{box.state.key} --> [*]" for box in picture.boxes if box.state.final]
    return "\n".join([*lines, "@enduml"]) + "\n"


BREAK = "\\n"


def said(shown: Happening) -> str:
    guard = f" [{shown.guard}]" if shown.guard else ""
    again = "(again) " if shown.again else ""
    return BREAK.join([again + ", ".join(map(str, shown.facts)) + guard, *map(str, shown.effects)])
