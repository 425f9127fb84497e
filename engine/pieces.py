"""Files that are sealed in pieces of 64 KiB, so that a scan of any size is sealed and opened with one piece
in memory, and from any place (S33b).

Each file has a key of its own, made by chance for it alone, which seals nothing else: so the number of a
piece serves as its nonce (NIST SP 800-38D section 8.2.1). What the file was made for, the number of the piece
and whether it is the last one are bound into it: a piece that is changed, swapped, left out or taken from
another file opens as nothing, and so does a file that ends early.

Rule: nobody sees an octet of a piece before the whole piece was proved.
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_OCTETS = 1 << 16
TAG_OCTETS = 16
KEY_OCTETS = 32
NONCE_OCTETS = 12


class FileKey(NamedTuple):
    """What seals one file."""

    origin: str
    "What the file was made for: it keeps that where it lies for something else later, too."
    key: Secret
    "In base64."

    @classmethod
    def new(cls, origin: str) -> "FileKey":
        return cls(origin, Secret(base64.b64encode(os.urandom(KEY_OCTETS)).decode()))

    def cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(base64.b64decode(self.key.reveal()))

    def bound(self) -> bytes:
        return self.origin.encode()


Keys = tuple[FileKey | None, ...]
"Of the files of one job, in their order; None: that file is not sealed."


def written(keys: Keys) -> Secret:
    """The keys of one job as one secret, for the vault to seal."""
    return Secret(json.dumps([None if each is None else (each.origin, each.key.reveal()) for each in keys]))


def read(secret: Secret) -> Keys:
    """Raises ValueError where it is no such secret."""
    found = json.loads(secret.reveal())
    return tuple(None if each is None else FileKey(each[0], Secret(each[1])) for each in found)


def pieces_of(octets: int) -> int:
    """How many pieces a file of this size has."""
    return -(-octets // PIECE_OCTETS)


def sealed_size(octets: int) -> int:
    """Of the sealed file."""
    return octets + TAG_OCTETS * pieces_of(octets)


class Sealing:
    """Of one file, piece by piece."""

    def __init__(self, key: FileKey) -> None:
        self.cipher, self.to, self.number = key.cipher(), key.bound(), 0

    def piece(self, clear: bytes, *, last: bool) -> bytes:
        """`clear`: 64 KiB, unless it is the last one."""
        found = self.cipher.encrypt(nonce(self.number), clear, place(self.to, self.number, last=last))
        self.number += 1
        return found


def sealed(key: FileKey, pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """`pieces`: of 64 KiB each, but for the last one, and none of them empty."""
    sealing, before = Sealing(key), None
    for piece in pieces:
        if before is not None:
            yield sealing.piece(before, last=False)
        before = bytes(piece)
    if before is not None:
        yield sealing.piece(before, last=True)


def opened(key: FileKey, octets: int, pieces: Iterable[bytes], first: int = 0) -> Iterator[bytes]:
    """`octets`: of the whole file in clear; `pieces`: sealed ones, from the one with the number `first` on.
    Raises ValueError for one that is not what was sealed there.
    """
    from cryptography.exceptions import InvalidTag

    cipher, to, last = key.cipher(), key.bound(), pieces_of(octets) - 1
    for number, piece in enumerate(pieces, first):
        try:
            yield cipher.decrypt(nonce(number), piece, place(to, number, last=number == last))
        except InvalidTag:
            raise ValueError("a piece is not what was sealed") from None


def nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_OCTETS, "big")


def place(to: bytes, number: int, *, last: bool) -> bytes:
    """What a piece is bound to."""
    return b"%b piece %d%b" % (to, number, b", the last" if last else b"")
