"""The sign-in screen of one place: closed or open (S18, S19a).

It opens where a person stands, one screen a place; who asks meanwhile waits for his turn. It is closed by
what becomes of it, by the person's going, or by time. Who logs in while it is open is said to have it before
him, so that his session does not end under it. Where one way of signing in is refused and another one fits,
the same screen goes on with that; its time goes on, too. Nothing here touches a token: a screen that is
cancelled or fails leaves the refresh token's machine exactly where it was.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from ..events.base import OfPlace
from ..events.device import DeviceResumed, EngineStarted, SystemAutoReset, UserLoggedIn, UserLoggedOut
from ..events.information import Info
from ..events.sign_in import (
    FlowRefused,
    SignInCancelled,
    SignInFailed,
    SignInNext,
    SignInTimedOut,
    SignInWanted,
)
from ..events.token import SignInSucceeded
from .definition import Definition, ignore, lasts, on, remembered, state
from .effects import Clear, Inform, OpenSignIn

Screen = StrEnum("Screen", ["CLOSED", "OPEN"])
CLOSED, OPEN = Screen
MINUTES_OPEN = 10


@dataclass(frozen=True, slots=True)
class Visit:
    identity: str = ""
    "Who is signing in; while the screen is closed, who has the next turn."
    waiting: tuple[str, ...] = ()
    "Who asked meanwhile, in order."
    waited: bool = False
    "Who is signing in had to wait for his turn."


def somebody_waits(visit: Visit, event: SignInNext) -> bool:
    return bool(visit.identity)


def known(visit: Visit, event: SignInWanted) -> bool:
    return event.identity == visit.identity or event.identity in visit.waiting


def begin(visit: Visit, event: SignInWanted) -> Visit:
    return replace(visit, identity=event.identity, waited=visit.identity == event.identity)


def queue(visit: Visit, event: SignInWanted) -> Visit:
    return replace(visit, waiting=(*visit.waiting, event.identity))


def done(visit: Visit, event: object) -> Visit:
    """Whoever waited longest is the next to sign in."""
    return Visit(visit.waiting[0], visit.waiting[1:]) if visit.waiting else Visit()


def empty(visit: Visit, event: object) -> Visit:
    return Visit()


SIGN_IN = Definition(
    "sign-in", Visit,
    state(CLOSED, "No screen is open here.",
        on(SignInWanted, to=OPEN, data=begin, ask=[Clear(Info.SIGN_IN_FAILED), Clear(Info.FLOW_REFUSED)]),
        on(SignInNext, when=somebody_waits, tell=[SignInWanted]),
        ignore(SignInNext, unless=somebody_waits, why="nobody waits"),
        ignore(SignInSucceeded, SignInCancelled, SignInFailed, FlowRefused, SignInTimedOut,
               why="it is closed already"),
        ignore(UserLoggedIn, UserLoggedOut, SystemAutoReset, EngineStarted, DeviceResumed,
               why="no screen is open")),
    state(OPEN, "The provider's page is shown to the person who stands here.",
        lasts(minutes=MINUTES_OPEN, then=SignInTimedOut),
        ignore(SignInNext, why="the screen is not free"),
        ignore(SignInWanted, when=known, why="that one is open or waits already"),
        on(SignInWanted, unless=known, data=queue),
        on(UserLoggedIn, tell=[remembered(SignInWanted)]),
        on(SignInSucceeded, SignInCancelled, SignInTimedOut, to=CLOSED, data=done, tell=[SignInNext]),
        on(SignInFailed, to=CLOSED, data=done, tell=[SignInNext], ask=[Inform(Info.SIGN_IN_FAILED)]),
        on(FlowRefused, ask=[Inform(Info.FLOW_REFUSED)]),
        on(UserLoggedOut, SystemAutoReset, EngineStarted, DeviceResumed, to=CLOSED, data=empty),
        during=[OpenSignIn()]),
    per=OfPlace,
)  # fmt: skip
