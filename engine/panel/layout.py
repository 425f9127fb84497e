"""What is around every screen: whose device it is, who is logged in, what is to be noticed, where one may go.

Rule: a screen decides only what is its own.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...events.base import ADMINISTRATOR
from ...events.page import Theme
from ..engine import Engine
from ..status import IdentityStatus
from .face import Face
from .here import Here
from .look import version
from .sessions import Message
from .tones import TOKENS


class Way(NamedTuple):
    """One entry of the menu at a desk."""

    path: str
    title: str
    icon: str


USERS = (
    Way("/", "panel.home", "home"),
    Way("/jobs", "panel.jobs", "jobs"),
    Way("/tokens", "panel.sign-in", "key"),
    Way("/information", "panel.information", "bell"),
)
ADMINISTRATORS = (
    Way("/", "panel.home", "home"),
    Way("/oauth", "panel.oauth", "key"),
    Way("/tokens", "panel.tokens", "person"),
    Way("/settings", "panel.settings", "gear"),
    Way("/jobs", "panel.jobs", "jobs"),
    Way("/information", "panel.information", "bell"),
    Way("/machines", "panel.machines", "graph"),
)


def outside(engine: Engine, face: Face) -> dict[str, Any]:
    """Of any page, whoever looks at it."""
    settings = engine.settings
    theme = settings.page.theme
    return {
        "say": engine.words.say,
        "language": settings.device.language.value,
        "face": face.value,
        "theme": "" if theme is Theme.AS_BROWSER else theme.value,
        "device": settings.device.name or engine.words.say("panel.device"),
        "logo": settings.page.logo is not None,
        "version": version(),
        "whole": True,
    }


def around(here: Here, guard: str, path: str) -> Mapping[str, Any]:
    """Of a screen of somebody who is logged in."""
    ways = ADMINISTRATORS if here.administers else USERS
    warnings = [each for each in here.view.information() if not each.acknowledged]
    return {
        **outside(here.engine, here.face),
        "guard": guard,
        "path": path,
        "ways": tuple((each.path, here.say(each.title), each.icon) for each in ways),
        "here_at": way_of(path, tuple(each.path for each in ways)),
        "who": here.say("panel.administrator") if here.administers else here.viewer.login,
        "administers": here.administers,
        "notices": len(warnings),
        "chips": chips(here),
        "goes_to": goes_to(here, path),
        "dates": here.dates,
    }


def way_of(path: str, ways: tuple[str, ...]) -> str:
    """The entry of the menu in which this screen lies."""
    within = [way for way in ways if way != "/" and (path == way or path.startswith(f"{way}/"))]
    return max(within, key=len) if within else "/" if path == "/" else ""


def chips(here: Here) -> tuple[tuple[str, str], ...]:
    """Tone and words of one's own sign-in; the administrator's is that of who keeps the device."""
    if not here.engine.settings.oauth.enabled:
        return ()
    mine = here.view.sign_in_of(here.viewer.login)
    return ((TOKENS.get(mine.refresh_token, "idle"), chip(here, mine)),) if mine else ()


def chip(here: Here, status: IdentityStatus) -> str:
    whose = here.say("panel.administrator") if status.login == ADMINISTRATOR else here.say("panel.sign-in")
    return f"{whose}: {status.refresh_token}"


def goes_to(here: Here, path: str) -> str:
    """A sign-in that has opened or ended at this place is shown by itself; empty: nothing is to be shown
    elsewhere.
    """
    if path == "/sign-in":
        return ""
    return "/sign-in" if here.signs_in or here.session.ended is not None else ""


def message_of(here: Here) -> Message | None:
    """Told once, on the first whole page."""
    message, here.session.message = here.session.message, None
    return message
