"""The spool's folders: one for each job whose files are no rows, and the moves between what lies there.

A crash before the commit leaves a folder without a job, which the next start sweeps; a job without its files
cannot be. `docs/spool.md` tells every move.

Rule: only what the spool wrote itself, or was given, is ever removed.
"""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..events.request import Given
from .pieces import FileKey
from .records import StoreFailed
from .scratch import Made, PlainScratch, Scratch, SealedScratch
from .spool import ScanUnreadable, Taken, check, on_disk, origin, store, sync

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"Whatever else a disk says is no want of room."
SCRATCH = ".scratch"
"Behind the job's number, in the name of a folder for what is made before the job is."


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def take(
        self, job: int, sources: Sequence[Path | Made], given: Given = Given.LENT, *, seals: bool
    ) -> Taken:
        """Makes the files durable in the job's folder. `seals`: each with a new key. Raises ScanUnreadable,
        or StoreFailed where it cannot be written, and then leaves nothing behind; the caller runs it in a
        thread.
        """
        for source in sources:
            if isinstance(source, Path):
                check(source)
        keys = tuple(FileKey.new(origin(job, number)) if seals else None for number in range(len(sources)))
        targets = [self.path(job, number) for number in range(len(sources))]
        with self.whole(job):
            files = tuple(
                store(source, target, key, given)
                for source, target, key in zip(sources, targets, keys, strict=True)
            )
        contents = tuple(map(on_disk, targets, files, keys))
        return Taken(files, contents, keys)

    def adopt(self, job: int, paths: Sequence[Path]) -> list[Path]:
        """Files that lie in the same store for good belong to the job as well, durably and without another
        copy: the same octets get a second name, which this returns. Raises ScanUnreadable for one that is
        gone, StoreFailed.
        """
        targets = [self.path(job, number) for number in range(len(paths))]
        with self.whole(job):
            for path, target in zip(paths, targets, strict=True):
                try:
                    os.link(path, target)
                except FileNotFoundError:
                    raise ScanUnreadable(path, "scan.gone") from None
        return targets

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
            raise unwritable(error) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def scratch(self, job: int, *, seals: bool) -> Iterator[Scratch]:
        """Room for what is made of the job's files before they are taken; gone when the block ends, and
        swept after a crash. `seals`: with a key that is in memory alone. Raises StoreFailed where it cannot
        be written.
        """
        folder = self.folder / f"{job}{SCRATCH}"
        try:
            folder.mkdir(mode=0o700)
            yield SealedScratch(folder) if seals else PlainScratch(folder)
        except OSError as error:
            raise unwritable(error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def path(self, job: int, number: int) -> Path:
        """Where the file with this number (from 0) of the job lies."""
        return self.folder / str(job) / str(number)

    def has(self, job: int) -> bool:
        """The job has files of its own."""
        return os.path.lexists(f"{self.folder}/{job}")

    def erase(self, job: int) -> None:
        """The scan leaves the disk (S33b); one that is gone already is no error."""
        if self.has(job):
            shutil.rmtree(self.folder / str(job))

    def numbers(self) -> list[int]:
        """Of the jobs that have a folder, whatever became of them."""
        return [int(folder.name) for folder in self.folder.iterdir() if folder.name.isdecimal()]

    def sweep(self, keep: frozenset[int]) -> None:
        """Removes the folders of jobs that never came to be, or are over."""
        for folder in self.folder.iterdir():
            number = folder.name.removesuffix(SCRATCH)
            if number.isdecimal() and (folder.name != number or int(number) not in keep):
                shutil.rmtree(folder)

    def last(self) -> int:
        return max(self.numbers(), default=0)


def unwritable(error: OSError, what: str = "the spool") -> StoreFailed:
    return StoreFailed(f"{what} cannot be written ({error.strerror})", full=error.errno in FULL)
