"""From a request to a job in the spool, and what people do with jobs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info
from ..events.job import (
    Ending,
    JobCancelled,
    JobHeld,
    JobReleased,
    JobRetryWanted,
    JobsDiscarded,
    JobSubmitted,
)
from ..events.request import AsGiven, FromPerson, FromUserBox, Given, Request, Transmission
from ..events.token import TokenRetryDue
from ..machines.access_token import ACCESS_TOKEN, BACKING_OFF, REFUSED
from ..machines.identity import Signer, signer
from ..machines.job import HELD, JOB, SENDING, WAITING
from ..machines.message import Message
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.report import notify_of
from ..machines.rules import Rule, Rules
from ..machines.session import LOGGED_IN, SESSION
from .at_the_panel import UnknownUser
from .boxes import Shared
from .bus import Publication
from .deeds import where
from .history import Story, story
from .information import Advice, detail_by
from .parsed import look_at, message_id_of, new_row
from .reasons import of_job
from .records import LAST_JOB, IdentityRow, InformationDetail, JobRow
from .refusal import Refused
from .room import Reserved
from .senders import told, without_failed_mail
from .settings import Settings
from .spool import FILES, Taken
from .status import JobContent, JobStatus
from .user_boxes import UserBoxes
from .vault_rows import Noted
from .waiting_jobs import cancelled
from .words import Spoken

QUEUE_MOST = 1_000
"Jobs that one listing shows."
NOBODY = ""
"The identity of a user who is not known, in the history of a refused job."
log = logging.getLogger("franking")


class Receipt(NamedTuple):
    """A job that is in the spool, durably (S33)."""

    job: int
    message_id: str
    waits_for: str
    "Why it does not go at once, in words; empty if nothing stands in the way."


class Coming(NamedTuple):
    """A job that is accepted, before its files are taken."""

    request: Request
    row: JobRow
    message: Message
    person: IdentityRow | None
    "Who submits it; None: the device."
    left_out: Sequence[Transmission]
    "Lines of a report that are not sent."
    settings: Settings
    "With which the rules were looked at."

    def with_files(self, taken: Taken) -> "Coming":
        return self._replace(row=self.row._replace(files=FILES.dump_json(taken.files).decode()))


class UnknownJob(Spoken, LookupError):
    def __init__(self, job: int) -> None:
        super().__init__("error.job", job=job)
        self.job = job


def acted_on_by(request: Request, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Where a person stands at the panel for most requests, somebody else may have written this one."""
    return tuple(
        rule._replace(actor=request.writer) if rule.actor is Actor.PERSON else rule for rule in rules
    )


def told_of(job: int, left_out: Sequence[Transmission]) -> tuple[InformationDetail, ...]:
    """For the [Information] screen alone: a server's words may name an address."""
    if not left_out:
        return ()
    detail = detail_by("I204", Actor.ADMIN, job=str(job), lines=told(left_out))
    return (InformationDetail(Info.REPORT_IN_PART, str(job), detail),)


class Submitting(UserBoxes):
    async def submit(self, request: Request, place: str | None = None, given: Given = Given.LENT) -> Receipt:
        """Returns when the job and its scan are durable (S33). `place`: where the person stands, so that the
        sign-in screen can open there (S18). `given`: what becomes of the caller's files.

        Raises Refused, naming every broken rule, ScanUnreadable, UnknownDocument, LoginReserved,
        AddressUnusable, Unencodable (a ValueError: no header field can carry a value), NoRoom where quota or
        disk leave none, or SealFailed where nothing can be sealed; then nothing was spooled, and the caller's
        files are as they were. Raises StoreFailed.
        """
        return await self.submitted(request, place, partial(self.keep, given=given))

    async def submitted(
        self, request: Request, place: str | None, keep: Callable[[Coming], Awaitable[JobRow]], job: int = 0
    ) -> Receipt:
        """`keep`: makes the accepted job durable, with its files; `job`: where its number is taken."""
        request, left_out = without_failed_mail(self.senders.addressed(request))
        message = self.senders.message(request)
        job = job or self.number()
        await self.check(job, request, message, self.rules)
        self.runtime.begins(JOB, str(job))
        settings, who = self.settings, signer(self.settings, message.sender)
        if who is None:
            raise AssertionError("a rule refuses what nobody signs in for")
        row = self.people.remembered(request.user, None) if isinstance(request, FromPerson) else None
        identity = ADMINISTRATOR if who.as_administrator or row is None else row.identity
        owner = row.identity if row else ADMINISTRATOR
        made = self.row(job, request, identity, owner, who, place)
        stored = await keep(Coming(request, made, message, row, left_out, settings))
        where_he_stands = place if request.opens_screen else None
        return Receipt(job, stored.message_id, await self.waits_for(identity, where_he_stands))

    async def check(self, job: int, request: Request, message: Message, rules: Rules) -> None:
        """Raises Refused, and the history tells of it: nothing is spooled, and nobody is known from now on
        who was not before. Of a program's mail that would go once the settings are put right it does not
        tell, for whoever brings it keeps it and comes again.
        """
        refuses = self.refuses(message, rules)
        if not refuses:
            return
        refused = Refused("refused.submit", acted_on_by(request, refuses), self.words)
        if refused.for_now and isinstance(request, AsGiven):
            raise refused
        known = self.people.find(request.user) if isinstance(request, FromPerson) else None
        fact = JobSubmitted(
            job=job,
            identity=known.identity if known else ADMINISTRATOR if request.by_device else NOBODY,
            function=request.function,
            broken=tuple(rule.code for rule in refuses),
        )
        number = Noted(LAST_JOB, str(job))
        await self.runtime.publish(Publication(fact, rows=(number, known) if known else (number,)))
        raise refused

    async def keep(self, coming: Coming, given: Given) -> JobRow:
        """The job with its files, durably; or none of both.

        Raises Refused where the whole message breaks a rule, ScanUnreadable, UnknownDocument, Unencodable,
        NoRoom, SealFailed, StoreFailed.
        """
        if given is Given.LENT:
            taken = self.scans.small(coming.row.job, coming.request)
            if taken is not None:  # one commit is all of it, whether its caller is cancelled or not
                with self.scans.room.reserve(sum(file.size for file in taken.files)):
                    stored = coming.with_files(taken)
                    await self.commit(stored, taken, Shared())
                return stored.row
        return await self.carried_through(self.kept(coming, given))

    async def kept(self, coming: Coming, given: Given) -> JobRow:
        originals, job = self.scans.originals(coming.request, given), coming.row.job
        with self.scans.reserved(coming.request.paths) as room:
            try:
                taken = await self.spooled(job, coming.request, given, room)
                stored = coming.with_files(taken)
                async with self.into_box(stored.row, stored.request, taken) as shared:
                    await self.commit(stored, taken, shared)
            except BaseException:
                await self.erased(job)
                raise
            if shared.kept:  # what lies in the box must not lie here as well when it is erased there
                await self.erased(job)
        await self.scans.handed_over(originals)
        return stored.row

    async def commit(self, coming: Coming, taken: Taken, shared: Shared) -> None:
        """Raises Refused, Unencodable, SealFailed, StoreFailed, UnknownUser."""
        row = coming.row
        octets = self.adapters.envelope(row, taken.contents, shared.links).composed.size
        rules = self.rules_of_size if self.settings is coming.settings else self.rules
        await self.check(row.job, coming.request, coming.message._replace(octets=octets), rules)
        fact = JobSubmitted(
            job=row.job,
            identity=row.identity,
            function=coming.request.function,
            look_at=look_at(row.identity, self.settings.oauth.sign_in_wait, self.clock.now()),
            notify=notify_of(coming.request),
            left_out=tuple(line.number for line in coming.left_out),
        )
        self.check_known(coming.person)
        lies = () if shared.kept else self.scans.rows(row.job, taken)
        told = told_of(row.job, coming.left_out)
        rows = (*((coming.person,) if coming.person else ()), row, *lies, *told)
        await self.runtime.publish(*shared.kept, Publication(fact, rows=rows))

    async def erased(self, job: int) -> None:
        if self.spool.has(job):
            await asyncio.to_thread(self.spool.erase, job)

    def check_known(self, person: IdentityRow | None) -> None:
        """Raises UnknownUser where he was forgotten meanwhile."""
        found = self.people.find(person.login) if person else None
        if person is not None and (found is None or found.identity != person.identity):
            raise UnknownUser(person.login)

    async def spooled(self, job: int, request: Request, given: Given, room: Reserved) -> Taken:
        """Raises ScanUnreadable, UnknownDocument, NoRoom, SealFailed, StoreFailed."""
        if isinstance(request, FromUserBox):
            return await self.from_box(job, request, room)
        return await self.scans.take(job, request, given, room)

    def row(
        self, job: int, request: Request, identity: str, owner: str, who: Signer, place: str | None
    ) -> JobRow:
        message_id = message_id_of(who.address)
        stands = place if place is not None and self.stands_at(place, owner) else ""
        row = new_row(job, request, identity, owner, who.address, message_id, self.clock.now())
        return row._replace(place=stands)

    async def waits_for(self, identity: str, place: str | None) -> str:
        """Opens the screen for a job that is accepted, and says what it waits for. Raises nothing: whoever
        hears of a failure would submit the job again.
        """
        try:
            if place is not None and self.stands_at(place, identity):
                await self.offer_sign_in(place, identity)
            return self.reader.why(identity)
        except Exception as error:  # noqa: BLE001 - the job is durable, whatever this is
            log.error("a job was accepted; what it waits for cannot be told: %s", where(error))
            return self.words.say("reason.untold")

    def stands_at(self, place: str, identity: str) -> bool:
        """The identity whose token is needed is the person who stands there."""
        session = self.runtime.instance(SESSION, place)
        return session.state is LOGGED_IN and session.data.identity == identity

    def job(self, job: int) -> JobStatus:
        """Raises UnknownJob."""
        found = self.reader.job(job)
        if found is None:
            raise UnknownJob(job)
        return found

    def advice(self, job: int) -> Advice:
        """Why it waits or has ended, what to do about it, and who must (B9): for its owner, for the words may
        name addresses. Raises UnknownJob.
        """
        return of_job(self.reader, self.job(job))

    def content(self, job: int) -> JobContent:
        """What its owner sees of it (S33a). Raises UnknownJob."""
        found = self.reader.content(job)
        if found is None:
            raise UnknownJob(job)
        return found

    def queue(self, user: str = ADMINISTRATOR) -> tuple[JobStatus, ...]:
        """What this user submitted and what is not over, in the order in which it will go: what is under way,
        what may go (from where he stands first, then the oldest), what waits for a time of its own, what is
        held. Where other users' mail comes between, this does not say. The oldest `QUEUE_MOST` of them.
        """
        known = self.people.find(user)
        owner = ADMINISTRATOR if user == ADMINISTRATOR else known.identity if known else ""
        found = self.store.unfinished_of(owner, QUEUE_MOST) if owner else []
        return tuple(sorted(map(self.job, found), key=self.goes))

    def goes(self, job: JobStatus) -> tuple[int, datetime, bool, int]:
        """By what its place in `queue` is found."""
        row = self.store.job(job.job)
        at_panel = row is not None and bool(row.place) and self.stands_at(row.place, row.owner)
        stages = (SENDING, WAITING, HELD)
        stage = next((each for each in stages if each.name.lower() == job.state), SENDING)
        turn = 2 * stages.index(stage) + (stage is WAITING and job.retry_at is not None)
        return turn, job.retry_at or datetime.min.replace(tzinfo=UTC), not at_panel, job.job

    def history(self, job: int) -> Story:
        """What happened to it, and the server's words at each try: for its owner; `Story.public` is for the
        administrator (B5, S33a). Reads the whole journal. Raises UnknownJob, StoreFailed.
        """
        return story(self.reader, self.job(job))

    async def cancel(self, job: int, why: Ending = Ending.CANCELLED) -> None:
        """Ends it. A message under way is dropped; where its final dot has gone, the server's answer decides,
        and it is not sent again. `REVOKED`: its owner, who did not do it, is told. Raises UnknownJob.
        """
        self.job(job)
        await self.say(JobCancelled(job=job, why=why))

    def waits_at(self, place: str) -> tuple[JobStatus, ...]:
        """What waits for the sign-in of the person who stands here: his to keep or to discard when he has
        cancelled it (S18).
        """
        session = self.runtime.instance(SESSION, place)
        identity = session.data.identity
        acquired = self.runtime.instance(REFRESH_TOKEN, identity).state is ACQUIRED
        if session.state is not LOGGED_IN or acquired or not self.settings.oauth.enabled:
            return ()
        return tuple(self.job(job) for job in self.store.unfinished(identity, (WAITING.name,)))

    async def discard_waiting(self, place: str) -> int:
        """Ends what waits for the sign-in of the person who stands here, and erases its scans; how many jobs
        these were (S18). To keep them nothing has to be done. Raises StoreFailed.
        """
        found = [job.job for job in self.waits_at(place)]
        if found:
            identity = self.runtime.instance(SESSION, place).data.identity
            told = Publication(JobsDiscarded(identity=identity, jobs=len(found)))
            await self.runtime.publish(*cancelled(found, Ending.DISCARDED), told)
        return len(found)

    async def hold(self, job: int) -> None:
        """[Hold]. A message under way is dropped, unless its final dot has gone. Raises UnknownJob."""
        self.job(job)
        await self.say(JobHeld(job=job))

    async def release(self, job: int) -> None:
        """[Release]. Raises UnknownJob."""
        self.job(job)
        await self.say(JobReleased(job=job))

    async def retry(self, job: int) -> None:
        """The next try now, also where the mailbox is closed that it goes through, the credential
        was refused, or the provider was down. Raises UnknownJob.
        """
        signer = self.job(job).signer
        refused = (*self.refused_credential.tried(signer), *self.asked_anew(signer))
        tried = (*self.mailboxes.tried(signer), *refused)
        await self.runtime.publish(Publication(JobRetryWanted(job=job)), *tried)

    def asked_anew(self, identity: str) -> tuple[Publication, ...]:
        """Its token is asked for at once, where that is put off and not to a time that the provider named."""
        access = self.reader.found(ACCESS_TOKEN, identity)
        if access is None or access.state not in (BACKING_OFF, REFUSED) or access.data.named:
            return ()
        return (Publication(TokenRetryDue(identity=identity)),)

    async def try_mailbox(self, user: str = ADMINISTRATOR) -> bool:
        """Somebody has mended what closed this user's mailbox: the next message finds out at once. False: it
        is not closed. Raises StoreFailed.
        """
        known = self.people.find(user)
        identity = ADMINISTRATOR if user == ADMINISTRATOR else known.identity if known else ""
        tried = self.mailboxes.tried(identity) if identity else ()
        if tried:
            await self.runtime.publish(*tried)
        return bool(tried)
