"""The deed that carries one job's message to the submission server, and what its outcome comes to.

Rule: what a reply means is decided in the adapter's table; here each verdict becomes facts. One that counts
for the whole mailbox is said of the mailbox, and the job waits uncounted.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ..events.box import LinkAnnounced, LinkWithdrawn
from ..events.information import Info
from ..events.job import BodyStarted, JobDeferred, JobFailed, JobSent, OutcomeUnknown
from ..events.token import AccessTokenRejected
from ..machines.effects import Effect, EraseScan, Transmit
from .acts import FAULT, FAULT_DELAY, SOMEBODYS_ACT, say
from .boxes import Linked, LinkEnded
from .bus import Publication
from .clock import Clock
from .deeds import Brought, Outcome, Performer
from .holder import Held, TokenHolder
from .information import SEAL
from .mailboxes import Mailboxes
from .play import Asked
from .ports import RECIPIENTS, Envelope, Login, NoServer, Submission, Verdict
from .ports import Outcome as Sent
from .records import RETRY_STORE, InformationDetail, JobOutcome, JobRow, SealFailed, Store, StoreFailed
from .runtime import Runtime
from .settings import CredentialError
from .spool import Spool
from .words import CANNOT_BE_READ


@dataclass(frozen=True, slots=True)
class Way:
    """To the submission server, for the settings of this moment."""

    submission: Callable[[], Submission]
    login: Callable[[JobRow, Held | None], Login]
    "How to authenticate for this job; without a token where [OAuth 2.0] is OFF."
    with_oauth: Callable[[], bool]
    voided: Callable[[str], Outcome]
    "The end of an identity's grant where it does not fit settings and directory any more (S26a)."
    explain: Callable[[Sent, Mapping[str, str]], str]
    "What an outcome means, with the fields of its sentences, as the detail of an information."
    links: Callable[[JobRow], Sequence[Linked]]
    "What the message links to. Raises LinkEnded where a document is gone, SealFailed."
    envelope: Callable[[JobRow, Sequence[Linked]], Envelope]
    """The message as its composer makes it. Raises LinkEnded where nobody reaches links any more, and
    ValueError where no header field can carry a value.
    """
    later: Callable[[int, timedelta | None], datetime]
    "When to try again after so many tries, where the server has asked for no other time."
    transferred: Callable[[int, int, int], None]
    "Job, octets of its message that have gone, and of how many: to be shown."


class Sending:
    def __init__(
        self, runtime: Runtime, way: Way, mailboxes: Mailboxes, holder: TokenHolder, spool: Spool
    ) -> None:
        self.runtime, self.way, self.mailboxes = runtime, way, mailboxes
        self.holder, self.spool = holder, spool
        self.store: Store = runtime.store
        self.clock: Clock = runtime.clock

    def performers(self) -> dict[type[Effect], Performer]:
        return {
            Transmit: Performer(self.transmit, self.transmit_failed),
            EraseScan: Performer(self.erase_scan, lambda asked: ()),
        }

    async def transmit(self, asked: Asked, brought: Brought) -> Outcome:
        job = int(asked.key)
        row = self.store.job(job)
        if row is None:
            return say(JobFailed(job=job, code="its row is missing"))
        held = self.holder.take(row.identity) if self.way.with_oauth() else None
        if held is None and self.way.with_oauth():
            return self.waits(job, timedelta(seconds=1), code="no access token")
        if held is not None and (end := self.way.voided(row.identity)):
            return (*end, *self.waits(job, timedelta(), code="no access token"))
        try:
            links = self.way.links(row)
            envelope = self.way.envelope(row, links)
        except LinkEnded:
            return say(JobFailed(job=job, code="a document that it links to is gone"))
        except SealFailed:  # the links are made with the store's key
            return self.waits(job, FAULT_DELAY, code=SEAL)
        except ValueError:  # a value that no header field can carry
            return say(JobFailed(job=job, code="it cannot be composed"))

        async def begin() -> None:
            said = (LinkAnnounced(document=each.document, expires_at=each.expires_at) for each in links)
            await self.runtime.publish(*map(Publication, (BodyStarted(job=job), *said)))

        try:
            login = self.way.login(row, held)
        except CredentialError as error:
            return self.waits(job, FAULT_DELAY, code=f"{error.reference}{CANNOT_BE_READ}")
        try:
            transferred = partial(self.way.transferred, job)
            sent = await self.way.submission().send(login, envelope, begin, transferred)
        except NoServer:
            return self.waits(job, FAULT_DELAY, code="no server")
        except StoreFailed:  # nothing went: a body does not begin before that is written down
            return self.waits(job, RETRY_STORE, code="store unavailable")
        account = login.user or self.mailboxes.address(row.identity)
        outcome = self.transmitted(asked, row, held, sent, account, envelope.sender)
        return (*outcome, *withdrawn(links, sent, asked.instance.data.unknown))

    def transmitted(
        self, asked: Asked, row: JobRow, held: Held | None, sent: Sent, account: str, sender: str
    ) -> Outcome:
        job = row.job
        outcome = JobOutcome(job, sent.reply, RECIPIENTS.dump_json(sent.recipients).decode())
        tries = asked.instance.data.tries
        if sent.verdict is Verdict.SENT:
            refused = sum(not recipient.accepted for recipient in sent.recipients)
            taken = JobSent(job=job, identity=row.identity, refused=refused)
            return (Publication(taken, rows=(outcome,)), *self.mailboxes.proved(account))
        if sent.verdict is Verdict.UNKNOWN:
            unknown = OutcomeUnknown(job=job, retry_at=self.way.later(tries, sent.retry_after))
            return (Publication(unknown, rows=(outcome,)),)
        means = self.way.explain(sent, {"account": account, "sender": sender})
        if sent.verdict in (Verdict.ENDED, Verdict.SENDER_REFUSED):
            why = InformationDetail(Info.JOB_ENDED, str(job), means)
            not_as = sent.verdict is Verdict.SENDER_REFUSED
            remembered = self.mailboxes.refuses_sender(account, sender) if not_as else ()
            return (Publication(JobFailed(job=job, code=sent.code), rows=(outcome, why, *remembered)),)
        at_once = JobDeferred(job=job, retry_at=self.clock.now(), code=sent.code, counted=False)
        if sent.verdict is Verdict.CLOSES:
            mailbox = self.mailboxes.row(account)
            closed = self.mailboxes.close(mailbox, sent.code, sent.retry_after)
            why = InformationDetail(Info.MAILBOX_CLOSED, mailbox.account, means)
            return (Publication(closed, rows=(mailbox, why)), Publication(at_once, rows=(outcome,)))
        if sent.verdict is Verdict.TOKEN_REFUSED and held is not None:
            rejected = AccessTokenRejected(
                identity=row.identity,
                attempt=held.attempt,
                retry_at=self.clock.now() + SOMEBODYS_ACT,
                code=sent.code,
            )
            why = InformationDetail(Info.SERVER_REFUSES_TOKEN, row.identity, means)
            return (Publication(rejected, rows=(why,)), Publication(at_once, rows=(outcome,)))
        retry_at = self.way.later(tries, sent.retry_after)
        deferred = JobDeferred(job=job, retry_at=retry_at, code=sent.code, counted=sent.answered)
        return (Publication(deferred, rows=(outcome,)),)

    def waits(self, job: int, delay: timedelta, code: str) -> Outcome:
        """It never came to the server, so that it is no try of the message (B2)."""
        retry_at = self.clock.now() + delay
        return say(JobDeferred(job=job, retry_at=retry_at, code=code, counted=False))

    def transmit_failed(self, asked: Asked) -> Outcome:
        return self.waits(int(asked.key), FAULT_DELAY, code=FAULT)

    async def erase_scan(self, asked: Asked, brought: Brought) -> Outcome:
        await asyncio.to_thread(self.spool.erase, int(asked.key))
        return ()


def withdrawn(links: Sequence[Linked], sent: Sent, unknown: int) -> list[Publication]:
    """What the mail said of its links counts no longer, unless it may have reached somebody. `unknown`: how
    often the outcome of a try was.
    """
    if unknown or sent.verdict in (Verdict.SENT, Verdict.UNKNOWN):
        return []
    return [Publication(LinkWithdrawn(document=link.document)) for link in links]
