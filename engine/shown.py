"""What a sign-in asks for, what it shows at a place, and what a person gives it there, as plain values.

Rule: a code and a pasted address are good for one sign-in, live as long as it does, and stand in no log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.settings import Flow

IN_A_BROWSER = "page:"
"Begins the name of a place where a person stands with a browser of his own."
LEEWAY = timedelta(minutes=5)
"How far a provider's clock and ours may differ, where both are set."
NOT_SET = timedelta(days=365 * 200)
"How far a clock that is not set may be behind."


def in_a_browser(place: str) -> bool:
    return place.startswith(IN_A_BROWSER)


@dataclass(frozen=True, slots=True)
class SignInCode:
    """What a person needs to sign in on another device (RFC 8628 section 3.3)."""

    user_code: str = field(repr=False)
    address: str
    "Where it is entered: short, for typing."
    scan: str = field(repr=False)
    "The address for a QR code (`engine/qr.py`): with the code in it, where the provider has such a one."
    expires_at: datetime
    says: tuple[str, ...]
    """Sentences to show beside it, in the device's language: what to do, who signs in for which device, and
    never to enter a code that came from anybody else (RFC 8628 section 5.4).
    """


class NotPasted(StrEnum):
    """Why a pasted address was not taken; each is the code of its words."""

    NOTHING_OPEN = "paste.nothing-open"
    "No sign-in waits here for its browser."
    NO_REDIRECT = "paste.no-redirect"
    "It is not the address at which this sign-in ends."
    OTHER_SIGN_IN = "paste.other-sign-in"
    "Its `state` is that of another sign-in, here or elsewhere."


@dataclass(slots=True)
class Paste:
    """Where the address goes that a browser on another machine was redirected to, while one is waited
    for.
    """

    take: Callable[[str], NotPasted | None] = lambda text: NotPasted.NOTHING_OPEN
    "None: it was taken."


@dataclass(frozen=True, slots=True)
class SignInRequest:
    place: str
    address: str
    "The address that must sign in, for `login_hint`."
    closes_at: datetime
    flow: Flow = Flow.BROWSER
    device: str = ""
    "The device's name, for whoever is asked to allow it something."
    because: str = ""
    "Why another flow than the one that was set is used, in the device's language."
    another: bool = False
    "Another account signed in the last time (S19)."
    behind: timedelta = LEEWAY
    "How far this device's clock may be behind the provider's."
    paste: Paste = field(default_factory=Paste)
