"""Sign-ins that are in the store and cannot be used: their key is lost, or the store is a copy of another
device's.

Who puts a lost key back has them again (S29), so they stay as they are, and are tried once an hour and at
each start. Those of another device are erased here and not revoked, for that one goes on using them: two that
share a grant end it for both.

Rule: nothing here asks the provider.
"""

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from ..events.device import StoreCopied
from ..events.information import Actor, Info
from ..events.registry import MalformedRecord
from ..events.token import GrantCopied, GrantLocked, GrantUnlocked
from ..machines.refresh_token import ACQUIRED, EXPIRED, REFRESH_TOKEN
from .bus import Publication
from .information import detail_by
from .records import InformationDetail, SealedGrant, SealFailed, SealLost
from .runtime import Runtime
from .vault_port import Unsealing
from .vault_rows import Noted

ORIGIN = "origin"
"Under this name the store notes which device it belongs to."
PURPOSE = b"franking: whose store is this"
"What only one device has is not to be shown as it is."
SERIAL = Path("/sys/firmware/devicetree/base/serial-number")
BOARD = Path("/sys/class/dmi/id/product_uuid")
"Readable as root."
NO_BOARD = "03000200-0400-0500-0006-000700080009"
"What boards have whose maker has set none."
log = logging.getLogger("franking")


def this_device() -> str:
    """`serial:` or `board:` and what only this hardware has; empty: nothing is known. A machine id is no such
    thing: a system update, a root that is set up anew and one that is laid over have another.
    """
    with suppress(OSError, UnicodeDecodeError):
        serial = SERIAL.read_bytes().rstrip(b"\0").decode().strip()
        if serial.strip("0 "):
            return f"serial:{serial}"
    with suppress(OSError, UnicodeDecodeError):
        board = BOARD.read_text().strip().lower()
        if board != NO_BOARD and len(set(board) - {"-"}) > 1:  # else all zeros, or all ones
            return f"board:{board}"
    return ""


def origin_of(device: str) -> str:
    """As the store notes it: the kind in clear, the rest hashed; empty where nothing is known."""
    kind, colon, own = device.rpartition(":")
    if not own:
        return f"{kind}{colon}"
    return f"{kind}:{hmac.digest(PURPOSE, own.encode(), hashlib.sha256).hex()}"


class LostGrants:
    def __init__(
        self,
        runtime: Runtime,
        vault: Unsealing,
        device: Callable[[], str],
        hold_jobs: Callable[[], Awaitable[int]],
    ) -> None:
        """`device`: what only this device has, such as its serial number; empty: not known. A kind and a
        colon alone: an image that was prepared for copying and starts for the first time.
        """
        self.runtime, self.vault, self.device, self.hold_jobs = runtime, vault, device, hold_jobs

    async def start(self) -> None:
        """Raises StoreFailed."""
        await self.claim_copy()
        found = [each for grant in self.runtime.store.grants() for each in self.changed(grant)]
        if found:
            await self.runtime.publish(*found)

    def first_claim(self) -> tuple[Noted, ...]:
        """For the commit of the start: the store is this device's, as far as anybody knows."""
        noted, own = self.origins()
        return () if own in ("", noted) or another(noted, own) else (Noted(ORIGIN, own),)

    async def claim_copy(self) -> None:
        """The store is this device's from now on; what another one signed in is not."""
        noted, own = self.origins()
        if another(noted, own):
            jobs = await self.hold_jobs()
            ends = [
                Publication(GrantCopied(identity=each.identity, of=each.version))
                for each in self.runtime.store.grants()
            ]
            copied = Publication(StoreCopied(jobs=jobs), rows=(Noted(ORIGIN, own),))
            await self.runtime.publish(copied, *ends)

    def origins(self) -> tuple[str, str]:
        return self.runtime.store.noted(ORIGIN), origin_of(self.device())

    def changed(self, grant: SealedGrant) -> list[Publication]:
        """What became of it since it was looked at last."""
        try:
            found = self.runtime.instance(REFRESH_TOKEN, grant.identity)
        except MalformedRecord as error:  # the device starts all the same
            log.error("%s", error)
            return []
        try:
            self.vault.open(grant)
        except SealLost as failure:
            return [locked(grant, failure)] if found.state is ACQUIRED else []
        except SealFailed:  # the administrator's to mend: nothing is lost
            return []
        return [unlocked(grant)] if found.state is EXPIRED and not found.data.refused else []


def another(noted: str, own: str) -> bool:
    """Only what is known of both, in the same way, can tell them apart."""
    before, now = noted.rpartition(":"), own.rpartition(":")
    return bool(own and before[2]) and before[0] == now[0] and before[2] != now[2]


def unlocked(grant: SealedGrant) -> Publication:
    return Publication(GrantUnlocked(identity=grant.identity, of=grant.version))


def locked(grant: SealedGrant, failure: SealFailed) -> Publication:
    detail = detail_by(failure.meaning, Actor.ADMIN, **failure.values)
    row = InformationDetail(Info.SIGN_IN_AGAIN, grant.identity, detail)
    return Publication(GrantLocked(identity=grant.identity, of=grant.version), rows=(row,))
