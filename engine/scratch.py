"""Room for files that are made of a request's files before they are taken: a fax, a file of each page.

Sealed, each with a key that is in memory alone and ends with the file: what a crash leaves can be opened by
nobody (S33b). Or as they are, where `[spool] seal` is OFF.

Rule: nothing here is durable; whoever takes what was made makes it so.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from .pieces import NONCE_OCTETS, PIECE_OCTETS, TAG_OCTETS, FileKey

SLOT_OCTETS = NONCE_OCTETS + PIECE_OCTETS + TAG_OCTETS


class Made:
    """A file that was made."""

    def __init__(self, name: str, path: Path, file: "SealedFile | None" = None) -> None:
        self.name, self.path, self.file = name, path, file

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """From its beginning. Raises OSError."""
        if self.file is None:
            with self.path.open("rb") as plain:
                yield plain
        else:
            with self.file.in_use() as sealed:
                yield sealed

    @property
    def octets(self) -> int:
        return self.path.stat().st_size if self.file is None else self.file.octets


class Scratch(Protocol):
    @contextmanager
    def file(self, name: str) -> Iterator[tuple[Made, BinaryIO]]:
        """A new file of this name, to be written and read at any place until the block ends; one name may
        come twice. Raises OSError.
        """


class PlainScratch:
    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    @contextmanager
    def file(self, name: str) -> Iterator[tuple[Made, BinaryIO]]:
        folder = self.folder / str(self.count)
        self.count += 1
        folder.mkdir(mode=0o700)
        path = folder / name
        with path.open("xb") as plain:
            yield Made(name, path), plain


class SealedScratch:
    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    @contextmanager
    def file(self, name: str) -> Iterator[tuple[Made, BinaryIO]]:
        path = self.folder / str(self.count)
        self.count += 1
        file = SealedFile(path)
        with file.in_use() as sealed:
            yield Made(name, path, file), sealed


class SealedFile(io.RawIOBase):
    """Written and read at any place, with one piece in memory. Each time a piece is written it gets another
    nonce, for the key seals it anew.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.key = FileKey.new(str(path.name))
        self.cipher = self.key.cipher()
        self.path = path
        self.disk = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.at, self.octets, self.sealings = 0, 0, 0
        self.number, self.piece, self.changed = 0, bytearray(), False
        "The piece in memory."
        self.lengths: dict[int, int] = {}
        "Of the pieces on the disk, in clear."

    @contextmanager
    def in_use(self) -> Iterator[BinaryIO]:
        """From its beginning. It is open only while somebody uses it: a scan may have a thousand pages."""
        if self.disk < 0:
            self.disk = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        self.at = 0
        buffered = io.BufferedRandom(self, PIECE_OCTETS)
        try:
            yield buffered
            buffered.flush()
            self.put()
        finally:
            buffered.detach()
            self.release()

    def release(self) -> None:
        disk, self.disk = self.disk, -1
        if disk >= 0:
            os.close(disk)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.octets}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, into: memoryview | bytearray) -> int:  # type: ignore[override]
        """Raises OSError."""
        number, begin = divmod(self.at, PIECE_OCTETS)
        wanted = min(len(into), PIECE_OCTETS - begin, max(0, self.octets - self.at))
        if wanted:
            self.turn_to(number)
            found = self.piece[begin : begin + wanted].ljust(wanted, b"\0")
            into[:wanted] = found
            self.at += wanted
        return wanted

    def write(self, octets: bytes | memoryview) -> int:  # type: ignore[override]
        """Raises OSError."""
        number, begin = divmod(self.at, PIECE_OCTETS)
        taken = bytes(octets[: PIECE_OCTETS - begin])
        self.turn_to(number)
        if len(self.piece) < begin:
            self.piece.extend(bytes(begin - len(self.piece)))
        self.piece[begin : begin + len(taken)] = taken
        self.changed = True
        self.at += len(taken)
        self.octets = max(self.octets, self.at)
        return len(taken)

    def turn_to(self, number: int) -> None:
        if number == self.number:
            return
        self.put()
        length = self.lengths.get(number)
        self.piece = bytearray() if length is None else self.opened(number, length)
        self.number = number

    def put(self) -> None:
        """The piece in memory lies on the disk. Raises OSError."""
        if not self.changed:
            return
        nonce = self.sealings.to_bytes(NONCE_OCTETS, "big")
        self.sealings += 1
        slot = nonce + self.cipher.encrypt(nonce, bytes(self.piece), self.place(self.number))
        written = 0
        while written < len(slot):
            written += os.pwrite(self.disk, slot[written:], self.number * SLOT_OCTETS + written)
        self.lengths[self.number], self.changed = len(self.piece), False

    def opened(self, number: int, length: int) -> bytearray:
        """Raises OSError where it is not what was put there."""
        from cryptography.exceptions import InvalidTag

        slot = os.pread(self.disk, NONCE_OCTETS + length + TAG_OCTETS, number * SLOT_OCTETS)
        try:
            clear = self.cipher.decrypt(slot[:NONCE_OCTETS], slot[NONCE_OCTETS:], self.place(number))
        except (InvalidTag, ValueError):
            raise OSError("a file that was made is damaged") from None
        return bytearray(clear)

    def place(self, number: int) -> bytes:
        return b"piece %d" % number

    def close(self) -> None:
        """What was not put is given up with the file."""
        self.release()
        super().close()
