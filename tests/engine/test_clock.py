"""A clock that is wrong, is set, or stands while the machine sleeps: mail goes on, and no sign-in is lost.

Rule: `passes` is time that really passes; `jump` sets the wall clock alone, as NTP, a person, a dead battery
or a sleep does.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import franking
from franking.engine.clock import EPOCH, JUMP, SystemClock, offset
from franking.engine.engine import Engine
from franking.engine.known_time import BUILT
from franking.engine.store.sqlite import SqliteStore
from franking.events.box import DocumentExpired, DocumentKept
from franking.events.device import ClockBelieved, ClockDoubted, DeviceResumed, SystemAutoReset
from franking.events.information import Actor
from franking.events.job import JobSent
from franking.events.sign_in import SignInTimedOut
from franking.events.token import AccessTokenStale, GrantRefused, TokenDeleted
from franking.testing.authority import LOOPBACK, Authority
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
from .stored import assert_equals_replay

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
        await here.passes(engine, seconds=10)
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


# A clock that is not set when the device starts


class NotYetValid(Authority):
    """The same authority; the server's certificate begins to be valid tomorrow."""

    def __init__(self, authority: Authority) -> None:
        self._leaf = authority._ca.issue_cert(*LOOPBACK, not_before=SystemClock().now() + DAY)


@asynccontextmanager
async def not_valid_yet(here: Office) -> AsyncIterator[AsyncExitStack]:
    """By the device's clock the provider's certificate begins later; until what is given is closed."""
    async with AsyncExitStack() as until_set:
        await until_set.enter_async_context(here.provider.distrusted(NotYetValid(here.kit.authority)))
        yield until_set


def off_for(here: Office, days: float, clock_at: datetime) -> None:
    """The device is off for so long, and its clock begins again at this moment."""
    clock = clock_of(here)
    clock.sleep(days=days)
    clock.jump(seconds=(clock_at - clock.now()).total_seconds())


def ntp(here: Office) -> None:
    clock = clock_of(here)
    clock.jump(seconds=(clock.true.now() - clock.now()).total_seconds())


@pytest.mark.manual("S29", "B2", "B9")
async def test_s29_a_dead_battery_costs_no_sign_in_and_is_told_until_the_clock_is_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        off_for(here, 2, EPOCH)
        async with not_valid_yet(here) as until_set, here.engine() as engine:
            await here.scan(engine)
            await here.passes(engine, hours=5)
            assert warnings(engine) == [("CLOCK_NOT_SET", "")]
            (told,) = engine.information()
            assert "NTP" in told.remedy
            assert told.actor is Actor.ADMIN
            assert (states(engine), access_token(engine, "kim")) == (["waiting"], "backing off")
            await until_set.aclose()
            ntp(here)
            await engine.settle()
            assert warnings(engine) == []
            await goes_on(here, engine)
            assert isinstance(engine.store, SqliteStore)
            assert_equals_replay(engine.store)
        async with here.engine() as engine:
            assert said(engine, ClockDoubted) >= 1
            assert warnings(engine) == []


@pytest.mark.manual("B1")
async def test_b1_the_renewal_counts_from_the_true_time_when_the_clock_was_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        off_for(here, 50, EPOCH)
        async with not_valid_yet(here) as until_set, here.engine() as engine:
            await here.passes(engine, days=3)
            assert here.refreshes == 0
            await until_set.aclose()
            ntp(here)
            await here.passes(engine, days=1)
            assert here.refreshes == 1
            renew_at = identity(engine, "kim").renew_at
            assert renew_at is not None
            assert renew_at - here.clock.now() > timedelta(days=58)


@pytest.mark.manual("B1", "S29")
async def test_b1_a_clock_that_was_a_year_ahead_and_is_mended_costs_no_sign_in(tmp_path: Path) -> None:
    """By its journal the device has renewed for the next 14 months."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            clock_of(here).jump(days=365)
            await goes_on(here, engine)
            assert here.refreshes == 1
        off_for(here, 1, START + DAY)
        async with here.engine() as engine:
            assert here.refreshes == 2
            assert (said(engine, ClockDoubted), said(engine, ClockBelieved)) == (1, 1)
            assert warnings(engine) == []
            await here.passes(engine, days=200)
            assert refresh_token(engine, "kim") == "Acquired"
            assert here.refreshes == 5


@pytest.mark.manual("S18", "B10")
async def test_s18_no_job_is_given_up_by_a_clock_that_is_not_set_or_just_came_right(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        off_for(here, 1, EPOCH)
        async with here.engine() as engine:
            await here.scan(engine)
            await here.passes(engine, days=5)
            assert states(engine) == ["waiting"]
            ntp(here)
            await engine.settle()
            assert states(engine) == ["waiting"]
        async with here.engine() as engine:
            await here.passes(engine, days=2, hours=23)
            assert states(engine) == ["waiting"]
            await here.passes(engine, hours=2)
            assert states(engine) == ["ended"]


@pytest.mark.manual("S22")
async def test_a_document_is_not_erased_when_the_clock_comes_right(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        off_for(here, 1, EPOCH)
        async with here.engine() as engine:
            expires_at = here.clock.now() + timedelta(days=7)
            await engine.publish(DocumentKept(document=1, identity="user:1", expires_at=expires_at))
            await here.passes(engine, days=1)
            ntp(here)
            await here.passes(engine, days=5)
            assert said(engine, DocumentExpired) == 0
        async with here.engine() as engine:
            await here.passes(engine, days=6, hours=23)
            assert said(engine, DocumentExpired) == 0
            await here.passes(engine, hours=1)
            assert said(engine, DocumentExpired) == 1


@pytest.mark.manual("S1", "B2")
async def test_s1_mail_by_a_plain_relay_goes_with_a_dead_clock(tmp_path: Path) -> None:
    """What waits for its next try would wait for fifty years."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            here.kit.mailbox.refuse_next("rcpt", BUSY)
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["waiting"]
        off_for(here, 1, EPOCH)
        async with here.engine() as engine:
            assert states(engine) == ["sent"]


async def test_a_clock_that_is_a_little_behind_is_believed(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        clock_of(here).jump(minutes=-4)
        async with here.engine() as engine:
            assert (said(engine, ClockDoubted), here.refreshes) == (0, 0)


@pytest.mark.manual("S29", "B9")
async def test_b9_a_certificate_that_is_not_valid_yet_says_that_the_clock_is_not_set(tmp_path: Path) -> None:
    """A new device, whose journal knows no better."""
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        async with here.provider.distrusted(NotYetValid(here.kit.authority)):
            await here.scan(engine)
            await engine.settle()
            assert warnings(engine) == [("CLOCK_NOT_SET", "")]
        await here.passes(engine, seconds=10)
        assert (states(engine), warnings(engine)) == (["sent"], [])


def test_this_program_was_built_no_earlier_than_its_release() -> None:
    changelog = (Path(franking.__file__).parent / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[[0-9.]+\] - ([0-9-]+)$", changelog, re.MULTILINE)
    assert all(datetime.fromisoformat(day).replace(tzinfo=UTC) <= BUILT for day in released)
