"""Who is logged in at one place; auto delete on logout and at system auto reset (S11, S28).

The settings that will matter at the end ([Auto Delete], what it leaves of jobs, the auto reset time) come
with the log-in and are kept here, for the fact of a limit carries no settings. An open sign-in screen counts
as use of the panel. A restart while somebody is logged in counts as his logout.

Each place knows its own session alone: with [Auto Delete] a logout ends the person's grant although he is
still logged in at another place (S28: logout deletes). A page that was left open somewhere must not keep a
sign-in that the person believes deleted; where he stands, his next job asks again.

Rule: [Auto Delete] concerns users' grants only, never the administrator's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import ADMINISTRATOR, OfPlace
from ..events.device import (
    DeviceResumed,
    EngineStarted,
    PanelUsed,
    SessionSettingsChanged,
    SystemAutoReset,
    UserLoggedIn,
    UserLoggedOut,
)
from ..events.settings import LeftJobs
from ..events.sign_in import SignInCancelled, SignInFailed, SignInTimedOut, SignInWanted
from ..events.token import SignInSucceeded, TokenDeleted
from .definition import Definition, ignore, lasts, on, remembered, state

Presence = StrEnum("Presence", {"LOGGED_OUT": "logged out", "LOGGED_IN": "logged in"})
LOGGED_OUT, LOGGED_IN = Presence


@dataclass(frozen=True, slots=True)
class Visitor:
    identity: str = ""
    auto_delete: bool = False
    reset_after: timedelta = timedelta()
    reset_at: datetime | None = None
    "None while the sign-in screen is open."
    left_jobs: LeftJobs = LeftJobs.WAIT


def same_person(visitor: Visitor, event: UserLoggedIn) -> bool:
    return event.identity == visitor.identity


def screen_is_open(visitor: Visitor, event: PanelUsed | DeviceResumed) -> bool:
    return visitor.reset_at is None


def auto_delete(visitor: Visitor, event: object) -> bool:
    return visitor.auto_delete and visitor.identity != ADMINISTRATOR


def enter(visitor: Visitor, event: UserLoggedIn) -> Visitor:
    reset_at = event.at + event.reset_after
    return Visitor(event.identity, event.auto_delete, event.reset_after, reset_at, event.left_jobs)


def come_back(visitor: Visitor, event: UserLoggedIn) -> Visitor:
    reset_at = visitor.reset_at and event.at + event.reset_after
    return Visitor(event.identity, event.auto_delete, event.reset_after, reset_at, event.left_jobs)


def touch(visitor: Visitor, event: OfPlace | DeviceResumed) -> Visitor:
    return replace(visitor, reset_at=event.at + visitor.reset_after)


def use(visitor: Visitor, event: PanelUsed) -> Visitor:
    """A touch that is said later than it happened never brings the reset nearer."""
    if event.touched_at is None or visitor.reset_at is None:
        return touch(visitor, event)
    return replace(visitor, reset_at=max(visitor.reset_at, event.touched_at + visitor.reset_after))


def pause(visitor: Visitor, event: SignInWanted) -> Visitor:
    return replace(visitor, reset_at=None)


def adopt(visitor: Visitor, event: SessionSettingsChanged) -> Visitor:
    return replace(
        visitor,
        auto_delete=event.auto_delete,
        reset_after=event.reset_after,
        reset_at=visitor.reset_at and event.at + event.reset_after,
        left_jobs=event.left_jobs,
    )


def leave(visitor: Visitor, event: object) -> Visitor:
    return Visitor()


SESSION = Definition(
    "session", Visitor,
    state(LOGGED_OUT, "Nobody is logged in here.",
        on(UserLoggedIn, to=LOGGED_IN, data=enter),
        ignore(PanelUsed, SessionSettingsChanged, SignInWanted, SignInSucceeded, SignInCancelled,
               SignInFailed, SignInTimedOut, UserLoggedOut, SystemAutoReset, EngineStarted,
               DeviceResumed, why="nobody is logged in")),
    state(LOGGED_IN, "Somebody is logged in here.",
        lasts(until="reset_at", then=SystemAutoReset),
        on(UserLoggedIn, when=same_person, data=come_back),
        on(UserLoggedIn, when=auto_delete, unless=same_person, data=enter, tell=[remembered(TokenDeleted)]),
        on(UserLoggedIn, unless=[same_person, auto_delete], data=enter),
        ignore(PanelUsed, when=screen_is_open, why="the open screen counts as use"),
        on(PanelUsed, unless=screen_is_open, data=use),
        on(SignInSucceeded, SignInCancelled, SignInFailed, SignInTimedOut, data=touch),
        on(SignInWanted, data=pause),
        on(DeviceResumed, when=screen_is_open, data=touch),
        ignore(DeviceResumed, unless=screen_is_open,
               why="sleep does not log anybody out; the auto reset time has gone on"),
        on(SessionSettingsChanged, data=adopt),
        on(UserLoggedOut, SystemAutoReset, EngineStarted, when=auto_delete, to=LOGGED_OUT, data=leave,
           tell=[TokenDeleted]),
        on(UserLoggedOut, SystemAutoReset, EngineStarted, unless=auto_delete, to=LOGGED_OUT, data=leave)),
    per=OfPlace,
)  # fmt: skip
