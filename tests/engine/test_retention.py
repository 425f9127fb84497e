"""What is kept for how long: the journal, and what is known of jobs that are over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from franking.engine import checkpoints
from franking.engine.bus import Publication
from franking.engine.journal import Entry, Gap, Journal
from franking.engine.records import Batch, JobOutcome, JobRow, JobTry
from franking.engine.replay import AnotherDefinition, BeginningLost, replay
from franking.engine.retention import Retention
from franking.events.base import Event
from franking.events.device import CheckpointTaken, UserLoggedIn
from franking.events.information import Info
from franking.events.job import JobCancelled, JobSubmitted
from franking.events.request import Function
from franking.events.settings import Store as Kept

from .device import anywhere
from .stored import (
    START,
    Running,
    WatchedClock,
    assert_equals_replay,
    facts,
    journal,
    running,
    signed_in,
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


# Checkpoints


@pytest.mark.manual("B5")
async def test_b5_a_day_in_which_something_happened_ends_with_a_checkpoint(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.later(hours=23)
        assert "CheckpointTaken" not in facts(found.here.store)
        await found.later(hours=1)
        assert facts(found.here.store)[-1] == "CheckpointTaken"


@pytest.mark.manual("B5")
async def test_b5_an_idle_day_needs_no_checkpoint(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        for _ in range(5):
            await found.later(days=1)
        assert facts(found.here.store).count("CheckpointTaken") == 1


@pytest.mark.manual("B5")
async def test_b5_many_lines_need_a_checkpoint_before_the_day_is_over(tmp_path: Path) -> None:
    async with keeping(tmp_path, journal_kept_most=1000) as found:
        rounds = asyncio.create_task(found.retention.run())
        for job in range(1, 260):
            await found.here.say(submitted(job))
        while "CheckpointTaken" not in facts(found.here.store):
            await asyncio.sleep(0)
        rounds.cancel()


@pytest.mark.manual("B5")
async def test_b5_other_machines_begin_with_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(tmp_path) as found:
        await found.retention.round()
        assert "CheckpointTaken" not in facts(found.here.store)
        monkeypatch.setattr("franking.engine.retention.definition", lambda: "of the next release")
        await found.retention.round()
        assert facts(found.here.store)[-1] == "CheckpointTaken"
        await found.retention.round()
        assert facts(found.here.store).count("CheckpointTaken") == 1


async def lived(found: Keeping) -> None:
    """Signed in, logged in, a warning, jobs on both sides of the checkpoint."""
    here = found.here
    await here.say(signed_in())
    await here.say(
        UserLoggedIn(place="panel", identity="user:1", auto_delete=True, reset_after=timedelta(minutes=1))
    )
    await here.say(
        JobSubmitted(job=1, identity="administrator", function=Function.EMAIL_NOTIFICATION, broken=("S3",))
    )
    await here.say(submitted(2))
    await here.say(submitted(3))
    here.clock.move(timedelta(days=1))
    await here.limits.look()
    await found.retention.round()
    await here.say(JobCancelled(job=2))
    await here.say(submitted(4))


@pytest.mark.manual("B5")
async def test_b5_the_last_checkpoint_and_what_follows_give_the_same_states(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await lived(found)
        assert any(isinstance(line.event, CheckpointTaken) for line in journal(found.here.store))
        assert_equals_replay(found.here.store)


def without_checkpoints(lines: list[Entry]) -> list[Entry]:
    return [line for line in lines if not isinstance(line.event, CheckpointTaken)]


@pytest.mark.manual("B5")
async def test_b5_a_checkpoint_says_what_the_whole_journal_gives(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await lived(found)
        lines = journal(found.here.store)
        short, whole = replay(lines), replay(without_checkpoints(lines))
        assert {**short.instances} == {**whole.instances}
        assert short.raised == whole.raised == {(Info.JOB_ENDED, "1")}


@pytest.mark.manual("B5")
async def test_b5_the_lines_before_the_checkpoint_are_not_needed(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.here.say(signed_in())
        await found.later(days=1)
        await found.here.say(submitted(4))
        assert_equals_replay(found.here.store)
        lines = journal(found.here.store)
        first = next(n for n, line in enumerate(lines) if isinstance(line.event, CheckpointTaken))
        assert replay(lines[first:]).instances == replay(lines).instances
        with pytest.raises(BeginningLost) as raised:
            replay(without_checkpoints(lines[first:]))
        assert raised.value.sequence == lines[first + 1].sequence


@pytest.mark.manual("B5")
async def test_b5_a_checkpoint_of_other_machines_is_not_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(tmp_path) as found:
        await found.later(days=1)
        monkeypatch.setattr("franking.engine.replay.definition", lambda: "of the next release")
        with pytest.raises(AnotherDefinition):
            replay(journal(found.here.store))


def test_the_definition_is_the_same_each_time() -> None:
    assert checkpoints.definition.__wrapped__() == checkpoints.definition()


# The journal


async def read(found: Keeping, after: int, count: int) -> list[Entry]:
    lines = Journal(found.here.store, found.here.runtime.activity, found.here.runtime).events(after)
    return [await anext(lines) for _ in range(count)]


async def test_lines_go_when_they_are_old_as_far_as_the_last_checkpoint(tmp_path: Path) -> None:
    async with keeping(tmp_path, journal_kept=timedelta(days=90)) as found:
        await found.here.say(submitted(1))
        await found.later(days=89)
        await found.here.say(submitted(2))
        assert facts(found.here.store) == ["EngineStarted", "JobSubmitted", "CheckpointTaken", "JobSubmitted"]
        await found.later(days=2)
        assert facts(found.here.store) == ["CheckpointTaken", "JobSubmitted", "CheckpointTaken"]
        await found.later(days=200)
        assert facts(found.here.store) == ["CheckpointTaken"]
        assert found.here.store.last_sequence() == found.here.runtime.sequence


async def test_the_oldest_lines_go_when_there_are_too_many(tmp_path: Path) -> None:
    async with keeping(tmp_path, journal_kept_most=1000) as found:
        for job in range(1, 1300):
            await found.here.say(submitted(job))
        await found.retention.round()
        assert len(journal(found.here.store)) == 1000
        assert found.here.store.last_sequence() == 1301


async def test_a_line_stays_that_a_standing_warning_tells_of(tmp_path: Path) -> None:
    async with keeping(tmp_path, jobs_kept=timedelta(days=3000)) as found:
        await found.here.say(
            JobSubmitted(
                job=1, identity="administrator", function=Function.EMAIL_NOTIFICATION, broken=("S3",)
            )
        )
        await found.here.say(submitted(2))
        await found.later(days=100)
        await found.later(days=100)
        assert facts(found.here.store) == ["JobSubmitted", "CheckpointTaken"]
        (row,) = found.here.store.information()
        assert found.here.store.line(row.because) is not None


async def test_a_subscriber_that_is_behind_hears_of_the_gap(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        for job in range(1, 11):
            await found.here.say(submitted(job))
        await found.later(days=100)
        await found.here.say(submitted(11))
        gap, checkpoint, last = await read(found, 3, 3)
        assert (gap.sequence, gap.event) == (11, Gap(4, 11))
        assert isinstance(checkpoint.event, CheckpointTaken)
        assert (last.sequence, type(last.event)) == (13, JobSubmitted)


async def test_a_handler_that_is_behind_hears_of_the_gap(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        for job in range(1, 11):
            await found.here.say(submitted(job))
        await found.later(days=100)
        await found.here.say(submitted(11))
        gaps: list[Gap] = []
        seen: list[Event] = []
        reading = Journal(found.here.store, found.here.runtime.activity, found.here.runtime)
        heard = asyncio.create_task(reading.handle(JobSubmitted, seen.append, 3, gaps.append))
        while not seen:
            await asyncio.sleep(0)
        heard.cancel()
        assert gaps == [Gap(4, 11)]
        assert len(seen) == 1


# Jobs that are over


async def test_names_go_after_thirty_days_from_every_file(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.over(1)
        await found.job(2)
        await found.later(days=29)
        await found.over(3)
        assert found.named() == [1, 2, 3]
        await found.later(days=2)
        assert found.named() == [2, 3]
        gone = found.here.store.job(1)
        assert gone is not None
        assert (gone.sender, gone.message_id, gone.request) == ("", "", "")
        assert NAME not in gone.files
        assert '"size":7' in gone.files
        assert found.here.store.job_outcome(1) == JobOutcome(1, "", "[]")
        assert found.here.store.tries(1) == []
        assert len(found.here.store.tries(2)) == 1
        assert (found.here.state("job", "1"), found.here.state("job", "2")) == ("ENDED", "WAITING")


async def test_names_leave_the_files_of_the_store(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.over(1)
        assert anywhere(tmp_path, NAME.encode()) != []
        await found.later(days=31)
        await found.here.store.forget()
        assert anywhere(tmp_path, NAME.encode()) == []


async def test_a_job_that_is_over_goes_as_a_whole_and_one_that_waits_never(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.job(1)
        await found.over(2, 3)
        await found.job(4)
        await found.later(days=91)
        assert found.jobs() == [1, 4]
        assert found.here.store.instance("job", "2") is None
        await found.here.say(JobCancelled(job=2))
        assert found.here.store.instance("job", "2") is None


async def test_the_number_of_the_newest_job_is_not_given_again(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.over(1, 2, 3)
        await found.later(days=500)
        assert found.jobs() == [3]
        assert found.here.store.last_job() == 3


async def test_the_oldest_go_when_too_many_are_over(tmp_path: Path) -> None:
    async with keeping(tmp_path, jobs_kept_most=2) as found:
        await found.over(1, 2, 3, 4)
        await found.job(5)
        await found.retention.round()
        assert found.jobs() == [3, 4, 5]


async def test_the_warning_of_a_job_goes_with_it(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.here.say(
            JobSubmitted(
                job=1, identity="administrator", function=Function.EMAIL_NOTIFICATION, broken=("S3",)
            )
        )
        await found.job(2)
        assert len(found.here.store.information()) == 1
        await found.later(days=91)
        assert found.here.store.information() == []
        assert found.here.runtime.raised == set()


# The clock


async def test_nothing_goes_by_a_clock_that_is_doubted(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.over(1, 2)
        await found.job(3)
        found.doubted = True
        await found.later(days=500)
        assert (found.named(), facts(found.here.store)[0]) == ([1, 2, 3], "EngineStarted")
        found.doubted = False
        await found.retention.round()
        assert (found.jobs(), facts(found.here.store)) == ([3], ["CheckpointTaken"])


async def test_what_ended_by_a_clock_that_was_not_set_goes_when_a_later_job_would(tmp_path: Path) -> None:
    async with keeping(tmp_path, start=datetime(1970, 1, 1, tzinfo=UTC)) as found:
        await found.over(1)
        found.here.clock.set(START)
        await found.retention.round()
        assert found.named() == [1]
        assert facts(found.here.store)[0] == "EngineStarted"
        await found.job(2)
        await found.later(days=29)
        assert found.named() == [1, 2]
        await found.later(days=2)
        assert found.named() == [2]
        await found.later(days=60)
        assert found.jobs() == [2]


async def test_a_clock_that_was_ahead_makes_nothing_older(tmp_path: Path) -> None:
    async with keeping(tmp_path, start=START + timedelta(days=3000)) as found:
        await found.over(1)
        found.here.clock.set(START)
        await found.here.say(submitted(2))
        await found.later(days=2)
        assert facts(found.here.store)[-1] == "CheckpointTaken"
        assert (found.named(), facts(found.here.store)[0]) == ([1], "EngineStarted")


# Small pieces


async def test_no_piece_is_large(tmp_path: Path) -> None:
    async with keeping(tmp_path) as found:
        await found.over(*range(1, 101))
        await found.here.store.commit(Batch([], [], [], []))
        before = len(found.here.store.batches)
        await found.later(days=91)
        pieces = found.here.store.batches[before:]
        assert max(len(piece.gone) for piece in pieces) == 32
        assert max(len(piece.writes) for piece in pieces) <= 4 * 32
        assert found.jobs() == [100]
