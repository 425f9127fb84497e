"""An access token that the mail server turns away: replaced once, then somebody must act (S32).

Rule: the grant is kept, for the mail server is not the one who gave it.
"""

import asyncio
from pathlib import Path

import pytest

from franking.engine.information import Raised, server_refuses_token
from franking.engine.words import words
from franking.events.information import Actor
from franking.events.settings import Language
from franking.events.token import AccessTokenRejected, GrantRefused
from franking.machines.rules import RULES
from franking.tests.engine.device import (
    KIM,
    START,
    access_token,
    history,
    identity,
    office,
    refresh_token,
    states,
    warnings,
)

TURNED_AWAY = "535 5.7.3 Authentication unsuccessful"


@pytest.mark.manual("S32")
async def test_s32_a_refused_token_is_refreshed_once_and_the_job_goes(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        receipt = await here.scan(engine)
        await engine.settle()
        assert (here.refreshes, states(engine), warnings(engine)) == (1, ["sent"], [])
        assert engine.job(receipt.job).attempts == 1, "a token is no try of the message"


@pytest.mark.manual("S32", "S31", "B11")
async def test_s32_a_second_refusal_stops_and_says_so_and_keeps_the_grant(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(2):
            here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        receipt = await here.scan(engine)
        await here.passes(engine, minutes=50)
        assert (here.refreshes, states(engine)) == (1, ["waiting"])
        assert (access_token(engine, "kim"), refresh_token(engine, "kim")) == ("refused", "Acquired")
        assert warnings(engine) == [("SERVER_REFUSES_TOKEN", identity(engine, "kim").identity)]
        (warning,) = engine.information()
        assert "535 5.7.3" in warning.cause
        assert "[Authenticated SMTP]" in warning.remedy
        assert engine.job(receipt.job).reason == "the provider wants somebody to act"
        await here.passes(engine, minutes=10)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S32", "B9")
@pytest.mark.parametrize(
    ("provider", "reply", "actor", "remedy"),
    [
        ("Microsoft", TURNED_AWAY, Actor.TENANT, "[Authenticated SMTP]"),
        ("Google", "535 5.7.8 Username and Password not accepted.", Actor.PERSON, f"Sign in again as {KIM}"),
    ],
    ids=["a right is missing", "the sign-in is not enough"],
)
async def test_s32_a_second_refusal_is_told_apart_by_its_reply(
    tmp_path: Path, provider: str, reply: str, actor: Actor, remedy: str
) -> None:
    async with office(tmp_path, provider) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(2):
            here.kit.mailbox.refuse_next("auth", reply)
        await here.scan(engine)
        await engine.settle()
        (warning,) = engine.information()
        assert (warning.code.value, warning.actor) == ("I105", actor)
        assert remedy in warning.remedy
        assert ("Microsoft" in warning.remedy) is (provider == "Microsoft")


@pytest.mark.manual("S31", "B9")
@pytest.mark.parametrize("language", Language)
def test_b9_without_a_reason_no_page_of_another_provider_is_named(language: Language) -> None:
    fact = AccessTokenRejected(identity="user:1", attempt=2, retry_at=START, code="535")
    told = server_refuses_token(Raised("user:1", fact, "", RULES, words(language)))
    assert told.actor is Actor.TENANT
    assert told.remedy
    assert "Microsoft" not in told.remedy


@pytest.mark.manual("S32", "B10")
async def test_s32_a_fresh_sign_in_begins_anew(tmp_path: Path) -> None:
    """The next refusal is a first one again: the token is replaced, and nobody has to act."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(2):
            here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        await here.scan(engine)
        await engine.settle()
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        await here.sign_in(engine)
        assert (states(engine), warnings(engine)) == (["sent"], [])
        assert here.refreshes == 2


@pytest.mark.manual("S32", "B10")
async def test_s32_who_has_mended_it_need_not_wait(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(2):
            here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        receipt = await here.scan(engine)
        await engine.settle()
        assert access_token(engine, "kim") == "refused"
        await engine.retry(receipt.job)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S32")
async def test_s32_a_refusal_days_after_another_one_is_mended_by_itself(tmp_path: Path) -> None:
    """The first one's job was cancelled, so nothing was sent that would have settled it."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        async with here.provider.hold() as gate:
            receipt = await here.scan(engine)
            await gate.arrived(1)
            await engine.cancel(receipt.job)
        await here.passes(engine, days=3)
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
        await here.scan(engine)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["ended", "sent"], [])


@pytest.mark.manual("S32")
async def test_s32_many_jobs_with_one_refused_token_refresh_it_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)  # one sign-in is refused for all three (B11)
        await asyncio.gather(*(here.scan(engine) for _ in range(3)))
        await engine.settle()
        assert (here.refreshes, states(engine)) == (1, ["sent"] * 3)


@pytest.mark.manual("S32", "S24")
async def test_s32_a_grant_revoked_at_the_provider_is_found_out_by_the_refused_token(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.provider.revoke_grants(KIM)
        await here.scan(engine)
        await engine.settle()
        assert (refresh_token(engine, "kim"), states(engine)) == ("Expired", ["waiting"])
        assert [event.identity for event in history(engine) if isinstance(event, GrantRefused)] == [
            identity(engine, "kim").identity
        ]
