"""Tells people by mail what became of their mail (S21, RFC 3464): the deed of the report's machine.

A report goes to the owner's own address, through the mailbox that his mail goes through, and only while that
is open: [Information] and the hooks tell him in any case, and no reports wait for somebody's act.

Rule: the report's job is committed together with the fact that says so, or there is neither of them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ..events.base import ADMINISTRATOR
from ..events.job import JobReported, JobSubmitted
from ..events.request import AsGiven, DeviceReport, Notify, Report, Request, Return
from ..events.settings import DeviceSettings
from ..machines.access_token import ACCESS_TOKEN, REFUSED
from ..machines.delivery_status import Action, Known, action, status
from ..machines.effects import Effect
from ..machines.effects import Report as ReportDeed
from ..machines.identity import signer
from ..machines.job import JOB, NOT_SIGNED_IN, SENT, WAITING
from ..machines.mailbox import CLOSED, TRYING
from ..machines.message import Message
from ..machines.progress import Progress
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.report import LATE, notify_about, notify_of
from ..machines.validation import NOT_AVAILABLE, VALIDATION
from .addressees import Addressee, Fate, addressees
from .boxes import LinkEnded
from .bus import Publication
from .content_port import Content, FileChanged
from .deeds import Brought, Outcome, Performer
from .mailboxes import Mailboxes
from .parsed import look_at, message_id_of, new_row, request_of
from .people import People
from .play import Asked
from .ports import Envelope
from .reasons import of_job
from .records import JobRow, SealFailed
from .room import NoRoom
from .runtime import Runtime
from .scans import Scans
from .senders import Senders
from .spool import FILES
from .status import Reader
from .words import Words

if TYPE_CHECKING:
    from .functions.delivery_report import About, Reported
    from .smtp.compose import Part

UNASKED_MOST, UNASKED_S = 20, 3600.0
"""Reports to one owner within this time, of mail whose program said nothing of them: where many end at once
they would fill his mailbox and use up its pace. Who asked for them by DSN gets each.
"""
FULL_MOST = 1_000_000
"Octets of a message that goes back whole."
KNOWN = {Fate.TAKEN: Known.TAKEN, Fate.REFUSED: Known.REFUSED, Fate.WAITS: Known.WAITS}


class Untold(StrEnum):
    """Why there is no report by mail."""

    OFF = "report.untold.off"
    NOT_ASKED = "report.untold.not-asked"
    ELSEWHERE = "report.untold.elsewhere"
    CLOSED = "report.untold.closed"
    NO_ANSWER = "report.untold.no-answer"
    NO_ADDRESS = "report.untold.no-address"
    REFUSED = "report.untold.refused"
    TOO_MANY = "report.untold.too-many"
    NO_ROOM = "report.untold.no-room"
    GONE = "report.untold.gone"
    FAULT = "report.untold.fault"


class NoReport(Exception):
    def __init__(self, why: Untold) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Desk:
    """What a report is made with, as the settings are at this moment."""

    settings: Callable[[], DeviceSettings]
    number: Callable[[], int]
    "Of the next job."
    refuses: Callable[[Message], bool]
    "A rule refuses such a message when it is submitted."
    envelope: Callable[[JobRow, tuple[Content, ...]], Envelope]
    "As `Adapters.envelope`."
    server: Callable[[], str]
    "Name of the submission server."
    reader: Callable[[], Reader]


@dataclass(frozen=True, slots=True)
class Mail:
    """Of whom a report is, and to whom."""

    request: Report | DeviceReport
    identity: str
    owner: str
    sender: str
    to: str


class Reporting:
    def __init__(
        self,
        runtime: Runtime,
        people: People,
        senders: Senders,
        mailboxes: Mailboxes,
        scans: Scans,
        desk: Desk,
    ) -> None:
        self.runtime, self.store, self.clock = runtime, runtime.store, runtime.clock
        self.people, self.senders, self.mailboxes = people, senders, mailboxes
        self.scans, self.desk = scans, desk
        self.ready = asyncio.Event()
        "What a former life left in the spool is swept: what is new there from now on stays."
        self.unasked: dict[str, deque[float]] = {}
        "By owner: when reports were made that no program asked for, as far as that matters."

    def performers(self) -> dict[type[Effect], Performer]:
        return {ReportDeed: Performer(self.report, self.failed)}

    async def report(self, asked: Asked, brought: Brought) -> Outcome:
        await self.ready.wait()
        job = int(asked.key)
        occasion = self.occasion(asked)
        try:
            return await self.submitted(job, occasion)
        except NoReport as none:
            why = none.why
        except NoRoom:
            why = Untold.NO_ROOM
        except SealFailed:
            why = Untold.FAULT
        return (Publication(JobReported(job=job, occasion=occasion, why=why)),)

    def failed(self, asked: Asked) -> Outcome:
        fact = JobReported(job=int(asked.key), occasion=self.occasion(asked), why=Untold.FAULT)
        return (Publication(fact),)

    def occasion(self, asked: Asked) -> Notify:
        if asked.instance.state is LATE:
            return Notify.DELAY
        sent = self.runtime.instance(JOB, asked.key).state is SENT
        return Notify.SUCCESS if sent else Notify.FAILURE

    async def submitted(self, job: int, occasion: Notify) -> Outcome:
        """Raises NoReport, NoRoom, SealFailed, StoreFailed."""
        row = self.store.job(job)
        if row is None or not row.request:
            raise NoReport(Untold.GONE)
        if not self.desk.settings().reports.by_mail:
            raise NoReport(Untold.OFF)
        if occasion is Notify.DELAY and not self.waits_for_server(job):
            raise NoReport(Untold.NO_ANSWER)
        recipients = self.recipients(row, occasion)
        if not any(each.action for each in recipients):
            raise NoReport(Untold.ELSEWHERE if self.told_elsewhere(row, occasion) else Untold.NOT_ASKED)
        mail = self.mail(row)
        with self.counted(row) as last:
            about = await self.about(row, occasion, mail, recipients, last=last)
            return await self.spooled(row, occasion, mail, about)

    @contextmanager
    def counted(self, row: JobRow) -> Iterator[bool]:
        """Whether it is the last of those that its owner gets for now; it counts if it is made. Raises
        NoReport.
        """
        request, now = request_of(row), self.clock.monotonic()
        if isinstance(request, AsGiven) and request.notify:
            yield False
            return
        made = self.unasked.setdefault(row.owner, deque())
        while made and now - made[0] >= UNASKED_S:
            made.popleft()
        if len(made) >= UNASKED_MOST:
            raise NoReport(Untold.TOO_MANY)
        made.append(now)
        try:
            yield len(made) == UNASKED_MOST
        except BaseException:
            made.remove(now)
            raise

    def waits_for_server(self, job: int) -> bool:
        """It has answered, so that a report would not wait beside the mail that it is about."""
        found = self.runtime.instance(JOB, str(job))
        return found.state is WAITING and found.data.attempts > 0

    # Of whom, and to whom

    def mail(self, row: JobRow) -> Mail:
        """Raises NoReport."""
        to = self.people.address(row.owner)
        if not to:
            raise NoReport(Untold.NO_ADDRESS)
        request: Report | DeviceReport
        if row.owner == ADMINISTRATOR:
            request = DeviceReport(to=(to,), about=row.job, notify=(Notify.NEVER,))
        else:
            request = Report(
                user=self.people.name(row.owner), to=(to,), about=row.job, notify=(Notify.NEVER,)
            )
        message = self.senders.message(request)
        who = signer(self.desk.settings(), message.sender)
        if who is None or self.desk.refuses(message):
            raise NoReport(Untold.REFUSED)
        identity = ADMINISTRATOR if who.as_administrator else row.owner
        if not self.is_open(identity):
            raise NoReport(Untold.CLOSED)
        return Mail(request, identity, row.owner, who.address, to)

    def is_open(self, identity: str) -> bool:
        """What is sent through this identity's mailbox goes without anybody's act."""
        if self.mailboxes.state(self.mailboxes.address(identity)) in (CLOSED, TRYING):
            return False
        if not self.desk.settings().oauth.enabled:
            return True
        if self.runtime.instance(VALIDATION, "").state is NOT_AVAILABLE:
            return False
        signed_in = self.runtime.instance(REFRESH_TOKEN, identity).state is ACQUIRED
        return signed_in and self.runtime.instance(ACCESS_TOKEN, identity).state is not REFUSED

    # What is said

    def of_each(self, row: JobRow) -> tuple[Addressee, ...]:
        unknown = self.progress(row.job).unknown
        return addressees(request_of(row).recipients, self.store.job_outcome(row.job), unknown)

    def told_elsewhere(self, row: JobRow, occasion: Notify) -> bool:
        """Of somebody whom the server took it for that was asked for, and the server tells it."""
        request = request_of(row)
        return any(
            action(occasion, notify_about(request, each.address), Known.TAKEN) is not None
            for each in self.of_each(row)
            if known_of(each) is Known.TOLD_ELSEWHERE
        )

    def recipients(self, row: JobRow, occasion: Notify) -> tuple["Reported", ...]:
        from .functions.delivery_report import BY_KNOWN, OUTCOMES, Reported

        request, progress = request_of(row), self.progress(row.job)
        originals = request.originals if isinstance(request, AsGiven) else {}
        words, found = self.words, []
        for each in self.of_each(row):
            known = known_of(each)
            done = action(occasion, notify_about(request, each.address), known)
            waits = Action.DELAYED if occasion is Notify.DELAY else Action.FAILED
            said = OUTCOMES[done or BY_KNOWN.get(known, waits)]
            code = status(done, progress.reason, each.reply) if done else ""
            outcome = words.say(said, reply=each.reply).rstrip(": ")
            until = self.gives_up_at(progress) if done is Action.DELAYED else None
            original = originals.get(each.address, "")
            found.append(Reported(each.address, done, outcome, each.reply, code, until, original))
        return tuple(found)

    def gives_up_at(self, progress: Progress) -> datetime:
        """At the earliest: what the server does not answer is not counted (B2)."""
        return self.clock.now() + self.desk.settings().smtp.give_up_after - progress.answered_for

    async def about(
        self, row: JobRow, occasion: Notify, mail: Mail, recipients: tuple["Reported", ...], *, last: bool
    ) -> "About":
        from .functions.delivery_report import About

        request, progress = request_of(row), self.progress(row.job)
        advice = None
        reader = self.desk.reader()
        if occasion is not Notify.SUCCESS and (found := reader.job(row.job)) is not None:
            advice = of_job(reader, found)
        tried = progress.number > 0 and progress.reason != NOT_SIGNED_IN
        return About(
            row.job,
            occasion,
            mail.to,
            request.subject,
            row.message_id,
            datetime.fromisoformat(row.submitted_at).astimezone(UTC),
            request.envelope_id if isinstance(request, AsGiven) else "",
            recipients,
            self.desk.server(),
            self.runtime.instance(JOB, str(row.job)).entered if tried else None,
            advice,
            await asyncio.to_thread(self.original, row, request),
            last,
        )

    def original(self, row: JobRow, request: Request) -> "Part":
        """In a thread. Of a mail that cannot be read any more, what names it."""
        from .functions.delivery_report import header_back, message_back
        from .smtp.as_given import GivenMessage
        from .smtp.compose import Message, blocks
        from .smtp.fields import Structured, Text

        try:
            composed = self.desk.envelope(row, self.scans.contents(row)).composed
            if isinstance(composed, Message):
                return header_back(b"".join(field.octets for field in composed.fields))
            if isinstance(composed, GivenMessage):
                full = isinstance(request, AsGiven) and request.returns is Return.FULL
                whole = full and composed.size <= FULL_MOST
                back = message_back(b"".join(blocks(composed))) if whole else None
                return back or header_back(composed.header.removesuffix(b"\r\n"))
        except (LinkEnded, SealFailed, FileChanged, OSError, ValueError):
            pass  # its subject and Message-ID are what is left
        fields = Text("Subject", request.subject).octets, Structured("Message-ID", (row.message_id,)).octets
        return header_back(b"".join(fields))

    def progress(self, job: int) -> Progress:
        found: Progress = self.runtime.instance(JOB, str(job)).data
        return found

    @property
    def words(self) -> Words:
        return self.desk.reader().words

    # Into the spool

    async def spooled(self, row: JobRow, occasion: Notify, mail: Mail, about: "About") -> Outcome:
        """Raises NoReport, NoRoom, SealFailed, StoreFailed."""
        from .functions.delivery_report import compose
        from .functions.letter import Header
        from .smtp.compose import blocks

        now, device = self.clock.now(), self.desk.settings().device.name
        message_id = message_id_of(mail.sender)
        composed = compose(about, Header(mail.sender, message_id, now, device, device, self.words))
        if self.store.short:
            raise NoReport(Untold.NO_ROOM)
        async with self.scans.incoming(self.desk.number, composed.size, strict=True) as coming:
            for block in blocks(composed):
                await coming.write(block)
            header = await coming.ended()
            taken = await coming.taken()
            if row.owner != ADMINISTRATOR and self.people.name(row.owner) == row.owner:
                raise NoReport(Untold.GONE)  # he was forgotten meanwhile
            coming.kept = True
        request = mail.request.model_copy(update={"subject": header.subject})
        made = new_row(coming.job, request, mail.identity, mail.owner, mail.sender, message_id, now)
        made = made._replace(files=FILES.dump_json(taken.files).decode())
        fact = JobSubmitted(
            job=coming.job,
            identity=mail.identity,
            function=request.function,
            look_at=look_at(mail.identity, self.desk.settings().oauth.sign_in_wait, now),
            notify=notify_of(request),
            about=row.job,
        )
        told = JobReported(job=row.job, occasion=occasion, report=coming.job)
        return Publication(fact, rows=(made, *self.scans.rows(coming.job, taken))), Publication(told)


def known_of(one: Addressee) -> Known:
    return Known.TOLD_ELSEWHERE if one.notified and one.fate is Fate.TAKEN else KNOWN[one.fate]
