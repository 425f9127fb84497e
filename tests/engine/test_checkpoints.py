"""The journal's checkpoints: when one is taken, and that a replay from it gives the same states (B5)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine import checkpoints
from franking.engine.journal import Entry, Journal
from franking.engine.replay import AnotherDefinition, BeginningLost, replay
from franking.events.device import CheckpointTaken, UserLoggedIn
from franking.events.information import Info
from franking.events.job import JobCancelled, JobSubmitted
from franking.events.request import Function

from .keeping import Keeping, keeping
from .stored import (
    assert_equals_replay,
    facts,
    journal,
    signed_in,
    submitted,
)


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
        async for line in Journal(found.here.store, found.here.runtime.activity, found.here.runtime).events(
            0
        ):
            if isinstance(line.event, CheckpointTaken):
                break
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
