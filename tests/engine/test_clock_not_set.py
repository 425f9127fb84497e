"""A clock that is not set when the device starts: told until it is, and nothing is lost for it.

Rule: the provider's time is the true one; what a certificate's dates say of the device's clock is played by
one that begins tomorrow, for OpenSSL knows the system's clock alone.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import franking
from franking.engine.clock import EPOCH, SystemClock
from franking.engine.known_time import BUILT
from franking.engine.store.sqlite import SqliteStore
from franking.events.box import DocumentExpired, DocumentKept, LinkAnnounced
from franking.events.device import ClockBelieved, ClockDoubted
from franking.events.information import Actor
from franking.events.settings import Security
from franking.testing.authority import LOOPBACK, Authority

from .device import (
    KIM,
    START,
    Office,
    access_token,
    identity,
    office,
    refresh_token,
    said,
    signed_in,
    states,
    warnings,
)
from .stored import assert_equals_replay
from .test_clock import BUSY, DAY, clock_of, goes_on
from .test_without_oauth import OFF, relay


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
            await engine.settle()  # what is due by then is said before anybody scans
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
            await engine.publish(DocumentKept(document=1, identity="user:1"))
            await engine.publish(LinkAnnounced(document=1, expires_at=expires_at))
            await here.passes(engine, days=1)
            ntp(here)
            await here.passes(engine, days=5)
            assert said(engine, DocumentExpired) == 0
        async with here.engine() as engine:
            await here.passes(engine, days=6, hours=23)
            assert said(engine, DocumentExpired) == 0
            await here.passes(engine, hours=1)
            assert said(engine, DocumentExpired) == 1


@pytest.mark.manual("S19", "S23")
async def test_s23_a_person_can_sign_in_while_the_clock_is_known_to_be_behind(tmp_path: Path) -> None:
    """That the id_token is a fresh one its nonce says; by this clock it comes from the day after tomorrow."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.notice(engine)
        off_for(here, 1, START - DAY)
        async with here.engine() as engine:
            assert warnings(engine) == [("CLOCK_NOT_SET", "")]
            await here.sign_in(engine)
            assert warnings(engine) == []


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


@pytest.mark.manual("S31", "B2", "B11")
async def test_b11_a_mailbox_that_closed_while_the_clock_was_ahead_opens_when_it_is_mended(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            clock_of(here).jump(days=365)
            await engine.settle()  # what is due by then is said before anybody scans
            here.provider.accounts.disable_submission(KIM)
            await here.scan(engine)
            await engine.settle()
            assert warnings(engine) == [("MAILBOX_CLOSED", "mailbox:1")]
        off_for(here, 1, START + DAY)
        here.provider.accounts.enable_submission(KIM)
        async with here.engine() as engine:
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S1", "B9")
@pytest.mark.parametrize(
    ("security", "left"),
    [(Security.STARTTLS, []), (Security.IMPLICIT, []), (Security.NONE, [("CLOCK_NOT_SET", "")])],
)
async def test_b9_without_oauth_mail_over_verified_tls_says_that_the_clock_is_right(
    tmp_path: Path, security: Security, left: list[tuple[str, str]]
) -> None:
    async with (
        office(tmp_path) as here,
        relay(here, security) as server,
        here.engine(oauth=OFF, smtp={"port": server.port, "security": security}) as engine,
    ):
        await engine.publish(ClockDoubted())
        assert warnings(engine) == [("CLOCK_NOT_SET", "")]
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert warnings(engine) == left


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
