"""Where a person finds a setting: its label and its paths on the Control Panel and in Web Connection (S0).

Each setting carries one of these beside its type in `settings.py`; screens, errors and remedies read it.
Rule: a path is that of the manual page; a setting that the manual does not know stands in the settings file
alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

PLACEHOLDER = re.compile(r"\{([a-z0-9_]+(?:\.[a-z0-9_]+)+)\}")
"In a remedy: `{tls.minimum}` is where that setting is found."
UTILITY = "[Utility] - [Administrator]"
"At the Control Panel."


@dataclass(frozen=True, slots=True)
class At:
    """Where one setting is found."""

    label: str
    "In brackets where the manual names it so."
    panel: str = ""
    "Path at the Control Panel; empty: not there."
    web: str = ""
    "Path in administrator mode of Web Connection; empty: not there."
    only_while: str = ""
    "The key of the setting that has to be ON for this one to be shown (S4); empty: it always is."


@dataclass(frozen=True, slots=True)
class Offered:
    """What a screen offers for a setting that takes other values, too."""

    choices: tuple[str, ...]
    others: str
    "Which other values there are: the code of the words in `said.py`."


def both(label: str, path: str) -> At:
    """In Web Connection, or in [Utility] - [Administrator] of this machine."""
    return At(label, f"{UTILITY} - {path}", path)


def panel(label: str, path: str) -> At:
    return At(label, f"{UTILITY} - {path}")


def web(label: str, path: str, only_while: str = "") -> At:
    return At(label, web=path, only_while=only_while)


class Forms(NamedTuple):
    """How a remedy names a setting's place, in one language."""

    both: str
    panel: str
    web: str
    file: str
    "For a setting of the file alone."


ENGLISH = Forms(
    both="{label} in {web} in Web Connection (or in {utility} of this machine)",
    panel="{label} in {panel}",
    web="{label} in {web} in Web Connection",
    file="`{key}` of the settings file",
)


FILE = At("")
"Where a setting is found that no menu knows."


def found_at(key: str, at: At, forms: Forms = ENGLISH) -> str:
    """As a remedy says it; a setting of the file alone is named by its key."""
    found = {(True, True): forms.both, (True, False): forms.panel, (False, True): forms.web}
    form = found.get((bool(at.panel), bool(at.web)), forms.file)
    return form.format(key=key, label=at.label, panel=at.panel, web=at.web, utility=UTILITY)


def spoken(text: str, menu: Mapping[str, At]) -> str:
    """`text` with each `{section.key}` replaced by where that setting is found."""

    def found(match: re.Match[str]) -> str:
        key = match[1]
        return found_at(key, menu.get(key, FILE))

    return PLACEHOLDER.sub(found, text)
