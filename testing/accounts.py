"""The mailboxes that people own at a playing provider, and what an administrator there did to them.

Rule: a password is kept as a salted digest, never in clear: tests look for secrets in the memory of the whole
process.
"""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field, replace

ROUNDS = 1_000
"Few on purpose: this guards against a grep of the memory, not against a thief."


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox. `send_as`: other addresses that it may put into MAIL FROM."""

    email: str
    name: str
    subject: str
    send_as: frozenset[str] = frozenset()
    submission_disabled: bool = False
    disabled: bool = False
    salt: bytes = field(default=b"", repr=False)
    digest: bytes = field(default=b"", repr=False)

    def may_send_as(self, address: str) -> bool:
        return address.casefold() in {self.email.casefold(), *self.send_as}


@dataclass(slots=True)
class Accounts:
    """Found by address, without regard to case."""

    _by_email: dict[str, Account] = field(default_factory=dict)

    def add(
        self, email: str, password: str, *, name: str = "", send_as: frozenset[str] = frozenset()
    ) -> Account:
        """Opens a mailbox; raises ValueError if the address is taken."""
        if self.find(email) is not None:
            raise ValueError(f"{email} exists already")
        also = frozenset(address.casefold() for address in send_as)
        account = Account(email, name or email.partition("@")[0].title(), uuid.uuid4().hex, also)
        return self._store(_with_password(account, password))

    def find(self, email: str) -> Account | None:
        return self._by_email.get(email.casefold())

    def signed_in(self, email: str, password: str) -> Account | None:
        """The account, if the password is right; whether it may have a token is not asked here."""
        account = self.find(email)
        if account is None or not hmac.compare_digest(_digest(password, account.salt), account.digest):
            return None
        return account

    def set_password(self, email: str, password: str) -> None:
        """Grants given before live on: revoking them is the provider's part
        (`ProviderServer.change_password`).
        """
        self._store(_with_password(self._known(email), password))

    def disable(self, email: str) -> None:
        """An administrator blocks the account's sign-in; its grants are refused until it is enabled."""
        self._store(replace(self._known(email), disabled=True))

    def enable(self, email: str) -> None:
        self._store(replace(self._known(email), disabled=False))

    def disable_submission(self, email: str) -> None:
        """[Authenticated SMTP] off for this mailbox, in the Microsoft 365 admin center (S31)."""
        self._store(replace(self._known(email), submission_disabled=True))

    def enable_submission(self, email: str) -> None:
        self._store(replace(self._known(email), submission_disabled=False))

    def allow_send_as(self, email: str, address: str) -> None:
        """The right [Send As] on another mailbox."""
        account = self._known(email)
        self._store(replace(account, send_as=account.send_as | {address.casefold()}))

    def _known(self, email: str) -> Account:
        account = self.find(email)
        if account is None:
            raise KeyError(email)
        return account

    def _store(self, account: Account) -> Account:
        self._by_email[account.email.casefold()] = account
        return account


def _with_password(account: Account, password: str) -> Account:
    salt = secrets.token_bytes(16)
    return replace(account, salt=salt, digest=_digest(password, salt))


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
