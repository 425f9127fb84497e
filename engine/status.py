"""The state of everything that a person may ask about, as values."""

import logging
from collections.abc import Set
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from ..events.base import ADMINISTRATOR, Event
from ..events.information import Info
from ..events.registry import MalformedRecord
from ..events.request import AsGiven, Request
from ..machines.access_token import ACCESS_TOKEN, BACKING_OFF, FRESH, REFUSED
from ..machines.credential import CREDENTIAL
from ..machines.job import ENDED, HELD, JOB, SENT, WAITING
from ..machines.lifetime import LIFETIME
from ..machines.mailbox import CLOSED, QUOTA
from ..machines.mailbox import WAITING as MAILBOX_WAITING
from ..machines.progress import Progress
from ..machines.refresh_token import ACQUIRED, EXPIRED, REFRESH_TOKEN
from ..machines.rules import Look, Rule, Verdict, broken
from ..machines.validation import NOT_AVAILABLE, OFF, VALIDATION
from .addressees import Addressee, Fate, addressees
from .information import Advice, Raised, Warning, of_rules, warning
from .journal import Unreadable, entry
from .mailboxes import Mailboxes, MailboxStatus
from .own_reasons import LEFT_ALONE, PAUSED, PAUSES, UNREADABLE
from .parsed import REQUEST, files_of
from .people import People
from .play import Instance, Machine
from .records import JOBS_AT_ONCE, InformationRow, JobMoved, JobRow
from .runtime import Runtime, code_of
from .spool import SpooledFile
from .words import Words, words

log = logging.getLogger("franking")


class IdentityStatus(NamedTuple):
    identity: str
    login: str
    address: str
    refresh_token: str
    "Required, Acquired or Expired (S23); or that its record cannot be read."
    access_token: str
    renew_at: datetime | None
    ends_at: datetime | None = None
    "When the sign-in ends, where the provider names a day (B1)."
    waits: str = ""
    "Why no access token is asked for now although one was wanted, in words; empty where nothing waits."
    asks_at: datetime | None = None
    "When one is asked for again, where it waits; earlier where a person tries a job again (S29)."


class JobStatus(NamedTuple):
    job: int
    owner: str
    "Login name of who submitted it; `administrator` where the device did (S33a)."
    signer: str
    "The identity whose sign-in sends it (S17)."
    function: str
    state: str
    reason: str
    "Why it waits or has ended, in words; empty where nothing stands in its way."
    submitted_at: str
    attempts: int
    retry_at: datetime | None
    unknown: int
    "How often the outcome stayed unknown, so that the message may have gone out twice (RFC 1047)."
    code: str
    "Of the reason, as it stands in the store: the server's, or the engine's own; empty where it has none."
    size: int
    "Octets of its files."


class RecipientStatus(NamedTuple):
    address: str
    outcome: str
    "The server's words; empty: nothing is known yet."
    accepted: bool | None
    "None: it is not settled yet, and the job's next try goes to it."
    unknown: int = 0
    "How many tries with no known end it may have been taken in: so often the mail may have come again."


class FileStatus(NamedTuple):
    name: str
    size: int
    "Octets."


class JobContent(NamedTuple):
    """What a job's owner sees of it, and the administrator does not (S33a)."""

    from_address: str
    subject: str
    text: str
    recipients: tuple[RecipientStatus, ...]
    files: tuple[FileStatus, ...]


class SeenJob(NamedTuple):
    status: JobStatus
    content: JobContent | None
    "None: the viewer may not see it."
    advice: Advice | None
    "Why it waits or has ended, what to do about it, and who must; None: the viewer may not see it."


class Status(NamedTuple):
    validation: str
    broken: tuple[str, ...]
    identities: tuple[IdentityStatus, ...]
    jobs: tuple[JobStatus, ...]
    "The newest thousand; `Engine.jobs` gives the others by pages."
    information: tuple[Warning, ...]
    mailboxes: tuple[MailboxStatus, ...]
    "Those that are not open."
    warns: tuple[Rule, ...]
    "Rules that the settings break and that only warn (S3, S5)."
    credential_ends_at: datetime | None = None
    "When the application's client secret or certificate ends, where that is known (B1)."


class Reader:
    def __init__(
        self,
        runtime: Runtime,
        people: People,
        rules: tuple[Rule, ...],
        mailboxes: Mailboxes,
        left_alone: Set[int],
    ) -> None:
        self.runtime, self.people, self.store = runtime, people, runtime.store
        self.rules, self.mailboxes = rules, mailboxes
        self.left_alone = left_alone
        "Jobs that the dispatcher could not look at."

    @property
    def words(self) -> Words:
        """Of the language that the device is set to now."""
        return words(self.people.settings().device.language)

    def status(self) -> Status:
        return self.beside_jobs()._replace(jobs=self.jobs())

    def identities(self) -> tuple[IdentityStatus, ...]:
        known = [(row.identity, row.login) for row in self.people.rows.values()]
        return tuple(self.identity(*each) for each in [(ADMINISTRATOR, ADMINISTRATOR), *known])

    def beside_jobs(self) -> Status:
        """All but the jobs, of which there may be many."""
        sending = self.runtime.instance(VALIDATION, "")
        return Status(
            sending.state.value,
            sending.data.broken,
            self.identities(),
            (),
            self.information(),
            self.mailboxes.status(),
            self.warns(),
            self.runtime.instance(CREDENTIAL, "").data.ends_at,
        )

    def jobs(
        self, owner: str | None = None, before: int | None = None, limit: int = JOBS_AT_ONCE
    ) -> tuple[JobStatus, ...]:
        """The newest, of one owner's identity or of all, with numbers below `before`; the oldest first."""
        return tuple(self.of_job(row, moved) for row, moved in self.store.jobs(owner, before, limit))

    def warns(self) -> tuple[Rule, ...]:
        found = broken(self.people.settings(), Look.SET, rules=self.rules)
        return tuple(self.words.told(rule) for rule in found if rule.verdict(Look.SET) is Verdict.WARN)

    def found(self, machine: Machine, key: str) -> Instance | None:
        """None: its record cannot be read. Everything else is still told."""
        try:
            return self.runtime.instance(machine, key)
        except MalformedRecord as error:
            log.error("%s", error)
            return None

    def identity(self, identity: str, login: str) -> IdentityStatus:
        refresh, access = self.found(REFRESH_TOKEN, identity), self.found(ACCESS_TOKEN, identity)
        lifetime = self.found(LIFETIME, identity)
        return IdentityStatus(
            identity,
            login,
            self.people.address(identity),
            refresh.state.value if refresh else self.words.say("reason.unreadable"),
            access.state.name.lower().replace("_", " ") if access else self.words.say("reason.unreadable"),
            refresh.data.renew_at if refresh else None,
            lifetime.data.ends_at if lifetime else None,
            *(self.waits(access) if access else ()),
        )

    def waits(self, access: Instance) -> tuple[str, datetime | None]:
        """Why a refresh is put off, and until when."""
        if access.state not in (BACKING_OFF, REFUSED):
            return "", None
        said = "waits.backing-off" if access.state is BACKING_OFF else "waits.refused"
        request = access.data
        return self.words.say(said, code=request.code, failures=request.failures), request.retry_at

    def job(self, job: int) -> JobStatus | None:
        row = self.store.job(job)
        found = self.store.job_moved(job)
        return self.of_job(row, found) if row and found else None

    def of_job(self, row: JobRow, moved: JobMoved) -> JobStatus:
        job = self.found(JOB, str(row.job))
        progress = job.data if job else Progress()
        code = moved.reason if job is not None else UNREADABLE
        waiting = moved.state == WAITING.name and moved.ready
        waits = self.why(row.identity) if waiting else ""
        until = self.mailboxes.waits_until(row.identity) if waits else None
        if waiting and not waits and row.job in self.mailboxes.passed:
            waits, until = self.words.say(PAUSES[QUOTA][0]), self.mailboxes.passed[row.job]
        if waiting and row.job in self.left_alone and job is not None:
            waits, code = "", LEFT_ALONE
        return JobStatus(
            row.job,
            self.people.name(row.owner),
            row.identity,
            row.function,
            self.state(moved.state),
            waits if waits and job is not None else self.reason(code),
            row.submitted_at,
            progress.attempts,
            progress.retry_at or until,
            progress.unknown,
            code,
            sum(file.size for file in files_told(row)),
        )

    @staticmethod
    def state(stored: str) -> str:
        """A state that a newer release brought is not known here: nothing is done with the job until then."""
        return stored.lower() if stored in KNOWN else HELD.name.lower()

    def reason(self, code: str) -> str:
        """In words, from the code that stands with a job: rules are told by their sentences."""
        codes = self.rules_in(code)
        return of_rules(codes, self.rules, self.words).cause if codes else self.words.reason(code)

    def rules_in(self, code: str) -> tuple[str, ...]:
        """The rules whose codes a job's reason consists of; empty: it is another reason."""
        codes, known = tuple(code.split(", ")), {rule.code for rule in self.rules}
        return codes if known.issuperset(codes) else ()

    def content(self, job: int) -> JobContent | None:
        row, outcome = self.store.job(job), self.store.job_outcome(job)
        if row is None:
            return None
        files = tuple(FileStatus(file.name, file.size) for file in files_told(row))
        if not row.request:  # it is over for so long that its names are gone
            return JobContent("", "", "", (), files)
        try:
            request = REQUEST.validate_json(row.request)
        except ValidationError:  # its text would repeat what stands there
            log.error("the request of job %d cannot be read", job)
            return JobContent(row.sender, "", "", (), files)
        progress = self.found(JOB, str(job))
        unknown = progress.data.unknown if progress else 0
        to = (
            of_recipient(each)._replace(address=called(request, each.address))
            for each in addressees(request.recipients, outcome, unknown)
        )
        return JobContent(row.sender, request.subject, request.text, tuple(to), files)

    def why(self, identity: str) -> str:
        """Why a job waits that waits for nothing of its own: read from the machines, stored nowhere."""
        say, sending = self.words.say, self.runtime.instance(VALIDATION, "")
        mailbox = self.mailboxes.instance(self.mailboxes.address(identity))
        closed = ""
        if mailbox is not None and mailbox.state is CLOSED:
            closed = say("reason.mailbox", code=mailbox.data.code)
        elif mailbox is not None and mailbox.state is MAILBOX_WAITING:
            why = mailbox.data.why
            closed = say(PAUSES.get(why, PAUSED)[0], code=why)
        if sending.state is OFF:
            return closed
        if sending.state is NOT_AVAILABLE:
            return of_rules(sending.data.broken, self.rules, self.words).cause
        token, request = self.found(REFRESH_TOKEN, identity), self.found(ACCESS_TOKEN, identity)
        if token is None or request is None:
            return say("reason.unreadable")
        refresh, access = token.state, request.state
        if refresh is not ACQUIRED:
            if not self.people.address(identity):
                return say("reason.no-address")
            refused = "reason.credential" if token.data.refused else "reason.expired"
            return say(refused) if refresh is EXPIRED else say("reason.sign-in")
        if closed:
            return closed
        if access is BACKING_OFF:
            return say("reason.unreachable")
        if access is REFUSED:
            return say("reason.act")
        return "" if access is FRESH else say("reason.access-token")

    def information(self) -> tuple[Warning, ...]:
        return tuple(found for row in self.store.information() if (found := self.warning(row)) is not None)

    def warning(self, row: InformationRow) -> Warning | None:
        """In words; None: it cannot be read, or the line that caused it is not kept any more."""
        code, line = code_of(row), self.store.line(row.because)
        because = entry(line).event if line else Unreadable("", "")
        if code is None or not isinstance(because, Event):
            return None
        raised = Raised(row.subject, because, row.detail, self.rules, self.words)
        try:
            told = warning(code, datetime.fromisoformat(row.at), raised)
        except ValueError:
            log.error("information %s of %r cannot be read: its moment or words", code, row.subject)
            return None
        return told._replace(acknowledged=row.acknowledged)

    def concerns(self, warning: Warning) -> str | None:
        """Whom a warning is about, as an identity; None: the device as a whole (S24, S33a)."""
        subject = warning.subject
        if warning.code in (Info.SIGN_IN_FAILED, Info.FLOW_REFUSED):  # a place may be called `1`
            return warning.about
        if subject.isdecimal():
            row = self.store.job(int(subject))
            return row.owner if row else None
        if warning.code in (Info.MAILBOX_CLOSED, Info.QUOTA_NEAR):
            return self.mailboxes.owner(subject)
        return subject or None


def files_told(row: JobRow) -> tuple[SpooledFile, ...]:
    """None where they cannot be read: everything else is still told."""
    try:
        return files_of(row)
    except ValidationError:
        log.error("the files of job %d cannot be read", row.job)
        return ()


def called(request: Request, address: str) -> str:
    """The address; of a name without a domain that nobody here has, and that got the device's, that name."""
    name = address.rpartition("@")[0]
    originals = request.originals if isinstance(request, AsGiven) else {}
    return name if originals.get(address) == f"{NAMED}{name}" else address


def of_recipient(one: Addressee) -> RecipientStatus:
    settled = None if one.fate is Fate.WAITS else one.fate is Fate.TAKEN
    return RecipientStatus(one.address, one.reply, settled, one.unknown)


NAMED = "rfc822;"
"Before what a recipient was called (RFC 3461 section 4.2)."
KNOWN = frozenset(stage.name for stage in JOB.blocks)
OVER = frozenset({SENT.name, ENDED.name})
"States of jobs whose scan is not needed any more; one in a state that is not known here keeps it."
