"""The files of a job from its request to its end: where they lie, what seals them, and how they are read.

A job's row says of each file where it lies; the row of its scan holds the keys of all of them, sealed by the
vault. That row goes in the commit which ends the job: from then on what may still lie on the disk opens as
nothing, also on flash, where nothing is overwritten in place (S33b).

Said honestly: with the key file beside the store this protects a copied or discarded disk without its key,
not a stolen device; a credential that is bound to the device's TPM does.

Rule: no key of a file leaves this process but sealed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from ..events.request import FromUserBox, Given, InternetFax, Request, Scan, ScanToUrl, Separation
from ..events.settings import Spool as Settings
from . import pieces
from .content_port import Content, FileChanged
from .contents import InRow
from .incoming import Incoming
from .parsed import files_of
from .records import JobRow, SealLost, Write
from .room import Reserved, Room
from .scratch import Made, Scratch
from .spool import Kept, Original, SpooledFile, Taken, on_disk, small, unlink
from .spool_folders import Spool
from .store_port import Store
from .vault_port import ScanSeal
from .vault_rows import BodyRow, ScanRow

Prepare = Callable[[Request, Sequence[Path], Scratch], Sequence[Path | Made]]
"What is made of the files of a request, in a thread. Raises ScanUnreadable, OSError."


def unprepared(request: Request, paths: Sequence[Path], scratch: Scratch) -> Sequence[Path]:
    return paths


class KeysDamaged(SealLost):
    """What was opened is no set of keys, or not of so many files."""

    def __init__(self, job: int) -> None:
        super().__init__("seal.broken", identity=f"scan {job}", source="the store")


class Scans:
    def __init__(
        self,
        spool: Spool,
        store: Store,
        seal: ScanSeal,
        settings: Callable[[], Settings],
        prepare: Prepare = unprepared,
    ) -> None:
        self.spool, self.store, self.seal, self.settings = spool, store, seal, settings
        self.prepare = prepare
        self.room = Room(spool.folder, store, settings)

    # Into the spool

    @contextmanager
    def reserved(self, paths: Sequence[Path]) -> Iterator[Reserved]:
        """Room for copies of these files, and a key to seal them. Raises NoRoom, SealFailed, StoreFailed."""
        with self.room.reserve(sum(map(size, paths))) as room:
            if paths and self.settings().seal:
                self.seal.ready()
            yield room

    @asynccontextmanager
    async def incoming(
        self, number: Callable[[], int], octets: int = 0, *, strict: bool
    ) -> AsyncIterator[Incoming]:
        """Room for a message that comes piece by piece; what is not kept when the block ends is gone.
        `number`: the next job's; `octets`: so many come at least; `strict`: lines that CRLF does not end are
        refused. Raises NoRoom, StoreFailed.
        """
        ready = self.seal.ready if self.settings().seal else None
        with self.room.reserve(octets) as room:
            coming = Incoming(self.spool, room, number, ready, strict=strict)
            try:
                yield coming
            finally:
                if not coming.kept:
                    await coming.gone()

    async def take(self, job: int, request: Request, given: Given, room: Reserved) -> Taken:
        """The request's files, durably, or small ones for the job's commit. Raises ScanUnreadable, NoRoom,
        StoreFailed; then there is nothing of them.
        """
        taken = self.small(job, request)
        if taken is not None:
            return taken
        return await asyncio.to_thread(self.take_files, job, request, given, room)

    def small(self, job: int, request: Request) -> Taken | None:
        """What the job's commit brings with it. None: these need files of their own. Raises
        ScanUnreadable.
        """
        if isinstance(request, FromUserBox | ScanToUrl) or not as_they_are(request):
            return None
        return small(job, request.paths, seals=self.settings().seal) if request.paths else Taken()

    def take_files(self, job: int, request: Request, given: Given, room: Reserved) -> Taken:
        """In a thread."""
        seals = self.settings().seal
        if as_they_are(request):
            return self.spool.take(job, request.paths, given, seals=seals)
        with self.spool.scratch(job, seals=seals) as scratch:
            made = self.prepare(request, request.paths, scratch)
            room.at_least(sum(size(each) if isinstance(each, Path) else each.octets for each in made))
            return self.spool.take(job, made, seals=seals)

    def adopted(
        self, job: int, paths: Sequence[Path], files: Sequence[SpooledFile], keys: pieces.Keys
    ) -> Taken:
        """Files of a user box, under the job's own names, too, with the keys that they have. In a thread.
        Raises ScanUnreadable, StoreFailed.
        """
        targets = self.spool.adopt(job, paths)
        return Taken(tuple(files), tuple(map(on_disk, targets, files, keys)), keys)

    def rows(self, job: int, taken: Taken) -> tuple[Write, ...]:
        """For the job's commit. Raises SealFailed."""
        if not taken.files:
            return ()
        sealed = b""
        if any(each is not None for each in taken.keys):
            sealed = self.seal.seal_scan(job, pieces.written(taken.keys))
        scan = ScanRow(job, sum(file.size for file in taken.files), sealed)
        return (scan, BodyRow(job, taken.body)) if taken.body else (scan,)

    @staticmethod
    def originals(request: Request, given: Given) -> tuple[Original, ...]:
        """What is to be gone when the job is in the spool. Raises ScanUnreadable."""
        return tuple(map(Original.of, request.paths)) if given is Given.HANDED_OVER else ()

    @staticmethod
    async def handed_over(originals: Iterable[Original]) -> None:
        if originals:
            await asyncio.to_thread(unlink, originals)

    # Out of it

    def contents(self, job: JobRow) -> tuple[Content, ...]:
        """Of the job's files, to be read. Raises SealFailed where their key cannot be had."""
        files = files_of(job)
        if not files:
            return ()
        scan = self.store.scan(job.job)
        if scan is None:  # it lies in a user box, or not here any more
            return tuple(Gone(file) for file in files)
        keys = self.keys(scan, len(files))
        body = self.store.body(job.job) if any(file.kept.in_row for file in files) else b""
        found: list[Content] = []
        for number, (file, key) in enumerate(zip(files, keys, strict=True)):
            if file.kept.in_row:
                length = file.size if key is None else pieces.sealed_size(file.size)
                found.append(InRow(file.name, file.size, body[:length], key))
                body = body[length:]
            elif (file.kept is Kept.SEALED_FILE) is (key is None):
                found.append(Gone(file))
            else:
                found.append(on_disk(self.spool.path(job.job, number), file, key))
        return tuple(found)

    def keys(self, scan: ScanRow, files: int) -> pieces.Keys:
        """Raises SealFailed."""
        if not scan.sealed:
            return (None,) * files
        try:
            found = pieces.read(self.seal.open_scan(scan.job, scan.sealed))
        except (ValueError, TypeError, KeyError):
            raise KeysDamaged(scan.job) from None
        if len(found) != files:
            raise KeysDamaged(scan.job)
        return found

    def alive(self) -> frozenset[int]:
        """Of the jobs that have a folder, those whose scan is not over. Raises StoreFailed."""
        return frozenset(job for job in self.spool.numbers() if self.store.scan(job) is not None)


class Gone:
    """A file that is not here. Fulfils `ports.Content`."""

    def __init__(self, file: SpooledFile) -> None:
        self.name, self.octets = file.name, file.size

    def open(self) -> "InRow":
        raise FileChanged(self.name, self.octets)


def as_they_are(request: Request) -> bool:
    """Its files go as they were scanned: nothing is made of them first (S22)."""
    by_page = isinstance(request, Scan) and request.separation is Separation.PAGE_PER_FILE
    return not isinstance(request, InternetFax) and not by_page


def size(path: Path) -> int:
    """Nothing where it cannot be had: whoever takes the file says why."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
