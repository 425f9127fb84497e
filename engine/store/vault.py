"""Seals refresh tokens: AES-GCM, bound to the identity and the version of its grant (S26).

The key is a file beside the store, made at first use, or what the embedding program supplies. Said honestly:
a key file protects a copied store, not a stolen device (S33b).

Rule: nothing here writes; what is sealed enters the store in the commit of the fact that brought it.
"""

import os
from collections.abc import Callable
from pathlib import Path

from ..records import SealedGrant
from ..secret import Secret

KEY_OCTETS = 32
NONCE_OCTETS = 12


class SealBroken(Exception):
    """A sealed token cannot be opened: another key, or a damaged store."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"the sealed token of {identity} cannot be opened: the key is another one, or the store is "
            "damaged. Restore the key, or sign in again"
        )
        self.identity = identity


def key_file(path: Path) -> Callable[[], bytes]:
    """The key from a file (0600) that is made when it is first needed."""

    def read() -> bytes:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_OCTETS))
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path.read_bytes()

    return read


class Vault:
    def __init__(self, key: Callable[[], bytes]) -> None:
        self.key = key

    def seal(self, identity: str, version: int, token: Secret) -> SealedGrant:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_OCTETS)
        sealed = AESGCM(self.key()).encrypt(nonce, token.reveal().encode(), bound(identity, version))
        return SealedGrant(identity, version, nonce + sealed)

    def open(self, grant: SealedGrant) -> Secret:
        """Raises SealBroken."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = grant.sealed[:NONCE_OCTETS], grant.sealed[NONCE_OCTETS:]
        try:
            return Secret(
                AESGCM(self.key()).decrypt(nonce, sealed, bound(grant.identity, grant.version)).decode()
            )
        except (InvalidTag, ValueError):
            raise SealBroken(grant.identity) from None


def bound(identity: str, version: int) -> bytes:
    return f"{identity}\x00{version}".encode()
