"""What a store must promise, in the rows of `records.py`.

Rule: every adapter passes `testing/conformance/store.py`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from .kept import (
    Checkpoint,
    Over,
)
from .records import (
    JOBS_AT_ONCE,
    AccountRow,
    Batch,
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
)
from .vault_rows import (
    KeptSecret,
    ScanRow,
)


class Reading(Protocol):
    """What a store tells: what its last commit left."""

    def last_sequence(self) -> int: ...

    def first_line(self) -> Line | None:
        """The oldest that is kept."""

    def moments(self, after: int, limit: int) -> list[tuple[int, str]]:
        """Numbers and moments of the lines after this one."""

    def newest(self) -> datetime | None:
        """The latest moment that a line since the last checkpoint names."""

    def checkpoint(self) -> Checkpoint | None: ...

    def line(self, sequence: int) -> Line | None: ...

    def lines(self, after: int, limit: int) -> list[Line]: ...

    def instance(self, machine: str, key: str) -> Stored | None: ...

    def names(self) -> list[tuple[str, str]]:
        """Machine and key of every instance."""

    def others(self, machine: str) -> list[Stored]:
        """Every stored instance of the other machines."""

    def in_states(self, machine: str, states: Sequence[str]) -> list[str]:
        """Keys of the stored instances of a machine in any of these states."""

    def due(self, until_us: int, limit: int) -> list[tuple[str, str]]:
        """Instances with a limit due by then, the earliest first."""

    def next_due_us(self, after_us: int) -> int | None:
        """When the first limit after this moment is due."""

    def identities(self) -> list[IdentityRow]: ...

    def accounts(self) -> list[AccountRow]: ...

    def refused_sender(self, account: str, address: str) -> RefusedSender | None: ...

    def grant(self, identity: str) -> SealedGrant | None: ...

    def grants(self) -> list[SealedGrant]: ...

    def job(self, job: int) -> JobRow | None: ...

    def job_moved(self, job: int) -> JobMoved | None: ...

    def jobs(
        self, owner: str | None = None, before: int | None = None, limit: int = JOBS_AT_ONCE
    ) -> list[tuple[JobRow, JobMoved]]:
        """The newest, of one owner or of all, with numbers below `before`; the oldest of them first."""

    def marked(self, mark: str) -> int | None:
        """The job that a program brought with this mark; None: there is none, or it is empty."""

    def jobs_by_state(self) -> dict[str, int]:
        """How many there are in each state that has any."""

    def jobs_about(self, identity: str) -> list[JobRow]:
        """What this identity submitted or signs in for."""

    def waiting_for_a_try(self) -> list[int]: ...

    def waiting_because(self, reasons: Sequence[str], limit: int) -> list[int]:
        """The same with one of these reasons; the oldest."""

    def over(self, after: tuple[str, str], until: str, limit: int) -> list[Over]:
        """Jobs that ended before `until`, and after the one with this moment and number; the oldest first."""

    def over_count(self) -> int: ...

    def submitted_after(self, job: int, believable: str) -> str | None:
        """When the next job was submitted whose moment is not before `believable`."""

    def job_outcome(self, job: int) -> JobOutcome | None: ...

    def tries(self, job: int) -> list[JobTry]: ...

    def lines_of_job(self, job: int) -> list[Line]:
        """The facts about one job that the journal still holds, and the new lives from the first of them
        on.
        """

    def ready_queues(self) -> list[Queued]:
        """Of the jobs that wait for nothing of their own."""

    def ready_jobs(self, whose: Queued, after: int, limit: int) -> list[int]:
        """Those of one queue behind a number, the oldest first."""

    def queued(self, job: int) -> Queued | None:
        """The queue that a job stands in when it is ready."""

    def ready_count(self, identities: Sequence[str]) -> int:
        """How many jobs of these wait for nothing of their own."""

    def unfinished_of(self, owner: str, limit: int) -> list[int]:
        """Jobs that this one submitted and that are not over, the oldest first."""

    def unfinished(self, identity: str, states: Sequence[str]) -> list[int]:
        """Jobs of this identity in any of these states, the oldest first."""

    def last_job(self) -> int:
        """The highest number that was ever given."""

    def scan(self, job: int) -> ScanRow | None:
        """What the job has in the spool; None: nothing, or nothing any more."""

    def body(self, job: int) -> bytes:
        """Empty: its files are no rows."""

    def scans(self, after: int, limit: int) -> list[ScanRow]:
        """Those with keys, of the jobs behind that one, in order."""

    def keeps_sealed(self) -> bool:
        """There is a scan or a document that only the key opens."""

    def spooled(self) -> int:
        """Octets of all scans and documents."""

    def document(self, document: int) -> DocumentRow | None: ...

    def documents(self) -> list[DocumentRow]: ...

    def documents_of(self, identity: str) -> list[DocumentRow]: ...

    def last_document(self) -> int:
        """The highest number that was ever given."""

    def link(self, digest: bytes) -> LinkRow | None: ...

    def links_of(self, job: int) -> list[LinkRow]: ...

    def links(self) -> list[LinkRow]: ...

    def secrets(self) -> list[KeptSecret]: ...

    def noted(self, name: str) -> str:
        """Empty: nothing was."""

    def information(self) -> list[InformationRow]: ...

    def alarms(self, way: str, limit: int) -> list[int]:
        """The lines of which somebody is still to be told in this way, the oldest first."""

    def revocations(self) -> list[RevocationBegun]: ...


class Store(Reading, Protocol):
    """Journal, instances, deadlines and rows in one place. Reads see what the last commit left."""

    @property
    def short(self) -> bool:
        """The disk is full: no new job and no document is taken."""

    async def commit(self, batch: Batch) -> None:
        """Raises StoreFailed; DiskFull where the disk is full. What brings no job and no document then takes
        the room that was held back, if there is some.
        """

    async def hold_back(self) -> bool:
        """Holds room back for that, where there is some; whether there is. Raises nothing."""

    async def aclose(self) -> None: ...
