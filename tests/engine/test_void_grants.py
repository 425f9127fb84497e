"""A sign-in is used for nobody but its account: one that settings or directory do not fit any more ends
before anything is sent with it, and what waits for it goes on after the next sign-in (S19, S26a, B10).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.applying import SignInsEnd
from franking.engine.engine import Engine
from franking.events.token import TokenDeleted
from franking.machines.roles import Role, Viewer
from franking.machines.session import LOGGED_IN, SESSION

from .device import BOSS, KIM, LEE, Office, access_token, office, refresh_token, said, states, warnings


@asynccontextmanager
async def with_directory(folder: Path, known: dict[str, str]) -> AsyncIterator[tuple[Office, Engine]]:
    async with office(folder, users={}) as here:
        opened = Engine.open(here.settings, clock=here.clock, screen=here.screen, directory=known)
        async with opened as engine:
            await engine.settle()
            yield here, engine


def senders(here: Office) -> list[tuple[str, str]]:
    """Who authenticated for each message, and its From."""
    return [(each.envelope.account, each.mail_from) for each in here.kit.mailbox.messages]


@pytest.mark.manual("S19", "S26a")
async def test_s26a_who_logs_in_with_another_address_signs_in_anew(tmp_path: Path) -> None:
    async with office(tmp_path, users={}) as here, here.engine() as engine:
        await engine.log_in("panel", "max", KIM)
        await engine.sign_in("panel", "max")
        await engine.settle()
        assert access_token(engine, "max") == "fresh"
        await engine.log_out("panel")
        await engine.log_in("panel", "max", KIM.upper())
        assert refresh_token(engine, "max") == "Acquired", "the same address, in other letters"
        await engine.log_in("panel", "max", LEE)
        assert refresh_token(engine, "max") == "Required"
        await here.scan(engine, "max", "panel")
        await engine.settle()
        assert (states(engine), senders(here)) == (["sent"], [(LEE, LEE)])


@pytest.mark.manual("S26a")
async def test_s26a_with_oauth_off_a_log_in_ends_no_sign_in_and_turning_it_on_asks(tmp_path: Path) -> None:
    async with office(tmp_path, users={}) as here, here.engine() as engine:
        await engine.log_in("panel", "max", KIM)
        await engine.sign_in("panel", "max")
        await engine.settle()
        await engine.apply(engine.settings.changed(oauth={"enabled": False}))
        await engine.log_in("panel", "max", LEE)
        assert refresh_token(engine, "max") == "Acquired"
        with pytest.raises(SignInsEnd) as asked:
            await engine.apply(engine.settings.changed(oauth={"enabled": True}))
        assert asked.value.whose == ("max",)


@pytest.mark.manual("S19", "S26a", "B10")
@pytest.mark.parametrize("place", [None, "panel"])
async def test_s19_no_message_goes_with_the_sign_in_of_a_former_address(
    tmp_path: Path, place: str | None
) -> None:
    known = {"kim": KIM}
    async with with_directory(tmp_path, known) as (here, engine):
        await here.sign_in(engine)
        known["kim"] = LEE
        await here.scan(engine, place=place)
        await engine.settle()
        if place is None:
            assert (states(engine), senders(here)) == (["waiting"], [])
            assert engine.status().jobs[0].attempts == 0
            assert refresh_token(engine, "kim") == "Required"
            assert [code for code, _ in warnings(engine)] == ["SIGN_IN_VOID", "JOBS_WAIT"]
            await engine.log_in("panel", "kim")
            await engine.settle()
        assert (states(engine), senders(here)) == (["sent"], [(LEE, LEE)])
        assert warnings(engine) == []


@pytest.mark.manual("S19", "S26a")
async def test_s26a_an_account_whose_alias_is_taken_out_is_asked_about(tmp_path: Path) -> None:
    async with office(tmp_path, aliases={"kim": [LEE]}) as here, here.engine() as engine:
        here.screen.account = LEE
        await here.sign_in(engine)
        await engine.apply(engine.settings.changed(panel={"auto_reset": 300}))
        without = engine.settings.changed(aliases={})
        with pytest.raises(SignInsEnd) as asked:
            await engine.apply(without)
        assert asked.value.whose == ("kim",)
        assert refresh_token(engine, "kim") == "Acquired"
        await engine.apply(without, ends=("kim",))
        assert refresh_token(engine, "kim") == "Required"


@pytest.mark.manual("S26a", "S24")
async def test_s26a_a_start_with_other_settings_says_whose_sign_in_ended(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.sign_in(engine, "kim")
            await here.sign_in(engine, "lee", "page")
        async with here.engine(administrator={"address": BOSS}, users={"kim": BOSS, "lee": LEE}) as engine:
            assert [refresh_token(engine, login) for login in ("administrator", "kim", "lee")] == [
                "Required", "Required", "Acquired",
            ]  # fmt: skip
            ours, his = engine.information()
            assert "The administrator's sign-in was erased" in ours.cause
            assert "The sign-in of kim was erased" in his.cause
            assert "must also keep them where the device reads them at its start" in his.remedy

            def seen(viewer: Viewer) -> int:
                return len(engine.view(viewer).information())

            assert seen(Viewer(Role.ADMINISTRATOR)) == seen(Viewer(Role.USER, "kim")) == 2
            assert seen(Viewer(Role.USER, "lee")) == 1
            await engine.sign_in("panel", "kim")
            await engine.settle()
            assert len(engine.information()) == 1


@pytest.mark.manual("S26a")
async def test_s26a_a_start_with_oauth_off_ends_no_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
        off = {"enabled": False, "client_id": "another client"}
        async with here.engine(oauth=off) as engine:
            assert (refresh_token(engine, "administrator"), warnings(engine)) == ("Acquired", [])
            with pytest.raises(SignInsEnd) as asked:
                await engine.apply(engine.settings.changed(oauth={"enabled": True}))
            assert asked.value.whose == ("administrator",)
        async with here.engine(oauth={"client_id": "another client"}) as engine:
            assert refresh_token(engine, "administrator") == "Required"
            assert said(engine, TokenDeleted) == 1


@pytest.mark.manual("S17", "S18")
async def test_s18_nobody_without_an_address_is_shown_a_sign_in_screen(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine, "lee")
        await engine.apply(engine.settings.changed(users={"kim": KIM}))
        await engine.log_in("panel", "lee")
        await engine.settle()
        assert engine.runtime.instance(SESSION, "panel").state is LOGGED_IN
        assert (here.visits, states(engine)) == ([], ["waiting"])
        assert engine.status().jobs[0].reason.startswith("no address is known to sign in with")


@pytest.mark.manual("S24", "B10")
async def test_s24_who_must_sign_in_again_is_not_told_too_that_it_would_not_help(tmp_path: Path) -> None:
    """An administrator's matter came first, then the provider ended the grant itself."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        here.provider.policy.block(KIM)
        await here.scan(engine)
        await engine.settle()
        assert warnings(engine) == [("PROVIDER_REFUSES", "user:1")]
        here.provider.policy.unblock(KIM)
        here.provider.change_password(KIM, "another horse")
        await here.passes(engine, hours=2)
        assert refresh_token(engine, "kim") == "Expired"
        assert warnings(engine) == [("SIGN_IN_AGAIN", "user:1")]
