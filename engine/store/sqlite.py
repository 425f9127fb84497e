"""The embedded store: one SQLite file in WAL mode, synchronous=FULL; one thread writes, the event loop reads.

`commit` is durable when it returns. A batch that erased a grant is followed at once by a checkpoint that
empties the write-ahead log, and `secure_delete` overwrites what was freed: what is erased is in no file of
the store (S27).

Rule: the thread does only the SQL of ready rows. It never reads a clock, and it never sees a secret that is
not sealed.
"""

import asyncio
import errno
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..records import (
    Batch,
    ErasedGrant,
    IdentityRow,
    InformationRow,
    JobMoved,
    JobOutcome,
    JobRow,
    Line,
    RevocationBegun,
    SealedGrant,
    Stored,
    StoreFailed,
)
from . import schema

FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
JOB_COLUMNS = ",".join(JobRow._fields)


class StoreUnusable(Exception):
    """The file is no store that this program may open; it was not modified."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{path}: {why}. {remedy}")
        self.path, self.why, self.remedy = path, why, remedy


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    for pragma in schema.PRAGMAS:
        connection.execute(pragma)
    return connection


def prepare(path: Path) -> None:
    """Makes the tables of a new store, or checks those that are there, before anything is written."""
    new = not path.exists() or path.stat().st_size == 0
    try:
        probe = sqlite3.connect(f"file:{path}?mode={'rwc' if new else 'ro'}", uri=True, isolation_level=None)
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
        raise StoreUnusable(
            path, f"the store cannot be opened ({error})", "Restore it, or move it away"
        ) from error


class SqliteStore:
    """Implements `records.Store`."""

    def __init__(self, path: Path) -> None:
        """Raises StoreUnusable."""
        prepare(path)
        path.chmod(0o600)
        self.path = path
        self.writer, self.reader = connect(path), connect(path)
        self.reader.execute("pragma query_only=on")
        self.thread = ThreadPoolExecutor(1, "franking-store")

    async def commit(self, batch: Batch) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, self.write, batch)

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
        except (sqlite3.Error, OverflowError) as error:
            if db.in_transaction:
                db.execute("rollback")
            raise StoreFailed(str(error), is_full(error)) from error
        if any(isinstance(write, ErasedGrant) for write in batch.writes):
            db.execute("pragma wal_checkpoint(truncate)")

    def last_sequence(self) -> int:
        return self.one("select coalesce(max(sequence), 0) from journal") or 0

    def lines(self, after: int, limit: int) -> list[Line]:
        columns = "sequence, at, name, version, fields"
        sql = f"select {columns} from journal where sequence>? order by sequence limit ?"
        return [Line(*row) for row in self.reader.execute(sql, (after, limit)).fetchall()]

    def line(self, sequence: int) -> Line | None:
        found = self.lines(sequence - 1, 1)
        return found[0] if found and found[0].sequence == sequence else None

    def instance(self, machine: str, key: str) -> Stored | None:
        columns = "machine, key, state, data, entered, fired, due_us, version"
        sql = f"select {columns} from instance where machine=? and key=?"
        row = self.reader.execute(sql, (machine, key)).fetchone()
        return Stored(*row) if row else None

    def in_states(self, machine: str, states: Sequence[str]) -> list[str]:
        marks = ",".join("?" * len(states))
        sql = f"select key from instance where machine=? and state in ({marks}) order by key"
        return [key for (key,) in self.reader.execute(sql, (machine, *states)).fetchall()]

    def due(self, until_us: int, limit: int) -> list[tuple[str, str]]:
        sql = "select machine, key from instance where due_us<=? order by due_us limit ?"
        return self.reader.execute(sql, (until_us, limit)).fetchall()

    def next_due_us(self) -> int | None:
        return self.one("select min(due_us) from instance where due_us is not null")

    def identities(self) -> list[IdentityRow]:
        sql = "select identity, login, address from identity order by identity"
        return [IdentityRow(*row) for row in self.reader.execute(sql).fetchall()]

    def grant(self, identity: str) -> SealedGrant | None:
        sql = "select identity, version, sealed from vault where identity=?"
        row = self.reader.execute(sql, (identity,)).fetchone()
        return SealedGrant(*row) if row else None

    def job(self, job: int) -> JobRow | None:
        row = self.reader.execute(f"select {JOB_COLUMNS} from job where job=?", (job,)).fetchone()
        return job_row(row) if row else None

    def job_moved(self, job: int) -> JobMoved | None:
        row = self.reader.execute("select job, state, ready, reason from job where job=?", (job,)).fetchone()
        return JobMoved(row[0], row[1], bool(row[2]), row[3]) if row else None

    def jobs(self) -> list[tuple[JobRow, JobMoved]]:
        sql = f"select {JOB_COLUMNS}, job, state, ready, reason from job order by job"
        found = self.reader.execute(sql).fetchall()
        return [(job_row(row[:-4]), JobMoved(row[-4], row[-3], bool(row[-2]), row[-1])) for row in found]

    def job_outcome(self, job: int) -> JobOutcome | None:
        row = self.reader.execute("select job, reply, recipients from job where job=?", (job,)).fetchone()
        return JobOutcome(*row) if row else None

    def waiting(self) -> list[str]:
        return [
            name
            for (name,) in self.reader.execute("select distinct identity from job where ready").fetchall()
        ]

    def next_jobs(self, identity: str, limit: int) -> list[int]:
        sql = "select job from job where ready and identity=? order by by_device desc, job limit ?"
        return [job for (job,) in self.reader.execute(sql, (identity, limit)).fetchall()]

    def count_jobs(self, identity: str, states: Sequence[str]) -> int:
        marks = ",".join("?" * len(states))
        sql = f"select count(*) from job where identity=? and state in ({marks})"
        return int(self.reader.execute(sql, (identity, *states)).fetchone()[0])

    def last_job(self) -> int:
        jobs = self.one("select max(job) from job") or 0
        return max(jobs, self.one("select max(cast(key as integer)) from instance where machine='job'") or 0)

    def information(self) -> list[InformationRow]:
        sql = "select code, subject, because, at, detail from information order by at, code"
        return [InformationRow(*row) for row in self.reader.execute(sql).fetchall()]

    def revocations(self) -> list[RevocationBegun]:
        return [
            RevocationBegun(*row)
            for row in self.reader.execute("select key, identity from revocation").fetchall()
        ]

    def one(self, sql: str) -> int | None:
        (value,) = self.reader.execute(sql).fetchone()
        return value if value is None else int(value)

    async def aclose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, self.writer.close)
        self.reader.close()
        self.thread.shutdown()


def job_row(row: tuple[int, str, str, int, str, str, str, str, str]) -> JobRow:
    job, identity, function, by_device, *texts = row
    return JobRow(job, identity, function, bool(by_device), *texts)


def is_full(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in FULL or getattr(error, "errno", None) == errno.ENOSPC
