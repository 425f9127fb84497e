"""The spool's files: a scan is copied into a folder of its job, durably, before the job is committed (S33).

A crash between the two leaves a folder without a job, which the next start sweeps; a job without its files
cannot be.

Rule: only what the spool wrote itself is ever removed.
"""

import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ..events.request import named_in_text
from .records import StoreFailed
from .words import Spoken, Words, words

COPY_OCTETS = 1 << 20
SCRATCH = ".scratch"
"Behind the job's number, in the name of a folder for what is made before the job is."


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


@dataclass(frozen=True, slots=True)
class SpooledFile:
    name: str
    size: int
    sha256: str


FILES = TypeAdapter(tuple[SpooledFile, ...], config={"defer_build": True})


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def take(self, job: int, paths: Sequence[Path]) -> tuple[SpooledFile, ...]:
        """Copies the files and makes the copies durable. Raises ScanUnreadable, or StoreFailed where the copy
        cannot be written, and then leaves nothing behind; the caller runs it in a thread.
        """
        for path in paths:
            check(path)
        with self.whole(job):
            return tuple(copy(path, self.path(job, number)) for number, path in enumerate(paths))

    def adopt(self, job: int, paths: Sequence[Path]) -> None:
        """Files that lie in the same store for good belong to the job as well, durably and without another
        copy: the same octets get a second name. Raises ScanUnreadable for one that is gone, StoreFailed.
        """
        with self.whole(job):
            for number, path in enumerate(paths):
                try:
                    os.link(path, self.path(job, number))
                except FileNotFoundError:
                    raise ScanUnreadable(path, "scan.gone") from None

    @contextmanager
    def whole(self, job: int) -> Iterator[None]:
        """The job's folder with all its files, durably, or no folder at all."""
        folder = self.folder / str(job)
        try:
            folder.mkdir(mode=0o700)
            yield
            sync(folder)
            sync(self.folder)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreFailed(f"the spool cannot be written ({error.strerror})", full=True) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def scratch(self, job: int) -> Iterator[Path]:
        """A folder for what is made of the job's files before they are taken; gone when the block ends, and
        swept after a crash. Raises StoreFailed where it cannot be written.
        """
        folder = self.folder / f"{job}{SCRATCH}"
        try:
            folder.mkdir(mode=0o700)
            yield folder
        except OSError as error:
            raise StoreFailed(f"the spool cannot be written ({error.strerror})", full=True) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def path(self, job: int, number: int) -> Path:
        """Where the file with this number (from 0) of the job lies."""
        return self.folder / str(job) / str(number)

    def erase(self, job: int) -> None:
        """The scan leaves the disk (S33b); one that is gone already is no error."""
        folder = self.folder / str(job)
        if folder.exists():
            shutil.rmtree(folder)

    def sweep(self, keep: frozenset[int]) -> None:
        """Removes the folders of jobs that never came to be, or are over."""
        for folder in self.folder.iterdir():
            number = folder.name.removesuffix(SCRATCH)
            if number.isdecimal() and (folder.name != number or int(number) not in keep):
                shutil.rmtree(folder)

    def last(self) -> int:
        return max(
            (int(folder.name) for folder in self.folder.iterdir() if folder.name.isdecimal()), default=0
        )


def check(path: Path) -> None:
    """Raises ScanUnreadable."""
    try:
        named_in_text(path)
        kind = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None
    if not stat.S_ISREG(kind):
        raise ScanUnreadable(path, "scan.no-file")


def empty(path: Path) -> ScanUnreadable:
    return ScanUnreadable(path, "scan.empty")


def said(error: OSError | ValueError) -> str:
    """What the system says, or that of a name which no file can have."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def copy(path: Path, target: Path) -> SpooledFile:
    """Raises ScanUnreadable, also where the file is still being written: a part of a scan is no scan."""
    digest, size = hashlib.sha256(), 0
    try:
        source = path.open("rb", buffering=0)
    except OSError as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None
    with source, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copied:
        before = os.fstat(source.fileno())
        while block := piece(source, path):
            digest.update(block)
            size += len(block)
            copied.write(block)
        if size == 0:
            raise empty(path)
        after = os.fstat(source.fileno())
        if not before.st_size == size == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
            raise ScanUnreadable(path, "scan.changed")
        copied.flush()
        os.fsync(copied.fileno())
    return SpooledFile(path.name, size, digest.hexdigest())


def piece(source: io.RawIOBase, path: Path) -> bytes:
    """Raises ScanUnreadable."""
    try:
        return source.read(COPY_OCTETS) or b""
    except OSError as error:
        raise ScanUnreadable(path, "scan.unreadable", why=said(error)) from None


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
