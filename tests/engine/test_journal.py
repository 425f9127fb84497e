"""Reading what happened, from any line on; a line that cannot be read is named and passed over."""

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest

from franking.engine.journal import Entry, Journal, Unreadable
from franking.engine.records import StoreFailed
from franking.events.base import Event, OfJob
from franking.events.device import Availability, EngineStarted
from franking.events.job import JobCancelled, JobHeld, JobSubmitted

from .stored import Running, journal, running, started, submitted

HEARD = 3
"Facts that a reader is given in these tests."


def reader(here: Running) -> Journal:
    return Journal(here.store, here.runtime.activity, here.runtime)


async def read(found: Journal, after: int, count: int) -> list[Entry]:
    lines = found.events(after)
    return [await anext(lines) for _ in range(count)]


async def three_jobs(here: Running) -> None:
    for job in range(1, HEARD + 1):
        await here.say(submitted(job))


def damage(path: Path, sequence: int, **columns: object) -> None:
    with sqlite3.connect(path) as db:
        for column, value in columns.items():
            db.execute(f"update journal set {column}=? where sequence=?", (value, sequence))  # noqa: S608
    db.close()


@pytest.mark.manual("B5")
async def test_b5_every_line_is_read_back_as_the_fact_that_was_said(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await three_jobs(here)
        now = here.clock.now()
        assert journal(here.store) == [
            Entry(job, submitted(job).model_copy(update={"at": now})) for job in (1, 2, 3)
        ]


async def test_reading_begins_after_any_line(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await three_jobs(here)
        assert [line.sequence for line in await read(reader(here), 1, 2)] == [2, 3]


async def test_a_reader_waits_for_what_comes(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        reading = asyncio.create_task(read(reader(here), 0, HEARD))
        await here.say(submitted(1))
        await asyncio.gather(here.say(submitted(2)), here.say(submitted(3)))
        assert [line.sequence for line in await reading] == [1, 2, 3]


async def test_a_long_journal_is_read_whole(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await asyncio.gather(*(here.say(submitted(job)) for job in range(1, 701)))
        assert [line.sequence for line in await read(reader(here), 0, 700)] == list(range(1, 701))


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"fields": "{"}, "Invalid JSON"),
        ({"fields": '{"job": 2}'}, "identity: Field required"),
        ({"fields": '{"job": "two", "identity": "user:1", "function": "Scan to E-mail"}'}, "job: "),
        ({"name": "JobTeleported"}, "no fact is called JobTeleported"),
        ({"version": 99}, "JobSubmitted has version 99, this program knows 1"),
        ({"at": "this morning"}, "at: "),
        ({"at": "0001-01-01T00:00:00+00:00"}, "JobSubmitted has no time"),
    ],
)
async def test_a_line_that_cannot_be_read_is_named_and_the_next_ones_follow(
    tmp_path: Path, columns: dict[str, object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.db"
    async with running(path) as here:
        await three_jobs(here)
    damage(path, 2, **columns)
    async with running(path) as here:
        with caplog.at_level(logging.ERROR, "franking"):
            first, damaged, last = await read(reader(here), 0, HEARD)
        assert isinstance(damaged.event, Unreadable)
        assert damaged.sequence == 2
        assert damaged.event.name == columns.get("name", "JobSubmitted")
        assert why in damaged.event.why
        assert "journal line 2 cannot be read" in caplog.text
        assert [type(line.event) for line in (first, last)] == [JobSubmitted, JobSubmitted]
        assert await here.say(submitted(4)) == 4


class Heard:
    """A handler that keeps what it was given, and says when that is enough."""

    def __init__(self, enough: int) -> None:
        self.facts: list[Event] = []
        self.enough, self.there = enough, asyncio.Event()

    def __call__(self, fact: Event) -> None:
        self.facts.append(fact)
        if len(self.facts) == self.enough:
            self.there.set()


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (JobHeld, ["JobHeld"]),
        (OfJob, ["JobSubmitted", "JobHeld", "JobCancelled"]),
        (Availability, ["EngineStarted"]),
        (EngineStarted, ["EngineStarted"]),
        (Event, ["EngineStarted", "JobSubmitted", "JobHeld", "JobCancelled"]),
    ],
)
async def test_a_handler_gets_the_facts_of_its_kind(
    tmp_path: Path, kind: type[Event], wanted: list[str]
) -> None:
    async with running(tmp_path / "store.db") as here:
        heard = Heard(len(wanted))
        handling = asyncio.create_task(reader(here).handle(kind, heard, 0))
        for fact in (started(), submitted(1), JobHeld(job=1), JobCancelled(job=1)):
            await here.say(fact)
        await here.runtime.activity.quiet.wait()
        await heard.there.wait()
        assert [type(fact).__name__ for fact in heard.facts] == wanted
        handling.cancel()
        await asyncio.gather(handling, return_exceptions=True)


async def test_a_handler_that_fails_is_logged_without_its_text_and_hears_the_next_fact(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(2)

    async def fails(fact: Event) -> None:
        heard(fact)
        raise ValueError("token eyJ0eXAiOiJKV1Qi")

    async with running(tmp_path / "store.db") as here:
        handling = asyncio.create_task(reader(here).handle(JobSubmitted, fails, 0))
        await here.say(submitted(1))
        await here.say(submitted(2))
        await heard.there.wait()
        await here.runtime.activity.quiet.wait()
        assert "a handler of JobSubmitted failed: ValueError at fails" in caplog.text
        assert "eyJ0" not in caplog.text
        handling.cancel()
        await asyncio.gather(handling, return_exceptions=True)


async def test_a_slow_handler_does_not_hold_up_the_engine(tmp_path: Path) -> None:
    ready, heard = asyncio.Event(), Heard(HEARD)

    async def slow(fact: Event) -> None:
        await ready.wait()
        heard(fact)

    async with running(tmp_path / "store.db") as here:
        handling = asyncio.create_task(reader(here).handle(JobSubmitted, slow, 0))
        await three_jobs(here)
        assert here.store.last_sequence() == HEARD
        assert heard.facts == []
        ready.set()
        await heard.there.wait()
        handling.cancel()
        await asyncio.gather(handling, return_exceptions=True)


async def test_a_handler_outlives_a_store_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path / "store.db") as here:
        lines, failures = here.store.lines, [StoreFailed("disk I/O error", full=True)]

        def failing(after: int, limit: int) -> object:
            if failures:
                raise failures.pop()
            return lines(after, limit)

        monkeypatch.setattr(here.store, "lines", failing)
        heard = Heard(1)
        handling = asyncio.create_task(reader(here).handle(JobSubmitted, heard, 0))
        await here.clock.waited.wait()
        await here.say(submitted(1))
        assert heard.facts == []
        assert here.clock.next_wake() is not None
        here.clock.set(here.clock.next_wake() or here.clock.now())
        await heard.there.wait()
        assert "a subscriber waits: the store is unavailable: disk I/O error" in caplog.text
        handling.cancel()
        await asyncio.gather(handling, return_exceptions=True)
