"""Signed assertions (RFC 7523): of a client that shows its certificate, and of a service account.

Rule: nothing is believed before the signature is verified with the key that was registered; the times in an
assertion are judged by the server's clock, and an assertion is good for one request.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import RSAKey

from ..engine.clock import Clock
from .grants import Refusal
from .refusals import Cause

CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = timedelta(minutes=5)
"How far the clocks of two machines may lie apart."
SERVICE_LIFE_MAX = timedelta(hours=1)
"Google: longer assertions are refused."

Claims = Mapping[str, object]


@dataclass(slots=True)
class Assertions:
    """What holds for all of them."""

    clock: Clock
    _used: dict[str, None] = field(default_factory=dict, repr=False)

    def header(self, assertion: str) -> Mapping[str, object]:
        """Not verified: to find the key by."""
        try:
            return dict(jws.extract_compact(assertion.encode()).headers())
        except (JoseError, ValueError, UnicodeError) as error:
            raise Refusal(Cause.ASSERTION_MALFORMED) from error

    def claims(self, assertion: str, key: RSAKey, algorithms: Collection[str]) -> Claims:
        try:
            return dict(jwt.decode(assertion, key, algorithms=list(algorithms)).claims)
        except BadSignatureError as error:
            raise Refusal(Cause.ASSERTION_SIGNATURE) from error
        except (JoseError, ValueError) as error:
            raise Refusal(Cause.ASSERTION_MALFORMED) from error

    def judge_times(self, claims: Claims, begins: str, life_max: timedelta | None) -> None:
        """`begins`: the claim that says from when on it is good."""
        now = self.clock.now()
        begins_at, ends_at = _moment(claims, begins), _moment(claims, "exp")
        if not begins_at - SKEW <= now < ends_at + SKEW:
            raise Refusal(Cause.ASSERTION_TIME)
        if life_max is not None and ends_at - begins_at > life_max:
            raise Refusal(Cause.ASSERTION_TIME)

    def use(self, identity: str) -> None:
        """RFC 7523 section 3: one may refuse an assertion that was seen before."""
        if identity in self._used:
            raise Refusal(Cause.ASSERTION_REPEATED)
        self._used[identity] = None


def thumbprint(certificate: x509.Certificate) -> str:
    """`x5t#S256` (RFC 7515 section 4.1.8)."""
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def key_of(certificate: x509.Certificate) -> RSAKey:
    pem = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(pem)


def _moment(claims: Claims, name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Refusal(Cause.ASSERTION_TIME)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Refusal(Cause.ASSERTION_TIME) from error
