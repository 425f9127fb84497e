"""What is kept for how long: the journal, and what is known of jobs that are over.

A job that is over loses names, addresses and texts first, then goes as a whole; the journal loses its oldest
lines, as far as the last checkpoint allows (`checkpoints.py`). What goes, goes in small pieces, so that no
caller waits for it.

Rule: nothing goes by a clock that is doubted, and what ended by a clock that was not set goes only when a job
that was submitted later would have. A moment that is still to come is of a clock that was ahead: it makes
nothing older.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ..events.device import CheckpointTaken
from ..events.information import Info, InformationCleared
from ..events.settings import Store as Kept
from ..machines.job import JOB
from .bus import Publication
from .checkpoints import A_PART, DEFINITION, EVERY, definition, lines_since, next_moment, taken
from .clock import first_of
from .kept import JobGone, JobNamesGone, JobTriesGone, LinesGone, Over
from .known_time import BUILT
from .records import Batch, InformationDetail, StoreFailed, Write
from .runtime import EngineFailed, EngineStopped, Runtime
from .spool import FILES
from .vault_rows import Noted

LINES_AT_ONCE = 200
JOBS_AT_ONCE = 32
LOOKED_AT_ONCE = 256
AGAIN = timedelta(hours=1)
"Where the store takes nothing."
OF_JOBS = (Info.JOB_ENDED, Info.REPORT_IN_PART)
"Warnings about one job; what they say may name addresses."
FIRST = ("", "")
log = logging.getLogger("franking")


class Retention:
    def __init__(self, runtime: Runtime, kept: Callable[[], Kept], doubted: Callable[[], bool]) -> None:
        self.runtime, self.kept, self.doubted = runtime, kept, doubted
        self.store, self.clock = runtime.store, runtime.clock
        self.full = asyncio.Event()
        "There are many new lines."
        self.nameless = (BUILT.isoformat(), "")
        "Jobs that ended before have no names any more."
        self.full_at = 0
        runtime.listeners.append(self.look)

    def look(self) -> None:
        if self.full_at and self.runtime.sequence >= self.full_at:
            self.full.set()

    async def run(self) -> None:
        while True:
            self.full.clear()
            try:
                with self.runtime.activity.busy():
                    await self.round()
                until = self.next_look()
            except StoreFailed as failure:
                log.error("what was kept for long enough stays: %s", failure)
                until = self.clock.now() + AGAIN
            except (EngineFailed, EngineStopped):
                return
            await first_of(self.clock.sleep_until(until), self.full.wait())

    def next_look(self) -> datetime:
        """A device on which nothing happens is looked at once a day. Raises StoreFailed."""
        due, now = next_moment(self.store, self.clock), self.clock.now()
        return due if due > now else now + EVERY

    async def round(self) -> None:
        """Raises StoreFailed, EngineFailed, EngineStopped."""
        await self.take_checkpoint()
        last = self.store.checkpoint()
        self.full_at = (last.sequence if last else 0) + self.part()
        if self.doubted():
            return
        await self.shorten_journal()
        await self.erase_names()
        await self.drop_jobs()

    def part(self) -> int:
        return max(self.kept().journal_kept_most // A_PART, 1)

    async def commit(self, writes: list[Write], gone: Sequence[tuple[str, str]] = ()) -> None:
        await self.store.commit(Batch([], [], list(gone), writes))

    # The journal

    async def take_checkpoint(self) -> None:
        noted, now = self.store.noted(DEFINITION), definition()
        if not noted and self.store.checkpoint() is None:
            await self.commit([Noted(DEFINITION, now)])
            noted = now
        since = lines_since(self.store, self.runtime.sequence)
        due = since > 0 and next_moment(self.store, self.clock) <= self.clock.now()
        if due or since >= self.part() or noted != now:
            await self.runtime.publish(
                Publication(
                    CheckpointTaken(definition=now),
                    rows=(Noted(DEFINITION, now),),
                    made=lambda: taken(self.runtime),
                )
            )

    async def shorten_journal(self) -> None:
        """Lines that a standing warning tells of stay."""
        last, first = self.store.checkpoint(), self.store.first_line()
        if last is None or first is None:
            return
        by_count = self.runtime.sequence - self.kept().journal_kept_most
        until = min(max(by_count, self.old_until()), last.sequence - 1)
        after = first.sequence - 1
        while (found := self.store.moments(after, LINES_AT_ONCE)) and found[0][0] <= until:
            after = min(found[-1][0], until)
            await self.commit([LinesGone(found[0][0], after)])

    def old_until(self) -> int:
        """The number of the last line before the first that is young enough."""
        now = self.clock.now()
        begins, young, ends = (each.isoformat() for each in (BUILT, now - self.kept().journal_kept, now))
        until = after = 0
        while found := self.store.moments(after, LOOKED_AT_ONCE):
            for sequence, at in found:
                if young <= at <= ends:
                    return until
                if begins <= at < young:
                    until = sequence
            after = found[-1][0]
        return until

    # Jobs that are over

    def pages(self, after: tuple[str, str], until: datetime) -> Iterator[list[Over]]:
        while found := self.store.over(after, until.isoformat(), LOOKED_AT_ONCE):
            yield found
            after = (found[-1].at, str(found[-1].job))

    def is_old(self, over: Over, until: datetime) -> bool:
        """It ended before that; where the clock was not set then, a later job was submitted before that."""
        if over.at >= BUILT.isoformat():
            return over.at < until.isoformat()
        later = self.store.submitted_after(over.job, BUILT.isoformat())
        return later is not None and later < until.isoformat()

    async def erase_names(self) -> None:
        until = self.clock.now() - self.kept().names_kept
        for after in (FIRST, self.nameless):
            limit = min(until, BUILT) if after is FIRST else until
            for page in self.pages(after, limit):
                named = [over for over in page if over.named and self.is_old(over, until)]
                for first in range(0, len(named), JOBS_AT_ONCE):
                    some = named[first : first + JOBS_AT_ONCE]
                    await self.commit([write for over in some for write in self.without_names(over.job)])
                if after is not FIRST:
                    self.nameless = (page[-1].at, str(page[-1].job))
                await asyncio.sleep(0)

    def without_names(self, job: int) -> Iterator[Write]:
        row = self.store.job(job)
        files = FILES.validate_json(row.files) if row else ()
        nameless = tuple(replace(file, name="", sha256="") for file in files)
        yield JobNamesGone(job, FILES.dump_json(nameless).decode())
        yield JobTriesGone(job)
        for code in OF_JOBS:
            yield InformationDetail(code, str(job), "")

    async def drop_jobs(self) -> None:
        """The newest stays, for its number must not be given again."""
        newest = self.store.last_job()
        until = self.clock.now() - self.kept().jobs_kept
        for page in self.pages(FIRST, until):
            await self.drop([over.job for over in page if over.job != newest and self.is_old(over, until)])
        too_many = self.store.over_count() - self.kept().jobs_kept_most
        for page in self.pages(FIRST, datetime.max.replace(tzinfo=BUILT.tzinfo)):
            if too_many <= 0:
                return
            found = [over.job for over in page[:too_many] if over.job != newest]
            await self.drop(found)
            too_many -= LOOKED_AT_ONCE

    async def drop(self, jobs: Sequence[int]) -> None:
        for first in range(0, len(jobs), JOBS_AT_ONCE):
            some = jobs[first : first + JOBS_AT_ONCE]
            cleared = [
                InformationCleared(code=code, subject=str(job))
                for job in some
                for code in OF_JOBS
                if (code, str(job)) in self.runtime.raised
            ]
            if cleared:
                await self.runtime.publish(*map(Publication, cleared))
            names = [(JOB.title, str(job)) for job in some]
            await self.commit([JobGone(job) for job in some], names)
            for name in names:
                with suppress(KeyError):
                    del self.runtime.memory[name]
