"""A provider's addresses from its own discovery document (OpenID Connect Discovery 1.0, RFC 8414), for
programs that embed the device with a provider that is not built in.

Rules: the document is asked of the issuer alone, over https; it must name that very issuer, and every address
in it must be https. What no document says (scopes for mail, server, lifetimes) is given, never guessed. What
is wrong is said in words, without a word of the document.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from ..ports import HttpProxy, Lifetimes
from ..words import Spoken
from .answers import Row
from .faults import fault
from .providers import AccountClaims, ProviderData, Redirect
from .session import CallError, Session

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
"RFC 8414 section 3: between the host and the path of the issuer."
OURS = frozenset({"none", "client_secret_post"})
"How this client can say who it is at the token endpoint."
LOOPBACK = Redirect("127.0.0.1", ("127.0.0.1",))
VERIFIED_EMAIL = AccountClaims((), ("email_verified",))
ADDRESSES = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "device_authorization_endpoint",
)


class DiscoveryError(Spoken):
    """The document cannot be had or cannot be meant; says why and for which issuer."""


@dataclass(frozen=True, slots=True)
class About:
    """What no discovery document says of a provider."""

    name: str
    "As [OAuth 2.0 Provider] names it."
    scopes: tuple[str, ...]
    "Those of mail, `openid`, and what brings a refresh token."
    scopes_needed: frozenset[str]
    "Without these in the answer, no mail goes."
    lifetimes: Lifetimes
    rotates: bool = True
    "A refresh brings a new refresh token."
    scopes_on_refresh: tuple[str, ...] = ()
    redirect: Redirect = LOOPBACK
    claims: AccountClaims = VERIFIED_EMAIL
    authorize_extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answers: tuple[Row, ...] = ()


class Document(BaseModel):
    """OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2: what is needed of it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    response_types_supported: list[str]
    revocation_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    code_challenge_methods_supported: list[str] | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None


async def discover(
    issuer: str,
    about: About,
    context: ssl.SSLContext,
    *,
    http2: bool = False,
    proxy: HttpProxy | None = None,
) -> ProviderData:
    """The provider's data, to be handed to `Engine.open(providers=...)`; `context` is the one that verifies.

    Raises DiscoveryError.
    """
    if not is_https(issuer) or urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise DiscoveryError("discovery.issuer-https")
    document = await _read(issuer, context, http2, proxy)
    if document.issuer != issuer:
        raise DiscoveryError("discovery.issuer", issuer=issuer)
    for name in ADDRESSES:
        address = getattr(document, name)
        if address is not None and not is_https(address):
            raise DiscoveryError("discovery.https", issuer=issuer, field=name)
    _fits(document, issuer)
    return ProviderData(
        name=about.name,
        authorize=document.authorization_endpoint,
        token=document.token_endpoint,
        keys=document.jwks_uri,
        issuer=document.issuer,
        revoke=document.revocation_endpoint,
        device_code=document.device_authorization_endpoint,
        scopes=about.scopes,
        scopes_needed=about.scopes_needed,
        scopes_on_refresh=about.scopes_on_refresh,
        redirect=about.redirect,
        rotates=about.rotates,
        claims=about.claims,
        lifetimes=about.lifetimes,
        authorize_extra=about.authorize_extra,
        answers=about.answers,
    )


def is_https(address: str) -> bool:
    try:
        there = urlsplit(address)
        return there.scheme == "https" and bool(there.hostname) and not there.username and there.port != 0
    except ValueError:
        return False


def addresses(issuer: str) -> tuple[str, str]:
    """Where the document may lie: OpenID's place, then that of RFC 8414."""
    there = urlsplit(issuer)
    path = there.path.rstrip("/")
    return f"{issuer.rstrip('/')}{OPENID}", f"https://{there.netloc}{OAUTH}{path}"


async def _read(issuer: str, context: ssl.SSLContext, http2: bool, proxy: HttpProxy | None) -> Document:
    status = 0
    async with Session(context, http2, proxy) as session:
        for address in addresses(issuer):
            try:
                wire = await session.read("GET", address, {"Accept": "application/json"}, b"")
            except CallError as failed:
                raise DiscoveryError(
                    "discovery.unreachable", issuer=issuer, why=fault(failed.fault).cause
                ) from None
            if wire.status == 200:
                return _document(wire.body, issuer)
            status = wire.status
    raise DiscoveryError("discovery.none", issuer=issuer, status=status)


def _document(body: bytes, issuer: str) -> Document:
    """No error of the parser leaves here: it could quote the document."""
    try:
        return Document.model_validate_json(body)
    except (ValidationError, RecursionError):
        raise DiscoveryError("discovery.no-document", issuer=issuer) from None


def _fits(document: Document, issuer: str) -> None:
    """Whether this client can sign people in there at all."""
    wanted = {
        "response_types_supported": "code" in document.response_types_supported,
        "code_challenge_methods_supported": "S256" in (document.code_challenge_methods_supported or ["S256"]),
        "token_endpoint_auth_methods_supported": not OURS.isdisjoint(
            document.token_endpoint_auth_methods_supported or OURS
        ),
    }
    for name, fits in wanted.items():
        if not fits:
            raise DiscoveryError("discovery.unfit", issuer=issuer, field=name)
