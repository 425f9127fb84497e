"""Who signed in: the id_token, verified (OpenID Connect Core 1.0 section 3.1.3.7).

Rule: an address counts only after signature, issuer, audience, time and nonce have been checked, and only
from claims that the provider itself vouches for (`ProviderData.claims`).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Annotated

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..secret import Secret
from ..shown import LEEWAY
from .faults import Fault
from .providers import ProviderData
from .providers.model import TENANT_IN_CLAIM, is_tenant_id

ADDRESS = re.compile(r"[^\s@<>\x00-\x1f\x7f]{1,64}@[^\s@<>\x00-\x1f\x7f]{1,255}")
KEYS_MAX = 32


@dataclass(frozen=True, slots=True)
class Who:
    account: str
    aliases: tuple[str, ...] = ()


class _Key(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)
    kty: str = ""
    use: str = "sig"
    kid: str = ""
    n: str = ""
    e: str = ""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)
    keys: Annotated[tuple[_Key, ...], Field(min_length=1, max_length=KEYS_MAX)]


class _Claims(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True, defer_build=True)
    iss: str
    sub: Annotated[str, Field(min_length=1)]
    aud: str | list[str]
    azp: str | None = None
    exp: int | float
    iat: int | float
    nbf: int | float | None = None
    nonce: str | None = None
    tid: str = ""


class UnusableError(Exception):
    """The id_token, or the keys for it, cannot be used; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def key_set(body: bytes) -> KeySet:
    """The RSA keys of a JSON Web Key Set (RFC 7517); others are passed over. Raises UnusableError."""
    try:
        listed = _Keys.model_validate_json(body).keys
        rsa = [key for key in listed if key.kty == "RSA" and key.use == "sig" and key.kid]
        keys = [RSAKey.import_key({"kty": "RSA", "kid": key.kid, "n": key.n, "e": key.e}) for key in rsa]
    except (ValidationError, RecursionError, JoseError, ValueError):
        raise UnusableError(Fault.KEYS) from None
    if not keys:
        raise UnusableError(Fault.KEYS)
    return KeySet(list(keys))


def signed_in(
    id_token: Secret,
    keys: KeySet,
    data: ProviderData,
    client_id: str,
    nonce: Secret | None,
    now: datetime,
    behind: timedelta = LEEWAY,
) -> Who:
    """Who the provider says it is. `nonce`: None where the flow has none, as with a device code. `behind`:
    how far our clock may be behind the provider's; that it is a fresh one, the nonce says, too.

    Raises UnusableError: ID_TOKEN for what must not be believed, CLOCK for a time that cannot be, ACCOUNT for
    no address.
    """
    claims = _verified(id_token, keys)
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    believed = (
        audience == [client_id]
        and claims.azp in (None, client_id)
        and claims.iss == _issuer(data, claims.tid)
        and _fits(claims.nonce, nonce)
    )
    if not believed:
        raise UnusableError(Fault.ID_TOKEN)
    at, begins = now.timestamp(), max(claims.iat, claims.nbf or 0)
    if not (begins - behind.total_seconds() <= at < claims.exp + LEEWAY.total_seconds()):
        raise UnusableError(Fault.CLOCK)
    return _who(claims.model_extra or {}, data)


def _verified(id_token: Secret, keys: KeySet) -> _Claims:
    """RS256 alone: `none` and HMAC with a public key are the known forgeries (RFC 8725 section 3.1)."""
    try:
        token = jwt.decode(id_token.reveal(), keys, algorithms=["RS256"])
        if not isinstance(token.header.get("kid"), str):
            raise UnusableError(Fault.ID_TOKEN)
        return _Claims.model_validate(token.claims)
    except (JoseError, ValidationError, ValueError, RecursionError):
        raise UnusableError(Fault.ID_TOKEN) from None


def _fits(claimed: str | None, nonce: Secret | None) -> bool:
    """What was asked for must come back; an id_token with a nonce answers another request."""
    if claimed is None or nonce is None:
        return claimed is None and nonce is None
    return compare_digest(claimed.encode(), nonce.reveal().encode())


def _issuer(data: ProviderData, tenant: str) -> str:
    """The tenant of the claim stands in only where the setting leaves it open."""
    if TENANT_IN_CLAIM not in data.issuer:
        return data.issuer
    return data.issuer.replace(TENANT_IN_CLAIM, tenant) if is_tenant_id(tenant) else ""


def _who(claims: dict[str, object], data: ProviderData) -> Who:
    found = [claims.get(name) for name in data.claims.account]
    if any(claims.get(name) in (True, "true", 1, "1") for name in data.claims.email_verified):
        found.append(claims.get("email"))
    for name in data.claims.aliases:
        listed = claims.get(name)
        found += listed if isinstance(listed, list) else []
    addresses: dict[str, str] = {}
    for address in found:
        if isinstance(address, str) and ADDRESS.fullmatch(address):
            addresses.setdefault(address.casefold(), address)
    if not addresses:
        raise UnusableError(Fault.ACCOUNT)
    account, *aliases = addresses.values()
    return Who(account, tuple(aliases))
