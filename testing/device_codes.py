"""Device codes and user codes of the playing provider (RFC 8628): who asked, what the person decided, how
often was polled.

Rule: lifetimes and the polling interval count on the server's clock; both codes stand here as digests only.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..engine.clock import Clock
from .grants import Refusal
from .quirks import DeviceFlow
from .refusals import Cause

SLOWER = timedelta(seconds=5)
"RFC 8628 section 3.5."


@dataclass(slots=True, eq=False)
class DeviceCode:
    """One request to sign in elsewhere. Open until the person decided: `account` then, or `refused`."""

    client_id: str
    scope: frozenset[str]
    expires_at: datetime
    interval: timedelta
    account: str = ""
    refused: Cause | None = None
    redeemed: bool = False
    polled_at: datetime | None = None

    @property
    def decided(self) -> bool:
        return bool(self.account) or self.refused is not None

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str:
        return " ".join(sorted(self.scope))


@dataclass(frozen=True, slots=True)
class Issued:
    """What the device gets."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


@dataclass(slots=True)
class DeviceCodes:
    flow: DeviceFlow
    clock: Clock
    by_device_code: dict[bytes, DeviceCode] = field(default_factory=dict, repr=False)
    by_user_code: dict[bytes, DeviceCode] = field(default_factory=dict, repr=False)

    def issue(self, client_id: str, scope: frozenset[str]) -> Issued:
        issued = Issued(secrets.token_urlsafe(48), self._user_code())
        expires_at = self.clock.now() + self.flow.life
        entry = DeviceCode(client_id, scope, expires_at, self.flow.interval)
        self.by_device_code[_digest(issued.device_code)] = entry
        self.by_user_code[_digest(_plain(issued.user_code))] = entry
        return issued

    def entered(self, user_code: str) -> DeviceCode | None:
        """What the person may decide on; None for a code that is unknown or too old. Case and hyphens don't
        count (RFC 8628 section 6.1).
        """
        entry = self.by_user_code.get(_digest(_plain(user_code)))
        return entry if entry is not None and self.clock.now() < entry.expires_at else None

    def polled(self, device_code: str, client_id: str) -> DeviceCode:
        """The code once its person accepted; raises Refusal until then and ever after the first time."""
        entry = self.by_device_code.get(_digest(device_code))
        if entry is None or entry.client_id != client_id:
            raise Refusal(Cause.DEVICE_CODE_UNKNOWN)
        now, before = self.clock.now(), entry.polled_at
        entry.polled_at = now
        if entry.redeemed:
            raise Refusal(Cause.CODE_REUSED, entry.account)
        if now >= entry.expires_at:
            raise Refusal(Cause.DEVICE_CODE_EXPIRED, entry.account)
        if entry.refused is not None:
            raise Refusal(entry.refused, entry.account)
        if entry.account:
            return entry
        if self.flow.slows_down and before is not None and now < before + entry.interval:
            entry.interval += SLOWER
            raise Refusal(Cause.DEVICE_SLOW_DOWN)
        raise Refusal(Cause.DEVICE_PENDING)

    def _user_code(self) -> str:
        groups = ("".join(secrets.choice(self.flow.letters) for _ in range(n)) for n in self.flow.groups)
        return "-".join(groups)


def _plain(user_code: str) -> str:
    return "".join(letter for letter in user_code.upper() if letter.isalnum())


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
