"""A whole engine on a store that fails, is full or holds records that cannot be read: it waits and goes on,
and says nothing that is not so.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.records import Batch, StoreFailed
from franking.engine.runtime import EngineFailed, EngineStopped
from franking.engine.store.keys import KeyUnusable
from franking.events.device import SystemAutoReset
from franking.events.job import JobSent, JobSubmitted, JobTaken
from franking.events.sign_in import SignInFailed
from franking.events.token import AccessTokenReady

from ..engine.device import Office, access_token, office, refresh_token, said, stands, states
from ..engine.stored import assert_equals_replay

UNREADABLE = "its record cannot be read"
FULL = StoreFailed("database or disk is full", full=True)


class Failing:
    """Refuses the batches that hold a line of this name, as long as it lasts."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self.refused = 0
        self.happened = asyncio.Event()
        self.commit = engine.store.commit

    async def __call__(self, batch: Batch) -> None:
        if any(line.name == self.name for line in batch.lines):
            self.refused += 1
            self.happened.set()
            raise FULL
        await self.commit(batch)


@contextmanager
def failing(engine: Engine, name: str) -> Iterator[Failing]:
    found = Failing(engine, name)
    engine.store.commit = found  # type: ignore[method-assign]
    try:
        yield found
    finally:
        engine.store.commit = found.commit  # type: ignore[method-assign]


def damage(here: Office, machine: str, key: str) -> None:
    with sqlite3.connect(here.store / "store.db") as db:
        changed = db.execute("update instance set data='{' where machine=? and key=?", (machine, key))
        assert changed.rowcount == 1
    db.close()


@pytest.mark.manual("S33")
async def test_s33_a_submit_that_the_store_refuses_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with failing(engine, "JobSubmitted"), pytest.raises(StoreFailed):
            await here.scan(engine)
        assert list((here.store / "spool").iterdir()) == []
        assert states(engine) == []
        await here.scan(engine)
        assert states(engine) == ["waiting"]
        assert said(engine, JobSubmitted) == 1


@pytest.mark.manual("S33")
async def test_s33_a_submit_whose_files_do_not_fit_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        (here.store / "key").write_bytes(bytes(32))  # else it is made when it is first needed

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("franking.engine.spool.os.fsync", full)
            with pytest.raises(StoreFailed, match="the spool cannot be written"):
                await here.scan(engine)
        assert list((here.store / "spool").iterdir()) == []
        assert states(engine) == []


@pytest.mark.manual("S33")
async def test_s33_a_submit_cancelled_at_its_commit_keeps_the_files_of_its_job(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        reached, go = asyncio.Event(), asyncio.Event()
        commit = engine.store.commit

        async def slow(batch: Batch) -> None:
            reached.set()
            await go.wait()
            await commit(batch)

        engine.store.commit = slow  # type: ignore[method-assign]
        submitting = asyncio.create_task(here.scan(engine))
        await reached.wait()
        submitting.cancel()
        await asyncio.gather(submitting, return_exceptions=True)
        assert submitting.cancelled()
        go.set()
        await engine.settle()
        assert states(engine) == ["waiting"]
        assert here.spooled() == ["1/0"]


@pytest.mark.manual("S29", "S33")
async def test_a_token_whose_commit_fails_is_offered_again_and_asked_for_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        before = here.refreshes
        with failing(engine, "AccessTokenReady") as store:
            await here.scan(engine)
            await engine.settle()
            assert store.refused == 1
            await here.passes(engine, seconds=3)
            assert store.refused == 4
            assert states(engine) == ["waiting"]
        await here.passes(engine, seconds=1)
        assert states(engine) == ["sent"]
        assert here.refreshes == before + 1
        assert said(engine, AccessTokenReady) == 1
        assert "an outcome waits: the store is unavailable" in caplog.text
        assert_equals_replay(engine.store)  # type: ignore[arg-type]


@pytest.mark.manual("S33", "S33c")
async def test_s33c_a_message_that_was_taken_is_sent_once_although_the_store_fails(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        with failing(engine, "JobSent"):
            await here.scan(engine)
            await here.passes(engine, seconds=5)
            assert states(engine) == ["delivering"]
            assert len(here.kit.mailbox.messages) == 1
        await here.passes(engine, seconds=1)
        assert states(engine) == ["sent"]
        assert len(here.kit.mailbox.messages) == 1
        assert said(engine, JobSent) == 1


@pytest.mark.manual("S33", "B2")
async def test_b2_a_body_whose_beginning_cannot_be_written_down_does_not_go(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        with failing(engine, "BodyStarted") as store:
            await here.scan(engine)
            await here.passes(engine, seconds=2)
            assert store.refused == 3
            assert here.kit.mailbox.messages == []
        await here.passes(engine, seconds=1)
        assert states(engine) == ["sent"]
        assert len(here.kit.mailbox.messages) == 1
        assert engine.status().jobs[0].attempts == 1


async def test_the_dispatcher_outlives_a_store_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        with failing(engine, "JobTaken") as store:
            await here.scan(engine)
            await here.passes(engine, seconds=2)
            assert store.refused == 3
            assert states(engine) == ["waiting"]
        await here.passes(engine, seconds=1)
        assert states(engine) == ["sent"]
        assert said(engine, JobTaken) == 1
        assert engine.runtime.failed == ""
        assert "the jobs wait: the store is unavailable" in caplog.text


@pytest.mark.manual("S33")
async def test_an_engine_stops_although_its_store_fails_and_the_next_one_sends(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            with failing(engine, "JobSent"):
                await here.scan(engine)
                await engine.settle()
                await engine.stop()
            with pytest.raises(EngineStopped):
                await engine.publish(JobTaken(job=1))
            engine.stop = nothing  # type: ignore[method-assign]
        async with here.engine() as engine:
            assert states(engine) == ["sent"]
            assert engine.status().jobs[0].unknown == 1
            assert len(here.kit.mailbox.messages) == 2
            assert len({str(each.message()["Message-ID"]) for each in here.kit.mailbox.messages}) == 1


async def nothing() -> None:
    """It is stopped already."""


async def test_a_job_that_cannot_be_read_holds_no_place_and_stops_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            for _ in range(engine.places() + 2):
                await here.scan(engine)
        broken = [str(job) for job in range(1, engine.places() + 1)]
        for key in broken:
            damage(here, "job", key)
        with caplog.at_level(logging.ERROR, "franking"):
            async with here.engine() as engine:
                await here.sign_in(engine)
                assert engine.runtime.failed == ""
                assert len(here.kit.mailbox.messages) == 2
                assert here.spooled() == [f"{key}/0" for key in broken]
                assert states(engine) == [*["waiting"] * len(broken), "sent", "sent"]
                assert engine.job(1).code == "its record is damaged"
        assert "the stored job 1 cannot be read" in caplog.text


@pytest.mark.parametrize("machine", ["refresh token", "access token"])
async def test_an_identity_that_cannot_be_read_does_not_keep_the_others(tmp_path: Path, machine: str) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine, "kim", "panel")
            await here.sign_in(engine, "lee", "page")
        damage(here, machine, "user:1")
        async with here.engine() as engine:
            await here.scan(engine, "lee")
            await engine.settle()
            assert states(engine) == ["sent"]
            assert engine.runtime.failed == ""
            assert UNREADABLE in (refresh_token(engine, "kim"), access_token(engine, "kim"))
            receipt = await here.scan(engine, "kim")
            assert receipt.waits_for == UNREADABLE


@pytest.mark.manual("S26")
async def test_s26_a_token_that_cannot_be_sealed_ends_the_sign_in_and_keeps_nothing(
    tmp_path: Path,
) -> None:
    """It is known before the person signs in at the provider."""
    async with office(tmp_path) as here, here.engine() as engine:
        (here.store / "key").write_bytes(b"")
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert refresh_token(engine, "kim") == "Required"
        assert said(engine, SignInFailed) == 1
        assert here.visits == []
        (warning,) = engine.information()
        assert str(here.store / "key") in warning.cause
        assert "Restore the key" in warning.remedy


@pytest.mark.manual("S26", "S29")
async def test_s26_a_key_that_is_none_costs_no_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        key = (here.store / "key").read_bytes()
        (here.store / "key").write_bytes(b"")
        with pytest.raises(KeyUnusable):
            async with here.engine():
                pass
        (here.store / "key").write_bytes(key)
        async with here.engine() as engine:
            assert refresh_token(engine, "kim") == "Acquired"
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent"]


async def test_a_part_that_failed_refuses_what_comes_and_the_next_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)

            def breaks() -> list[str]:
                raise ZeroDivisionError("eyJ0 a secret in an error's text")

            monkeypatch.setattr(engine.dispatcher.ready, "waiting", breaks)
            await here.scan(engine)
            with pytest.raises(EngineFailed):
                await engine.settle()
            with pytest.raises(EngineFailed) as raised:
                await here.notice(engine)
            assert raised.value.part == "dispatcher"
            assert "the engine's dispatcher failed: ZeroDivisionError at breaks" in caplog.text
            assert "eyJ0" not in caplog.text
        async with here.engine() as engine:
            await engine.settle()
            assert states(engine)[0] == "sent"


async def test_a_limit_is_said_when_the_store_works_again(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        with failing(engine, "SystemAutoReset") as store:
            here.clock.move(timedelta(seconds=61))  # type: ignore[attr-defined]
            await store.happened.wait()
        await here.passes(engine, seconds=2)
        assert engine.runtime.failed == ""
        assert not stands(engine, "panel")
        assert said(engine, SystemAutoReset) == 1


async def test_s26_a_store_without_its_key_opens_no_token_and_erases_none(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        (here.store / "key").unlink()
        async with here.engine() as engine:
            await here.scan(engine)
            await engine.settle()
            assert refresh_token(engine, "kim") == "Expired"
            assert engine.store.grants() != [], "whoever restores the key has it back"
            assert states(engine) == ["waiting"]
            assert here.refreshes == 0
