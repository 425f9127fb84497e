"""What the store keeps, as values; what a store must promise stands in `store_port.py`.

One commit is a `Batch`: journal lines, instances with their deadlines, and rows, all or nothing, durable on
return.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from .kept import JobGone, JobNamesGone, JobTriesGone, LinesGone
from .vault_rows import (
    BodyRow,
    JobsGone,
    KeptSecret,
    Noted,
    PersonGone,
    ResealedDocument,
    ResealedGrant,
    ResealedLink,
    ResealedScan,
    ResealedSecret,
    ScanGone,
    ScanRow,
    SecretGone,
)
from .words import Spoken, Words


class Line(NamedTuple):
    """One line of the journal."""

    sequence: int
    at: str
    "ISO 8601, UTC."
    name: str
    version: int
    fields: str


class Stored(NamedTuple):
    """One instance of a machine, as the store keeps it."""

    machine: str
    key: str
    state: str
    data: str
    entered: str | None
    fired: str
    due_us: int | None
    "When its next limit is due, in microseconds of the epoch."
    version: int


class IdentityRow(NamedTuple):
    identity: str
    login: str
    address: str


class AccountRow(NamedTuple):
    """An account whose mailbox was once refused something that counts for all of its mail."""

    account: str
    "`mailbox:N`."
    address: str
    "In lower case: of who signs in at the submission server."


class RefusedSender(NamedTuple):
    """The submission server does not let this account send with this From address."""

    account: str
    address: str
    "In lower case."
    until: str
    "ISO 8601, UTC: until then it is not tried again."


class RefusedSendersGone(NamedTuple):
    """Somebody signed in: what the account may do now, the server will say."""

    account: str


class Whose(NamedTuple):
    """Whom a grant belongs to: with any of it changed, it is of no use or not to be used (S26a)."""

    issuer: str
    "Who gave it, as `ports.issuer_of` says it: nobody else ever sees it."
    address: str = ""
    "The address that was wanted when it was given."
    account: str = ""
    "The account that signed in: the user at the submission server."
    aliases: str = "[]"
    "JSON: other addresses of that account, by the provider's claims."


class SealedGrant(NamedTuple):
    identity: str
    version: int
    issuer: str
    address: str
    account: str
    aliases: str
    sealed: bytes

    @property
    def whose(self) -> Whose:
        return Whose(self.issuer, self.address, self.account, self.aliases)


class ErasedGrant(NamedTuple):
    identity: str


class JobRow(NamedTuple):
    """What is known of a job beside its machine: addresses, subject and names stand here and nowhere else."""

    job: int
    identity: str
    "Whose sign-in sends it (S17)."
    owner: str
    "The identity of who submitted it; the administrator's for what the device sends by itself (S33a)."
    function: str
    by_device: bool
    sender: str
    message_id: str
    submitted_at: str
    request: str
    "The request as JSON; its files are those in the spool."
    files: str
    "JSON: name, size in octets and SHA-256 of each."
    place: str = ""
    "Where his person stood when it was submitted; empty: nowhere."
    addressed: int = 1
    "How many recipients it is for."
    mark: str = ""
    "By which it is known where its program brings it a second time; empty: by nothing."


class Queued(NamedTuple):
    """Whose turn a job has to wait for; jobs of which this is the same go one after the other."""

    identity: str
    owner: str
    by_device: bool
    place: str


class JobMoved(NamedTuple):
    """The part of a job's machine that the dispatcher looks for, kept beside its row in the same commit."""

    job: int
    state: str
    ready: bool
    reason: str


class JobOutcome(NamedTuple):
    """What all tries of a job have come to, and the server's last words (S33c)."""

    job: int
    reply: str
    recipients: str
    "JSON: each recipient as `addressees.Addressee` has it."
    phase: str = ""
    "Where in the dialogue the last try ended."
    unknown: int = 0
    "How many tries with no known end the recipients tell of."


class JobTry(NamedTuple):
    """One try that the submission server answered. A server's words may hold addresses, so they stand here
    and not in the journal.
    """

    job: int
    number: int
    "Of the job's tries, from 1 on."
    code: str
    phase: str
    reply: str
    recipients: str
    "JSON: the recipients of this try, as they were after it."


class InformationRow(NamedTuple):
    code: str
    subject: str
    because: int
    at: str
    detail: str = ""
    "What the words need and the journal must not hold, such as an address."
    acknowledged: bool = False
    "A person has read it since it was raised."


class InformationDetail(NamedTuple):
    """Comes with the fact that raises the information, and is written after it."""

    code: str
    subject: str
    detail: str


class InformationRead(NamedTuple):
    """A person has read it, and it stands on."""

    code: str
    subject: str


class InformationGone(NamedTuple):
    code: str
    subject: str


class DocumentRow(NamedTuple):
    """What is known of a document in a user box beside its machine."""

    document: int
    identity: str
    "In whose box it lies."
    name: str
    size: int
    "Octets."
    sha256: str
    kept_at: str
    "ISO 8601, UTC."
    sealed: bytes = b""
    "The key of its file, as `pieces.written` has it; empty: it is not sealed."


class LinkRow(NamedTuple):
    """The link to a document: never itself, only what it is made and recognised by."""

    document: int
    job: int
    "Whose mail brings it."
    sealed: bytes
    "The link, for every try of the mail."
    digest: bytes
    "SHA-256 of the link."


class DocumentGone(NamedTuple):
    document: int


class LinkGone(NamedTuple):
    document: int


class AlarmDue(NamedTuple):
    """A warning was raised, and somebody beside the [Information] screen is to be told of it."""

    sequence: int
    "The line that raised it."
    way: str
    "How it is told: a value of `alarms.Way`."


class AlarmGiven(NamedTuple):
    """That was done, or nobody wants it any more."""

    sequence: int
    way: str


class RevocationBegun(NamedTuple):
    """The grant was erased here; the provider is still to be told. The token itself is only in memory."""

    key: str
    identity: str


class RevocationEnded(NamedTuple):
    key: str


Write = (
    IdentityRow
    | AccountRow
    | RefusedSender
    | RefusedSendersGone
    | SealedGrant
    | ErasedGrant
    | JobRow
    | JobMoved
    | JobOutcome
    | JobTry
    | DocumentRow
    | LinkRow
    | DocumentGone
    | LinkGone
    | ResealedGrant
    | ResealedLink
    | ResealedSecret
    | ScanRow
    | BodyRow
    | ScanGone
    | ResealedScan
    | ResealedDocument
    | KeptSecret
    | SecretGone
    | Noted
    | JobsGone
    | JobNamesGone
    | JobTriesGone
    | JobGone
    | LinesGone
    | PersonGone
    | InformationRow
    | InformationDetail
    | InformationRead
    | InformationGone
    | AlarmDue
    | AlarmGiven
    | RevocationBegun
    | RevocationEnded
)


@dataclass(slots=True)
class Batch:
    """What one commit changes: all of it or nothing, durable when `commit` returns."""

    lines: list[Line]
    instances: list[Stored]
    gone: list[tuple[str, str]]
    "Instances that are back where nothing had happened to them."
    writes: list[Write]


JOBS_AT_ONCE = 1000
"How many jobs a list has that nobody asked to be longer."
LAST_JOB = "last job"
"Noted: the number of the last job that was refused, of which nothing else need be left."
RETRY_STORE = timedelta(seconds=1)
"When a part of the engine that was refused by the store tries again."


class StoreFailed(Spoken):
    """The store did not take a commit: nothing of it happened."""

    def __init__(self, why: str, full: bool) -> None:
        super().__init__("error.store", why=why)
        self.why = why
        self.full = full
        "The disk is full, or failing: the next commit would fare no better."


class DiskFull(StoreFailed):
    """The disk of the store is full."""

    def __init__(self) -> None:
        Spoken.__init__(self, "error.store-full")
        self.why, self.full = "the disk is full", True


class StoreDamaged(StoreFailed):
    """A page of the store's file is damaged."""

    def __init__(self, why: str) -> None:
        Spoken.__init__(self, "error.store-damaged", why=why)
        self.why, self.full = why, True


class SealFailed(Spoken):
    """A token cannot be sealed or opened; what is sealed stays as it is."""

    def __init__(self, meaning: str, /, **fields: str) -> None:
        self.meaning, self.values = meaning, fields
        "For the [Information] screen."
        super().__init__(meaning, **fields)

    def told(self, words: Words) -> str:
        said = (words.say(f"{self.meaning}.{part}", **self.values) for part in ("cause", "remedy"))
        return " ".join(said)


class SealLost(SealFailed):
    """What was sealed cannot be had until the key that sealed it is put back."""
