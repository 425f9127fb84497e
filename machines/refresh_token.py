"""The refresh token of one identity, in the words of [Refresh Tokens]: Required, Acquired, Expired (S23-S29).

A person signs in once; the grant then works for months without anyone thinking of it. Two things end it: the
provider's word (GrantRefused) or a person's (TokenDeleted). An outage is neither: no row knows the network. A
grant that does not fit the settings any more (GrantVoided) ends as a deleted one does, and that is told. A
grant that the vault has lost (GrantMissing) or that another device signed in (GrantCopied) cannot be waited
for, either: a person must sign in. One whose key is lost (GrantLocked) is Expired, too, but stays in the
vault: it is tried once an hour, and goes on when the key is back and nobody has signed in meanwhile.
The sign-in screen is a machine of its own: one that is cancelled never gets here, and so changes nothing.
Where the application has a credential of its own and nobody signs in (B3), what is kept is a mark without a
secret: Acquired once a first access token came, Expired when the provider refuses the credential. The mark
stays: it is asked with again once an hour, and whoever mended the credential has nothing to do here.
Using the grant is the access token's business: when it was idle too long, this machine only says so
(TokenWanted).

Rule: no token enters this file. The vault seals it under `Grant.version`, which every keep and every end
raises: an answer to a former version cannot touch the present one. A fact that brings a grant is kept or
revoked, never ignored.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import OfIdentity
from ..events.information import Info
from ..events.token import (
    AccessTokenReady,
    CredentialRefused,
    GrantCopied,
    GrantEnded,
    GrantFact,
    GrantLocked,
    GrantMissing,
    GrantRefused,
    GrantRotated,
    GrantUnlocked,
    GrantVoided,
    RenewalDue,
    SignInSucceeded,
    TokenDeleted,
    TokenWanted,
)
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, EraseGrant, Inform, KeepGrant, RevokeBrought, RevokeGrant

Status = StrEnum("Status", {"REQUIRED": "Required", "ACQUIRED": "Acquired", "EXPIRED": "Expired"})
REQUIRED, ACQUIRED, EXPIRED = Status
LATE = "a late word about a grant that is gone"
RETRY_RENEWAL = timedelta(days=1)
RETRY_KEY = timedelta(hours=1)
"Also of a credential that the provider refused."


@dataclass(frozen=True, slots=True)
class Grant:
    version: int = 0
    renew_at: datetime | None = None
    refused: str = ""
    "The code with which the provider refused the application's credential; empty: it did not."


def right(grant: Grant, event: SignInSucceeded) -> bool:
    return event.right


def current(grant: Grant, event: GrantFact | AccessTokenReady) -> bool:
    return event.of == grant.version


def without_key(grant: Grant, event: GrantUnlocked) -> bool:
    """It is Expired for want of its key."""
    return event.of == grant.version and not grant.refused


def refused(grant: Grant, event: GrantLocked | AccessTokenReady) -> bool:
    """It is Expired by the provider's word about the application's credential."""
    return event.of == grant.version and bool(grant.refused)


def known(grant: Grant, event: CredentialRefused) -> bool:
    """It was refused like that before."""
    return event.of == grant.version and event.code == grant.refused


def hold(grant: Grant, event: SignInSucceeded | GrantRotated) -> Grant:
    return Grant(grant.version + 1, event.renew_at)


def used(grant: Grant, event: AccessTokenReady) -> Grant:
    return Grant(grant.version, event.renew_at)


def gone(grant: Grant, event: TokenDeleted | GrantFact) -> Grant:
    return Grant(grant.version + 1)


def try_tomorrow(grant: Grant, event: RenewalDue) -> Grant:
    return replace(grant, renew_at=event.at + RETRY_RENEWAL)


def lay_aside(grant: Grant, event: GrantLocked) -> Grant:
    """The version stays: it is the same grant when its key is back."""
    return Grant(grant.version, event.at + RETRY_KEY)


def refuse(grant: Grant, event: CredentialRefused) -> Grant:
    return Grant(grant.version, event.at + RETRY_KEY, event.code)


def try_in_an_hour(grant: Grant, event: RenewalDue) -> Grant:
    return replace(grant, renew_at=event.at + RETRY_KEY)


def take_up(grant: Grant, event: GrantUnlocked) -> Grant:
    return replace(grant, renew_at=event.at + RETRY_RENEWAL)


CLEARED = (Clear(Info.SIGN_IN_AGAIN), Clear(Info.OTHER_ACCOUNT))
VOID = (Inform(Info.SIGN_IN_VOID),)
ENDED = (EraseGrant(), Inform(Info.SIGN_IN_AGAIN))

REFRESH_TOKEN = Definition(
    "refresh token", Grant,
    always(
        on(SignInSucceeded, when=right, to=ACQUIRED, data=hold,
           ask=[KeepGrant(), *CLEARED, Clear(Info.SIGN_IN_VOID)]),
        on(SignInSucceeded, unless=right, ask=[Inform(Info.OTHER_ACCOUNT), RevokeBrought()]),
        on(GrantRotated, ask=[RevokeBrought()]),
        ignore(GrantRefused, GrantMissing, GrantCopied, GrantLocked, GrantUnlocked, GrantVoided,
               CredentialRefused, RenewalDue, AccessTokenReady, why=LATE),
    ),
    state(REQUIRED, "Nobody has signed in for this identity.",
        on(TokenDeleted, ask=[Clear(Info.OTHER_ACCOUNT)])),
    state(ACQUIRED, "Mail goes out; nobody is needed.",
        lasts(until="renew_at", then=RenewalDue),
        on(RenewalDue, data=try_tomorrow, tell=[TokenWanted]),
        on(AccessTokenReady, when=current, data=used),
        ignore(AccessTokenReady, unless=current, why=LATE),
        on(GrantRotated, when=current, data=hold, ask=[KeepGrant()]),
        on(GrantRotated, unless=current, ask=[RevokeBrought()]),
        on(GrantRefused, GrantMissing, GrantCopied, when=current, to=EXPIRED, data=gone,
           tell=[GrantEnded], ask=ENDED),
        on(GrantLocked, when=current, to=EXPIRED, data=lay_aside, tell=[GrantEnded],
           ask=[Inform(Info.SIGN_IN_AGAIN)]),
        on(CredentialRefused, when=current, to=EXPIRED, data=refuse, tell=[GrantEnded],
           ask=[Inform(Info.SIGN_IN_AGAIN)]),
        on(GrantVoided, when=current, tell=[TokenDeleted], ask=VOID),
        ignore(GrantRefused, GrantMissing, GrantCopied, GrantLocked, CredentialRefused, GrantVoided,
               unless=current, why=LATE),
        ignore(GrantUnlocked, why="nothing was wrong with it"),
        on(TokenDeleted, to=REQUIRED, data=gone,
           ask=[RevokeGrant(), EraseGrant(), Clear(Info.OTHER_ACCOUNT)])),
    state(EXPIRED, "The grant is dead or lost, or a credential is refused: somebody must act.",
        lasts(until="renew_at", then=RenewalDue),
        on(RenewalDue, data=try_in_an_hour, tell=[TokenWanted]),
        on(GrantUnlocked, when=without_key, to=ACQUIRED, data=take_up, ask=[Clear(Info.SIGN_IN_AGAIN)]),
        ignore(GrantUnlocked, unless=without_key, why=LATE),
        on(AccessTokenReady, when=refused, to=ACQUIRED, data=used, ask=[Clear(Info.SIGN_IN_AGAIN)]),
        ignore(AccessTokenReady, unless=refused, why=LATE),
        on(CredentialRefused, when=known, data=refuse, tell=[GrantEnded]),
        on(CredentialRefused, when=current, unless=known, data=refuse, tell=[GrantEnded],
           ask=[Inform(Info.SIGN_IN_AGAIN)]),
        ignore(CredentialRefused, unless=[known, current], why=LATE),
        on(GrantLocked, when=refused, data=lay_aside, tell=[GrantEnded], ask=[Inform(Info.SIGN_IN_AGAIN)]),
        on(GrantLocked, when=current, unless=refused, data=lay_aside, tell=[GrantEnded]),
        ignore(GrantLocked, unless=[refused, current], why=LATE),
        on(GrantMissing, GrantCopied, when=current, data=gone, tell=[GrantEnded], ask=ENDED),
        on(GrantVoided, when=current, tell=[TokenDeleted], ask=VOID),
        ignore(GrantMissing, GrantCopied, GrantVoided, unless=current, why=LATE),
        on(TokenDeleted, to=REQUIRED, data=gone, ask=[RevokeGrant(), EraseGrant(), *CLEARED])),
    per=OfIdentity,
)  # fmt: skip
