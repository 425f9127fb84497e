"""From a request to a job in the spool, and what people do with jobs."""

import asyncio
import logging
from typing import NamedTuple
from uuid import uuid4

from ..events.base import ADMINISTRATOR
from ..events.job import JobCancelled, JobHeld, JobReleased, JobRetryWanted, JobSubmitted
from ..events.request import FromPerson, Request
from ..machines.identity import Signer, signer
from ..machines.rules import Look, Message, Rule, Verdict, broken
from ..machines.session import LOGGED_IN, SESSION
from .at_the_panel import AtThePanel
from .bus import Publication
from .deeds import where
from .records import IdentityRow, JobRow
from .refusal import Refused
from .senders import REQUEST
from .spool import FILES
from .status import JobStatus

NOBODY = ""
"The identity of a user who is not known, in the history of a refused job."
UNTOLD = "its status says what it waits for"
log = logging.getLogger("franking")


class Receipt(NamedTuple):
    """A job that is in the spool, durably (S33)."""

    job: int
    message_id: str
    waits_for: str
    "Why it does not go at once, in words; empty if nothing stands in the way."


class UnknownJob(LookupError):
    def __init__(self, job: int) -> None:
        super().__init__(f"there is no job {job} here")
        self.job = job


class Submitting(AtThePanel):
    async def submit(self, request: Request, place: str | None = None) -> Receipt:
        """Returns when the job and its scan are durable (S33). `place`: where the person stands, so that the
        sign-in screen can open there (S18).

        Raises Refused, naming every broken rule, ScanUnreadable, LoginReserved, AddressUnusable, or
        Unencodable (a ValueError: no header field can carry a value); then nothing was spooled. Raises
        StoreFailed.
        """
        request = self.senders.addressed(request)
        message = self.senders.message(request)
        job, self.next_job = self.next_job, self.next_job + 1
        await self.check(job, request, message)
        who = signer(self.settings, message.sender)
        if who is None:
            raise AssertionError("a rule refuses what nobody signs in for")
        row = self.people.remembered(request.user, None) if isinstance(request, FromPerson) else None
        identity = ADMINISTRATOR if who.as_administrator or row is None else row.identity
        owner = row.identity if row else ADMINISTRATOR
        stored = await self.carried_through(
            self.keep(self.row(job, request, identity, owner, who), message, row)
        )
        where_he_stands = place if request.opens_screen else None
        return Receipt(job, stored.message_id, await self.waits_for(identity, where_he_stands))

    async def check(self, job: int, request: Request, message: Message) -> None:
        """Raises Refused, and the history tells of it: nothing is spooled, and nobody is known from now on
        who was not before.
        """
        refuses = self.refuses(message)
        if not refuses:
            return
        known = self.people.find(request.user) if isinstance(request, FromPerson) else None
        fact = JobSubmitted(
            job=job,
            identity=known.identity if known else ADMINISTRATOR if request.by_device else NOBODY,
            function=request.function,
            broken=tuple(rule.code for rule in refuses),
        )
        await self.runtime.publish(Publication(fact, rows=(known,) if known else ()))
        raise Refused("this job is refused", refuses)

    def refuses(self, message: Message) -> tuple[Rule, ...]:
        """What waits when the device sends it by itself is refused to a person, who can do something about
        it.
        """
        found = broken(self.settings, Look.SUBMIT, message, self.rules, self.adapters.limits())
        waits = Verdict.NOT_AVAILABLE if message.sender.by_device else None
        return tuple(rule for rule in found if rule.verdict(Look.SUBMIT) not in (waits, Verdict.WARN))

    async def keep(self, row: JobRow, message: Message, person: IdentityRow | None) -> JobRow:
        """The job with its files, durably; or none of both. Raises Refused where the whole message breaks a
        rule, ScanUnreadable, Unencodable, StoreFailed.
        """
        request = REQUEST.validate_json(row.request)
        files = await asyncio.to_thread(self.spool.take, row.job, request.paths)
        try:
            stored = row._replace(files=FILES.dump_json(files).decode())
            octets = self.adapters.envelope(stored).composed.size
            await self.check(row.job, request, message._replace(octets=octets))
            fact = JobSubmitted(job=row.job, identity=row.identity, function=request.function)
            rows = (person, stored) if person else (stored,)
            await self.runtime.publish(Publication(fact, rows=rows))
        except BaseException:
            await asyncio.to_thread(self.spool.erase, row.job)
            raise
        return stored

    def row(self, job: int, request: Request, identity: str, owner: str, who: Signer) -> JobRow:
        domain = who.address.rpartition("@")[2]
        return JobRow(
            job,
            identity,
            owner,
            request.function,
            request.by_device,
            who.address,
            f"<{uuid4()}@{domain}>",
            self.clock.now().isoformat(),
            request.model_dump_json(),
            "[]",
        )

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
            return UNTOLD

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

    async def cancel(self, job: int) -> None:
        """Ends it, unless its body is under way: then the server's answer decides. Raises UnknownJob."""
        self.job(job)
        await self.say(JobCancelled(job=job))

    async def hold(self, job: int) -> None:
        """[Hold]. Raises UnknownJob."""
        self.job(job)
        await self.say(JobHeld(job=job))

    async def release(self, job: int) -> None:
        """[Release]. Raises UnknownJob."""
        self.job(job)
        await self.say(JobReleased(job=job))

    async def retry(self, job: int) -> None:
        """The next try now. Raises UnknownJob."""
        self.job(job)
        await self.say(JobRetryWanted(job=job))
