"""What people at a provider decide while it runs: the organisation's administrator and whoever registered the
application.

Rule: quirks are how a provider is made and never change; a policy may change at any moment and holds from the
next request on. Sources: RFC 9700 section 4.14.2 (rotation); Microsoft's "Conditional Access: authentication
flows"; Google's "Using OAuth 2.0 to Access Google APIs" (refresh token expiration).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from .refusals import Cause


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh brings a new refresh token, and this becomes of the one that it replaces."""

    old_lives: timedelta | None = None
    "How long from its replacement on; None: as if it had not been replaced."
    reuse_ends_all: bool = False
    "Whether using it after that ends the whole grant, new refresh tokens included."


OLD_STAYS = Rotation()
OLD_LIVES_A_MINUTE = Rotation(timedelta(minutes=1))
OLD_DIES = Rotation(timedelta())
REUSE_ENDS_ALL = Rotation(timedelta(), reuse_ends_all=True)


@dataclass(frozen=True, slots=True)
class FixedLife:
    """Grants of a registration that live so long from the sign-in on, however often they are used."""

    life: timedelta
    ends_as: Cause


TESTING = FixedLife(timedelta(days=7), Cause.REFRESH_EXPIRED)
"Google: the consent screen's publishing status is [Testing]."
SINGLE_PAGE = FixedLife(timedelta(hours=24), Cause.SINGLE_PAGE_ENDED)
"Microsoft: the redirect address is registered as that of a single-page application."


@dataclass(slots=True)
class Policy:
    """Addresses in the sets are casefolded: `Policy.block` and `Policy.unblock` see to it."""

    rotation: Rotation | None
    "None: no new refresh token on refresh."
    unused_max: timedelta
    live_tokens_max: int | None
    fixed_life: FixedLife | None = None
    "For grants that begin from now on."
    sign_in_frequency: timedelta | None = None
    "Conditional Access: a sign-in older than this is worth nothing any more."
    refuses_device_code: Cause | None = None
    "CONDITIONAL_ACCESS or SECURITY_DEFAULTS: no sign-in by device code, and grants got by it end when used."
    blocked: set[str] = field(default_factory=set)
    "Accounts that Conditional Access gives no token; their grants live on."

    def block(self, email: str) -> None:
        self.blocked.add(email.casefold())

    def unblock(self, email: str) -> None:
        self.blocked.discard(email.casefold())

    def blocks(self, email: str) -> bool:
        return email.casefold() in self.blocked
