"""The access token of one identity: an hour of use, in memory only (S25, S29, S32).

This machine alone asks the provider: while it is requesting, however many jobs wait, there is one request.
What wakes it is TokenWanted. An outage leads to backing off, a provider who wants an administrator's act to
refused; in both the grant is kept and asked again later. A token that the submission server turns away is
replaced once; a fresh one that is turned away too is no token's fault.

Rule: every answer carries the number of its request (`attempt`). An answer to a former request is let go:
what it brought was never held.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..events.base import OfIdentity
from ..events.device import DeviceResumed, EngineStarted
from ..events.information import Info
from ..events.job import JobEndedInPart, JobPartlySent, JobSent
from ..events.token import (
    AccessTokenReady,
    AccessTokenRejected,
    AccessTokenStale,
    GrantEnded,
    GrantMissing,
    RefreshBlocked,
    RefreshDelayed,
    SignInSucceeded,
    TokenAnswer,
    TokenDeleted,
    TokenRetryDue,
    TokenWanted,
)
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, DropToken, HoldToken, Inform, RequestToken

Access = StrEnum("Access", ["ABSENT", "REQUESTING", "FRESH", "BACKING_OFF", "REFUSED"])
ABSENT, REQUESTING, FRESH, BACKING_OFF, REFUSED = Access
LATE = "a late answer to a former request"
UNDER_WAY = "one request is under way"
WAITS = "the time of the next request is set"


@dataclass(frozen=True, slots=True)
class Request:
    attempt: int = 0
    failures: int = 0
    rejected: int = 0
    "How often in a row the submission server turned a token away."
    stale_at: datetime | None = None
    retry_at: datetime | None = None
    code: str = ""
    "Why it is asked for again at that moment."
    named: bool = False
    "The provider named that moment."


def right(request: Request, event: SignInSucceeded) -> bool:
    return event.right


def current(request: Request, event: TokenAnswer) -> bool:
    return event.attempt == request.attempt


def former(request: Request, event: AccessTokenRejected) -> bool:
    return event.attempt != request.attempt


def rejected_before(request: Request, event: object) -> bool:
    return request.rejected > 0


def ask(request: Request, event: TokenWanted) -> Request:
    return replace(request, attempt=request.attempt + 1, retry_at=None, code="")


def brought(request: Request, event: SignInSucceeded) -> Request:
    return Request(attempt=request.attempt + 1, stale_at=event.stale_at)


def ready(request: Request, event: AccessTokenReady) -> Request:
    return replace(request, failures=0, stale_at=event.stale_at)


def delay(request: Request, event: RefreshDelayed) -> Request:
    failures = request.failures + 1
    return replace(request, failures=failures, retry_at=event.retry_at, code=event.code, named=event.named)


def block(request: Request, event: RefreshBlocked) -> Request:
    return replace(request, failures=request.failures + 1, retry_at=event.retry_at, code=event.code)


def replace_it(request: Request, event: AccessTokenRejected) -> Request:
    return replace(request, attempt=request.attempt + 1, rejected=1, stale_at=None)


def turned_away(request: Request, event: AccessTokenRejected) -> Request:
    return replace(request, stale_at=None, retry_at=event.retry_at, code=event.code)


def accepted(request: Request, event: object) -> Request:
    return replace(request, rejected=0)


def forget(request: Request, event: object) -> Request:
    """The number goes on: an answer that is still under way must find itself late."""
    return Request(attempt=request.attempt, failures=request.failures, rejected=request.rejected)


def outlived(request: Request, event: AccessTokenStale) -> Request:
    """Its life went by without a second rejection: the next token is a new story."""
    return Request(attempt=request.attempt)


def start_over(request: Request, event: object) -> Request:
    return Request(attempt=request.attempt)


CLEARED = (Clear(Info.PROVIDER_REFUSES), Clear(Info.SERVER_REFUSES_TOKEN))
ACCEPTED = (JobSent, JobPartlySent, JobEndedInPart)
"The submission server took a message: it accepts the token."
GOOD = (HoldToken(), Clear(Info.PROVIDER_REFUSES))

ACCESS_TOKEN = Definition(
    "access token", Request,
    always(
        on(SignInSucceeded, when=right, to=FRESH, data=brought, ask=[HoldToken(), *CLEARED]),
        ignore(SignInSucceeded, unless=right, why="another account: nothing of it is held"),
        on(TokenDeleted, GrantEnded, to=ABSENT, data=start_over, ask=[DropToken(), *CLEARED]),
        on(EngineStarted, DeviceResumed, to=ABSENT, data=start_over, ask=[DropToken()]),
        ignore(AccessTokenReady, RefreshDelayed, RefreshBlocked, GrantMissing, why=LATE),
        ignore(AccessTokenRejected, AccessTokenStale, why="it is gone already"),
        ignore(TokenRetryDue, why="it was answered meanwhile"),
        ignore(*ACCEPTED, why="sent with a token of which nothing is known to be wrong"),
    ),
    state(ABSENT, "No access token; nothing wants one.",
        on(TokenDeleted, GrantEnded, ask=CLEARED),
        ignore(EngineStarted, DeviceResumed, why="nothing to forget"),
        on(TokenWanted, to=REQUESTING, data=ask, ask=[RequestToken()])),
    state(REQUESTING, "One request is under way.",
        ignore(TokenWanted, why=UNDER_WAY),
        on(AccessTokenReady, when=current, to=FRESH, data=ready, ask=GOOD),
        ignore(AccessTokenReady, unless=current, why=LATE),
        on(RefreshDelayed, when=current, to=BACKING_OFF, data=delay),
        ignore(RefreshDelayed, unless=current, why=LATE),
        on(RefreshBlocked, when=current, to=REFUSED, data=block, ask=[Inform(Info.PROVIDER_REFUSES)]),
        ignore(RefreshBlocked, unless=current, why=LATE),
        on(GrantMissing, when=current, to=ABSENT, data=forget),
        ignore(GrantMissing, unless=current, why=LATE)),
    state(FRESH, "Mail can go out.",
        lasts(until="stale_at", then=AccessTokenStale),
        ignore(TokenWanted, why="there is one"),
        on(AccessTokenStale, to=ABSENT, data=outlived, ask=[DropToken()]),
        ignore(AccessTokenRejected, when=former, why="it was replaced already"),
        on(AccessTokenRejected, when=rejected_before, unless=former, to=REFUSED, data=turned_away,
           ask=[DropToken(), Inform(Info.SERVER_REFUSES_TOKEN)]),
        on(AccessTokenRejected, unless=[former, rejected_before], to=REQUESTING, data=replace_it,
           ask=[DropToken(), RequestToken()]),
        on(*ACCEPTED, when=rejected_before, data=accepted, ask=[Clear(Info.SERVER_REFUSES_TOKEN)]),
        on(*ACCEPTED, unless=rejected_before, ask=[Clear(Info.SERVER_REFUSES_TOKEN)])),
    state(BACKING_OFF, "The provider cannot be reached or says «not now»; the grant is kept.",
        lasts(until="retry_at", then=TokenRetryDue),
        ignore(TokenWanted, why=WAITS),
        on(TokenRetryDue, to=ABSENT, data=forget)),
    state(REFUSED, "Somebody must act, and signing in again would not help; the grant is kept.",
        lasts(until="retry_at", then=TokenRetryDue),
        ignore(TokenWanted, why=WAITS),
        on(TokenRetryDue, to=ABSENT, data=forget)),
    per=OfIdentity,
)  # fmt: skip
