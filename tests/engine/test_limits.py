"""Limits of states at a whole engine: said when due, to the second, once, whatever clock and power do.

Rule: time moves in jumps that a test makes; nothing here waits for the system's clock.
"""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from freezegun import freeze_time

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.events.base import Event
from franking.events.device import SystemAutoReset
from franking.events.job import JobRetryDue
from franking.events.sign_in import SignInTimedOut
from franking.events.token import AccessTokenStale, RenewalDue
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import (
    START,
    Office,
    access_token,
    history,
    identity,
    office,
    refresh_token,
    said,
    signed_in,
    stands,
    states,
)

AUTO_RESET = timedelta(seconds=60)
BUSY = "451 4.3.0 Later"


def moments(engine: Engine, kind: type[Event]) -> list[timedelta]:
    """When each fact of this kind was said, since the start."""
    return [event.at - START for event in history(engine) if isinstance(event, kind)]


def clock_of(here: Office) -> VirtualClock:
    assert isinstance(here.clock, VirtualClock)
    return here.clock


@pytest.mark.manual("B7")
async def test_b7_a_limit_is_said_at_its_second_and_not_before(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        assert engine.next_due() == START + AUTO_RESET
        clock_of(here).set(START + AUTO_RESET - timedelta(microseconds=1))
        await engine.settle()
        assert moments(engine, SystemAutoReset) == []
        clock_of(here).set(START + AUTO_RESET)
        await engine.settle()
        assert moments(engine, SystemAutoReset) == [AUTO_RESET]
        assert engine.next_due() is None


@pytest.mark.manual("B7")
async def test_b7_the_engine_wakes_by_itself_when_the_clock_gets_there(tmp_path: Path) -> None:
    """Nobody calls `settle`: the engine's own waiting is what the clock wakes."""
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        logged_out = asyncio.Event()
        engine.on(SystemAutoReset, lambda event: logged_out.set())
        await engine.settle()
        clock_of(here).set(START + AUTO_RESET)
        async with asyncio.timeout(10):
            await logged_out.wait()
        assert not stands(engine, "panel")


@pytest.mark.manual("B7")
async def test_b7_freezegun_moves_limits_too(tmp_path: Path) -> None:
    with freeze_time(START, real_asyncio=True) as frozen:
        async with office(tmp_path, clock=SystemClock()) as here, here.engine() as engine:
            await engine.log_in("panel", "kim")
            frozen.tick(AUTO_RESET - timedelta(seconds=1))
            await engine.settle()
            assert stands(engine, "panel")
            frozen.tick(timedelta(seconds=1))
            await engine.settle()
            assert not stands(engine, "panel")
            assert moments(engine, SystemAutoReset) == [AUTO_RESET]


@pytest.mark.manual("B7")
async def test_b7_a_limit_that_is_long_past_is_said_once(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).move(timedelta(days=60))
        await asyncio.gather(*(engine.settle() for _ in range(5)))
        await engine.settle()
        for kind in (SystemAutoReset, AccessTokenStale, RenewalDue):
            assert moments(engine, kind) == [timedelta(days=60)], kind


@pytest.mark.manual("B7", "B1")
async def test_b7_a_year_passes_in_a_moment_with_each_limit_at_its_time(tmp_path: Path) -> None:
    kept = {"journal_kept": timedelta(days=400)}  # the year is read from the journal
    async with office(tmp_path) as here, here.engine(store=kept) as engine:
        await here.sign_in(engine)
        await here.passes(engine, days=365)
        renewals = moments(engine, RenewalDue)
        assert len(renewals) == here.refreshes == 6
        assert renewals[0] == timedelta(days=60), "two thirds of the 90 days after which it would lapse"
        gaps = {later - sooner for sooner, later in pairwise(renewals)}
        assert gaps == {timedelta(days=60)}


@pytest.mark.manual("B7", "S18")
async def test_a_limit_that_is_set_anew_is_said_for_its_new_time_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        for _ in range(5):
            await here.passes(engine, seconds=40)
            await engine.touch("panel")
        await here.passes(engine, seconds=120)
        assert moments(engine, SystemAutoReset) == [timedelta(seconds=5 * 40) + AUTO_RESET]


async def test_a_limit_of_a_state_that_was_left_is_never_said(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await here.passes(engine, minutes=5)
        await engine.cancel_sign_in("panel")
        await engine.log_out("panel")
        await here.passes(engine, hours=1)
        assert (said(engine, SignInTimedOut), said(engine, SystemAutoReset)) == (0, 0)


async def test_a_limit_due_in_the_same_moment_as_a_fact_that_overtakes_it_is_let_go(tmp_path: Path) -> None:
    """The person touches the panel in the very second of the auto reset, and is first in the queue."""
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await engine.settle()
        clock_of(here).set(START + AUTO_RESET)
        await engine.touch("panel")
        await engine.settle()
        resets = moments(engine, SystemAutoReset)
        assert len(resets) <= 1
        assert stands(engine, "panel") == (resets == [])


# Power and clock


@pytest.mark.manual("B7", "S33")
async def test_limits_survive_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            here.kit.mailbox.refuse_next("rcpt", BUSY)
            await here.scan(engine)
            await engine.settle()
            (due,) = [job.retry_at for job in engine.status().jobs]
            assert due is not None
        async with here.engine() as engine:
            assert (states(engine), engine.next_due()) == (["waiting"], due)
            clock_of(here).set(due - timedelta(microseconds=1))
            await engine.settle()
            assert states(engine) == ["waiting"]
            clock_of(here).set(due)
            await engine.settle()
            assert (states(engine), said(engine, JobRetryDue)) == (["sent"], 1)


@pytest.mark.manual("B7", "B1")
async def test_what_came_due_while_the_device_was_off_is_done_at_its_start(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            here.kit.mailbox.refuse_next("rcpt", BUSY)
            await here.scan(engine)
            await engine.settle()
        clock_of(here).move(timedelta(days=65))
        async with here.engine() as engine:
            assert (states(engine), said(engine, JobRetryDue)) == (["sent"], 1)
            assert said(engine, RenewalDue) == 1
            assert refresh_token(engine, "kim") == "Acquired"
        async with here.engine() as engine:
            assert (said(engine, JobRetryDue), said(engine, RenewalDue)) == (1, 1)


@pytest.mark.manual("S28", "S11")
async def test_no_auto_reset_is_said_after_a_restart_that_was_a_logout(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.log_in("panel", "kim")
        async with here.engine() as engine:
            await here.passes(engine, hours=1)
            assert said(engine, SystemAutoReset) == 0


async def test_a_clock_that_is_set_back_says_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        assert (said(engine, AccessTokenStale), access_token(engine, "kim")) == (1, "absent")
        clock_of(here).move(timedelta(hours=-2))
        await engine.settle()
        await here.passes(engine, hours=2)
        assert said(engine, AccessTokenStale) == 1
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert refresh_token(engine, "kim") == "Acquired"


async def test_b7_a_clock_that_is_set_back_does_not_put_off_a_limit(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.passes(engine, seconds=30)
        clock_of(here).jump(hours=-1)
        await here.passes(engine, seconds=29)
        assert stands(engine, "panel")
        await here.passes(engine, seconds=1)
        assert not stands(engine, "panel")


@pytest.mark.manual("S25")
async def test_a_clock_that_is_set_far_ahead_and_back_costs_no_sign_in(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).move(timedelta(days=30))
        await engine.settle()
        clock_of(here).move(timedelta(days=-30))
        await engine.settle()
        await here.scan(engine)
        await engine.settle()
        assert (states(engine), refresh_token(engine, "kim")) == (["sent"], "Acquired")
        number = identity(engine, "kim").identity
        assert engine.holder.take(number) is not None
