"""The two places from which the screens are seen.

Rule: which face a browser sees is decided by the address that it came to, never by what it says.
"""

from enum import StrEnum


class Face(StrEnum):
    PANEL = "panel"
    "The device's own display: one place, one person at a time."
    PAGE = "page"
    "A browser at a desk (Web Connection): each log-in is a place of its own."


PANEL_PLACE = "panel"
"What the display is called in facts and in the journal."
