"""Chooses the next jobs. Waiting jobs are rows that nobody wakes one by one: this looks at them when
something moved.

A job goes when validation allows it, the access token of its identity is fresh and its account's mailbox has
a place free: none in one that is closed, one in one that is being tried. Where the token is absent it is
asked for once; «why does it wait» is read from the same machines by whoever asks.

Rule: it remembers nothing but which jobs cannot be looked at, for those must not keep the others waiting. It
looks again after each move of the machines that it reads, never by polling.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from enum import StrEnum

from ..events.job import JobTaken
from ..events.registry import MalformedRecord
from ..events.token import TokenWanted
from ..machines.access_token import ABSENT, ACCESS_TOKEN, FRESH
from ..machines.job import JOB
from ..machines.mailbox import CLOSED, MAILBOX, TRYING
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.validation import NOT_AVAILABLE, OFF, VALIDATION
from .bus import Publication
from .deeds import where
from .mailboxes import Mailboxes
from .play import Machine
from .records import RETRY_STORE, JobRow, StoreFailed
from .runtime import Runtime, Unit

log = logging.getLogger("franking")
READS = frozenset({VALIDATION.title, REFRESH_TOKEN.title, ACCESS_TOKEN.title, MAILBOX.title, JOB.title})


class Dispatcher:
    def __init__(
        self,
        runtime: Runtime,
        mailboxes: Mailboxes,
        width: Callable[[], int],
        broken: Callable[[JobRow], tuple[str, ...]],
    ) -> None:
        self.runtime, self.mailboxes = runtime, mailboxes
        self.width = width
        "Connections that one mailbox may have at once; the mailbox's pace will stand beside it."
        self.broken = broken
        "Codes of the rules that refuse this job now."
        self.moved = asyncio.Event()
        self.waits = False
        self.unreadable: set[int] = set()
        "Jobs that cannot be looked at; one is looked at again when a person did something to it."
        runtime.watchers.append(self.watch)

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if move.machine is JOB:
                self.unreadable.discard(int(move.key))
            if move.machine.title in READS:
                self.wake()

    def wake(self) -> None:
        if not self.waits:
            self.waits = True
            self.runtime.activity.begin()
        self.moved.set()

    async def run(self) -> None:
        while True:
            await self.moved.wait()
            self.moved.clear()
            try:
                await asyncio.gather(*(self.say(publication) for publication in self.choose()))
            except StoreFailed as failure:
                log.error("the jobs wait: %s", failure)
                async with self.runtime.activity.parked():
                    await self.runtime.clock.sleep_until(self.runtime.clock.now() + RETRY_STORE)
                self.moved.set()
            if not self.moved.is_set():
                self.waits = False
                self.runtime.activity.end()

    async def say(self, publication: Publication) -> None:
        """Raises StoreFailed."""
        try:
            await self.runtime.publish(publication)
        except MalformedRecord as error:
            log.error("%s", error)
            if isinstance(publication.fact, JobTaken):
                self.unreadable.add(publication.fact.job)
                self.moved.set()  # another one may have its place

    def state(self, machine: Machine, identity: str) -> StrEnum | None:
        """None: it cannot be read."""
        try:
            return self.runtime.instance(machine, identity).state
        except MalformedRecord as error:
            log.error("%s", error)
            return None

    def choose(self) -> list[Publication]:
        sending = self.runtime.instance(VALIDATION, "").state
        if sending is NOT_AVAILABLE:
            return []
        by_account: dict[str, list[str]] = {}
        for identity in self.runtime.store.waiting():
            by_account.setdefault(self.mailboxes.address(identity), []).append(identity)
        if not by_account:
            return []
        busy: dict[str, int] = {}
        for identity, jobs in self.runtime.store.in_transfer().items():
            address = self.mailboxes.address(identity)
            busy[address] = busy.get(address, 0) + jobs
        return [
            publication
            for address, identities in by_account.items()
            for publication in self.of_account(address, identities, busy.get(address, 0), sending is OFF)
        ]

    def of_account(
        self, address: str, identities: list[str], busy: int, without_tokens: bool
    ) -> Iterator[Publication]:
        """What goes through one mailbox, whose places its identities share."""
        mailbox = self.mailboxes.state(address)
        if mailbox is CLOSED:
            return
        free = (1 if mailbox is TRYING else self.width()) - busy
        for left, identity in zip(range(len(identities), 0, -1), identities, strict=True):
            access = FRESH if without_tokens else self.access(identity)
            if access is ABSENT:
                yield Publication(TokenWanted(identity=identity))
            elif access is FRESH and free > 0:
                taken = self.take(identity, -(-free // left))
                free -= len(taken)
                yield from taken

    def access(self, identity: str) -> StrEnum | None:
        """Of its access token; None where no sign-in is held, or a record cannot be read."""
        signed_in = self.state(REFRESH_TOKEN, identity) is ACQUIRED
        return self.state(ACCESS_TOKEN, identity) if signed_in else None

    def take(self, identity: str, most: int) -> list[Publication]:
        taken = []
        found = self.runtime.store.next_jobs(identity, most + len(self.unreadable))
        for job in [job for job in found if job not in self.unreadable][:most]:
            row = self.runtime.store.job(job)
            if row is None:
                continue
            try:
                broken = self.broken(row)
            except StoreFailed:
                raise
            except Exception as error:  # noqa: BLE001 - a record, a rule or a directory; the others' mail goes on
                log.error("job %d cannot be looked at: %s", job, where(error))
                self.unreadable.add(job)
                self.moved.set()  # another one may have its place
            else:
                taken.append(Publication(JobTaken(job=job, broken=broken)))
        return taken
