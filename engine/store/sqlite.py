"""The embedded store: one SQLite file in WAL mode, synchronous=FULL; one thread writes, the event loop reads.

`commit` is durable when it returns. A batch that erased something is followed at once by a checkpoint that
empties the write-ahead log, and `secure_delete` overwrites what was freed: what is erased is in no file of
the store (S27). Only a program of somebody else that reads the store at that moment can put it off; it is
then done as soon as that one has ended.

Rule: the thread does only the SQL of ready rows. It never reads a clock, and it never sees a secret that is
not sealed.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ..records import (
    AccountRow,
    Batch,
    DocumentRow,
    IdentityRow,
    InformationRow,
    JobMoved,
    JobOutcome,
    JobRow,
    Line,
    LinkRow,
    RefusedSender,
    RevocationBegun,
    SealedGrant,
    Stored,
    StoreFailed,
)
from ..vault_rows import KeptSecret
from . import schema

NOT_NOW = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
})  # fmt: skip
"It is the store that fails, not the rows: whatever else waits would fail, too, after the same time."
PATIENCE_MS = 5000
FORGET_PATIENCE_MS = 100
"Commits wait that long while somebody else reads the store."
FORGET_AGAIN_S = 1.0
JOB_COLUMNS = ",".join(JobRow._fields)
DOCUMENTS = f"select {','.join(DocumentRow._fields)} from document"
LINKS = f"select {','.join(LinkRow._fields)} from link"


class StoreUnusable(Exception):
    """The file is no store that this program may open; it was not modified."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{path}: {why}. {remedy}")
        self.path, self.why, self.remedy = path, why, remedy


def unusable(path: Path, error: sqlite3.Error) -> StoreUnusable:
    return StoreUnusable(path, f"the store cannot be opened ({error})", "Restore it, or move it away")


def connect(path: Path) -> sqlite3.Connection:
    """Raises StoreUnusable."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=PATIENCE_MS / 1000
    )
    try:
        for pragma in schema.PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    return connection


def prepare(path: Path) -> None:
    """Makes the tables of a new store, or checks those that are there, before anything is written."""
    finish_rollback(path)
    new = not path.exists() or path.stat().st_size == 0
    try:
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if new else 'ro'}"
        probe = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            if new:
                probe.executescript(
                    f"begin;{schema.TABLES};pragma user_version={schema.SCHEMA_VERSION};commit;"
                )
            (version,) = probe.execute("pragma user_version").fetchone()
            if version > schema.SCHEMA_VERSION:
                why = f"the store has version {version}, this program knows {schema.SCHEMA_VERSION}"
                raise StoreUnusable(path, why, "Start the newer release that wrote it")
            if version < 1:
                raise StoreUnusable(
                    path, "this file is not a store of franking", "Name another folder in `store.path`"
                )
        finally:
            probe.close()
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def finish_rollback(path: Path) -> None:
    """A power cut while the tables were made leaves a part of them, and the journal that takes it back; that
    needs the right to write. A store that was made has no such journal.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("select count(*) from sqlite_schema").fetchone()
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    finally:
        connection.close()


class SqliteStore:
    """Implements `records.Store`."""

    def __init__(self, path: Path) -> None:
        """Raises StoreUnusable."""
        prepare(path)
        path.chmod(0o600)
        self.path = path
        self.writer, self.reader = connect(path), connect(path)
        self.reader.execute("pragma query_only=on")
        self.owed: asyncio.TimerHandle | None = None
        "What was erased may still lie in the log, because somebody reads the store."
        self.forgetting: asyncio.Task[None] | None = None
        self.closing = False
        self.thread = ThreadPoolExecutor(1, "franking-store")
        self.empty_log()  # a power cut may have come between an erasure and the end of it

    async def commit(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.thread, self.write, batch)
        if any(isinstance(write, schema.ERASURES) for write in batch.writes):
            await self.forget()

    async def forget(self) -> None:
        """What was erased leaves the write-ahead log as well; tried again as long as a reader of another
        process needs it there.
        """
        loop = asyncio.get_running_loop()
        self.owed = None
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

    def write(self, batch: Batch) -> None:
        db = self.writer
        try:
            db.execute("begin immediate")
            db.executemany(schema.LINE, batch.lines)
            db.executemany(schema.STORED, batch.instances)
            if batch.gone:
                db.executemany(schema.GONE, batch.gone)
            for write in batch.writes:
                db.execute(schema.WRITES[type(write)], write)
            db.execute("commit")
        except BaseException as error:
            if db.in_transaction:
                with suppress(sqlite3.Error):  # then the next commit takes it back, or fails as well
                    db.execute("rollback")
            if isinstance(error, sqlite3.Error | OverflowError | UnicodeError):
                raise failed(error) from error
            raise

    def last_sequence(self) -> int:
        return self.one("select coalesce(max(sequence), 0) from journal") or 0

    def newest(self) -> datetime | None:
        ((at,),) = self.read("select max(at) from journal")
        return None if at is None else datetime.fromisoformat(at)

    def lines(self, after: int, limit: int) -> list[Line]:
        columns = "sequence, at, name, version, fields"
        sql = f"select {columns} from journal where sequence>? order by sequence limit ?"
        return [Line(*row) for row in self.read(sql, (after, limit))]

    def line(self, sequence: int) -> Line | None:
        found = self.lines(sequence - 1, 1)
        return found[0] if found and found[0].sequence == sequence else None

    def instance(self, machine: str, key: str) -> Stored | None:
        columns = "machine, key, state, data, entered, fired, due_us, version"
        sql = f"select {columns} from instance where machine=? and key=?"
        row = self.first(sql, (machine, key))
        return Stored(*row) if row else None

    def in_states(self, machine: str, states: Sequence[str]) -> list[str]:
        marks = ",".join("?" * len(states))
        sql = f"select key from instance where machine=? and state in ({marks}) order by key"
        return [key for (key,) in self.read(sql, (machine, *states))]

    def due(self, until_us: int, limit: int) -> list[tuple[str, str]]:
        sql = "select machine, key from instance where due_us<=? order by due_us limit ?"
        return self.read(sql, (until_us, limit))

    def next_due_us(self, after_us: int) -> int | None:
        return self.one("select min(due_us) from instance where due_us>?", (after_us,))

    def identities(self) -> list[IdentityRow]:
        sql = "select identity, login, address from identity order by identity"
        return [IdentityRow(*row) for row in self.read(sql)]

    def accounts(self) -> list[AccountRow]:
        return [AccountRow(*row) for row in self.read("select account, address from account")]

    def refused_sender(self, account: str, address: str) -> RefusedSender | None:
        sql = "select account, address, until from refused_sender where account=? and address=?"
        row = self.first(sql, (account, address))
        return RefusedSender(*row) if row else None

    def grant(self, identity: str) -> SealedGrant | None:
        columns = ",".join(SealedGrant._fields)
        row = self.first(f"select {columns} from vault where identity=?", (identity,))
        return SealedGrant(*row) if row else None

    def grants(self) -> list[SealedGrant]:
        columns = ",".join(SealedGrant._fields)
        return [SealedGrant(*row) for row in self.read(f"select {columns} from vault order by identity")]

    def job(self, job: int) -> JobRow | None:
        row = self.first(f"select {JOB_COLUMNS} from job where job=?", (job,))
        return job_row(row) if row else None

    def job_moved(self, job: int) -> JobMoved | None:
        row = self.first("select job, state, ready, reason from job where job=?", (job,))
        return JobMoved(row[0], row[1], bool(row[2]), row[3]) if row else None

    def jobs(self) -> list[tuple[JobRow, JobMoved]]:
        sql = f"select {JOB_COLUMNS}, job, state, ready, reason from job order by job"
        found = self.read(sql)
        return [(job_row(row[:-4]), JobMoved(row[-4], row[-3], bool(row[-2]), row[-1])) for row in found]

    def job_outcome(self, job: int) -> JobOutcome | None:
        row = self.first("select job, reply, recipients from job where job=?", (job,))
        return JobOutcome(*row) if row else None

    def waiting(self) -> list[str]:
        return [name for (name,) in self.read("select distinct identity from job where ready")]

    def next_jobs(self, identity: str, limit: int) -> list[int]:
        sql = "select job from job where ready and identity=? order by by_device desc, job limit ?"
        return [job for (job,) in self.read(sql, (identity, limit))]

    def in_transfer(self) -> dict[str, int]:
        where = "where state in ('SENDING', 'DELIVERING')"  # as the index has it
        return dict(self.read(f"select identity, count(*) from job {where} group by identity"))

    def unfinished(self, identity: str, states: Sequence[str]) -> list[int]:
        marks = ",".join("?" * len(states))
        sql = f"select job from job where identity=? and state in ({marks}) order by job"
        return [job for (job,) in self.read(sql, (identity, *states))]

    def last_job(self) -> int:
        jobs = self.one("select max(job) from job") or 0
        return max(jobs, self.one("select max(cast(key as integer)) from instance where machine='job'") or 0)

    def document(self, document: int) -> DocumentRow | None:
        row = self.first(f"{DOCUMENTS} where document=?", (document,))
        return DocumentRow(*row) if row else None

    def documents(self) -> list[DocumentRow]:
        return [DocumentRow(*row) for row in self.read(f"{DOCUMENTS} order by document")]

    def documents_of(self, identity: str) -> list[DocumentRow]:
        rows = self.read(f"{DOCUMENTS} where identity=? order by document", (identity,))
        return [DocumentRow(*row) for row in rows]

    def last_document(self) -> int:
        return self.one("select max(cast(key as integer)) from instance where machine='document'") or 0

    def link(self, digest: bytes) -> LinkRow | None:
        row = self.first(f"{LINKS} where digest=?", (digest,))
        return LinkRow(*row) if row else None

    def links_of(self, job: int) -> list[LinkRow]:
        return [LinkRow(*row) for row in self.read(f"{LINKS} where job=? order by document", (job,))]

    def links(self) -> list[LinkRow]:
        return [LinkRow(*row) for row in self.read(f"{LINKS} order by document")]

    def secrets(self) -> list[KeptSecret]:
        return [KeptSecret(*row) for row in self.read("select name, sealed from secret order by name")]

    def noted(self, name: str) -> str:
        row = self.first("select value from noted where name=?", (name,))
        return str(row[0]) if row else ""

    def information(self) -> list[InformationRow]:
        sql = f"select {','.join(InformationRow._fields)} from information order by at, code"
        return [InformationRow(*row)._replace(acknowledged=bool(row[-1])) for row in self.read(sql)]

    def revocations(self) -> list[RevocationBegun]:
        return [RevocationBegun(*row) for row in self.read("select key, identity from revocation")]

    def read(self, sql: str, values: Sequence[str | int | bytes] = ()) -> list[tuple[Any, ...]]:
        """Raises StoreFailed."""
        try:
            return self.reader.execute(sql, values).fetchall()
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise failed(error) from error

    def first(self, sql: str, values: Sequence[str | int | bytes]) -> tuple[Any, ...] | None:
        """Raises StoreFailed."""
        found = self.read(sql, values)
        return found[0] if found else None

    def one(self, sql: str, values: Sequence[str | int] = ()) -> int | None:
        ((value,),) = self.read(sql, values)
        return value if value is None else int(value)

    async def aclose(self) -> None:
        """What is still to be forgotten leaves the log now, or at the next start."""
        self.closing = True
        if self.owed is not None:
            self.owed.cancel()
        if self.forgetting is not None:
            await self.forgetting
        await asyncio.get_running_loop().run_in_executor(self.thread, self.writer.close)
        self.reader.close()
        self.thread.shutdown()


def job_row(row: tuple[Any, ...]) -> JobRow:
    found = JobRow(*row)
    return found._replace(by_device=bool(found.by_device))


def failed(error: Exception) -> StoreFailed:
    return StoreFailed(str(error), (getattr(error, "sqlite_errorcode", 0) & 0xFF) in NOT_NOW)
