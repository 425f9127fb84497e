"""What is kept for how long: the journal, and what is known of jobs that are over."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from franking.engine.journal import Entry, Gap, Journal
from franking.engine.records import Batch, JobOutcome
from franking.events.base import Event
from franking.events.device import CheckpointTaken
from franking.events.job import JobCancelled, JobSubmitted
from franking.events.request import Function

from .device import anywhere, office
from .keeping import NAME, Keeping, keeping
from .stored import (
    START,
    facts,
    journal,
    submitted,
)

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
        seen: asyncio.Queue[Event] = asyncio.Queue()
        reading = Journal(found.here.store, found.here.runtime.activity, found.here.runtime)
        heard = asyncio.create_task(reading.handle(JobSubmitted, seen.put, 3, gaps.append))
        await seen.get()
        heard.cancel()
        assert gaps == [Gap(4, 11)]
        assert seen.empty()


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


# What people still see


async def test_a_job_without_names_is_still_shown(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await here.scan(engine)
        await engine.cancel(receipt.job)
        await engine.settle()
        assert engine.content(receipt.job).recipients != ()
        await here.passes(engine, days=32)
        shown = engine.content(receipt.job)
        assert (shown.from_address, shown.subject, shown.recipients) == ("", "", ())
        assert [file.name for file in shown.files] == [""]
        assert [job.state for job in engine.jobs()] == ["ended"]
