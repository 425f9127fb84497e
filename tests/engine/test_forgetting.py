"""How a sign-in ends: by the provider, by [Delete], by logout and system auto reset with [Auto Delete].

Rule: what is said to be gone is looked for where it was: in memory, in the store's rows, in every file.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.at_the_panel import UnknownUser
from franking.engine.engine import Engine
from franking.engine.records import Batch, StoreFailed
from franking.events.device import PanelUsed
from franking.events.information import Actor
from franking.events.token import GrantRevoked, TokenDeleted
from franking.tests.engine.device import (
    KIM,
    PRINTER,
    Office,
    access_token,
    anywhere,
    history,
    identity,
    issued_tokens,
    office,
    refresh_token,
    said,
    sealed,
    secrets_in_memory,
    stands,
    states,
    warnings,
)


async def connections_closed(here: Office) -> None:
    """Returns when every connection to the submission server has ended."""
    async with asyncio.timeout(10):
        await asyncio.gather(*here.server.conversations.values(), return_exceptions=True)


# The provider's word (S24)


@pytest.mark.manual("S24", "S23", "B9")
@pytest.mark.parametrize(("why", "code"), [("revoked", "AADSTS50173"), ("password", "AADSTS50173")])
async def test_s24_the_administrator_is_warned_in_the_manuals_words(
    tmp_path: Path, why: str, code: str
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        if why == "revoked":
            here.provider.revoke_grants(PRINTER)
        else:
            here.provider.change_password(PRINTER, "another")
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Expired"
        assert engine.store.grant("administrator") is None
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("SIGN_IN_AGAIN", "administrator")
        assert warning.actor is Actor.ADMIN
        assert "canceled" in warning.cause
        assert code in warning.cause
        assert "[Acquire] of [Refresh Tokens (Administrator)] in [OAuth Settings]" in warning.remedy


@pytest.mark.manual("S24", "B10")
async def test_s24_the_warning_clears_itself_and_what_waited_goes(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        here.provider.revoke_grants(PRINTER)
        await here.passes(engine, hours=2)
        receipt = await here.notice(engine)
        await engine.settle()
        assert engine.job(receipt.job).reason == "the sign-in has expired"
        await here.acquire(engine)
        assert (warnings(engine), states(engine)) == ([], ["sent"])


@pytest.mark.manual("S24")
async def test_s24_the_log_has_the_warning_by_its_code_and_nobodys_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        here.provider.revoke_grants(PRINTER)
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await engine.settle()
        (line,) = [record.getMessage() for record in caplog.records if record.name == "franking"]
        assert line == "I101 SIGN_IN_AGAIN: administrator"


@pytest.mark.manual("S24")
async def test_s24_the_warning_survives_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            here.provider.revoke_grants(PRINTER)
            await here.passes(engine, hours=2)
            await here.notice(engine)
            await engine.settle()
            before = engine.information()
        async with here.engine() as engine:
            assert engine.information() == before
            assert before


@pytest.mark.manual("S24")
async def test_s24_a_users_lost_sign_in_is_told_to_that_user(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.provider.revoke_grants(KIM)
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        (warning,) = engine.information()
        assert warning.subject == identity(engine, "kim").identity
        assert warning.actor is Actor.PERSON
        assert "[Acquire]" not in warning.remedy


# What [Delete] in [OAuth Settings] does (S27)


@pytest.mark.manual("S27")
async def test_s27_delete_erases_every_users_token_and_says_how_many(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine, "kim", "panel")
        await here.sign_in(engine, "lee", "page:1")
        kept = [sealed(engine, "kim"), sealed(engine, "lee")]
        assert all(anywhere(here.store, each) for each in kept)
        assert await engine.delete_tokens() == 2
        await engine.settle()
        assert [anywhere(here.store, each) for each in kept] == [[], []]
        assert [refresh_token(engine, login) for login in ("kim", "lee")] == ["Required"] * 2
        assert refresh_token(engine, "administrator") == "Acquired"
        assert len(engine.holder) == 1
        assert await engine.delete_tokens() == 0
        assert said(engine, TokenDeleted) == 2


@pytest.mark.manual("S27")
async def test_s27_one_users_token_is_deleted_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine, "lee", "page:1")
        issued = issued_tokens(monkeypatch)
        await here.sign_in(engine, "kim", "panel")
        kept = sealed(engine, "kim")
        await engine.delete_token("kim")
        assert anywhere(here.store, kept) == [], "at once: nothing has to settle first"
        await engine.settle()
        assert len(issued) == 2
        assert secrets_in_memory().isdisjoint(issued)
        assert (refresh_token(engine, "kim"), refresh_token(engine, "lee")) == ("Required", "Acquired")


@pytest.mark.manual("S27")
async def test_s27_a_rotated_token_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        first = sealed(engine, "kim")
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        second = sealed(engine, "kim")
        assert first != second
        await engine.delete_token("kim")
        await engine.settle()
        assert (anywhere(here.store, first), anywhere(here.store, second)) == ([], [])


@pytest.mark.manual("S27")
async def test_s27_the_administrators_token_can_be_deleted(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        kept = sealed(engine, "administrator")
        await engine.delete_token("administrator")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert anywhere(here.store, kept) == []


async def test_deleting_the_token_of_nobody_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(UnknownUser):
            await engine.delete_token("nobody")
        assert said(engine, TokenDeleted) == 0


@pytest.mark.manual("S27")
async def test_s27_the_provider_is_told_where_it_offers_that(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        await engine.delete_tokens()
        await engine.settle()
        assert [seen.outcome for seen in here.provider.requests if seen.kind == "revoke"] == ["ok"]
        assert [event.delivered for event in history(engine) if isinstance(event, GrantRevoked)] == [True]
        assert engine.store.revocations() == []


@pytest.mark.manual("S27")
async def test_s27_the_signed_in_connection_is_closed_in_the_same_act(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        assert len(here.server.conversations) == 1, "it is kept warm for the next message"
        await engine.delete_tokens()
        await engine.settle()
        await connections_closed(here)
        assert len(here.server.conversations) == 0


@pytest.mark.manual("S27")
async def test_s27_a_message_in_transfer_may_end_first(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            await engine.delete_tokens()
            assert len(here.server.conversations) == 1
        await engine.settle()
        assert states(engine) == ["sent"]
        await connections_closed(here)
        assert len(here.server.conversations) == 0


# [Auto Delete] and system auto reset (S28, S11)


@pytest.mark.manual("S28", "S11")
@pytest.mark.parametrize("auto_delete", [True, False])
@pytest.mark.parametrize("how", ["logout", "auto reset", "restart", "another person"])
async def test_s28_tokens_go_when_their_people_go(tmp_path: Path, how: str, auto_delete: bool) -> None:
    async with office(tmp_path, oauth={"auto_delete": auto_delete}) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.sign_in(engine)
            kept = sealed(engine, "kim")
            if how == "logout":
                await engine.log_out("panel")
            elif how == "auto reset":
                await here.passes(engine, seconds=60)
            elif how == "another person":
                await engine.log_in("panel", "lee")
            await engine.settle()
            if how != "restart":
                await forgotten(here, engine, kept, auto_delete)
        async with here.engine() as engine:
            await forgotten(here, engine, kept, auto_delete)


async def forgotten(here: Office, engine: Engine, kept: bytes, is_gone: bool) -> None:
    assert refresh_token(engine, "kim") == ("Required" if is_gone else "Acquired")
    assert (anywhere(here.store, kept) == []) == is_gone
    assert refresh_token(engine, "administrator") == "Acquired"
    if is_gone:
        assert access_token(engine, "kim") == "absent"
        assert engine.holder.take(identity(engine, "kim").identity) is None


@pytest.mark.manual("S11", "S28")
async def test_s11_auto_reset_comes_60_s_after_the_last_touch_to_the_second(tmp_path: Path) -> None:
    async with office(tmp_path, oauth={"auto_delete": True}) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, seconds=45)
        await engine.touch("panel")
        await here.passes(engine, seconds=59)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (True, "Acquired")
        await here.passes(engine, seconds=1)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (False, "Required")


@pytest.mark.manual("S11")
async def test_s11_touches_become_a_fact_every_10_s_at_most(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.touch("panel")
        assert said(engine, PanelUsed) == 0, "nobody is logged in"
        await engine.log_in("panel", "kim")
        for _ in range(25):
            await engine.touch("panel")
            await here.passes(engine, seconds=1)
        assert said(engine, PanelUsed) == 3


@pytest.mark.manual("S11")
@pytest.mark.parametrize("auto_reset", [10, 15, 60])
async def test_s11_nobody_is_logged_out_who_uses_the_panel(tmp_path: Path, auto_reset: int) -> None:
    """Not even by touches that became no fact of their own; and the reset comes its time after the last."""
    panel = {"auto_reset": auto_reset}
    async with office(tmp_path, panel=panel) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        for _ in range(2 * auto_reset + 7):
            await here.passes(engine, seconds=1)
            await engine.touch("panel")
            assert stands(engine, "panel")
        await here.passes(engine, seconds=auto_reset - 1)
        assert stands(engine, "panel")
        await here.passes(engine, seconds=1)
        assert not stands(engine, "panel")


@pytest.mark.manual("S11")
async def test_s11_a_touch_that_the_store_refuses_counts_as_soon_as_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.passes(engine, seconds=50)

        async def full(batch: Batch) -> None:
            raise StoreFailed("database or disk is full", full=True)

        with monkeypatch.context() as broken:
            broken.setattr(engine.store, "commit", full)
            with pytest.raises(StoreFailed):
                await engine.touch("panel")
        await here.passes(engine, seconds=59)
        assert stands(engine, "panel")
        await here.passes(engine, seconds=1)
        assert not stands(engine, "panel")


@pytest.mark.manual("S11")
async def test_s11_changed_settings_hold_for_who_is_logged_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        assert (engine.settings.oauth.auto_delete, engine.settings.panel.auto_reset) == (
            False,
            timedelta(seconds=60),
        )
        await here.sign_in(engine)
        await engine.apply(engine.settings.changed(oauth={"auto_delete": True}, panel={"auto_reset": 300}))
        await here.passes(engine, seconds=299)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (True, "Acquired")
        await here.passes(engine, seconds=1)
        assert (stands(engine, "panel"), refresh_token(engine, "kim")) == (False, "Required")


@pytest.mark.manual("S28")
async def test_s28_never_the_administrators_even_with_the_same_address(tmp_path: Path) -> None:
    chief = {"chief": PRINTER}
    async with office(tmp_path, oauth={"auto_delete": True}, users=chief) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine, "chief")
        await engine.log_out("panel")
        await engine.settle()
        assert refresh_token(engine, "chief") == "Required"
        assert refresh_token(engine, "administrator") == "Acquired"
        await here.notice(engine)
        await engine.settle()
        assert states(engine) == ["sent"]


@pytest.mark.manual("S28", "B10")
async def test_s28_jobs_of_who_left_wait_for_the_next_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path, oauth={"auto_delete": True}) as here, here.engine() as engine:
        await here.sign_in(engine)
        job = (await here.scan(engine)).job
        await engine.hold(job)
        await engine.log_out("panel")
        await engine.release(job)
        await engine.settle()
        assert (states(engine), engine.job(job).reason) == (["waiting"], "waits for a sign-in")
        await engine.log_in("panel", "kim")
        await engine.settle()
        assert (states(engine), refresh_token(engine, "kim")) == (["sent"], "Acquired")
