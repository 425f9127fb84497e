"""ID tokens of the playing provider: OpenID Connect Core 1.0 section 2, signed RS256, with the keys to check
them.

Rule: `iat` and `exp` come from the server's clock; which claims about the account a token carries is provider
data.
"""

import secrets
import uuid
from datetime import timedelta
from functools import cache

from joserfc import jwt
from joserfc.jwk import RSAKey

from ..engine.clock import Clock
from .accounts import Account
from .quirks import Quirks

LIFE = timedelta(hours=1)
EMAIL_CLAIMS = frozenset({"email", "email_verified"})


class IdTokens:
    """Signs with the provider's key, so that a token of one provider never passes at another."""

    def __init__(self, quirks: Quirks, clock: Clock, tenant: str) -> None:
        self._quirks = quirks
        self._clock = clock
        self._tenant = tenant
        self._key = _signing_key(quirks.name)

    def public_keys(self) -> dict[str, object]:
        """The JSON Web Key Set, without the private half."""
        return {"keys": [self._key.as_dict(private=False)]}

    def sign(self, account: Account, issuer: str, client_id: str, nonce: str, scope: frozenset[str]) -> str:
        now = self._clock.now()
        claims: dict[str, object] = {
            "iss": issuer,
            "aud": client_id,
            "sub": account.subject,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
        }
        if nonce:
            claims["nonce"] = nonce
        about = {
            "email": account.email,
            "email_verified": True,
            "preferred_username": account.email,
            "name": account.name,
            "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, account.subject)),
            "tid": self._tenant,
            "ver": "2.0",
        }
        told = self._quirks.claims if "email" in scope else self._quirks.claims - EMAIL_CLAIMS
        claims |= {name: value for name, value in about.items() if name in told}
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)


@cache
def _signing_key(provider: str) -> RSAKey:
    """Making one takes a tenth of a second: servers of one process that play the same provider share it."""
    return RSAKey.generate_key(2048, parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"})
