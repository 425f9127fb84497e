"""What the event loop asks of the store: one connection that only reads, and sees what the last commit left.

Rule: what is asked for at each move of a job uses an index and looks at as many rows as it gives back; lists
of jobs come by pages.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..kept import Checkpoint, Over
from ..records import (
    JOBS_AT_ONCE,
    LAST_JOB,
    AccountRow,
    DiskFull,
    DocumentRow,
    IdentityRow,
    InformationRow,
    JobMoved,
    JobOutcome,
    JobRow,
    JobTry,
    Line,
    LinkRow,
    Queued,
    RefusedSender,
    RevocationBegun,
    SealedGrant,
    Stored,
    StoreDamaged,
    StoreFailed,
)
from ..vault_rows import KeptSecret, ScanRow

NOT_NOW = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
})  # fmt: skip
"It is the store that fails, not the rows: whatever else waits would fail, too, after the same time."
JOB_COLUMNS = ",".join(JobRow._fields)
INSTANCE = ",".join(Stored._fields)
UNFINISHED = "state not in ('SENT', 'ENDED')"
"As the index has it."
LAST = (1 << 63) - 1
DOCUMENTS = f"select {','.join(DocumentRow._fields)} from document"
LINKS = f"select {','.join(LinkRow._fields)} from link"


class Reads:
    """Implements what `records.Store` promises of reading."""

    reader: sqlite3.Connection

    def last_sequence(self) -> int:
        return self.one("select coalesce(max(sequence), 0) from journal") or 0

    def first_line(self) -> Line | None:
        found = self.lines(0, 1)
        return found[0] if found else None

    def moments(self, after: int, limit: int) -> list[tuple[int, str]]:
        return self.read(
            "select sequence, at from journal where sequence>? order by sequence limit ?", (after, limit)
        )

    def newest(self) -> datetime | None:
        last = self.checkpoint()
        sql = "select max(at) from journal where sequence>=?"
        ((at,),) = self.read(sql, (last.sequence if last else 0,))
        return None if at is None else datetime.fromisoformat(at)

    def checkpoint(self) -> Checkpoint | None:
        digest = "json_extract(iif(json_valid(fields), fields, '{}'), '$.definition')"
        sql = f"select sequence, at, coalesce({digest}, '') from journal where name='CheckpointTaken' "
        row = self.first(f"{sql} order by sequence desc limit 1", ())
        return Checkpoint(*row) if row else None

    def lines(self, after: int, limit: int) -> list[Line]:
        columns = "sequence, at, name, version, fields"
        sql = f"select {columns} from journal where sequence>? order by sequence limit ?"
        return [Line(*row) for row in self.read(sql, (after, limit))]

    def line(self, sequence: int) -> Line | None:
        found = self.lines(sequence - 1, 1)
        return found[0] if found and found[0].sequence == sequence else None

    def instance(self, machine: str, key: str) -> Stored | None:
        row = self.first(f"select {INSTANCE} from instance where machine=? and key=?", (machine, key))
        return Stored(*row) if row else None

    def names(self) -> list[tuple[str, str]]:
        return self.read("select machine, key from instance order by machine, key")

    def others(self, machine: str) -> list[Stored]:
        return [
            Stored(*row)
            for where in ("machine<?", "machine>?")
            for row in self.read(
                f"select {INSTANCE} from instance where {where} order by machine, key", (machine,)
            )
        ]

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

    def jobs(
        self, owner: str | None = None, before: int | None = None, limit: int = JOBS_AT_ONCE
    ) -> list[tuple[JobRow, JobMoved]]:
        whose = "owner=? and" if owner is not None else ""
        sql = f"select {JOB_COLUMNS}, job, state, ready, reason from job where {whose} job<? "
        values = (*(() if owner is None else (owner,)), LAST if before is None else before, limit)
        found = self.read(f"{sql} order by job desc limit ?", values)
        found.reverse()
        return [(job_row(row[:-4]), JobMoved(row[-4], row[-3], bool(row[-2]), row[-1])) for row in found]

    def marked(self, mark: str) -> int | None:
        return self.one("select min(job) from job where mark<>'' and mark=?", (mark,))

    def jobs_by_state(self) -> dict[str, int]:
        return dict(self.read("select state, count(*) from instance where machine='job' group by state"))

    def jobs_about(self, identity: str) -> list[JobRow]:
        sql = f"select {JOB_COLUMNS} from job where owner=?1 or identity=?1 order by job"
        return [job_row(row) for row in self.read(sql, (identity,))]

    def waiting_for_a_try(self) -> list[int]:
        sql = f"select job from job where {UNFINISHED} and state='WAITING' and not ready order by job"
        return [job for (job,) in self.read(sql)]

    def waiting_because(self, reasons: Sequence[str], limit: int) -> list[int]:
        marks = ", ".join("?" * len(reasons))
        sql = (
            f"select job from job where {UNFINISHED} and state='WAITING' and not ready "
            f"and reason in ({marks}) order by job limit ?"
        )
        return [job for (job,) in self.read(sql, (*reasons, limit))]

    def over(self, after: tuple[str, str], until: str, limit: int) -> list[Over]:
        sql = (
            "select cast(i.key as integer), i.entered, coalesce(j.request<>'', 0) "
            "from instance i indexed by instance_over left join job j on j.job=cast(i.key as integer) "
            "where i.machine='job' and i.state in ('SENT', 'ENDED') "
            "and (i.entered, i.key)>(?, ?) and i.entered<? order by i.entered, i.key limit ?"
        )
        return [Over(job, at, bool(named)) for job, at, named in self.read(sql, (*after, until, limit))]

    def over_count(self) -> int:
        over = "machine='job' and state in ('SENT', 'ENDED')"
        sql = f"select count(*) from instance indexed by instance_over where {over}"
        return self.one(sql) or 0

    def submitted_after(self, job: int, believable: str) -> str | None:
        sql = "select submitted_at from job where job>? and submitted_at>=? order by job limit 1"
        row = self.first(sql, (job, believable))
        return str(row[0]) if row else None

    def job_outcome(self, job: int) -> JobOutcome | None:
        row = self.first("select job, reply, recipients, phase, unknown from job where job=?", (job,))
        return JobOutcome(*row) if row else None

    def tries(self, job: int) -> list[JobTry]:
        sql = f"select {','.join(JobTry._fields)} from attempt where job=? order by number"
        return [JobTry(*row) for row in self.read(sql, (job,))]

    def lines_of_job(self, job: int) -> list[Line]:
        """Reads the whole journal: for a person who asks, not for the engine's own work."""
        columns = "sequence, at, name, version, fields"
        named = "json_extract(iif(json_valid(fields), fields, '{}'), '$.job')"
        lives = "name in ('EngineStarted', 'DeviceResumed')"
        begins = f"(select min(sequence) from journal where {named}=?1)"
        sql = f"select {columns} from journal where sequence>={begins} and ({named}=?1 or {lives})"
        return [Line(*row) for row in self.read(f"{sql} order by sequence", (job,))]

    def ready_queues(self) -> list[Queued]:
        found = self.read("select distinct identity, owner, by_device, place from job where ready")
        return [queue(row) for row in found]

    def ready_jobs(self, whose: Queued, after: int, limit: int) -> list[int]:
        of_queue = "ready and identity=? and owner=? and by_device=? and place=?"
        sql = f"select job from job where {of_queue} and job>? order by job limit ?"
        return [job for (job,) in self.read(sql, (*whose, after, limit))]

    def queued(self, job: int) -> Queued | None:
        row = self.first("select identity, owner, by_device, place from job where job=?", (job,))
        return queue(row) if row else None

    def ready_count(self, identities: Sequence[str]) -> int:
        marks = ",".join("?" * len(identities))
        return self.one(f"select count(*) from job where ready and identity in ({marks})", identities) or 0

    def unfinished_of(self, owner: str, limit: int) -> list[int]:
        over = "state not in ('SENT', 'ENDED')"
        sql = f"select job from job where owner=? and {over} order by job limit ?"
        return [job for (job,) in self.read(sql, (owner, limit))]

    def unfinished(self, identity: str, states: Sequence[str]) -> list[int]:
        marks = ",".join("?" * len(states))
        sql = f"select job from job where identity=? and {UNFINISHED} and state in ({marks}) order by job"
        return [job for (job,) in self.read(sql, (identity, *states))]

    def last_job(self) -> int:
        return max(self.one("select max(job) from job") or 0, int(self.noted(LAST_JOB) or 0))

    def scan(self, job: int) -> ScanRow | None:
        row = self.first("select job, octets, sealed from scan where job=?", (job,))
        return ScanRow(*row) if row else None

    def body(self, job: int) -> bytes:
        row = self.first("select octets from body where job=?", (job,))
        return bytes(row[0]) if row else b""

    def scans(self, after: int, limit: int) -> list[ScanRow]:
        sql = "select job, octets, sealed from scan where job>? and sealed<>x'' order by job limit ?"
        return [ScanRow(*row) for row in self.read(sql, (after, limit))]

    def keeps_sealed(self) -> bool:
        scans, documents = "select 1 from scan where sealed<>x''", "select 1 from document where sealed<>x''"
        return bool(self.one(f"select exists({scans}) or exists({documents})"))

    def spooled(self) -> int:
        return self.one("select octets from spooled") or 0

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

    def alarms(self, way: str, limit: int) -> list[int]:
        sql = "select sequence from alarm where way=? order by sequence limit ?"
        return [sequence for (sequence,) in self.read(sql, (way, limit))]

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


def queue(row: tuple[Any, ...]) -> Queued:
    identity, owner, by_device, place = row
    return Queued(identity, owner, bool(by_device), place)


def job_row(row: tuple[Any, ...]) -> JobRow:
    found = JobRow(*row)
    return found._replace(by_device=bool(found.by_device))


def failed(error: Exception) -> StoreFailed:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull()
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(str(error))
    return StoreFailed(str(error), code in NOT_NOW)
