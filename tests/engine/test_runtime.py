"""The loop: order, one commit for a fact and all that it tells, durable when `publish` returns, and who is
refused when something fails.
"""

import asyncio
import logging
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.bus import Publication
from franking.engine.keeping import NothingBrought
from franking.engine.limits import Limits
from franking.engine.records import Batch, DiskFull, StoreFailed
from franking.engine.runtime import EngineFailed, EngineStopped
from franking.engine.watchers import Unit
from franking.events.device import EngineStarted, UserLoggedIn
from franking.events.job import JobCancelled, JobDeferred, JobHeld, JobTaken
from franking.events.registry import MalformedRecord
from franking.events.token import GrantRefused, TokenDeleted, TokenWanted

from .stored import (
    START,
    Running,
    assert_equals_replay,
    facts,
    publication,
    running,
    signed_in,
    started,
    submitted,
)

DISK_FULL = StoreFailed("database or disk is full", full=True)
BAD_ROW = StoreFailed("a row that the store does not take", full=False)


def damage(path: Path, title: str, column: str = "data", value: str = "{") -> None:
    """As a fault of the disk would."""
    with sqlite3.connect(path) as db:
        changed = db.execute(f"update instance set {column}=? where machine=?", (value, title))  # noqa: S608
        assert changed.rowcount == 1
    db.close()


async def outcomes(*work: "asyncio.Task[int]") -> list[int | BaseException]:
    return list(await asyncio.gather(*work, return_exceptions=True))


def together(here: Running, *said: Publication) -> "list[asyncio.Task[int]]":
    return [asyncio.create_task(here.runtime.publish(each)) for each in said]


async def test_facts_are_numbered_in_the_order_in_which_they_were_published(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        numbers = await asyncio.gather(*(here.say(submitted(job)) for job in range(1, 40)))
        assert numbers == list(range(1, 40))
        assert [line.sequence for line in here.store.lines(0, 100)] == list(range(1, 40))
        assert [line.fields for line in here.store.lines(0, 100)] == [
            submitted(job).model_dump_json(exclude={"at"}) for job in range(1, 40)
        ]


async def test_many_callers_share_one_commit(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await asyncio.gather(*(here.say(submitted(job)) for job in range(1, 40)))
        assert [len(batch.lines) for batch in here.store.batches] == [39]


async def test_what_a_fact_tells_is_in_its_commit(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(signed_in())
        await here.say(GrantRefused(identity="user:1", of=1, code="AADSTS50173"))
        assert [line.name for line in here.store.batches[-1].lines] == [
            "GrantRefused",
            "GrantEnded",
            "InformationRaised",
        ]
        assert [stored.state for stored in here.store.batches[-1].instances] == ["EXPIRED", "ABSENT"]
        assert here.store.grant("user:1") is None


@pytest.mark.manual("B5")
async def test_a_publish_that_has_returned_is_on_the_disk(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        number = await here.say(submitted(1))
        other = sqlite3.connect(tmp_path / "store.db")
        assert other.execute("select name from journal where sequence=?", (number,)).fetchone() == (
            "JobSubmitted",
        )
        assert other.execute("select state from instance where machine='job'").fetchone() == ("WAITING",)
        other.close()


async def test_a_step_that_fails_refuses_its_own_caller_only(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        without_token = Publication(signed_in())
        first, refused, last = await outcomes(
            *together(here, publication(submitted(1)), without_token, publication(submitted(2)))
        )
        assert isinstance(refused, NothingBrought)
        assert (first, last) == (1, 2)
        assert facts(here.store) == ["JobSubmitted", "JobSubmitted"]
        assert here.state("refresh token", "user:1") == "REQUIRED"
        assert here.state("access token", "user:1") == "ABSENT"
        assert_equals_replay(here.store)


async def test_facts_of_one_caller_are_committed_together_or_not_at_all(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        with pytest.raises(NothingBrought):
            await here.runtime.publish(publication(submitted(1)), Publication(signed_in()))
        assert facts(here.store) == []
        assert here.state("job", "1") == "NEW"


async def test_a_store_that_fails_refuses_the_caller_and_nothing_moved(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        here.store.failures = [BAD_ROW]
        with pytest.raises(StoreFailed):
            await here.say(submitted(1))
        assert here.state("job", "1") == "NEW"
        assert await here.say(submitted(1)) == 1
        assert here.state("job", "1") == "WAITING"
        assert_equals_replay(here.store)


async def test_a_group_that_fails_for_one_is_committed_one_by_one(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        here.store.lost = lambda batch: any(stored.key == "2" for stored in batch.instances)
        found = await outcomes(*together(here, *(publication(submitted(job)) for job in (1, 2, 3))))
        assert [type(outcome) for outcome in found] == [int, StoreFailed, int]
        assert [here.state("job", key) for key in "123"] == ["WAITING", "NEW", "WAITING"]
        assert [len(batch.lines) for batch in here.store.batches] == [3, 1, 1, 1]
        assert (found[0], found[2]) == (1, 2)
        assert_equals_replay(here.store)


async def test_a_full_disk_refuses_the_group_after_one_try(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(started())
        pages = here.store.writer.execute("pragma page_count").fetchone()[0]
        here.store.writer.execute(f"pragma max_page_count={pages}")
        tried = len(here.store.batches)
        many = [publication(submitted(job)) for job in range(1, 400)]
        found = await outcomes(*together(here, *many))
        assert {type(outcome) for outcome in found} == {DiskFull}
        assert len(here.store.batches) == tried + 1
        here.store.writer.execute("pragma max_page_count=100000")
        assert await here.say(submitted(1)) == 2
        assert_equals_replay(here.store)


async def test_a_store_that_another_program_writes_is_unavailable_and_not_tried_for_each_caller(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "store.db") as here:
        here.store.writer.execute("pragma busy_timeout=1")
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("begin immediate")
        found = await outcomes(*together(here, publication(submitted(1)), publication(submitted(2))))
        assert [type(outcome) for outcome in found] == [StoreFailed, StoreFailed]
        assert len(here.store.batches) == 1
        other.close()


async def test_text_that_is_no_unicode_refuses_its_caller_only(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        strange = TokenDeleted.model_construct(identity="user:\udc80")
        found = await outcomes(*together(here, publication(strange), publication(submitted(1))))
        assert isinstance(found[0], Exception)
        assert found[1] == 1
        assert here.state("job", "1") == "WAITING"


async def test_a_new_life_is_committed_alone(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        said = [submitted(1), started(), submitted(2), submitted(3)]
        await asyncio.gather(*together(here, *map(publication, said)))
        assert [[line.name for line in batch.lines] for batch in here.store.batches] == [
            ["JobSubmitted"],
            ["EngineStarted"],
            ["JobSubmitted", "JobSubmitted"],
        ]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("data", "{", "cannot be read"),
        ("data", '{"attempts": "many"}', "valid integer"),
        ("state", "TELEPORTED", "no state is called TELEPORTED"),
        ("entered", "yesterday", "isoformat"),
        ("fired", "[[0]]", "cannot be read"),
    ],
)
async def test_a_malformed_record_is_named_and_stops_only_itself(
    tmp_path: Path, column: str, value: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.db"
    async with running(path) as here:
        await here.say(submitted(7))
        await here.say(JobTaken(job=7))
    damage(path, "job", column, value)
    async with running(path) as here:
        with caplog.at_level(logging.ERROR, "franking"):
            await here.say(started())
        if column != "state":
            assert "the stored job 7" in caplog.text
        with pytest.raises(MalformedRecord, match=why) as raised:
            await here.say(JobHeld(job=7, reason="by hand"))
        assert raised.value.record == "the stored job 7"
        await here.say(submitted(8))
        assert here.state("job", "8") == "WAITING"
        assert facts(here.store).count("EngineStarted") == 1
        left = here.store.instance("job", "7")
        assert left is not None
        assert getattr(left, column) == value
        await here.say(JobCancelled(job=7))
        assert here.state("job", "7") == "ENDED", "whoever wants it gone needs nobody who reads it"


async def test_the_devices_own_record_begins_anew_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.db"
    async with running(path) as here:
        await here.say(started())
    damage(path, "validation")
    with caplog.at_level(logging.ERROR, "franking"):
        async with running(path) as here:
            await here.say(started())
            assert here.state("validation") == "AVAILABLE"
            assert_equals_replay(here.store)
    assert "the stored validation" in caplog.text


async def test_a_limit_that_cannot_be_read_does_not_keep_the_others_or_the_processor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.db"
    minute = timedelta(minutes=1)
    async with running(path) as here:
        for place, after in (("panel", minute), ("page", 2 * minute), ("desk", 5 * minute)):
            logged_in = UserLoggedIn(place=place, identity="user:1", auto_delete=False, reset_after=after)
            await here.say(logged_in)
    with sqlite3.connect(path) as db:
        db.execute("update instance set data='{' where key='panel'")
    db.close()
    async with running(path) as here:
        here.clock.set(START + 3 * minute)
        turns = asyncio.create_task(here.limits.run())
        await here.clock.waited.wait()
        assert facts(here.store).count("SystemAutoReset") == 1
        assert here.clock.next_wake() == START + 5 * minute
        turns.cancel()
        await asyncio.gather(turns, return_exceptions=True)
    assert "the stored session panel" in caplog.text


async def test_limits_outlive_a_store_that_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(submitted(1))
        await here.say(JobTaken(job=1))
        retry_at = START + timedelta(minutes=5)
        await here.say(JobDeferred(job=1, retry_at=retry_at, code="451", counted=True))
        here.store.failures = [DISK_FULL]
        here.clock.set(retry_at)
        turns = asyncio.create_task(here.limits.run())
        await here.clock.waited.wait()
        assert here.clock.next_wake() == retry_at + timedelta(seconds=1)
        assert "a limit waits: the store is unavailable" in caplog.text
        committed = asyncio.Event()
        here.runtime.listeners.append(committed.set)
        here.clock.move(timedelta(seconds=1))
        await committed.wait()
        assert facts(here.store)[-1] == "JobRetryDue"
        assert not turns.done()
        turns.cancel()
        await asyncio.gather(turns, return_exceptions=True)


async def test_a_limit_is_said_once_although_two_look_at_it(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(signed_in())
        here.clock.set(START + timedelta(hours=2))
        await asyncio.gather(here.limits.look(), Limits(here.runtime).look())
        assert facts(here.store).count("AccessTokenStale") == 1
        assert_equals_replay(here.store)


async def test_a_fault_of_the_loop_reaches_every_caller(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:

        def breaks(batch: Batch) -> bool:
            raise ZeroDivisionError

        here.store.lost = breaks
        found = await outcomes(*together(here, publication(submitted(1)), publication(submitted(2))))
        assert [type(outcome) for outcome in found] == [EngineFailed, EngineFailed]
        assert facts(here.store) == []


async def test_nothing_is_accepted_after_a_part_failed(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        waiting = asyncio.create_task(here.say(submitted(1)))
        await asyncio.sleep(0)
        here.runtime.fail("dispatcher")
        (refused,) = await outcomes(waiting)
        assert isinstance(refused, EngineFailed)
        with pytest.raises(EngineFailed) as raised:
            await here.say(submitted(2))
        assert raised.value.part == "dispatcher"
        assert facts(here.store) == []


async def test_what_waits_when_the_engine_closes_is_committed_and_the_rest_refused(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        waiting = asyncio.create_task(here.say(submitted(1)))
        await asyncio.sleep(0)
        here.runtime.close()
        assert await waiting == 1
        with pytest.raises(EngineStopped):
            await here.say(submitted(2))


async def test_watchers_hear_of_each_commit_in_order_and_after_it(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        heard: list[tuple[int, int]] = []

        def watch(unit: Unit) -> None:
            heard.append((unit.sequence, here.store.last_sequence()))

        here.runtime.watchers.add(watch)
        await here.say(started())
        await asyncio.gather(*(here.say(submitted(job)) for job in (1, 2, 3)))
        assert heard == [(1, 1), (2, 4), (3, 4), (4, 4)]


async def test_a_cancelled_caller_changes_nothing_for_the_others(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        first, second = together(here, publication(submitted(1)), publication(submitted(2)))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == 2
        assert here.state("job", "1") == "WAITING"
        assert_equals_replay(here.store)


async def test_time_is_stamped_by_the_runtime(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        here.clock.move(timedelta(hours=1))
        forged = TokenWanted(identity="user:1", at=START)
        await here.say(forged)
        (line,) = here.store.lines(0, 10)
        assert line.at == (START + timedelta(hours=1)).isoformat()


async def test_a_start_ends_what_was_under_way(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(submitted(1))
        await here.say(JobTaken(job=1))
    async with running(tmp_path / "store.db") as here:
        assert here.state("job", "1") == "SENDING"
        await here.say(EngineStarted(oauth=True))
        assert here.state("job", "1") == "WAITING"
