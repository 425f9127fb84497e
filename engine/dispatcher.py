"""Chooses the next jobs. Waiting jobs are rows that nobody wakes one by one: this looks at them when
something moved.

A job goes when validation allows it, the access token of its identity is fresh and its account has a place
free. Where the token is absent it is asked for once; «why does it wait» is read from the same machines by
whoever asks.

Rule: it remembers nothing but which records cannot be read, for those must not keep the others waiting. It
looks again after each move of the machines that it reads, never by polling.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from ..events.job import JobTaken
from ..events.registry import MalformedRecord
from ..events.token import TokenWanted
from ..machines.access_token import ABSENT, ACCESS_TOKEN, FRESH
from ..machines.job import DELIVERING, JOB, SENDING
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.validation import NOT_AVAILABLE, OFF, VALIDATION
from .bus import Publication
from .play import Machine
from .records import RETRY_STORE, JobRow, StoreFailed
from .runtime import Runtime, Unit

log = logging.getLogger("franking")
READS = frozenset({VALIDATION.title, REFRESH_TOKEN.title, ACCESS_TOKEN.title, JOB.title})


class Dispatcher:
    def __init__(
        self, runtime: Runtime, width: Callable[[], int], broken: Callable[[JobRow], tuple[str, ...]]
    ) -> None:
        self.runtime = runtime
        self.width = width
        "Connections that one mailbox may have at once; the mailbox's pace will stand beside it."
        self.broken = broken
        "Codes of the rules that refuse this job now."
        self.moved = asyncio.Event()
        self.waits = False
        self.unreadable: set[int] = set()
        "Jobs; only a person can do something about them."
        runtime.watchers.append(self.watch)

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if move.machine.title in READS:
                self.wake()
                return

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
        chosen: list[Publication] = []
        for identity in self.runtime.store.waiting():
            if sending is OFF:
                chosen += self.take(identity)
            elif self.state(REFRESH_TOKEN, identity) is ACQUIRED:
                access = self.state(ACCESS_TOKEN, identity)
                if access is FRESH:
                    chosen += self.take(identity)
                elif access is ABSENT:
                    chosen.append(Publication(TokenWanted(identity=identity)))
        return chosen

    def take(self, identity: str) -> list[Publication]:
        free = self.width() - self.runtime.store.count_jobs(identity, (SENDING.name, DELIVERING.name))
        if free <= 0:
            return []
        taken = []
        found = self.runtime.store.next_jobs(identity, free + len(self.unreadable))
        for job in [job for job in found if job not in self.unreadable][:free]:
            row = self.runtime.store.job(job)
            if row is not None:
                taken.append(Publication(JobTaken(job=job, broken=self.broken(row))))
        return taken
