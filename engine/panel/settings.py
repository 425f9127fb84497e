"""The settings of the menus, a screen for each place (S0): what is given at the Control Panel, and what in
Web Connection.

At the panel stands what belongs to the panel. A browser at a desk shows what belongs to Web Connection and,
apart from that and named so, what belongs to the panel: a device without a display has no other place for it.

Rule: the places are those of the settings themselves; nothing is listed here.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...events.about import Setting, every
from ...events.menu import UTILITY
from ...events.settings import OAUTH
from ..applying import Applied
from .applying import Wrongs, applied
from .face import Face
from .fields import Field, elsewhere, fields, standing
from .forms import Form
from .here import Answer, Here, NothingThere, Shows

LABEL = re.compile(r"\[([^]]+)\]")
CONTROL_PANEL, WEB_CONNECTION = "Control Panel", "Web Connection"


class Group(NamedTuple):
    """Settings of one place in the menus, with those of the places below it."""

    path: str
    belongs: str
    "Control Panel or Web Connection."
    settings: tuple[Setting, ...]

    @property
    def name(self) -> str:
        """In its address: of two with the same labels, one is at the Control Panel."""
        return re.sub(r"[^a-z0-9]+", "-", self.path.lower()).strip("-")

    @property
    def title(self) -> str:
        labels: list[str] = LABEL.findall(self.path)
        return labels[-1]


def groups(here: Here) -> tuple[Group, ...]:
    """Those of this face, in the order of the menus."""
    found: dict[tuple[str, str], list[Setting]] = {}
    for each in every().values():
        if not each.shown(here.engine.settings):
            continue
        belongs, path = place_of(each, here.face)
        if path and not path.removeprefix(f"{UTILITY} - ").startswith(OAUTH):
            found.setdefault((belongs, path), []).append(each)
    tops = [key for key in found if not any(below(key, other) for other in found if other != key)]
    tops.sort(key=lambda key: (key[0] == CONTROL_PANEL, key[1]))
    made = []
    for belongs, path in tops:
        within = [key for key in found if key == (belongs, path) or below(key, (belongs, path))]
        made.append(Group(path, belongs, tuple(one for key in within for one in found[key])))
    return tuple(made)


def below(key: tuple[str, str], other: tuple[str, str]) -> bool:
    """Within a place of its own: a whole branch of the menus, such as [Network], is none."""
    deep = len(LABEL.findall(other[1].removeprefix(UTILITY))) > 1
    return deep and key[0] == other[0] and key[1].startswith(f"{other[1]} - ")


def place_of(setting: Setting, face: Face) -> tuple[str, str]:
    """Where it belongs and its path there; an empty path: it is not shown at this face."""
    if face is Face.PANEL:
        return CONTROL_PANEL, setting.at.panel
    if setting.at.web:
        return WEB_CONNECTION, setting.at.web
    return CONTROL_PANEL, setting.at.panel


def list_shown(here: Here) -> dict[str, Any]:
    wrong = standing(here)
    parts: dict[str, list[tuple[Group, bool]]] = {}
    for each in groups(here):
        marked = any(one.key in wrong for one in each.settings)
        parts.setdefault(each.belongs, []).append((each, marked))
    return {"title": here.say("panel.settings"), "parts": list(parts.items())}


def group_of(here: Here) -> Group:
    """Raises NothingThere."""
    wanted = here.path["group"]
    found = next((each for each in groups(here) if each.name == wanted), None)
    if found is None:
        raise NothingThere
    return found


def one_shown(here: Here) -> dict[str, Any]:
    """Raises NothingThere."""
    return context(here, group_of(here), standing(here))


def context(here: Here, group: Group, wrong: Wrongs, form: Form | None = None) -> dict[str, Any]:
    found = fields(here, group.settings, wrong, form)
    return {
        "title": group.title,
        "path_shown": group.path,
        "belongs": group.belongs,
        "parts": parts(here, group, found),
        "refused": form is not None,
        "elsewhere": elsewhere(wrong, group.settings),
        "action": f"/settings/{group.name}",
    }


def parts(here: Here, group: Group, found: tuple[Field, ...]) -> list[tuple[str, list[Field]]]:
    """Fields by the place below the group's own; an empty heading for its own."""
    headings: dict[str, list[Field]] = {}
    for setting, each in zip(group.settings, found, strict=True):
        _, path = place_of(setting, here.face)
        rest = path.removeprefix(group.path)
        labels = LABEL.findall(rest)
        headings.setdefault(" - ".join(labels), []).append(each)
    return list(headings.items())


async def changed(here: Here, form: Form) -> Answer:
    """[OK]. Raises NothingThere, NotAllowed, StoreFailed."""
    group = group_of(here)

    def again(wrong: Wrongs) -> Shows:
        both: Mapping[str, Any] = {**standing(here), **wrong}
        return Shows("setting", context(here, group, both, form))

    def to(found: Applied) -> str:
        return "/oauth/offer" if found.offers_sign_in and found.changed else "/settings"

    return await applied(here, form, group.settings, again, to)
