"""Seals refresh tokens: AES-GCM, bound to the identity and the version of its grant and to whose it is (S26).

The key is a file beside the store, made before the first sign-in, or what the embedding program supplies.
Said honestly: a key file protects a copied store, not a stolen device (S33b).

Rule: nothing here writes; what is sealed enters the store in the commit of the fact that brought it.
"""

import base64
import hmac
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..records import SealedGrant, SealFailed, Whose
from ..secret import Secret

KEY_OCTETS = 32
NONCE_OCTETS = 12
LINKS = b"links of user boxes"
"They have a key of their own, made from the one that seals."
LINK_OCTETS = 16


class KeyUnusable(SealFailed):
    """What should be the key is none."""

    def __init__(self, source: str, octets: int) -> None:
        super().__init__("seal.octets", source=source, wanted=f"{KEY_OCTETS}", octets=f"{octets}")
        self.source, self.octets = source, octets


class KeyMissing(SealFailed):
    """The file is gone, and tokens are sealed with what it held: a new key would only hide that."""

    def __init__(self, source: str) -> None:
        super().__init__("seal.missing", source=source)
        self.source = source


class KeyUnreadable(SealFailed):
    """The key file cannot be read or made."""

    def __init__(self, source: str, why: str) -> None:
        super().__init__("seal.unreadable", source=source, why=why)
        self.source = source


class SealBroken(SealFailed):
    """A sealed token cannot be opened: another key, or a damaged store."""

    def __init__(self, identity: str, source: str) -> None:
        super().__init__("seal.broken", identity=identity, source=source)
        self.identity = identity


class KeyFile:
    """The key from a file (0600) that is made when it is first needed, but never while something is sealed:
    then it was lost, and who restores it has every sign-in back (S29).

    Raises KeyUnusable, KeyUnreadable at once where the file is there and holds no key.
    """

    def __init__(self, path: Path, in_use: Callable[[], bool]) -> None:
        self.path, self.in_use = path, in_use
        if path.exists():
            self()

    def __call__(self) -> bytes:
        """Raises KeyUnusable, KeyMissing, KeyUnreadable."""
        try:
            return checked(self.read(), str(self.path))
        except OSError as error:
            raise KeyUnreadable(str(self.path), error.strerror or type(error).__name__) from None

    def read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            if self.in_use():
                raise KeyMissing(str(self.path)) from None
        make(self.path)
        return self.path.read_bytes()


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
        self.source = str(key.path) if isinstance(key, KeyFile) else "the key"

    def ready(self) -> None:
        """Asked before somebody signs in: what he brings could be sealed. Raises SealFailed."""
        checked(self.key(), self.source)

    def seal(self, identity: str, version: int, whose: Whose, token: Secret) -> SealedGrant:
        """Raises SealFailed."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_OCTETS)
        sealed = AESGCM(checked(self.key(), self.source)).encrypt(
            nonce, token.reveal().encode(), bound(identity, version, whose)
        )
        return SealedGrant(identity, version, *whose, nonce + sealed)

    def link(self, document: int, nonce: bytes) -> Secret:
        """The 128 bits by which a document of a user box is fetched: the same for the same nonce, and no part
        of them lies on the disk. Raises SealFailed.
        """
        key = hmac.digest(checked(self.key(), self.source), LINKS, "sha256")
        code = hmac.digest(key, b"%d %b" % (document, nonce), "sha256")[:LINK_OCTETS]
        return Secret(base64.urlsafe_b64encode(code).decode().rstrip("="))

    def open(self, grant: SealedGrant) -> Secret:
        """Raises SealFailed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(checked(self.key(), self.source))
        nonce, sealed = grant.sealed[:NONCE_OCTETS], grant.sealed[NONCE_OCTETS:]
        to = bound(grant.identity, grant.version, grant.whose)
        try:
            return Secret(cipher.decrypt(nonce, sealed, to).decode())
        except (InvalidTag, ValueError):
            raise SealBroken(grant.identity, self.source) from None


def bound(identity: str, version: int, whose: Whose) -> bytes:
    return json.dumps([identity, version, *whose]).encode()
