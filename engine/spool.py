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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from .records import StoreFailed

COPY_OCTETS = 1 << 20


class ScanUnreadable(ValueError):
    """A file of the request cannot be taken; nothing was spooled."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}. Name a file that can be read, and submit again")
        self.path, self.why = path, why


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
        folder = self.folder / str(job)
        try:
            folder.mkdir(mode=0o700)
            found = tuple(copy(path, self.path(job, number)) for number, path in enumerate(paths))
            sync(folder)
            sync(self.folder)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreFailed(f"the spool cannot be written ({error.strerror})", full=True) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return found

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
            if folder.name.isdecimal() and int(folder.name) not in keep:
                shutil.rmtree(folder)

    def last(self) -> int:
        return max(
            (int(folder.name) for folder in self.folder.iterdir() if folder.name.isdecimal()), default=0
        )


def check(path: Path) -> None:
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise ScanUnreadable(path, f"the scan cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(kind):
        raise ScanUnreadable(path, "the scan is not a file")


def copy(path: Path, target: Path) -> SpooledFile:
    digest, size = hashlib.sha256(), 0
    try:
        source = path.open("rb", buffering=0)
    except OSError as error:
        raise ScanUnreadable(path, f"the scan cannot be read ({error.strerror})") from None
    with source, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copied:
        while block := piece(source, path):
            digest.update(block)
            size += len(block)
            copied.write(block)
        copied.flush()
        os.fsync(copied.fileno())
    return SpooledFile(path.name, size, digest.hexdigest())


def piece(source: io.RawIOBase, path: Path) -> bytes:
    """Raises ScanUnreadable."""
    try:
        return source.read(COPY_OCTETS) or b""
    except OSError as error:
        raise ScanUnreadable(path, f"the scan cannot be read ({error.strerror})") from None


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
