"""Who is logged in with which browser.

A browser holds a random cookie; what it means stands here, in memory. The session itself is the engine's: who
stands at a place, until he logs out, system auto reset comes or the device restarts (S11, S28), and a cookie
is good as long as that very person stands there.

Rule: a cookie is made anew at each log-in, and the token that guards its forms is derived from it.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from ...machines.roles import Viewer
from ..engine import Engine
from ..shown import IN_A_BROWSER
from .face import PANEL_PLACE, Face

MOST = 256
"People at once; a device has room for no more."
ID_OCTETS = 24
COOKIE = re.compile(r"[A-Za-z0-9_-]{32}")
"One of ours, as it looks."


class Tone(StrEnum):
    """Of a message."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Message:
    """Told once, on the next screen; its [OK] closes it."""

    text: str
    tone: Tone = Tone.GOOD
    more: tuple[str, ...] = ()


@dataclass(slots=True)
class Session:
    cookie: str = field(repr=False)
    viewer: Viewer
    place: str
    message: Message | None = None
    ended: "Ended | None" = None
    "How the last sign-in at this place ended, until the person has read it."


@dataclass(frozen=True, slots=True)
class Ended:
    fact: str
    "SignInSucceeded, SignInCancelled, SignInFailed, SignInTimedOut."
    right: bool = False
    identity: str = ""


class TooManyPeople(Exception):
    """No more sessions fit."""


class Sessions:
    def __init__(self, engine: Engine, face: Face, gone: Callable[[Session], None]) -> None:
        """`gone` hears of each session that is over."""
        self.engine, self.face, self.gone = engine, face, gone
        self.key = secrets.token_bytes(32)
        self.by_cookie: dict[str, Session] = {}

    def found(self, cookie: str) -> Session | None:
        """None: nobody is logged in with it any more."""
        session = self.by_cookie.get(cookie)
        if session is None:
            return None
        if self.engine.who_stands_at(session.place) != session.viewer.login:
            self.drop(session)
            return None
        return session

    def at(self, place: str) -> Session | None:
        """Whoever stands there with a browser."""
        return next((each for each in list(self.by_cookie.values()) if each.place == place), None)

    def drop(self, session: Session) -> None:
        if self.by_cookie.pop(session.cookie, None) is not None:
            self.gone(session)

    def opened(self, viewer: Viewer) -> Session:
        """For somebody whose password was right; the engine is still to be told. Raises TooManyPeople."""
        for each in list(self.by_cookie.values()):
            self.found(each.cookie)
        if len(self.by_cookie) >= MOST:
            raise TooManyPeople
        place = PANEL_PLACE if self.face is Face.PANEL else f"{IN_A_BROWSER}{secrets.token_hex(8)}"
        return Session(self.new_cookie(), viewer, place)

    def keep(self, session: Session) -> None:
        """Once the engine knows. At the panel whoever was there before is gone with that."""
        former = self.at(session.place)
        if former is not None:
            self.drop(former)
        self.by_cookie[session.cookie] = session

    @staticmethod
    def new_cookie() -> str:
        return secrets.token_urlsafe(ID_OCTETS)

    def guard(self, cookie: str) -> str:
        """What each form of this browser brings along, so that no other site can send one in its name."""
        return hmac.new(self.key, cookie.encode(), sha256).hexdigest()

    def guards(self, cookie: str, given: str) -> bool:
        return bool(cookie) and hmac.compare_digest(self.guard(cookie).encode(), given.encode())
