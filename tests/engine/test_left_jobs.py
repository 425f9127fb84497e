"""What becomes of a user's jobs in the spool when his token is deleted (S28)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.deeds import Brought, Outcome
from franking.engine.engine import Engine
from franking.engine.play import Asked
from franking.engine.ports import Envelope, Login, Progress
from franking.engine.ports import Outcome as SubmissionOutcome
from franking.engine.records import Batch, StoreFailed
from franking.engine.waiting_jobs import AT_ONCE
from franking.events.job import JobCancelled, LeftJobsCancelled, LeftJobsSettled
from franking.events.token import TokenDeleted
from franking.machines.effects import SettleJobs
from franking.machines.job import JOB
from franking.machines.left_jobs import LEFT_JOBS, SETTLED
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import (
    PRINTER,
    Office,
    history,
    identity,
    office,
    refresh_token,
    said,
    states,
    warnings,
)

NOT_NOW = "451 4.3.2 not now"
TRIES_A_MINUTE = 20
"More than two jobs make."
CANCEL = {"auto_delete": True, "left_jobs": "cancel"}
WAIT = {"auto_delete": True, "left_jobs": "wait for the next sign-in"}
Leave = Callable[[Office, Engine], Awaitable[None]]


async def by_logout(here: Office, engine: Engine) -> None:
    await engine.log_out("panel")


async def by_auto_reset(here: Office, engine: Engine) -> None:
    await here.passes(engine, seconds=60)


async def by_delete(here: Office, engine: Engine) -> None:
    await engine.delete_tokens()


async def by_delete_of_one(here: Office, engine: Engine) -> None:
    await engine.delete_token("kim")


WAYS = [by_logout, by_auto_reset, by_delete, by_delete_of_one]


@asynccontextmanager
async def two_jobs_wait(folder: Path, oauth: dict[str, object]) -> AsyncIterator[tuple[Office, Engine]]:
    """kim has signed in and has two jobs in the spool, which the server put off."""
    async with office(folder, oauth=oauth) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(TRIES_A_MINUTE):
            here.kit.mailbox.refuse_next("mail", NOT_NOW)
        for _ in range(2):
            await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"] * 2
        yield here, engine


@pytest.mark.manual("S28")
@pytest.mark.parametrize("leave", WAYS)
async def test_s28_jobs_left_behind_are_cancelled_where_that_is_chosen(tmp_path: Path, leave: Leave) -> None:
    async with two_jobs_wait(tmp_path, CANCEL) as (here, engine):
        await leave(here, engine)
        await engine.settle()
        assert [(job.state, job.code) for job in engine.status().jobs] == [
            ("ended", "the sign-in was deleted")
        ] * 2
        assert here.spooled() == []
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("JOBS_CANCELLED", identity(engine, "kim").identity)
        assert warning.cause.endswith(": 2.")


@pytest.mark.manual("S28", "B10")
@pytest.mark.parametrize("leave", WAYS)
async def test_s28_jobs_left_behind_wait_where_that_is_chosen(tmp_path: Path, leave: Leave) -> None:
    async with two_jobs_wait(tmp_path, WAIT) as (here, engine):
        await leave(here, engine)
        await engine.settle()
        assert states(engine) == ["waiting"] * 2
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("JOBS_WAIT", identity(engine, "kim").identity)
        assert warning.cause.endswith(": 2.")


@pytest.mark.manual("S28")
async def test_s28_the_next_sign_in_clears_what_told_of_waiting_jobs(tmp_path: Path) -> None:
    async with two_jobs_wait(tmp_path, WAIT) as (here, engine):
        await engine.log_out("panel")
        await engine.settle()
        assert [code for code, _ in warnings(engine)] == ["JOBS_WAIT"]
        await here.sign_in(engine)
        assert warnings(engine) == []


@pytest.mark.manual("S28")
@pytest.mark.parametrize("oauth", [WAIT, CANCEL])
async def test_s28_who_left_no_job_is_told_nothing(tmp_path: Path, oauth: dict[str, object]) -> None:
    async with office(tmp_path, oauth=oauth) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        await engine.log_out("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S28")
async def test_s28_a_choice_that_was_changed_holds_for_who_is_logged_in(tmp_path: Path) -> None:
    async with two_jobs_wait(tmp_path, WAIT) as (_, engine):
        await engine.apply(engine.settings.changed(oauth={"left_jobs": "cancel"}))
        await engine.log_out("panel")
        await engine.settle()
        assert states(engine) == ["ended"] * 2


@pytest.mark.manual("S28")
async def test_s28_a_held_job_is_left_behind_as_well(tmp_path: Path) -> None:
    async with two_jobs_wait(tmp_path, CANCEL) as (_, engine):
        await engine.hold(engine.status().jobs[0].job)
        await engine.log_out("panel")
        await engine.settle()
        assert states(engine) == ["ended"] * 2


@pytest.mark.manual("S28", "S33c")
async def test_s28_a_message_whose_body_is_under_way_is_not_cancelled(tmp_path: Path) -> None:
    async with office(tmp_path, oauth=CANCEL) as here, here.engine() as engine:
        await here.sign_in(engine)
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            await engine.log_out("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S28", "S17")
async def test_s28_jobs_that_the_administrator_signs_go_on(tmp_path: Path) -> None:
    """Whoever submitted them: they do not need the token that was deleted."""
    fixed = {"setting": "Fix Administrator Address"}
    async with office(tmp_path, oauth=CANCEL, from_address=fixed) as here, here.engine() as engine:
        await here.acquire(engine)
        here.kit.mailbox.refuse_next("mail", NOT_NOW)
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        await engine.settle()
        await engine.log_out("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["waiting"], [])


@pytest.mark.manual("S28")
@pytest.mark.parametrize("oauth", [WAIT, CANCEL])
async def test_s28_never_the_administrators_jobs_even_with_the_same_address(
    tmp_path: Path, oauth: dict[str, object]
) -> None:
    chief = {"chief": PRINTER}
    async with office(tmp_path, oauth=oauth, users=chief) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine, "chief")
        here.kit.mailbox.refuse_next("mail", NOT_NOW)
        await here.notice(engine)
        await engine.settle()
        await engine.log_out("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["waiting"], [])
        await engine.delete_token("administrator")
        await engine.settle()
        assert states(engine) == ["waiting"], "nor when the administrator's own token is deleted"


@pytest.mark.manual("S28", "S1")
async def test_s28_with_oauth_off_nothing_is_left_behind(tmp_path: Path) -> None:
    async with two_jobs_wait(tmp_path, CANCEL) as (_, engine):
        await engine.apply(engine.settings.changed(oauth={"enabled": False}))
        await engine.log_out("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["waiting"] * 2, [])


@pytest.mark.manual("S28")
async def test_s28_many_jobs_are_cancelled_a_few_at_a_time_each_with_its_fact(tmp_path: Path) -> None:
    many = 2 * AT_ONCE + 3
    async with office(tmp_path, oauth=CANCEL) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        for _ in range(many):
            await here.scan(engine)
        await engine.log_out("panel")
        await engine.settle()
        assert states(engine) == ["ended"] * many
        assert said(engine, JobCancelled) == many
        counts = [event.jobs for event in history(engine) if isinstance(event, LeftJobsCancelled)]
        assert counts == [AT_ONCE, AT_ONCE, 3]
        (warning,) = engine.information()
        assert warning.cause.endswith(f": {many}.")


@pytest.mark.manual("S28")
async def test_s28_who_comes_back_at_once_keeps_what_he_sends_then(tmp_path: Path) -> None:
    """While his former jobs are still being cancelled."""
    async with office(tmp_path, oauth=CANCEL) as here, here.engine() as engine:
        settle, goes_on = engine.deeds.performers[SettleJobs], asyncio.Event()

        async def later(asked: Asked, brought: Brought) -> Outcome:
            await goes_on.wait()
            return await settle.perform(asked, brought)

        engine.deeds.performers = {**engine.deeds.performers, SettleJobs: settle._replace(perform=later)}
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        await engine.log_out("panel")
        assert isinstance(here.clock, VirtualClock)
        here.clock.move(timedelta(seconds=1))
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        goes_on.set()
        await engine.settle()
        assert states(engine) == ["ended", "sent"]
        assert [event.cancelled for event in history(engine) if isinstance(event, LeftJobsSettled)] == [1]


class NeverBegins:
    """A submission server that does not answer the envelope."""

    octets_max: int | None = None

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def send(
        self,
        login: Login,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        progress: Progress | None = None,
    ) -> SubmissionOutcome:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing wakes it")

    async def close(self, user: str) -> None:
        """There is nothing to close."""

    async def aclose(self) -> None:
        """There is nothing to close."""


@pytest.mark.manual("S28", "S33c")
async def test_s28_a_message_whose_envelope_is_under_way_is_dropped(tmp_path: Path) -> None:
    async with office(tmp_path, oauth=CANCEL) as here, here.engine() as engine:
        await here.sign_in(engine)
        engine.adapters.made_submission = server = NeverBegins()
        await here.scan(engine)
        await server.asked.wait()
        assert states(engine) == ["sending"]
        await engine.log_out("panel")
        await engine.settle()
        assert states(engine) == ["ended"]
        assert [event.cancelled for event in history(engine) if isinstance(event, LeftJobsSettled)] == [1]


@pytest.mark.manual("S28", "S33")
async def test_s28_a_power_cut_between_the_deletion_and_the_last_cancel_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written any more after the first of the commits that cancel."""
    many = AT_ONCE + 3
    async with office(tmp_path, oauth=CANCEL) as here:
        async with here.engine() as engine:
            await engine.log_in("panel", "kim")
            for _ in range(many):
                await here.scan(engine)
            commit = engine.store.commit

            async def power_fails(batch: Batch) -> None:
                if said(engine, LeftJobsCancelled) and JOB.title in {
                    each.machine for each in batch.instances
                }:
                    raise StoreFailed("the power is gone", full=True)
                await commit(batch)

            monkeypatch.setattr(engine.store, "commit", power_fails)
            await engine.log_out("panel")
            await engine.settle()
            assert states(engine) == ["ended"] * AT_ONCE + ["waiting"] * 3
        async with here.engine() as engine:
            assert refresh_token(engine, "kim") == "Required"
            assert states(engine) == ["ended"] * many
            assert [event.cancelled for event in history(engine) if isinstance(event, LeftJobsSettled)] == [
                many
            ]
            assert engine.runtime.instance(LEFT_JOBS, "user:1").state is SETTLED
            assert said(engine, TokenDeleted) == 1


@pytest.mark.manual("S28", "S11")
@pytest.mark.parametrize(("oauth", "state"), [(WAIT, "waiting"), (CANCEL, "ended")])
async def test_s28_a_restart_while_he_is_logged_in_counts_as_his_logout(
    tmp_path: Path, oauth: dict[str, object], state: str
) -> None:
    async with office(tmp_path, oauth=oauth) as here:
        async with here.engine() as engine:
            await engine.log_in("panel", "kim")
            await here.scan(engine)
        async with here.engine() as engine:
            assert states(engine) == [state]
            assert len(warnings(engine)) == 1


@pytest.mark.manual("S28")
async def test_s28_who_comes_in_anothers_place_leaves_him_his_word(tmp_path: Path) -> None:
    """Whoever logs in next cancels the jobs of the one before, and is not told of them as of his own."""
    async with office(tmp_path, oauth=CANCEL) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.scan(engine, "kim")
        await here.scan(engine, "lee")
        await engine.log_in("panel", "lee")
        await engine.settle()
        assert states(engine) == ["ended", "sent"]
        (warning,) = [each for each in engine.information() if each.code.name == "JOBS_CANCELLED"]
        assert engine.reader.concerns(warning) == identity(engine, "kim").identity
