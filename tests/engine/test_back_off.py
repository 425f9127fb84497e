"""How long a refresh waits while the provider is down: ever longer, spread, and as the provider says."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from franking.engine.back_off import BACK_OFF, JITTER, SELDOM, ask_again, spread, wait
from franking.tests.engine.device import office, states, warnings

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.manual("S29", "B11")
def test_s29_waits_only_grow_to_an_hour() -> None:
    waits = [wait(failures) for failures in range(200)]
    assert waits[0] == timedelta(seconds=5)
    assert all(before <= after for before, after in pairwise(waits))
    assert waits[-1] == SELDOM == timedelta(hours=1)


@pytest.mark.manual("B11")
def test_b11_an_hour_is_waited_only_after_a_day() -> None:
    first = sum((step.times * step.wait for step in BACK_OFF), timedelta())
    assert DAY <= first <= DAY + timedelta(minutes=15)


@pytest.mark.manual("B11")
def test_b11_devices_and_people_do_not_come_back_together() -> None:
    moments = {
        spread(SELDOM, f"user:{user}", NOW + timedelta(microseconds=device))
        for user in range(10)
        for device in range(100)
    }
    assert len(moments) > 900
    assert min(moments) >= SELDOM * (1 - JITTER)
    assert max(moments) <= SELDOM * (1 + JITTER)
    assert max(moments) - min(moments) > SELDOM * JITTER


@pytest.mark.manual("B7")
def test_b7_the_same_moment_gives_the_same_wait() -> None:
    assert ask_again(3, "user:1", NOW, None) == ask_again(3, "user:1", NOW, None)


@pytest.mark.manual("S29")
def test_s29_never_before_the_time_that_the_provider_named() -> None:
    assert ask_again(0, "user:1", NOW, timedelta(hours=7)) == NOW + timedelta(hours=7)


@pytest.mark.manual("S29", "B2", "B11")
async def test_b11_a_provider_that_stays_away_is_asked_once_an_hour_from_the_second_day_on(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        async with here.provider.outage():
            await here.scan(engine)
            await here.passes(engine, days=1)
            first_day = here.refreshes
            await here.passes(engine, days=2)
            assert 95 <= first_day <= 115
            assert 44 <= here.refreshes - first_day <= 54
        await here.passes(engine, hours=1.2)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("B9", "S29")
async def test_b9_status_says_why_a_refresh_waits_and_until_when(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.answer_next(429, {"Retry-After": "1800"})
        await here.scan(engine)
        await engine.settle()
        kim = engine.status().identities[1]
        assert kim.asks_at == here.clock.now() + timedelta(minutes=30)
        assert "says «not now» (http-429; asked in vain: 1)" in kim.waits
        await here.passes(engine, minutes=30)
        assert [(each.waits, each.asks_at) for each in engine.status().identities] == [("", None)] * 2


@pytest.mark.manual("B10", "S29")
async def test_b10_who_tries_a_job_again_does_not_wait_for_the_next_refresh(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        async with here.provider.outage():
            receipt = await here.scan(engine)
            await here.passes(engine, hours=6)
        assert states(engine) == ["waiting"]
        await engine.retry(receipt.job)
        await engine.settle()
        assert states(engine) == ["sent"]


@pytest.mark.manual("B11")
async def test_b11_who_tries_a_job_again_does_not_come_before_the_time_that_the_provider_named(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.answer_next(429, {"Retry-After": "1800"})
        receipt = await here.scan(engine)
        await engine.settle()
        await engine.retry(receipt.job)
        await engine.settle()
        assert (here.refreshes, states(engine)) == (1, ["waiting"])
