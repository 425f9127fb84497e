"""How long a job waits for its user's sign-in, and what he may do with it meanwhile (S18)."""

from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.events.job import JobGivenUp, JobsDiscarded, SignInLookDue
from franking.events.request import FromApplication
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import (
    KIM,
    OFFICE,
    START,
    Office,
    history,
    identity,
    office,
    refresh_token,
    said,
    states,
    warnings,
)

WAIT = timedelta(days=3)
SECOND = timedelta(seconds=1)
AUTO_DELETE = {"auto_delete": True}
AN_HOUR = {"sign_in_wait": 3600}
NOT_NOW = "451 4.3.2 not now"
TRIES = 40
"More than a job makes in a few hours."


async def given_up_after(here: Office, engine: Engine, wait: timedelta) -> None:
    """Its job waits until a second before that, and not longer."""
    await here.passes(engine, seconds=(wait - SECOND).total_seconds())
    assert states(engine) == ["waiting"]
    await here.passes(engine, seconds=1)
    assert states(engine) == ["ended"]


def put_off(here: Office) -> None:
    """The mail server takes nothing for some hours."""
    for _ in range(TRIES):
        here.kit.mailbox.refuse_next("mail", NOT_NOW)


# Given up


@pytest.mark.manual("S18", "S33")
async def test_s18_a_job_is_given_up_after_the_time_that_it_may_wait_to_the_second(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        job = (await here.scan(engine)).job
        await given_up_after(here, engine, WAIT)
        assert engine.job(job).reason == "given up: nobody signed in"
        assert here.spooled() == []
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("JOB_ENDED", str(job))
        assert "did not sign in for 3 days" in warning.cause
        assert engine.reader.concerns(warning) == identity(engine, "kim").identity
        (fact,) = [event for event in history(engine) if isinstance(event, JobGivenUp)]
        assert (fact.waited_since, fact.at) == (START, START + WAIT)


@pytest.mark.manual("S18")
@pytest.mark.parametrize("hours", [1, 30, 24 * 90])
async def test_s18_the_time_is_a_setting(tmp_path: Path, hours: int) -> None:
    async with office(tmp_path, oauth={"sign_in_wait": hours * 3600}) as here, here.engine() as engine:
        await here.scan(engine)
        await given_up_after(here, engine, timedelta(hours=hours))


@pytest.mark.manual("S18")
async def test_s18_the_time_goes_on_across_restarts(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.scan(engine)
            await here.passes(engine, hours=48)
        async with here.engine() as engine:
            await given_up_after(here, engine, timedelta(hours=24))


@pytest.mark.manual("S18")
async def test_s18_the_time_counts_from_the_loss_of_the_sign_in(tmp_path: Path) -> None:
    """And not from the submission, long before: the job waited for something else then."""
    async with office(tmp_path, oauth=AN_HOUR) as here, here.engine() as engine:
        await here.sign_in(engine)
        put_off(here)
        await here.scan(engine)
        await here.passes(engine, minutes=35)
        await engine.delete_token("kim")
        await engine.settle()
        await given_up_after(here, engine, timedelta(hours=1))


@pytest.mark.manual("S18")
async def test_s18_nothing_is_given_up_whose_user_has_signed_in(tmp_path: Path) -> None:
    """Whatever else keeps it: here the mail server puts it off."""
    async with office(tmp_path, oauth=AN_HOUR) as here, here.engine() as engine:
        await here.sign_in(engine)
        put_off(here)
        await here.scan(engine)
        await here.passes(engine, hours=3, minutes=30)
        assert states(engine) == ["waiting"]
        assert said(engine, SignInLookDue) == 3


@pytest.mark.manual("S18")
async def test_s18_a_job_that_somebody_holds_is_not_given_up(tmp_path: Path) -> None:
    """And released, it waits its whole time again."""
    async with office(tmp_path) as here, here.engine() as engine:
        job = (await here.scan(engine)).job
        await engine.hold(job)
        await here.passes(engine, hours=24 * 30)
        assert states(engine) == ["held"]
        await engine.release(job)
        await engine.settle()
        await given_up_after(here, engine, WAIT)


@pytest.mark.manual("S18")
async def test_s18_the_devices_own_jobs_wait_for_the_administrator_without_end(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.notice(engine)
        await here.passes(engine, hours=24 * 30)
        assert states(engine) == ["waiting"]
        await here.acquire(engine)
        assert states(engine) == ["sent"]


@pytest.mark.manual("S18")
async def test_s18_after_a_month_without_power_its_user_has_an_hour(tmp_path: Path) -> None:
    """A wait that ran out while nobody could sign in gives nothing up at the start of the device."""
    async with office(tmp_path) as here:
        assert isinstance(here.clock, VirtualClock)
        async with here.engine() as engine:
            await here.scan(engine)
        here.clock.move(timedelta(days=30))
        async with here.engine() as engine:
            await given_up_after(here, engine, timedelta(hours=1))


@pytest.mark.manual("S18", "B10")
async def test_s18_who_signs_in_within_that_hour_gets_his_job(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        assert isinstance(here.clock, VirtualClock)
        async with here.engine() as engine:
            await here.scan(engine)
        here.clock.move(timedelta(days=30))
        async with here.engine() as engine:
            await here.passes(engine, minutes=59)
            await here.sign_in(engine)
            assert states(engine) == ["sent"]


@pytest.mark.manual("S18", "S12")
async def test_s18_nothing_is_given_up_while_a_rule_forbids_to_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine)
        await engine.apply(engine.settings.changed(network={"connection": "Network 2", "vlan": True}))
        await here.passes(engine, hours=24 * 10, minutes=30)
        assert states(engine) == ["waiting"]
        await engine.apply(engine.settings.changed(network={"vlan": False}))
        await here.passes(engine, minutes=59)
        assert states(engine) == ["waiting"], "from here on there is an hour to sign in"
        await here.passes(engine, minutes=60)
        assert states(engine) == ["ended"]


@pytest.mark.manual("S18", "S1")
async def test_s18_nothing_is_given_up_while_mail_goes_without_a_sign_in(tmp_path: Path) -> None:
    off = {**AN_HOUR, "enabled": False}
    async with office(tmp_path, oauth=off) as here, here.engine() as engine:
        put_off(here)
        await here.scan(engine)
        await here.passes(engine, hours=3, minutes=30)
        assert states(engine) == ["waiting"]
        assert said(engine, SignInLookDue) == 3


@pytest.mark.manual("S18")
@pytest.mark.parametrize("hours", [10, 100])
async def test_s18_another_time_holds_for_jobs_that_wait_already(tmp_path: Path, hours: int) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine)
        await engine.apply(engine.settings.changed(oauth={"sign_in_wait": hours * 3600}))
        await given_up_after(here, engine, timedelta(hours=hours))


@pytest.mark.manual("S18", "S28")
async def test_s18_jobs_left_behind_are_given_up_and_no_warning_says_that_they_wait(tmp_path: Path) -> None:
    async with office(tmp_path, oauth=AUTO_DELETE) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        await engine.log_out("panel")
        await engine.settle()
        assert [code for code, _ in warnings(engine)] == ["JOBS_WAIT"]
        await here.passes(engine, hours=72)
        assert (states(engine), [code for code, _ in warnings(engine)]) == (["ended"], ["JOB_ENDED"])


# Keep or discard


@pytest.mark.manual("S18")
async def test_s18_on_cancel_the_person_may_keep_what_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        receipts = [await here.scan(engine, place="panel") for _ in range(2)]
        await engine.settle()
        assert [job.job for job in engine.waits_at("panel")] == [receipt.job for receipt in receipts]
        assert here.visits == ["panel"], "and nothing opens the screen again by itself"
        await here.passes(engine, hours=24)
        assert states(engine) == ["waiting"] * 2


@pytest.mark.manual("S18")
async def test_s18_or_discard_it_and_its_scans_are_erased(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        for _ in range(2):
            await here.scan(engine, place="panel")
        await engine.settle()
        assert await engine.discard_waiting("panel") == 2
        await engine.settle()
        assert [(job.state, job.reason) for job in engine.status().jobs] == [
            ("ended", "discarded at the sign-in")
        ] * 2
        assert here.spooled() == []
        assert warnings(engine) == [], "he did it himself"
        assert engine.waits_at("panel") == ()
        assert await engine.discard_waiting("panel") == 0
        assert said(engine, JobsDiscarded) == 1


@pytest.mark.manual("S18", "S28")
async def test_s18_what_is_discarded_is_not_said_to_wait_any_more(tmp_path: Path) -> None:
    async with office(tmp_path, oauth=AUTO_DELETE) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        await engine.log_out("panel")
        await engine.settle()
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        await engine.settle()
        assert here.visits == ["panel"], "asked again at the log-in"
        assert [code for code, _ in warnings(engine)] == ["JOBS_WAIT"]
        await engine.discard_waiting("panel")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["ended"], [])


@pytest.mark.manual("S18", "S33a")
async def test_s18_only_his_own_and_only_where_he_stands(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        await engine.log_in("page:1", "lee")
        await here.scan(engine, "kim", place="panel")
        await here.scan(engine, "lee", place="page:1")
        await here.notice(engine)
        await engine.settle()
        assert [job.owner for job in engine.waits_at("panel")] == ["kim"]
        assert engine.waits_at("page:2") == ()
        assert await engine.discard_waiting("panel") == 1
        await engine.settle()
        assert states(engine) == ["ended", "waiting", "waiting"]


@pytest.mark.manual("S18")
async def test_s18_what_waits_for_something_else_is_not_his_to_discard_here(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("mail", NOT_NOW)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        assert engine.waits_at("panel") == ()


@pytest.mark.manual("S18")
@pytest.mark.parametrize("again", ["log-in", "submit"])
async def test_s18_after_a_cancel_the_next_log_in_or_scan_asks_again(tmp_path: Path, again: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()
        here.screen.declines = False
        if again == "log-in":
            await engine.log_out("panel")
            await engine.log_in("panel", "kim")
        else:
            await here.scan(engine, place="panel")
        await engine.settle()
        assert here.visits == ["panel"] * 2
        assert set(states(engine)) == {"sent"}


@pytest.mark.manual("S18")
async def test_s18_a_job_that_the_server_put_off_is_asked_for_at_the_log_in_as_well(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("mail", NOT_NOW)
        await here.scan(engine)
        await engine.settle()
        await engine.delete_token("kim")
        before = len(here.visits)
        await engine.log_in("panel", "kim")
        await engine.settle()
        assert len(here.visits) == before + 1
        assert refresh_token(engine, "kim") == "Acquired"


@pytest.mark.manual("S18", "S20")
async def test_s18_an_applications_job_opens_no_screen_waits_and_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        request = FromApplication(user="kim", to=(OFFICE,), application="Archive", text="as agreed")
        receipt = await engine.submit(request, "panel")
        await engine.settle()
        assert here.visits == []
        assert (receipt.waits_for, states(engine)) == ("waits for a sign-in", ["waiting"])


@pytest.mark.manual("S27")
async def test_s27_the_number_stands_before_the_deletion(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        assert engine.tokens_held() == 0, "the administrator's is not a user's"
        await here.sign_in(engine, "kim", "panel")
        await here.sign_in(engine, "lee", "page:1")
        assert engine.tokens_held() == 2
        assert await engine.delete_tokens() == 2
        assert engine.tokens_held() == 0


@pytest.mark.manual("S27")
async def test_s27_an_expired_sign_in_is_no_token_and_required_after_the_deletion(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine, "kim", "panel")
        await here.sign_in(engine, "lee", "page:1")
        here.provider.revoke_grants(KIM)
        await here.passes(engine, hours=2)
        await here.scan(engine, "kim")
        await engine.settle()
        assert refresh_token(engine, "kim") == "Expired"
        assert (engine.tokens_held(), len(engine.store.grants())) == (1, 1)
        assert await engine.delete_tokens() == 1
        assert [refresh_token(engine, login) for login in ("kim", "lee")] == ["Required", "Required"]
        assert (engine.tokens_held(), engine.store.grants()) == (0, [])
        assert await engine.delete_tokens() == 0
