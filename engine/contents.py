"""The octets of one file of the spool or of a user box, wherever they lie: in a file as they are, in a file
that is sealed, or in a row of the store (S33b).

Rule: whoever reads gets what was taken, as much as was taken, or FileChanged; never a part that looks like
the whole, and never more than a piece in memory.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from .content_port import FileChanged
from .pieces import PIECE_OCTETS, TAG_OCTETS, FileKey, opened, pieces_of, sealed_size

READ_OCTETS = 59_850
"Of a file as it is: five times what becomes one TLS record in base64, so that nothing is put together anew."


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file as it is. Fulfils `ports.Content`."""

    path: Path
    octets: int

    def open(self) -> "OpenFile":
        return OpenFile(self.path, self.octets, self.octets)


@dataclass(frozen=True, slots=True)
class SealedOnDisk:
    """Fulfils `ports.Content`."""

    path: Path
    octets: int
    key: FileKey

    def open(self) -> "OpenSealed":
        return OpenSealed(self.path, self.octets, self.key)


@dataclass(frozen=True, slots=True)
class InRow:
    """A small file that lies in the store itself. Fulfils `ports.Content`."""

    name: str
    octets: int
    body: bytes
    "Sealed where there is a `key`."
    key: FileKey | None

    def open(self) -> "InRow":
        if len(self.body) != (self.octets if self.key is None else sealed_size(self.octets)):
            raise FileChanged(self.name, self.octets)
        return self

    def pieces(self, first: int = 0) -> Iterator[bytes]:
        if self.key is None:
            yield self.body[first:]
            return
        step = PIECE_OCTETS + TAG_OCTETS
        whole = (self.body[at : at + step] for at in range(0, len(self.body), step))
        try:
            clear = b"".join(opened(self.key, self.octets, whole))
        except ValueError:
            raise FileChanged(self.name, self.octets) from None
        yield clear[first:]

    def close(self) -> None:
        """There is nothing open."""


class OpenFile:
    """Fulfils `ports.OpenContent`."""

    def __init__(self, path: Path, octets: int, on_disk: int) -> None:
        """Raises FileChanged where the file has not `on_disk` octets, OSError."""
        self.path, self.octets = path, octets
        self.file = FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW))
        try:
            if os.fstat(self.file.fileno()).st_size != on_disk:
                raise FileChanged(path.name, octets)
        except BaseException:
            self.file.close()
            raise

    def pieces(self, first: int = 0) -> Iterator[bytes]:
        self.file.seek(first)
        left = self.octets - first
        while left:
            wanted = min(READ_OCTETS, left)
            yield self.exactly(wanted)
            left -= wanted
        self.check_end()

    def exactly(self, wanted: int) -> bytes:
        """Raises FileChanged where the file ends before that, OSError."""
        found = self.file.read(wanted) or b""
        while len(found) < wanted:
            more = self.file.read(wanted - len(found))
            if not more:
                raise FileChanged(self.path.name, self.octets)
            found += more
        return found

    def check_end(self) -> None:
        """Raises FileChanged where more has come, OSError."""
        if self.file.read(1):
            raise FileChanged(self.path.name, self.octets)

    def close(self) -> None:
        self.file.close()


class OpenSealed(OpenFile):
    """Fulfils `ports.OpenContent`."""

    def __init__(self, path: Path, octets: int, key: FileKey) -> None:
        super().__init__(path, octets, sealed_size(octets))
        self.key = key

    def pieces(self, first: int = 0) -> Iterator[bytes]:
        number = first // PIECE_OCTETS
        found = opened(self.key, self.octets, self.sealed(number), number)
        skipped = first - number * PIECE_OCTETS
        try:
            for piece in found:
                yield piece[skipped:] if skipped else piece
                skipped = 0
            self.check_end()
        except ValueError:
            raise FileChanged(self.path.name, self.octets) from None

    def sealed(self, number: int) -> Iterator[bytes]:
        self.file.seek(number * (PIECE_OCTETS + TAG_OCTETS))
        for each in range(number, pieces_of(self.octets)):
            clear = min(PIECE_OCTETS, self.octets - each * PIECE_OCTETS)
            yield self.exactly(clear + TAG_OCTETS)
