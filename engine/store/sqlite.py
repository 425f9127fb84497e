"""The embedded store: one SQLite file in WAL mode, synchronous=FULL; one thread writes, the event loop reads.

`commit` is durable when it returns. A batch that erased something is followed at once by a checkpoint that
empties the write-ahead log, and `secure_delete` overwrites what was freed: what is erased is in no file of
the store (S27). Only a program of somebody else that reads the store at that moment can put it off; it is
then done as soon as that one has ended. The log is else brought into the file beside the commits, in a thread
and over a connection of its own, so that no caller waits for it.

Rule: the threads do only the SQL of ready rows. They never read a clock, and never see a secret that is not
sealed.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ..records import Batch, DiskFull, DocumentRow, JobMoved, JobRow, Write
from ..vault_rows import ScanRow
from . import schema
from .opening import PATIENCE_MS, connect, prepare
from .reads import Reads, failed
from .reserve import Reserve

FORGET_PATIENCE_MS = 100
"Commits wait that long while somebody else reads the store."
FORGET_AGAIN_S = 1.0
LOG_ROWS = 4000
"From so many rows on the log is brought into the file: a log of a few megabytes."
LOG_LEFT = 256
"Pages that may be left for the writer's own turn, in which nothing else can be added to the log."
ROW_OCTETS = 1000
"What a row of text has, about; a larger one counts for several."


class SqliteStore(Reads):
    """Implements `records.Store`."""

    def __init__(self, path: Path) -> None:
        """Raises StoreUnusable."""
        prepare(path)
        path.chmod(0o600)
        self.path = path
        self.writer, self.reader = connect(path), connect(path)
        self.reader.execute("pragma query_only=on")
        self.owed: asyncio.TimerHandle | None = None
        "What was erased may still lie in the log: because somebody reads the store, or for a moment."
        self.forgetting: asyncio.Task[None] | None = None
        self.moving: asyncio.Task[None] | None = None
        "The log is brought into the file."
        self.logged = 0
        "Rows since then."
        self.octets: int | None = None
        "What `spooled` gives until the next commit: each new job asks for it."
        self.reserve = Reserve(path.with_name("reserve"))
        self.short = False
        self.closing = False
        self.thread = ThreadPoolExecutor(1, "franking-store")
        self.empty_log()  # a power cut may have come between an erasure and the end of it

    async def commit(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        kinds = {type(write) for write in batch.writes}
        brings = not kinds.isdisjoint(schema.NEW)
        if brings and self.short:
            raise DiskFull
        try:
            await loop.run_in_executor(self.thread, self.write, batch)
        except DiskFull:
            self.short = True
            if brings or not self.reserve.there:
                raise
            await loop.run_in_executor(self.thread, self.write_with_reserve, batch)
        self.logged += weight(batch)
        self.octets = None
        if not kinds.isdisjoint(schema.ERASURES):
            await self.forget()
        elif self.owed is None and not kinds.isdisjoint(schema.ERASED_SOON):
            self.owed = loop.call_later(FORGET_AGAIN_S, self.forget_again)
        if self.logged >= LOG_ROWS and self.moving is None and not self.closing:
            self.moving = asyncio.ensure_future(self.move_log())

    def spooled(self) -> int:
        if self.octets is None:
            self.octets = super().spooled()
        return self.octets

    # The write-ahead log

    async def move_log(self) -> None:
        """Most of it beside the commits; the rest in the writer's turn, so that the log begins anew."""
        self.logged = 0
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self.move_beside)
            await loop.run_in_executor(self.thread, passed, self.writer)
        finally:
            self.moving = None

    def move_beside(self) -> None:
        with suppress(sqlite3.Error):  # a disk that is full or failing says so to the next commit
            mover = sqlite3.connect(self.path, isolation_level=None, timeout=PATIENCE_MS / 1000)
            try:
                mover.execute("pragma synchronous=full")
                for _ in range(3):
                    if passed(mover) <= LOG_LEFT:
                        return
            finally:
                mover.close()

    async def forget(self) -> None:
        """What was erased leaves the write-ahead log as well; tried again as long as a reader of another
        process needs it there.
        """
        loop = asyncio.get_running_loop()
        if self.owed is not None:
            self.owed.cancel()
        self.owed = None
        if self.moving is not None:
            await asyncio.wait([self.moving])
        if await loop.run_in_executor(self.thread, self.empty_log) or self.closing:
            return
        if self.owed is None:
            self.owed = loop.call_later(FORGET_AGAIN_S, self.forget_again)

    def forget_again(self) -> None:
        self.forgetting = asyncio.ensure_future(self.forget())

    def empty_log(self) -> bool:
        """False: not now."""
        db = self.writer
        try:
            db.execute(f"pragma busy_timeout={FORGET_PATIENCE_MS}")
            (busy, _, _) = db.execute("pragma wal_checkpoint(truncate)").fetchone()
            db.execute(f"pragma busy_timeout={PATIENCE_MS}")
        except sqlite3.Error:
            return False
        return not busy

    def write_with_reserve(self, batch: Batch) -> None:
        """Raises StoreFailed."""
        self.reserve.release()
        passed(self.writer)  # and then the log begins anew, in the room that it has
        self.write(batch)

    async def hold_back(self) -> bool:
        made = await asyncio.get_running_loop().run_in_executor(self.thread, self.reserve.make)
        self.short = not made
        return made

    def write(self, batch: Batch) -> None:
        db = self.writer
        try:
            db.execute("begin immediate")
            db.executemany(schema.LINE, batch.lines)
            db.executemany(schema.STORED, batch.instances)
            if batch.gone:
                db.executemany(schema.GONE, batch.gone)
            for kind, rows in runs(batch.writes):
                db.executemany(schema.WRITES[kind], rows)
            if kept := octets_kept(batch.writes):
                db.execute(schema.KEPT, (kept,))
            db.execute("commit")
        except BaseException as error:
            if db.in_transaction:
                with suppress(sqlite3.Error):  # then the next commit takes it back, or fails as well
                    db.execute("rollback")
            if isinstance(error, sqlite3.Error | OverflowError | UnicodeError):
                raise failed(error) from error
            raise

    async def aclose(self) -> None:
        """What is still to be forgotten leaves the log now, or at the next start."""
        self.closing = True
        if self.owed is not None:
            self.owed.cancel()
        left = [task for task in (self.forgetting, self.moving) if task is not None]
        if left:
            await asyncio.wait(left)
        await asyncio.get_running_loop().run_in_executor(self.thread, self.writer.close)
        self.reader.close()
        self.thread.shutdown()


def passed(db: sqlite3.Connection) -> int:
    """Brings what nobody reads any more from the log into the file; how many of its pages are left."""
    try:
        (_, pages, moved) = db.execute("pragma wal_checkpoint(passive)").fetchone()
    except sqlite3.Error:
        return 0  # as above
    return int(pages - moved)


def runs(writes: Sequence[Write]) -> Iterator[tuple[type, list[tuple[object, ...]]]]:
    """Rows of one kind together, as far as the order of what is done to each table stays the same."""
    moved = {write.job: write for write in writes if type(write) is JobMoved}
    tables: dict[str, list[tuple[type, list[tuple[object, ...]]]]] = {}
    for write in writes:
        kind: type = type(write)
        row: tuple[object, ...] = write
        if type(write) is JobMoved and moved.get(write.job) is not write:
            continue  # it stands in the job's row, or one that comes later says all of it anew
        if type(write) is JobRow and (begins := moved.pop(write.job, None)) is not None:
            kind, row = schema.Born, (*write, *begins[1:])
        table = tables.setdefault(schema.TABLE[kind], [])
        if not table or table[-1][0] is not kind:
            table.append((kind, [row]))
        elif table[-1][1][-1] != row:  # who submits one job after the other need not be stored for each
            table[-1][1].append(row)
    for table in tables.values():
        yield from table


def octets_kept(writes: Sequence[Write]) -> int:
    """Of scans and documents that these rows bring; what they take away is counted by triggers."""
    scans = sum(write.octets for write in writes if type(write) is ScanRow)
    return scans + sum(write.size for write in writes if type(write) is DocumentRow)


def weight(batch: Batch) -> int:
    """In rows, as the log grows by them."""
    large = sum(
        len(value) // ROW_OCTETS
        for write in batch.writes
        if type(write) in schema.WITH_OCTETS
        for value in write
        if isinstance(value, bytes)
    )
    return len(batch.lines) + len(batch.instances) + len(batch.writes) + large
