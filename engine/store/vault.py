"""Seals refresh tokens: AES-GCM, bound to the identity and the version of its grant (S26).

The key is a file beside the store, made at first use, or what the embedding program supplies. Said honestly:
a key file protects a copied store, not a stolen device (S33b).

Rule: nothing here writes; what is sealed enters the store in the commit of the fact that brought it.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..records import SealedGrant
from ..secret import Secret

KEY_OCTETS = 32
NONCE_OCTETS = 12


class KeyUnusable(Exception):
    """What should be the key is none."""

    def __init__(self, source: str, octets: int) -> None:
        super().__init__(
            f"{source}: a key has {KEY_OCTETS} octets, this one {octets}. Restore the key; without it the "
            "people must sign in again, and where nobody has signed in yet the file may be removed"
        )
        self.source, self.octets = source, octets


class SealBroken(Exception):
    """A sealed token cannot be opened: another key, or a damaged store."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"the sealed token of {identity} cannot be opened: the key is another one, or the store is "
            "damaged. Restore the key, or sign in again"
        )
        self.identity = identity


def key_file(path: Path) -> Callable[[], bytes]:
    """The key from a file (0600) that is made when it is first needed.

    Raises KeyUnusable at once where the file is there and holds no key.
    """

    def read() -> bytes:
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            make(path)
            key = path.read_bytes()
        return checked(key, str(path))

    if path.exists():
        read()
    return read


def checked(key: bytes, source: str) -> bytes:
    """Raises KeyUnusable."""
    if len(key) != KEY_OCTETS:
        raise KeyUnusable(source, len(key))
    return key


def make(path: Path) -> None:
    """Whole or not at all: a power cut leaves no key that is too short. A key that is there is kept."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_OCTETS))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Vault:
    def __init__(self, key: Callable[[], bytes]) -> None:
        self.key = key

    def seal(self, identity: str, version: int, token: Secret) -> SealedGrant:
        """Raises KeyUnusable."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_OCTETS)
        sealed = AESGCM(checked(self.key(), "the key")).encrypt(
            nonce, token.reveal().encode(), bound(identity, version)
        )
        return SealedGrant(identity, version, nonce + sealed)

    def open(self, grant: SealedGrant) -> Secret:
        """Raises SealBroken, KeyUnusable."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(checked(self.key(), "the key"))
        nonce, sealed = grant.sealed[:NONCE_OCTETS], grant.sealed[NONCE_OCTETS:]
        try:
            return Secret(cipher.decrypt(nonce, sealed, bound(grant.identity, grant.version)).decode())
        except (InvalidTag, ValueError):
            raise SealBroken(grant.identity) from None


def bound(identity: str, version: int) -> bytes:
    return f"{identity}\x00{version}".encode()
