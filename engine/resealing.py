"""The exchange of the key that seals: everything that lies in the store is sealed anew.

From the moment when the new key is on the disk, whatever is sealed is sealed with it; what was under way then
is committed before the first line of this, and is found by the look after it. A power cut leaves both keys,
and the next start goes on.

Rule: a row is replaced only where it still is what was read: a token that was exchanged or erased meanwhile
stays so.
"""

from itertools import islice

from ..events.device import KeyExchanged
from .bus import Publication
from .runtime import Runtime
from .vault_port import Resealer

AT_ONCE = 256


class Resealing:
    def __init__(self, runtime: Runtime, vault: Resealer) -> None:
        self.runtime, self.vault = runtime, vault

    async def exchange(self) -> int:
        """How much was sealed anew: sign-ins, links, secrets and the keys of scans. Raises SealFailed,
        StoreFailed; then both keys are known, and the next call or start goes on.
        """
        self.vault.key.exchange()
        return await self.once() + await self.finish()

    async def finish(self) -> int:
        """What a power cut, or a key from elsewhere, has left. Raises SealFailed, StoreFailed."""
        resealed = 0
        while self.vault.key.former() and any(True for _ in self.vault.stale(self.runtime.store)):
            resealed += await self.once()
        self.vault.key.exchanged()
        return resealed

    async def once(self) -> int:
        """In commits of `AT_ONCE` rows; one of none says that the key was exchanged."""
        resealed, stale = 0, iter(self.vault.stale(self.runtime.store))
        while True:
            rows = tuple(islice(stale, AT_ONCE))
            if rows or not resealed:
                await self.runtime.publish(Publication(KeyExchanged(resealed=len(rows)), rows=rows))
            resealed += len(rows)
            if len(rows) < AT_ONCE:
                return resealed
