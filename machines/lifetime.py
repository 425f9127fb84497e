"""How long a sign-in can last at the most, where the provider names a day (B1).

Most grants live as long as they are used. Some end on a fixed day however often that is: the consent of an
application that is still in testing, or a sign-in whose redirect is registered as a page's. Whether using the
grant puts its end off is seen when it is used: so nothing is said before that, and then 30, 14, 7 and 1 days
before.

Rule: this machine only warns. What ends a grant is the provider's word, in `refresh_token.py`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import OfIdentity
from ..events.information import Info
from ..events.token import (
    AccessTokenReady,
    GrantEndAnnounced,
    GrantEnded,
    GrantWarningDue,
    SignInSucceeded,
    TokenDeleted,
)
from .definition import Definition, ignore, lasts, on, state
from .effects import Clear, Inform
from .ends import NOT_WARNED, next_warning, warned_of

End = StrEnum("End", ["OPEN", "NEAR"])
OPEN, NEAR = End
PUT_OFF = timedelta(hours=1)
"An end that moves by less was not put off: it is counted from another second."


@dataclass(frozen=True, slots=True)
class Lifetime:
    ends_at: datetime | None = None
    warn_at: datetime | None = None
    warned: int = NOT_WARNED
    "Of the last warning, its number of days."


def right(lifetime: Lifetime, event: SignInSucceeded) -> bool:
    return event.right


def known(lifetime: Lifetime, event: GrantWarningDue) -> bool:
    return lifetime.ends_at is not None


def put_off(lifetime: Lifetime, event: AccessTokenReady) -> bool:
    """Using the grant gave it more time, or this is the first that is known of its end."""
    if event.ends_at is None:
        return False
    return lifetime.ends_at is None or event.ends_at > lifetime.ends_at + PUT_OFF


def begin(lifetime: Lifetime, event: SignInSucceeded | AccessTokenReady) -> Lifetime:
    """Not before it was used: that may put the end off."""
    if event.ends_at is None:
        return forget(lifetime, event)
    return Lifetime(event.ends_at, next_warning(event.ends_at, event.renew_at))


def fixed(lifetime: Lifetime, event: AccessTokenReady) -> Lifetime:
    """It was used, and ends when it was to end before."""
    if event.ends_at is None or lifetime.ends_at is None:
        return lifetime
    if warned_of(lifetime.ends_at, event.at) < lifetime.warned:
        return replace(lifetime, warn_at=event.at)
    return replace(lifetime, warn_at=next_warning(lifetime.ends_at, event.at))


def warn(lifetime: Lifetime, event: GrantWarningDue) -> Lifetime:
    if lifetime.ends_at is None:
        return lifetime
    ends_at, at = lifetime.ends_at, event.at
    return Lifetime(ends_at, next_warning(ends_at, at), warned_of(ends_at, at))


def forget(lifetime: Lifetime, event: object) -> Lifetime:
    """Of most grants nothing was known."""
    return lifetime if lifetime.ends_at is None else Lifetime()


OTHER = "another account: nothing of it is kept"
CLEARED = (Clear(Info.SIGN_IN_ENDS),)

LIFETIME = Definition(
    "lifetime", Lifetime,
    state(OPEN, "No end is known, or it is far, or not known to be final.",
        lasts(until="warn_at", then=GrantWarningDue),
        on(SignInSucceeded, when=right, data=begin),
        ignore(SignInSucceeded, unless=right, why=OTHER),
        on(TokenDeleted, GrantEnded, data=forget),
        on(AccessTokenReady, when=put_off, data=begin),
        on(AccessTokenReady, unless=put_off, data=fixed),
        on(GrantWarningDue, when=known, to=NEAR, data=warn, tell=[GrantEndAnnounced]),
        ignore(GrantWarningDue, unless=known, why="no end is known"),
        ignore(GrantEndAnnounced, why="it was put off meanwhile")),
    state(NEAR, "It ends soon, and the person was told the day.",
        lasts(until="warn_at", then=GrantWarningDue),
        on(SignInSucceeded, when=right, to=OPEN, data=begin, ask=CLEARED),
        ignore(SignInSucceeded, unless=right, why=OTHER),
        on(TokenDeleted, GrantEnded, to=OPEN, data=forget, ask=CLEARED),
        on(AccessTokenReady, when=put_off, to=OPEN, data=begin, ask=CLEARED),
        on(AccessTokenReady, unless=put_off, data=fixed),
        on(GrantWarningDue, data=warn, tell=[GrantEndAnnounced]),
        on(GrantEndAnnounced, ask=[Inform(Info.SIGN_IN_ENDS)])),
    per=OfIdentity,
)  # fmt: skip
