"""A store whose retention a test lets act: rounds at any moment, jobs with names everywhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from franking.engine.bus import Publication
from franking.engine.records import JobOutcome, JobRow, JobTry
from franking.engine.retention import Retention
from franking.events.job import JobCancelled
from franking.events.request import Function
from franking.events.settings import Store as Kept

from .stored import (
    START,
    Running,
    WatchedClock,
    running,
    started,
    submitted,
)

NAME = "lee.secretary@example.com"


@dataclass
class Keeping:
    here: Running
    kept: Kept
    doubted: bool = False

    def __post_init__(self) -> None:
        self.retention = Retention(self.here.runtime, lambda: self.kept, lambda: self.doubted)

    async def later(self, **duration: float) -> None:
        self.here.clock.move(timedelta(**duration))
        await self.retention.round()

    async def job(self, job: int) -> None:
        """One that is in the spool, with names and addresses everywhere where some may be."""
        row = JobRow(
            job, "user:1", "user:1", Function.SCAN_TO_EMAIL, False, NAME, f"<{job}@example.com>",
            self.here.clock.now().isoformat(), f'{{"to": "{NAME}"}}',
            f'[{{"name": "{NAME}.pdf", "size": 7, "sha256": "ab"}}]',
        )  # fmt: skip
        said = f'["{NAME}"]'
        rows = (
            row,
            JobOutcome(job, f"250 {NAME}", said),
            JobTry(job, 1, "250", "end of data", f"450 {NAME}", said),
        )
        await self.here.runtime.publish(Publication(submitted(job), rows=rows))

    async def over(self, *jobs: int) -> None:
        for job in jobs:
            await self.job(job)
            await self.here.say(JobCancelled(job=job))

    def jobs(self) -> list[int]:
        return [row.job for row, _ in self.here.store.jobs()]

    def named(self) -> list[int]:
        return [row.job for row, _ in self.here.store.jobs() if row.request]


@asynccontextmanager
async def keeping(folder: Path, start: datetime = START, **kept: object) -> AsyncIterator[Keeping]:
    async with running(folder / "store.db", WatchedClock(start)) as here:
        found = Keeping(here, Kept.model_validate(kept))
        await here.say(started())
        await found.retention.round()
        yield found
