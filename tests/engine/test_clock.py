"""A clock that is wrong, is set, or stands while the machine sleeps: mail goes on, and no sign-in is lost.

Rule: `passes` is time that really passes; `jump` sets the wall clock alone, as NTP, a person, a dead battery
or a sleep does.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.clock import JUMP, SystemClock, offset
from franking.engine.engine import Engine
from franking.events.device import DeviceResumed, SystemAutoReset
from franking.events.job import JobSent
from franking.events.sign_in import SignInTimedOut
from franking.events.token import AccessTokenStale, GrantRefused, TokenDeleted
from franking.testing.clock import VirtualClock

from .device import (
    START,
    Office,
    access_token,
    identity,
    office,
    refresh_token,
    said,
    signed_in,
    stands,
    states,
    warnings,
)

BUSY = "451 4.3.0 Later"
DAY = timedelta(days=1)


def clock_of(here: Office) -> VirtualClock:
    assert isinstance(here.clock, VirtualClock)
    return here.clock


async def goes_on(here: Office, engine: Engine) -> None:
    """Mail goes, and nobody has to sign in."""
    await here.scan(engine)
    await engine.settle()
    assert set(states(engine)) == {"sent"}
    assert refresh_token(engine, "kim") == "Acquired"
    assert (said(engine, GrantRefused), said(engine, TokenDeleted)) == (0, 0)


# Access tokens: by wall time and by the time that passed, whichever is over first (S25)


@pytest.mark.manual("S25", "B7")
async def test_s25_an_access_token_lives_no_longer_on_a_clock_that_was_set_back(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).jump(days=-1)
        await here.passes(engine, minutes=50)
        number = identity(engine, "kim").identity
        assert engine.holder.take(number) is not None, "it lives for 60 minutes at least"
        await here.passes(engine, minutes=45)
        assert (access_token(engine, "kim"), len(engine.holder)) == ("absent", 0)
        assert said(engine, AccessTokenStale) == 1
        await goes_on(here, engine)


@pytest.mark.manual("S25")
async def test_s25_a_token_that_is_over_on_a_clock_set_back_is_not_given_out_before_anybody_looks(
    tmp_path: Path,
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).move(timedelta(hours=2))
        clock_of(here).jump(hours=-2)
        assert engine.holder.take(identity(engine, "kim").identity) is None


@pytest.mark.manual("S25", "S29", "B7")
@pytest.mark.parametrize("days", [1, -1])
async def test_s29_a_day_either_way_while_a_token_is_in_use_costs_no_sign_in(
    tmp_path: Path, days: int
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).jump(days=days)
        await engine.settle()
        await goes_on(here, engine)
        await here.passes(engine, hours=3)
        clock_of(here).jump(days=-days)
        await engine.settle()
        await goes_on(here, engine)


@pytest.mark.manual("S29", "B2")
@pytest.mark.parametrize("days", [1, -1])
async def test_s29_a_day_either_way_during_an_outage_costs_no_sign_in(tmp_path: Path, days: int) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        here.provider.answer_next(503)
        await here.scan(engine)
        await engine.settle()
        assert access_token(engine, "kim") == "backing off"
        clock_of(here).jump(days=days)
        await here.passes(engine, seconds=10)
        assert (access_token(engine, "kim"), here.refreshes) == ("fresh", 2)
        await goes_on(here, engine)


@pytest.mark.manual("S33", "B2")
async def test_b2_a_message_that_waits_for_its_next_try_is_not_put_off_by_a_clock_set_back(
    tmp_path: Path,
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", BUSY)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        clock_of(here).jump(days=-365)
        await here.passes(engine, seconds=73)
        assert states(engine) == ["sent"]


@pytest.mark.manual("B1")
@pytest.mark.parametrize("days", [-400, -1])
async def test_b1_a_clock_set_back_does_not_put_off_the_renewal(tmp_path: Path, days: int) -> None:
    """The provider counts its 90 days by a clock of its own."""
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, days=30)
        clock_of(here).jump(days=days)
        await here.passes(engine, days=29)
        assert here.refreshes == 0
        await here.passes(engine, days=1)
        assert here.refreshes == 1


# People


@pytest.mark.manual("S11", "S28", "B7")
@pytest.mark.parametrize("hours", [24, -24])
async def test_s28_a_clock_that_is_set_logs_nobody_out_and_deletes_no_sign_in(
    tmp_path: Path, hours: int
) -> None:
    async with office(tmp_path, oauth={"auto_delete": True}) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, seconds=30)
        clock_of(here).jump(hours=hours)
        await here.passes(engine, seconds=29)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (True, "Acquired")
        await here.passes(engine, seconds=1)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (False, "Required")


@pytest.mark.manual("S19a", "B7")
@pytest.mark.parametrize("hours", [24, -24])
async def test_s19a_the_sign_in_screen_stays_open_for_its_time_on_a_clock_that_is_set(
    tmp_path: Path, hours: int
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.sign_in("panel", "kim")
        await here.passes(engine, minutes=5)
        clock_of(here).jump(hours=hours)
        await here.passes(engine, minutes=4, seconds=59)
        assert said(engine, SignInTimedOut) == 0
        await here.passes(engine, seconds=1)
        assert said(engine, SignInTimedOut) == 1


# Sleep


@pytest.mark.manual("S25", "S29", "S18")
async def test_s25_three_days_of_sleep_cost_no_sign_in(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", BUSY)
        await here.scan(engine)
        await engine.settle()
        clock_of(here).sleep(days=3)
        await engine.publish(engine.availability(DeviceResumed))
        await engine.settle()
        assert states(engine) == ["sent"]
        assert said(engine, SystemAutoReset) == 1, "the auto reset time has gone on"
        await goes_on(here, engine)
        assert warnings(engine) == []


@pytest.mark.manual("S25")
async def test_s25_a_sleep_that_nobody_tells_of_is_seen_by_the_clock(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        clock_of(here).sleep(days=3)
        await engine.settle()
        assert (access_token(engine, "kim"), len(engine.holder)) == ("absent", 0)
        await goes_on(here, engine)


# The clocks themselves


@pytest.mark.manual("B7", "B2")
async def test_b7_the_engine_wakes_by_itself_when_the_clock_was_set_back(tmp_path: Path) -> None:
    """Nobody calls `settle`, and the moment that it sleeps for would come a day late."""
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        here.provider.answer_next(503)
        await here.scan(engine)
        await engine.settle()
        gone = asyncio.Event()
        engine.on(JobSent, lambda event: gone.set())
        clock_of(here).jump(days=-1)
        await asyncio.sleep(0)
        clock_of(here).move(timedelta(seconds=10))
        async with asyncio.timeout(10):
            await gone.wait()


def test_the_offset_of_a_clock_changes_only_where_it_is_set() -> None:
    clock = VirtualClock(START)
    before = offset(clock)
    clock.move(timedelta(days=400))
    assert offset(clock) == before
    clock.jump(days=-1)
    assert offset(clock) == before - DAY
    system = SystemClock()
    assert abs(offset(system) - offset(system)) < JUMP
