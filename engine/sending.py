"""The deed that carries one job's message to the submission server, and what its outcome comes to.

Rule: what a reply means is decided in the adapter's table, and what it comes to in `outcomes.py`; here is
what keeps a message from going at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ..events.box import LinkAnnounced, LinkWithdrawn
from ..events.job import BodyStarted, JobDeferred, JobFailed
from ..machines.effects import Effect, EraseScan, Transmit, Withdraw
from ..machines.job import WITHDRAWN
from ..machines.progress import Progress, may_have_reached
from .acts import FAULT, FAULT_DELAY, say
from .addressees import addressees, waiting
from .boxes import Linked, LinkEnded
from .bus import Publication
from .clock import Clock
from .content_port import FileChanged
from .deeds import Brought, Outcome, Performer
from .holder import Held, TokenHolder
from .information import SEAL
from .mailboxes import Mailboxes
from .outcomes import Outcomes, Tried
from .parsed import request_of
from .play import Asked
from .ports import Envelope, Login, NoServer, Submission, Verdict
from .ports import Outcome as Sent
from .records import RETRY_STORE, JobRow, SealFailed, StoreFailed
from .runtime import Runtime
from .settings import CredentialError
from .spool_folders import Spool
from .store_port import Store
from .words import CANNOT_BE_READ


@dataclass(frozen=True, slots=True)
class Way:
    """To the submission server, for the settings of this moment."""

    row: Callable[[int], JobRow | None]
    "Of a job; None: it is gone."
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
    """The message as its composer makes it. Raises LinkEnded where nobody reaches links any more, SealFailed
    where the key of its files cannot be had, ValueError where no header field can carry a value, and
    FileChanged or OSError where a message as given cannot be read.
    """
    unreadable: Callable[[FileChanged | OSError], Sent]
    "What such a file comes to."
    give_up_after: Callable[[], timedelta]
    "So long a server that answers is asked again and again (B2)."
    transferred: Callable[[int, int, int], None]
    "Job, octets of its message that have gone, and of how many: to be shown."


@dataclass(eq=False, slots=True)
class Transfer:
    task: "asyncio.Task[object] | None"
    written: bool = False
    "Its final dot, too, as far as its progress tells."
    dropped: bool = False


Send = Callable[[Callable[[int, int], None]], Awaitable[Sent]]
"Carries a message; what it is called with hears how far that has come."


class Sending:
    def __init__(
        self, runtime: Runtime, way: Way, mailboxes: Mailboxes, holder: TokenHolder, spool: Spool
    ) -> None:
        self.runtime, self.way, self.mailboxes = runtime, way, mailboxes
        self.holder, self.spool = holder, spool
        self.store: Store = runtime.store
        self.clock: Clock = runtime.clock
        self.outcomes = Outcomes(mailboxes, runtime.clock, way.explain, way.give_up_after)
        self.transfers: dict[int, Transfer] = {}
        "Under way at the submission server, by job."

    def performers(self) -> dict[type[Effect], Performer]:
        return {
            Transmit: Performer(self.transmit, self.transmit_failed),
            Withdraw: Performer(self.withdraw, lambda asked: ()),
            EraseScan: Performer(self.erase_scan, lambda asked: (), needless=self.has_no_files),
        }

    async def transmit(self, asked: Asked, brought: Brought) -> Outcome:
        job = int(asked.key)
        row = self.way.row(job)
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
        except SealFailed:  # the store's key opens links and scans
            return self.waits(job, FAULT_DELAY, code=SEAL)
        except ValueError:  # a value that no header field can carry
            return say(JobFailed(job=job, code="it cannot be composed"))
        except (FileChanged, OSError) as error:
            return self.unread(row, asked.instance.data, held, self.way.unreadable(error))
        progress: Progress = asked.instance.data
        known = self.store.job_outcome(job) if progress.number > 1 else None
        before = addressees(envelope.recipients, known, progress.unknown)
        envelope = envelope._replace(recipients=waiting(before))

        async def begin() -> None:
            said = (LinkAnnounced(document=each.document, expires_at=each.expires_at) for each in links)
            await self.runtime.publish(*map(Publication, (BodyStarted(job=job), *said)))

        try:
            login = self.way.login(row, held)
        except CredentialError as error:
            return self.waits(job, FAULT_DELAY, code=f"{error.reference}{CANNOT_BE_READ}")
        try:
            sent = await self.carry(job, partial(self.way.submission().send, login, envelope, begin))
        except NoServer:
            return self.waits(job, FAULT_DELAY, code="no server")
        except StoreFailed:  # nothing went: a body does not begin before that is written down
            return self.waits(job, RETRY_STORE, code="store unavailable")
        if sent is None:  # its links were told to nobody
            return (*self.waits(job, timedelta(), code=WITHDRAWN), *withdrawn(links, progress))
        account = login.user or self.mailboxes.address(row.identity)
        tried = Tried(row, progress, before, held, account, envelope.sender, sent)
        reached = sent.verdict in (Verdict.SENT, Verdict.UNKNOWN)
        return (*self.outcomes.of(tried), *(() if reached else withdrawn(links, progress)))

    def unread(self, row: JobRow, progress: Progress, held: Held | None, sent: Sent) -> Outcome:
        """A message as given that cannot be read went nowhere."""
        known = self.store.job_outcome(row.job) if progress.number > 1 else None
        before = addressees(request_of(row).recipients, known, progress.unknown)
        account = self.mailboxes.address(row.identity)
        return tuple(self.outcomes.of(Tried(row, progress, before, held, account, row.sender, sent)))

    async def carry(self, job: int, send: Send) -> Sent | None:
        """None: it was dropped before its final dot."""
        transfer = self.transfers[job] = Transfer(asyncio.current_task())

        def transferred(octets: int, of: int) -> None:
            transfer.written = octets >= of
            self.way.transferred(job, octets, of)

        try:
            return await send(transferred)
        except asyncio.CancelledError:
            if transfer.dropped and transfer.task and not transfer.task.uncancel():
                return None
            raise
        finally:
            del self.transfers[job]

    def drop(self, job: int) -> None:
        """The message's connection is left, unless its final dot was written: the server may have it then."""
        transfer = self.transfers.get(job)
        if transfer is not None and transfer.task and not transfer.written and not transfer.dropped:
            transfer.dropped = True
            transfer.task.cancel()

    def drop_all(self) -> None:
        """For an engine that stops: what has gone to its end waits for its answer."""
        for job in list(self.transfers):
            self.drop(job)

    async def withdraw(self, asked: Asked, brought: Brought) -> Outcome:
        self.drop(int(asked.key))
        return ()

    def waits(self, job: int, delay: timedelta, code: str) -> Outcome:
        """It never came to the server, so that it is no try of the message (B2)."""
        retry_at = self.clock.now() + delay
        return say(JobDeferred(job=job, retry_at=retry_at, code=code, counted=False))

    def transmit_failed(self, asked: Asked) -> Outcome:
        return self.waits(int(asked.key), FAULT_DELAY, code=FAULT)

    async def erase_scan(self, asked: Asked, brought: Brought) -> Outcome:
        await asyncio.to_thread(self.spool.erase, int(asked.key))
        return ()

    def has_no_files(self, asked: Asked) -> bool:
        """What is small lies in the store, and is gone with the commit."""
        return not self.spool.has(int(asked.key))


def withdrawn(links: Sequence[Linked], progress: Progress) -> list[Publication]:
    """What the mail said of its links counts no longer, unless a try before reached somebody, or may have."""
    if may_have_reached(progress):
        return []
    return [Publication(LinkWithdrawn(document=link.document)) for link in links]
