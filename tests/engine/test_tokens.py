"""Access tokens and refresh tokens in use: how long, how often asked for, and what never costs a sign-in.

Rule: what the provider and the mail server saw decides, not what the engine says of itself alone.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.events.token import AccessTokenReady, GrantRefused, GrantRevoked, GrantRotated
from franking.testing.clock import VirtualClock
from franking.testing.grants import Access, Books, RefreshToken
from franking.tests.engine.device import (
    START,
    Office,
    access_token,
    identity,
    issued_tokens,
    office,
    refresh_token,
    said,
    sealed,
    secrets_in_memory,
    states,
    warnings,
)

HOUR_S = 3600
MARGIN_S = 300
"The provider's margin: an access token is not used so shortly before its end."


def lives_an_hour(here: Office) -> None:
    """Else the playing Microsoft chooses between 60 and 90 minutes."""
    here.provider._books.expires_in_s = (HOUR_S, HOUR_S)


def used_refresh_tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with every refresh token that is brought to a playing provider."""
    used: list[str] = []
    refreshable = Books.refreshable

    def seen(books: Books, token: str, client_id: str) -> RefreshToken:
        used.append(token)
        return refreshable(books, token, client_id)

    monkeypatch.setattr(Books, "refreshable", seen)
    return used


# How long an access token lives (S25)


@pytest.mark.manual("S25")
async def test_s25_no_access_token_survives_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issued_tokens(monkeypatch)
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            assert access_token(engine, "kim") == "fresh"
            assert len(engine.holder) == 1
        async with here.engine() as engine:
            assert (access_token(engine, "kim"), len(engine.holder)) == ("absent", 0)
            assert secrets_in_memory().isdisjoint(issued)
            await here.scan(engine)
            await engine.settle()
            assert (here.refreshes, states(engine)) == (1, ["sent"])


@pytest.mark.manual("S25", "B7")
async def test_s25_unused_from_its_end_less_the_margin_to_the_second(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        lives_an_hour(here)
        await here.sign_in(engine)
        await here.passes(engine, seconds=HOUR_S - MARGIN_S - 1)
        assert access_token(engine, "kim") == "fresh"
        await here.scan(engine)
        await engine.settle()
        assert (here.refreshes, states(engine)) == (0, ["sent"])
        await here.passes(engine, seconds=1)
        assert (access_token(engine, "kim"), len(engine.holder)) == ("absent", 0)
        await here.scan(engine)
        await engine.settle()
        assert (here.refreshes, states(engine)) == (1, ["sent", "sent"])


@pytest.mark.manual("S25", "B7")
async def test_s25_the_same_with_the_systems_clock_and_freezegun(tmp_path: Path) -> None:
    with freeze_time(START, real_asyncio=True) as frozen:
        async with office(tmp_path, clock=SystemClock()) as here, here.engine() as engine:
            lives_an_hour(here)
            await here.sign_in(engine)
            frozen.move_to(START + timedelta(seconds=HOUR_S - MARGIN_S - 1))
            await engine.settle()
            await here.scan(engine)
            await engine.settle()
            assert (access_token(engine, "kim"), here.refreshes) == ("fresh", 0)
            frozen.tick(timedelta(seconds=1))
            await engine.settle()
            assert (access_token(engine, "kim"), len(engine.holder)) == ("absent", 0)
            await here.scan(engine)
            await engine.settle()
            assert (here.refreshes, states(engine)) == (1, ["sent", "sent"])


@pytest.mark.manual("S25")
@pytest.mark.parametrize("late_s", [0, MARGIN_S])
async def test_s25_a_token_past_its_time_is_not_given_out_before_anybody_looks(
    tmp_path: Path, late_s: int
) -> None:
    """The clock jumps, and a job is sent before the limit was said."""
    async with office(tmp_path) as here, here.engine() as engine:
        lives_an_hour(here)
        await here.sign_in(engine)
        assert isinstance(here.clock, VirtualClock)
        number = identity(engine, "kim").identity
        here.clock.set(START + timedelta(seconds=HOUR_S - MARGIN_S - 1))
        assert engine.holder.take(number) is not None
        here.clock.set(START + timedelta(seconds=HOUR_S - MARGIN_S + late_s))
        assert engine.holder.take(number) is None


# What rotation must not lose (S26)


@pytest.mark.manual("S26")
async def test_s26_the_newest_refresh_token_is_used_also_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, used = issued_tokens(monkeypatch), used_refresh_tokens(monkeypatch)
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            for _ in range(2):
                await here.passes(engine, hours=2)
                await here.scan(engine)
                await engine.settle()
        async with here.engine() as engine:
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent"] * 3
            assert said(engine, GrantRotated) == 3
    refresh_tokens = issued[1::2]
    assert len(refresh_tokens) == 4
    assert used == refresh_tokens[:3]


@pytest.mark.manual("S26")
async def test_s26_a_rotated_token_is_stored_before_the_access_token_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        first = sealed(engine, "kim")
        await here.passes(engine, hours=2)
        stored: list[bytes] = []
        introspect = here.provider.introspect

        async def at_the_server(token: str) -> Access | None:
            stored.append(sealed(engine, "kim"))
            return await introspect(token)

        monkeypatch.setattr(here.provider, "introspect", at_the_server)
        await here.scan(engine)
        await engine.settle()
        assert stored == [sealed(engine, "kim")]
        assert stored != [first]


@pytest.mark.manual("S26")
async def test_s26_a_refresh_under_way_ends_before_the_engine_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, used = issued_tokens(monkeypatch), used_refresh_tokens(monkeypatch)
    async with office(tmp_path) as here:
        async with AsyncExitStack() as power:
            engine = await power.enter_async_context(here.engine())
            await here.sign_in(engine)
            await here.passes(engine, hours=2)
            async with here.provider.hold() as gate:
                await here.scan(engine)
                await gate.arrived(1)
                stopping = asyncio.create_task(power.pop_all().aclose())
                await asyncio.wait(engine.tasks[1:])  # limits and dispatcher stop first
                assert not stopping.done(), "it waits for the answer"
            await stopping
        async with here.engine() as engine:
            await engine.settle()
            assert (refresh_token(engine, "kim"), states(engine)) == ("Acquired", ["sent"])
    assert used == issued[1:5:2], "the first one, then what came for it"


@pytest.mark.manual("S26", "B1")
async def test_b1_an_idle_grant_is_used_in_time(tmp_path: Path) -> None:
    """Microsoft's lapses after 90 unused days."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, days=400)
        assert refresh_token(engine, "kim") == "Acquired"
        assert here.refreshes == 6, "after two thirds of that"
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"]


# One request, and an outage (S29)


@pytest.mark.manual("S29", "B11")
async def test_s29_fifty_jobs_cause_one_refresh(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.passes(engine, hours=2)
        await asyncio.gather(*(here.notice(engine, f"Tray {n}") for n in range(50)))
        await engine.settle()
        assert states(engine) == ["sent"] * 50
        assert here.refreshes == 1
        assert len({message.message()["Subject"] for message in here.kit.mailbox.messages}) == 50


@pytest.mark.manual("S29", "B2", "B10")
async def test_s29_an_outage_costs_patience_and_no_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        kept = sealed(engine, "kim")
        await here.passes(engine, hours=2)
        async with here.provider.outage():
            receipt = await here.scan(engine)
            await here.passes(engine, hours=1)
            assert refresh_token(engine, "kim") == "Acquired"
            assert sealed(engine, "kim") == kept
            assert engine.job(receipt.job).reason == "the provider cannot be reached"
            assert 8 <= here.refreshes <= 16, "5 s, 10 s, 20 s ... 15 min"
        await here.passes(engine, minutes=20)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S29")
async def test_s29_retry_after_is_kept_to_the_second(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.answer_next(429, {"Retry-After": "1800"})
        await here.scan(engine)
        await here.passes(engine, seconds=1799)
        assert (here.refreshes, states(engine)) == (1, ["waiting"])
        await here.passes(engine, seconds=1)
        assert (here.refreshes, states(engine)) == (2, ["sent"])


@pytest.mark.manual("S29")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (429, b""),
        (200, b"<html>hotel network: please log in</html>"),
        (200, b'{"access_token": "x", "token_type": "Bearer", "expires_in": -1}'),
        (400, b'{"error": "temporarily_unavailable"}'),
        (400, b'{"error": "invalid_grant_of_a_new_kind"}'),
        (401, b'{"error": "invalid_client", "error_description": "AADSTS7000222: expired"}'),
        (400, b'{"error": "invalid_grant", "error_description": "AADSTS53003: blocked by policy"}'),
    ],
)
async def test_s29_only_the_providers_word_ends_a_grant(tmp_path: Path, status: int, body: bytes) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.answer_next(status, {"Content-Type": "application/json"}, body)
        await here.scan(engine)
        await engine.settle()
        assert (refresh_token(engine, "kim"), states(engine)) == ("Acquired", ["waiting"])
        assert said(engine, GrantRefused) == 0
        await here.passes(engine, hours=2)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S29", "S26")
async def test_s29_a_lost_answer_is_asked_for_once_more_and_keeps_the_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.lose_next_answer()
        await here.scan(engine)
        await engine.settle()
        assert [seen.outcome for seen in here.provider.requests[-2:]] == ["lost", "ok"]
        assert (here.refreshes, refresh_token(engine, "kim"), states(engine)) == (2, "Acquired", ["sent"])
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent", "sent"]


# Late answers and people who change their minds


@pytest.mark.manual("S27", "S29")
async def test_s27_an_answer_after_the_deletion_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        issued = issued_tokens(monkeypatch)
        async with here.provider.hold() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            await engine.delete_token("kim")
        await engine.settle()
        assert len(issued) == 2
        assert secrets_in_memory().isdisjoint(issued)
        assert engine.store.grant(identity(engine, "kim").identity) is None
        assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Required", "absent")
        assert states(engine) == ["waiting"]
        assert said(engine, GrantRevoked) == 2, "the deleted one and the one that came too late"


@pytest.mark.manual("S29")
async def test_s29_a_cancelled_job_does_not_hurt_the_refresh(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        first = sealed(engine, "kim")
        await here.passes(engine, hours=2)
        async with here.provider.hold() as gate:
            receipt = await here.scan(engine)
            await gate.arrived(1)
            await engine.cancel(receipt.job)
        await engine.settle()
        assert (access_token(engine, "kim"), here.refreshes) == ("fresh", 1)
        assert sealed(engine, "kim") != first


@pytest.mark.manual("S29")
@pytest.mark.parametrize("whose", ["submit", "settle"])
async def test_s29_a_cancelled_caller_does_not_hurt_the_refresh(tmp_path: Path, whose: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        async with here.provider.hold() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            caller = asyncio.create_task(engine.settle() if whose == "settle" else submitting(here, engine))
            await asyncio.sleep(0)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        await engine.settle()
        assert (access_token(engine, "kim"), here.refreshes) == ("fresh", 1)
        assert said(engine, AccessTokenReady) == 1


async def submitting(here: Office, engine: Engine) -> None:
    await here.scan(engine)
