"""The application as it is registered with a playing provider: redirect addresses, secrets, certificates, and
the mailboxes that it may open without a person.

Rule: a secret stands here as its digest, with the moment at which it ends; of a certificate the public half.
Source: Microsoft's "Microsoft identity platform application authentication certificate credentials".
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from cryptography import x509

from ..engine.clock import Clock
from .assertions import Assertions, key_of, thumbprint
from .grants import Refusal
from .quirks import GRANT_TYPES, Quirks
from .refusals import Cause

ALGORITHMS = ("PS256", "RS256")


@dataclass(slots=True, eq=False)
class Registration(ClientMixin):
    """A public client has no secret, or none that a sign-in would use."""

    client_id: str
    quirks: Quirks = field(repr=False)
    clock: Clock = field(repr=False)
    secrets: dict[bytes, datetime | None] = field(default_factory=dict, repr=False)
    "When each ends, by its digest."

    assertions: Assertions = field(init=False, repr=False)
    certificates: dict[str, x509.Certificate] = field(default_factory=dict, repr=False)
    "By thumbprint."
    mailboxes: set[str] = field(default_factory=set)
    "What its service principal has a permission for (Add-MailboxPermission)."

    def __post_init__(self) -> None:
        self.assertions = Assertions(self.clock)

    def add_certificate(self, pem: bytes) -> None:
        """Uploads a certificate; raises ValueError where it is none."""
        certificate = x509.load_pem_x509_certificate(pem)
        self.certificates[thumbprint(certificate)] = certificate

    def remove_certificates(self) -> None:
        self.certificates.clear()

    def open_mailbox(self, email: str) -> None:
        self.mailboxes.add(email.casefold())

    def check_assertion(self, assertion: str, audiences: Collection[str]) -> None:
        """Raises Refusal unless the application signed it with a registered certificate for one of these
        audiences (RFC 7523 section 3).
        """
        header = self.assertions.header(assertion)
        certificate = self.certificates.get(str(header.get("x5t#S256")))
        if certificate is None:
            raise Refusal(Cause.CERTIFICATE_UNKNOWN)
        claims = self.assertions.claims(assertion, key_of(certificate), ALGORITHMS)
        if claims.get("iss") != self.client_id or claims.get("sub") != self.client_id:
            raise Refusal(Cause.ASSERTION_MALFORMED)
        if claims.get("aud") not in audiences or not isinstance(claims.get("jti"), str):
            raise Refusal(Cause.ASSERTION_MALFORMED)
        if not certificate.not_valid_before_utc <= self.clock.now() < certificate.not_valid_after_utc:
            raise Refusal(Cause.CERTIFICATE_EXPIRED)
        self.assertions.judge_times(claims, "nbf", None)
        self.assertions.use(str(claims["jti"]))

    def add_secret(self, value: str, ends_at: datetime | None = None) -> None:
        self.secrets[_digest(value)] = ends_at

    def end_secrets(self, at: datetime) -> None:
        """All of them end then (AADSTS7000222)."""
        self.secrets = dict.fromkeys(self.secrets, at)

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        raise Refusal(Cause.REDIRECT_UNKNOWN)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """RFC 8252 section 7.3: any port of the registered loopback host."""
        try:
            parts = urlsplit(redirect_uri)
            known = (
                parts.scheme == "http"
                and parts.hostname in self.quirks.redirect_hosts
                and (self.quirks.redirect_paths is None or parts.path in self.quirks.redirect_paths)
                and not (parts.query or parts.fragment or parts.username)
                and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            known = False
        if not known:
            raise Refusal(Cause.REDIRECT_UNKNOWN)
        return True

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        wanted = scope.split() if isinstance(scope, str) else list(scope or ())
        if not wanted or not self.quirks.scopes.issuperset(wanted):
            raise Refusal(Cause.BAD_SCOPE)
        return " ".join(wanted)

    def check_client_secret(self, client_secret: str) -> bool:
        digest = _digest(client_secret)
        if digest not in self.secrets:
            return False
        ends_at = self.secrets[digest]
        if ends_at is not None and self.clock.now() >= ends_at:
            raise Refusal(Cause.SECRET_EXPIRED)
        return True

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return True

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
