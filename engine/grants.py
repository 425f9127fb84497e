"""Sealed grants as the store has them, kept in memory for the mail that goes: each message asks several times
whose account it goes through and whether that sign-in still holds.

Rule: a commit that changes any grant makes all of them be read anew; what is kept stays sealed.
"""

from .records import ErasedGrant, SealedGrant
from .runtime import Runtime
from .vault_rows import ResealedGrant
from .watchers import Unit

CHANGES = (SealedGrant, ErasedGrant, ResealedGrant)
MOST = 64
"Identities, which are those whose mail goes."


class Grants:
    def __init__(self, runtime: Runtime) -> None:
        self.store = runtime.store
        self.known: dict[str, SealedGrant | None] = {}
        runtime.watchers.add(self.watch, *CHANGES)

    def watch(self, unit: Unit) -> None:
        self.known.clear()

    def of(self, identity: str) -> SealedGrant | None:
        """Raises StoreFailed."""
        if identity not in self.known:
            if len(self.known) >= MOST:
                self.known.clear()
            self.known[identity] = self.store.grant(identity)
        return self.known[identity]
