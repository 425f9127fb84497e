"""What the engine's core needs from the vault, which seals tokens, links and the secrets of settings (S26).

Each part is given the smallest promise that it needs. Rule: what is sealed for one purpose opens for no other
one, and whatever fails is a SealFailed: nothing that is sealed is lost by it.
"""

from collections.abc import Iterable
from typing import Protocol

from .records import SealedGrant, Write
from .secret import Secret
from .store_port import Store
from .vault_rows import KeptSecret


class Unsealing(Protocol):
    """The vault, as far as a deed needs it."""

    def ready(self) -> None:
        """A token could be sealed now. Raises SealFailed."""

    def open(self, grant: SealedGrant) -> Secret:
        """Raises SealFailed."""


class LinkSeal(Protocol):
    """The vault, as far as the user boxes need it."""

    def seal_link(self, document: int, token: Secret) -> bytes:
        """Raises SealFailed."""

    def open_link(self, document: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""


class ScanSeal(Protocol):
    """The vault, as far as the spool needs it: it seals the keys of files, never the files themselves."""

    def ready(self) -> None:
        """Keys could be sealed now. Raises SealFailed."""

    def seal_scan(self, job: int, keys: Secret) -> bytes:
        """Raises SealFailed."""

    def open_scan(self, job: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""

    def seal_document(self, document: int, keys: Secret) -> bytes:
        """Raises SealFailed."""

    def open_document(self, document: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""


class Keeping(Protocol):
    """The vault, as far as the secrets of settings need it."""

    def seal_secret(self, name: str, secret: Secret) -> bytes:
        """Raises SealFailed."""

    def open_secret(self, kept: KeptSecret) -> Secret:
        """Raises SealFailed."""


class Resealer(Protocol):
    """The vault, as far as the exchange of its key needs it."""

    @property
    def key(self) -> "Exchanged": ...

    def stale(self, store: Store) -> Iterable[Write]:
        """What is sealed with a former key, sealed with the present one. Raises SealFailed."""


class Exchanged(Protocol):
    def former(self) -> tuple[bytes, ...]: ...

    def exchange(self) -> None:
        """From now on another key seals. Raises SealFailed."""

    def exchanged(self) -> None:
        """Nothing is sealed with a former key any more. Raises SealFailed."""
