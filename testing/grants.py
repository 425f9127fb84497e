"""The playing provider's books: codes, grants, access and refresh tokens, and until when each of them is
good.

Rule: every lifetime counts on the clock that the server was given, and a token or code stands in the books
only as its SHA-256 digest, so that a search of the process's memory finds what the client keeps and nothing
of ours.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, OAuth2Error, TokenMixin

from ..engine.clock import Clock
from .policy import Policy
from .quirks import Flow, Quirks
from .refusals import Cause


class Refusal(OAuth2Error):
    """A request is refused for `cause`; `account` is whose grant it was about, where that is known."""

    def __init__(self, cause: Cause, account: str = "") -> None:
        super().__init__()
        self.cause = cause
        self.account = account


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token is good for: whose mailbox, which scopes, until when."""

    account: str
    scope: frozenset[str]
    expires_at: datetime
    mailboxes: frozenset[str] = frozenset()
    "Of an application without a person: those it has a permission for, casefolded."

    def opens(self, mailbox: str) -> bool:
        return mailbox.casefold() in {self.account.casefold(), *self.mailboxes}


@dataclass(slots=True, eq=False)
class Grant:
    """One consent of one account to one client; `ended` says why it is over. `expires_at`: the end of a grant
    that can't be renewed, for the reason `expires_as`.
    """

    account: str
    client_id: str
    scope: frozenset[str]
    began_at: datetime
    flow: Flow = Flow.CODE
    expires_at: datetime | None = None
    expires_as: Cause = Cause.REFRESH_EXPIRED
    ended: Cause | None = None


@dataclass(slots=True, eq=False)
class Code(AuthorizationCodeMixin):
    grant: Grant
    redirect_uri: str
    code_challenge: str
    nonce: str
    wants_refresh: bool
    expires_at: datetime
    code_challenge_method: str = "S256"
    redeemed: bool = False

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return " ".join(sorted(self.grant.scope))


@dataclass(slots=True, eq=False)
class RefreshToken(TokenMixin):
    grant: Grant
    used_at: datetime
    replaced_at: datetime | None = None

    def check_client(self, client: ClientMixin) -> bool:
        return bool(client.get_client_id() == self.grant.client_id)

    def get_scope(self) -> str:
        return " ".join(sorted(self.grant.scope))


@dataclass(slots=True)
class AccessToken:
    grant: Grant
    scope: frozenset[str]
    expires_at: datetime


@dataclass(slots=True)
class Books:
    quirks: Quirks
    clock: Clock
    policy: Policy
    expires_in_s: tuple[int, int]
    codes: dict[bytes, Code] = field(default_factory=dict, repr=False)
    access_tokens: dict[bytes, AccessToken] = field(default_factory=dict, repr=False)
    refresh_tokens: dict[bytes, RefreshToken] = field(default_factory=dict, repr=False)
    listeners: list[Callable[[str], None]] = field(default_factory=list, repr=False)
    "Told each token in clear: a test that looks for them must know them."

    def open(self, account: str, client_id: str, scope: frozenset[str], flow: Flow = Flow.CODE) -> Grant:
        """A grant that begins now, under the policy of now."""
        grant = Grant(account, client_id, scope, self.clock.now(), flow)
        if self.policy.fixed_life is not None:
            grant.expires_at = grant.began_at + self.policy.fixed_life.life
            grant.expires_as = self.policy.fixed_life.ends_as
        return grant

    def issue_code(
        self, grant: Grant, redirect_uri: str, challenge: str, nonce: str, wants_refresh: bool
    ) -> str:
        code = secrets.token_urlsafe(48)
        expires_at = self.clock.now() + self.quirks.code_life
        self.codes[_digest(code)] = Code(grant, redirect_uri, challenge, nonce, wants_refresh, expires_at)
        return code

    def redeemable(self, code: str, client_id: str, redirect_uri: str) -> Code:
        """The code if this client may redeem it now; a second use ends the grant (RFC 6749 section 4.1.2)."""
        entry = self.codes.get(_digest(code))
        if entry is None or entry.grant.client_id != client_id:
            raise Refusal(Cause.CODE_UNKNOWN)
        if entry.redeemed:
            entry.grant.ended = entry.grant.ended or Cause.REVOKED
            raise Refusal(Cause.CODE_REUSED, entry.grant.account)
        if self.clock.now() >= entry.expires_at:
            raise Refusal(Cause.CODE_EXPIRED, entry.grant.account)
        if redirect_uri != entry.redirect_uri:
            raise Refusal(Cause.REDIRECT_UNKNOWN, entry.grant.account)
        if entry.grant.ended is not None:
            raise Refusal(entry.grant.ended, entry.grant.account)
        return entry

    def issue_access(self, grant: Grant, scope: frozenset[str]) -> tuple[str, int]:
        """A new access token and its life in seconds."""
        shortest, longest = self.expires_in_s
        life_s = shortest + secrets.randbelow(longest - shortest + 1)
        # base64 makes four characters of three octets
        octets = (
            self.quirks.service_token_octets
            if grant.flow in (Flow.APPLICATION, Flow.SERVICE)
            else self.quirks.access_token_octets
        )
        token = secrets.token_urlsafe(octets * 3 // 4)
        expires_at = self.clock.now() + timedelta(seconds=life_s)
        self.access_tokens[_digest(token)] = AccessToken(grant, scope, expires_at)
        self._tell(token)
        return token, life_s

    def issue_refresh(self, grant: Grant) -> str:
        """A new refresh token; past the provider's limit the oldest of account and client dies in silence."""
        token = secrets.token_urlsafe(96)
        self.refresh_tokens[_digest(token)] = RefreshToken(grant, self.clock.now())
        self._tell(token)
        if self.policy.live_tokens_max is not None:
            alike = [
                (digest, entry)
                for digest, entry in self.refresh_tokens.items()
                if entry.grant.account == grant.account and entry.grant.client_id == grant.client_id
            ]
            for digest, entry in alike[: -self.policy.live_tokens_max]:
                entry.grant.ended = entry.grant.ended or Cause.REVOKED
                del self.refresh_tokens[digest]
        return token

    def refreshable(self, token: str, client_id: str) -> RefreshToken:
        """The refresh token, if this client may use it now; `refreshed` then begins its idle time anew."""
        entry = self.refresh_tokens.get(_digest(token))
        if entry is None or entry.grant.client_id != client_id:
            raise Refusal(Cause.REFRESH_UNKNOWN)
        self._refuse_replaced(entry)
        self._refuse_ended(entry.grant)
        if self.clock.now() >= entry.used_at + self.policy.unused_max:
            raise Refusal(Cause.REFRESH_EXPIRED, entry.grant.account)
        return entry

    def refreshed(self, entry: RefreshToken) -> None:
        """A refresh has been answered: the token was used, and where tokens rotate it was replaced."""
        entry.used_at = self.clock.now()
        if self.policy.rotation is not None and entry.replaced_at is None:
            entry.replaced_at = entry.used_at

    def _refuse_replaced(self, entry: RefreshToken) -> None:
        rotation = self.policy.rotation
        if rotation is None or rotation.old_lives is None or entry.replaced_at is None:
            return
        if self.clock.now() < entry.replaced_at + rotation.old_lives:
            return
        if rotation.reuse_ends_all:
            entry.grant.ended = entry.grant.ended or Cause.REFRESH_REUSED
        raise Refusal(entry.grant.ended or Cause.REFRESH_REPLACED, entry.grant.account)

    def _refuse_ended(self, grant: Grant) -> None:
        now = self.clock.now()
        if grant.ended is None and grant.expires_at is not None and now >= grant.expires_at:
            grant.ended = grant.expires_as
        if grant.ended is None and grant.flow is Flow.DEVICE and self.policy.refuses_device_code is not None:
            grant.ended = Cause.DEVICE_GRANT_BLOCKED
        if grant.ended is not None:
            raise Refusal(grant.ended, grant.account)
        frequency = self.policy.sign_in_frequency
        if frequency is not None and now >= grant.began_at + frequency:
            raise Refusal(Cause.SIGN_IN_FREQUENCY, grant.account)

    def access(self, token: str) -> Access | None:
        """What the token is good for now; None if it is unknown, expired or revoked."""
        entry = self.access_tokens.get(_digest(token))
        if entry is None or entry.grant.ended is not None or self.clock.now() >= entry.expires_at:
            return None
        return Access(entry.grant.account, entry.scope, entry.expires_at)

    def revoke(self, token: str, client_id: str | None) -> Grant:
        """Ends the whole grant that the token belongs to (RFC 7009 section 2.1)."""
        digest = _digest(token)
        entry = self.refresh_tokens.get(digest) or self.access_tokens.get(digest)
        if entry is None or entry.grant.ended is not None or client_id not in (None, entry.grant.client_id):
            raise Refusal(Cause.TOKEN_UNKNOWN)
        entry.grant.ended = Cause.REVOKED
        return entry.grant

    def end_grants(self, account: str, cause: Cause) -> int:
        """Ends all living grants of the account and says how many they were."""
        wanted = account.casefold()
        ended = {id(grant): grant for grant in self._grants() if grant.account.casefold() == wanted}
        living = [grant for grant in ended.values() if grant.ended is None]
        for grant in living:
            grant.ended = cause
        return len(living)

    def _tell(self, token: str) -> None:
        for listener in self.listeners:
            listener(token)

    def _grants(self) -> Iterable[Grant]:
        for tokens in (self.codes, self.access_tokens, self.refresh_tokens):
            for entry in tokens.values():
                yield entry.grant


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
