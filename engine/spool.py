"""The spool's files: a scan is taken durably, before its job is committed (S33).

Sealed, each with a key of its own (S33b); or, with `[spool] seal` OFF, copied, with the blocks of the
original where the file system shares them, or the original itself where the caller hands it over. What is
small has no file at all: it lies in the store, and is committed together with its job.

Rule: a file that is still being written, or was exchanged while it was read, is not taken.
"""

import fcntl
import hashlib
import io
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import TypeAdapter

from ..events.request import Given
from ..events.values import named_in_text
from .content_port import Content
from .contents import InRow, OnDisk, SealedOnDisk
from .pieces import PIECE_OCTETS, FileKey, Keys, sealed
from .scratch import Made
from .words import Spoken, Words, words

SMALL_OCTETS = 16_000
"Files that are no larger in all lie in the store: a commit with them costs less than a file."
FICLONE = 0x40049409
"ioctl_ficlone(2)."
log = logging.getLogger("franking")


class Readable(Protocol):
    def read(self, octets: int, /) -> bytes | None: ...


class ScanUnreadable(Spoken, ValueError):
    """A file of the request cannot be taken; nothing was spooled. `why` and `remedy` are sentences without
    their full stop, in English.
    """

    def __init__(self, path: Path, meaning: str, /, **fields: object) -> None:
        """`meaning`: cause and remedy in the catalogues, such as `scan.empty`."""
        self.path, self.meaning, self.values = path, meaning, fields
        self.why, self.remedy = self.sentences(words())
        super().__init__(meaning, **fields)

    def sentences(self, words: Words) -> tuple[str, str]:
        values = self.values
        return words.say(f"{self.meaning}.cause", **values), words.say(f"{self.meaning}.remedy", **values)

    def told(self, words: Words) -> str:
        why, remedy = self.sentences(words)
        return f"{os.fsencode(self.path).decode(errors='backslashreplace')}: {why}. {remedy}"


class Kept(StrEnum):
    """Where a file of a job lies, and how."""

    FILE = "file"
    SEALED_FILE = "sealed file"
    ROW = "row"
    SEALED_ROW = "sealed row"

    @property
    def in_row(self) -> bool:
        return self in (Kept.ROW, Kept.SEALED_ROW)


@dataclass(frozen=True, slots=True)
class SpooledFile:
    name: str
    size: int
    "Octets, before it was sealed."
    sha256: str
    kept: Kept = Kept.FILE


FILES = TypeAdapter(tuple[SpooledFile, ...], config={"defer_build": True})


class Taken(NamedTuple):
    """Files that lie in the spool, or will with the job's commit."""

    files: tuple[SpooledFile, ...] = ()
    contents: tuple[Content, ...] = ()
    keys: Keys = ()
    body: bytes = b""
    "What is to lie in the store: the small files one behind the other, each sealed where it has a key."


class Original(NamedTuple):
    """A file that the caller hands over, as it was when it was looked at."""

    path: Path
    device: int
    inode: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "Original":
        """Raises ScanUnreadable."""
        found = check(path)
        return cls(path, found.st_dev, found.st_ino, found.st_mtime_ns)

    def unlink(self) -> None:
        """Unless another file has come under its name since. Raises OSError."""
        found = self.path.stat()
        if (found.st_dev, found.st_ino, found.st_mtime_ns) == self[1:]:
            self.path.unlink()


def origin(job: int, number: int) -> str:
    return f"job {job} file {number}"


def on_disk(path: Path, file: SpooledFile, key: FileKey | None) -> Content:
    return OnDisk(path, file.size) if key is None else SealedOnDisk(path, file.size, key)


def check(path: Path) -> os.stat_result:
    """Raises ScanUnreadable."""
    try:
        named_in_text(path)
        found = path.stat()
    except (OSError, ValueError) as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise ScanUnreadable(path, "scan.no-file")
    return found


def empty(path: Path) -> ScanUnreadable:
    return ScanUnreadable(path, "scan.empty")


def said(error: OSError | ValueError) -> str:
    """What the system says, or that of a name which no file can have."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def small(job: int, paths: Sequence[Path], *, seals: bool) -> Taken | None:
    """The files for the store itself, read at once: this never waits for more than the disk. None: they are
    not small. Raises ScanUnreadable.
    """
    found, keys, bodies, left = [], [], [], SMALL_OCTETS
    for number, path in enumerate(paths):
        octets = small_file(path, left)
        if octets is None:
            return None
        left -= len(octets)
        key = FileKey.new(origin(job, number)) if seals else None
        bodies.append(octets if key is None else b"".join(sealed(key, [octets])))
        kept = Kept.ROW if key is None else Kept.SEALED_ROW
        found.append(SpooledFile(path.name, len(octets), hashlib.sha256(octets).hexdigest(), kept))
        keys.append(key)
    contents = tuple(
        InRow(file.name, file.size, body, key) for file, body, key in zip(found, bodies, keys, strict=True)
    )
    return Taken(tuple(found), contents, tuple(keys), b"".join(bodies))


def small_file(path: Path, most: int) -> bytes | None:
    """By the system's own calls, for every small job makes them. None: it is larger. Raises
    ScanUnreadable.
    """
    if check(path).st_size > most:
        return None
    descriptor = opened(path)
    try:
        before = regular(descriptor, path)
        octets = more = os.read(descriptor, most + 1)
        while more and len(octets) < before.st_size:  # a file system may give less at once
            more = os.read(descriptor, most + 1 - len(octets))
            octets += more
        if len(octets) > most:
            return None
        unchanged(before, os.fstat(descriptor), len(octets), path)
    except OSError as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None
    finally:
        os.close(descriptor)
    return octets


def opened(path: Path) -> int:
    """Raises ScanUnreadable."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None


def regular(descriptor: int, path: Path) -> os.stat_result:
    """A pipe that has come under its name would never end. Raises ScanUnreadable."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise ScanUnreadable(path, "scan.no-file")
    return found


def store(source: Path | Made, target: Path, key: FileKey | None, given: Given) -> SpooledFile:
    """One file, durably. Raises ScanUnreadable, also where the file is still being written: a part of a scan
    is no scan; OSError where `target` cannot be written.
    """
    if isinstance(source, Made):
        with source.open() as made:
            return copy(made, Path(source.name), target, key)
    with original(source) as file:
        if key is None and given is Given.HANDED_OVER and linked(source, file, target):
            return taken_over(file, source)
        return copy(file, source, target, key)


@contextmanager
def original(path: Path) -> Iterator[io.FileIO]:
    """Open, and a regular file. Raises ScanUnreadable."""
    with io.FileIO(opened(path)) as file:
        regular(file.fileno(), path)
        yield file


def copy(source: Readable, path: Path, target: Path, key: FileKey | None) -> SpooledFile:
    """Raises ScanUnreadable, OSError."""
    with io.FileIO(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "r+") as copied:
        before = state_of(source)
        read = Measured()
        if key is None and shares_blocks(source, copied):
            for _ in read.pieces(copied, path):  # what lies here now, whatever becomes of the original
                pass
        else:
            clear = read.pieces(source, path)
            for piece in clear if key is None else sealed(key, clear):
                write_all(copied, piece)
        unchanged(before, state_of(source), read.octets, path)
        os.fsync(copied.fileno())
    return read.file(path, Kept.FILE if key is None else Kept.SEALED_FILE)


def taken_over(file: io.FileIO, path: Path) -> SpooledFile:
    """One that has its second name. Raises ScanUnreadable, OSError."""
    before, read = state_of(file), Measured()
    for _ in read.pieces(file, path):
        pass
    unchanged(before, state_of(file), read.octets, path)
    os.fsync(file.fileno())
    return read.file(path, Kept.FILE)


class Measured:
    """Size and digest of what is read."""

    def __init__(self) -> None:
        self.octets, self.digest = 0, hashlib.sha256()

    def pieces(self, source: Readable, path: Path) -> Iterator[bytes]:
        while octets := exactly(source, path, PIECE_OCTETS):
            self.digest.update(octets)
            self.octets += len(octets)
            yield octets

    def file(self, path: Path, kept: Kept) -> SpooledFile:
        return SpooledFile(path.name, self.octets, self.digest.hexdigest(), kept)


def shares_blocks(source: Readable, copied: io.FileIO) -> bool:
    """Where the file system can, the copy costs neither time nor room. False: nothing was written."""
    if not isinstance(source, io.FileIO):
        return False
    try:
        fcntl.ioctl(copied.fileno(), FICLONE, source.fileno())
    except OSError:
        return False
    return True


def linked(path: Path, file: io.FileIO, target: Path) -> bool:
    """The file itself gets a second name, and nobody else may open it from then on. False: it cannot, or
    another one lies under its name by now.
    """
    try:
        os.link(path, target)
    except OSError:
        return False
    try:
        if os.path.samestat(os.lstat(target), os.fstat(file.fileno())):
            os.fchmod(file.fileno(), 0o600)
            return True
    except PermissionError:  # another user's
        pass
    target.unlink()
    return False


def state_of(source: Readable) -> os.stat_result | None:
    """None: nobody else writes it."""
    return os.fstat(source.fileno()) if isinstance(source, io.FileIO) else None


def unchanged(before: os.stat_result | None, after: os.stat_result | None, octets: int, path: Path) -> None:
    """Raises ScanUnreadable where the file is still being written, or is empty."""
    if octets == 0:
        raise empty(path)
    if before is None or after is None:
        return
    if not before.st_size == octets == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
        raise ScanUnreadable(path, "scan.changed")


def exactly(source: Readable, path: Path, octets: int) -> bytes:
    """So many, or less at the end. Raises ScanUnreadable."""
    found = piece(source, path, octets)
    while 0 < len(found) < octets and (more := piece(source, path, octets - len(found))):
        found += more
    return found


def piece(source: Readable, path: Path, octets: int) -> bytes:
    """Raises ScanUnreadable."""
    try:
        return source.read(octets) or b""
    except OSError as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None


def write_all(file: io.FileIO, octets: bytes) -> None:
    left = memoryview(octets)
    while left:
        left = left[file.write(left) or 0 :]


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unlink(originals: Iterable[Original]) -> None:
    """What was handed over is the spool's now. One that cannot be removed stays, and is named in the log."""
    for each in originals:
        try:
            each.unlink()
        except OSError as error:
            log.error("a file that was handed over stays where it was: %s (%s)", each.path, error.strerror)
