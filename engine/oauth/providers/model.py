"""The form of provider data.

Rule: addresses are those of the provider itself; `at(authority)` puts another scheme, host and port in their
place, so that a national cloud and a playing provider are a setting. `{tenant}` in an address is the
setting's tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self
from urllib.parse import quote, urlsplit

from ....events.settings import AdministratorFlow
from ...ports import Lifetimes
from ..answers import Row

TENANT_IN_CLAIM = "{tenantid}"
"In an issuer: the tenant that the id_token's `tid` names."


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser comes back to (RFC 8252 section 7.3)."""

    host: str
    "As registered, in the redirect address."
    listen: tuple[str, ...]
    "Loopback addresses; the first must be there, the others where the system has them. One port for all."
    path: str = "/"


@dataclass(frozen=True, slots=True)
class AccountClaims:
    """Which claims of the id_token name the account's addresses."""

    account: tuple[str, ...]
    "Claims that the provider alone sets: the first that is an address is the account."
    email_verified: tuple[str, ...]
    "Claims of which one must be true before `email` counts."
    aliases: tuple[str, ...] = ()
    "Claims with a list of addresses that the provider confirms."


@dataclass(frozen=True, slots=True)
class WithoutPerson:
    """How the application itself gets access tokens for a mailbox, where nobody signs in (B3)."""

    flow: AdministratorFlow
    scope: str
    algorithm: str
    "Of the assertion's signature (RFC 7518 section 3.1)."


@dataclass(frozen=True, slots=True)
class ProviderData:
    name: str
    "As in [OAuth 2.0 Provider]."
    authorize: str
    token: str
    keys: str
    "JSON Web Key Set (RFC 7517) of the id_token's signature."
    issuer: str
    revoke: str | None
    "RFC 7009; None: the provider has no such endpoint."
    scopes: tuple[str, ...]
    scopes_needed: frozenset[str]
    "Without these in the answer, no mail goes."
    scopes_on_refresh: tuple[str, ...]
    "Empty: those that were granted (RFC 6749 section 6)."
    redirect: Redirect
    rotates: bool
    "A refresh brings a new refresh token."
    claims: AccountClaims
    lifetimes: Lifetimes
    device_code: str | None = None
    "Device authorization endpoint (RFC 8628); None: the provider has none, or allows no mail by it."
    flow_refused: frozenset[str] = frozenset()
    "Meanings of answers after which the browser may work where a device code was refused."
    without_person: WithoutPerson | None = None
    "None: for mail a person must sign in."
    people_are_public: bool = False
    "Sign-ins of people bring no secret while the application has one for itself (RFC 8252 section 8.5)."
    other_account: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"prompt": "login"}))
    """Goes over `authorize_extra` after another account signed in. Every provider knows `login` (OpenID
    Connect Core 1.0 section 15.1), not every one `select_account`.
    """
    tenants_open: frozenset[str] = frozenset()
    "Tenant settings that leave it to the id_token which tenant it is."
    authorize_extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answers: tuple[Row, ...] = ()
    "Meanings of this provider alone, asked before those that hold for all."
    certified_by: frozenset[str] = frozenset()
    "Organisations that certify its hosts; another one opens TLS on the way. Empty: nothing is known of it."
    unconfirmed: str = ""
    "What of it no public source confirms, in words."

    def at(self, authority: str | None, tenant: str) -> Self:
        """The same with every address made whole. Raises ValueError for an authority that is no https
        address."""
        issuer = (
            TENANT_IN_CLAIM if tenant.casefold() in self.tenants_open or not is_tenant_id(tenant) else tenant
        )

        def whole(address: str, tenant: str = quote(tenant, safe="")) -> str:
            return _moved(address, authority).replace("{tenant}", tenant)

        return replace(
            self,
            authorize=whole(self.authorize),
            token=whole(self.token),
            keys=whole(self.keys),
            issuer=whole(self.issuer, issuer),
            revoke=None if self.revoke is None else whole(self.revoke),
            device_code=None if self.device_code is None else whole(self.device_code),
        )


def is_tenant_id(text: str) -> bool:
    """A directory's GUID, not one of its domain names."""
    parts = text.split("-")
    hexadecimal = all(character in "0123456789abcdefABCDEF" for part in parts for character in part)
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and hexadecimal


def _moved(address: str, authority: str | None) -> str:
    if authority is None:
        return address
    there = urlsplit(authority)
    if there.scheme != "https" or not there.hostname or there.query or there.fragment or there.username:
        raise ValueError("an authority is an https address without a query")
    own = urlsplit(address)
    return f"https://{there.netloc}{there.path.rstrip('/')}{own.path}"
