"""Service accounts of the playing Google: keys, and for which scopes they may act in a person's name.

Rule: the private key is in the key file that `add` gives and nowhere else. Source: Google's "Using OAuth 2.0
for Server to Server Applications".
"""

import json
import secrets
from dataclasses import dataclass, field

from joserfc.jwk import RSAKey

from .assertions import SERVICE_LIFE_MAX, Assertions
from .grants import Refusal
from .refusals import Cause

ALGORITHMS = ("RS256",)


@dataclass(slots=True, eq=False)
class ServiceAccount:
    email: str
    keys: dict[str, RSAKey] = field(default_factory=dict, repr=False)
    delegated: frozenset[str] = frozenset()
    "Scopes of its domain-wide delegation."
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a verified assertion asks for: an access token of `account`, who is the service account itself
    where no `sub` was named.
    """

    service: str
    account: str
    scope: frozenset[str]


@dataclass(slots=True)
class ServiceAccounts:
    assertions: Assertions
    scopes: frozenset[str]
    _by_email: dict[str, ServiceAccount] = field(default_factory=dict, repr=False)

    def add(self, email: str, token_url: str) -> str:
        """A new account, or another key of the same one: the key file, as JSON."""
        account = self._by_email.setdefault(email, ServiceAccount(email))
        key_id = secrets.token_hex(20)
        private = RSAKey.generate_key(2048)
        account.keys[key_id] = RSAKey.import_key(private.as_pem(private=False))
        return json.dumps(
            {
                "type": "service_account",
                "project_id": email.partition("@")[2].partition(".")[0],
                "private_key_id": key_id,
                "private_key": private.as_pem(private=True).decode(),
                "client_email": email,
                "client_id": str(secrets.randbelow(10**21)),
                "token_uri": token_url,
            }
        )

    def delegate(self, email: str, scopes: frozenset[str]) -> None:
        """An administrator enters the account under [Domain-wide delegation]; raises KeyError for none."""
        self._by_email[email].delegated = scopes

    def disable(self, email: str) -> None:
        self._by_email[email].disabled = True

    def asked(self, assertion: str, audience: str) -> Asked:
        """Verifies the assertion (RFC 7523 section 3). `audience`: the token endpoint."""
        header = self.assertions.header(assertion)
        account, key = self._signer(assertion, str(header.get("kid")))
        claims = self.assertions.claims(assertion, key, ALGORITHMS)
        self.assertions.judge_times(claims, "iat", SERVICE_LIFE_MAX)
        if claims.get("aud") != audience:
            raise Refusal(Cause.ASSERTION_MALFORMED)
        if account.disabled:
            raise Refusal(Cause.SERVICE_ACCOUNT_DISABLED)
        scope = frozenset(str(claims.get("scope", "")).split())
        if not scope or not self.scopes.issuperset(scope):
            raise Refusal(Cause.APPLICATION_SCOPE)
        subject = claims.get("sub")
        if subject is None or subject == account.email:
            return Asked(account.email, account.email, scope)
        if not account.delegated.issuperset(scope):
            raise Refusal(Cause.DELEGATION_MISSING)
        return Asked(account.email, str(subject), scope)

    def _signer(self, assertion: str, key_id: str) -> tuple[ServiceAccount, RSAKey]:
        """By the key's id, for the issuer stands in claims that nobody verified yet; both must fit."""
        found = [
            (account, account.keys[key_id]) for account in self._by_email.values() if key_id in account.keys
        ]
        if not found:
            raise Refusal(Cause.SERVICE_ACCOUNT_UNKNOWN)
        account, key = found[0]
        if self.assertions.claims(assertion, key, ALGORITHMS).get("iss") != account.email:
            raise Refusal(Cause.SERVICE_ACCOUNT_UNKNOWN)
        return account, key
