"""Who may be a user, and with which address: what cannot be is refused in words and leaves nothing behind."""

from pathlib import Path

import pytest

from franking.engine.at_the_panel import UnknownUser
from franking.engine.engine import Engine
from franking.engine.people import AddressUnusable, LoginEmpty, LoginReserved
from franking.engine.refusal import Refused
from franking.events.device import UserLoggedIn
from franking.events.job import JobSubmitted
from franking.tests.engine.device import history, office, refresh_token, said

FIXED = {"setting": "Fix Administrator Address"}
NO_ADDRESSES = [
    "kim",
    "kim@example.com\r\nBcc: all@example.com",
    "kim@example.com\x01auth=Bearer",
    "a b@example.com",
]


@pytest.mark.manual("S26a")
async def test_s26a_no_user_is_taken_for_the_device(tmp_path: Path) -> None:
    users = {"administrator": "kim@example.com"}
    async with office(tmp_path, from_address=FIXED) as here, here.engine(users=users) as engine:
        await here.acquire(engine)
        with pytest.raises(LoginReserved, match="no user may log in as 'administrator'"):
            await engine.log_in("panel", "administrator")
        with pytest.raises(LoginReserved):
            await engine.log_in("panel", "administrator", "kim@example.com")
        with pytest.raises(LoginReserved):
            await engine.sign_in("panel", "administrator")
        with pytest.raises(LoginReserved):
            await here.scan(engine, "administrator")
        assert engine.store.identities() == []
        assert [each.login for each in engine.status().identities] == ["administrator"]
        await engine.delete_token("administrator")
        assert refresh_token(engine, "administrator") == "Required"


@pytest.mark.manual("S17", "S33a")
@pytest.mark.parametrize("login", ["", " "])
async def test_s17_who_has_no_login_name_is_refused_in_words(tmp_path: Path, login: str) -> None:
    async with office(tmp_path, from_address=FIXED) as here, here.engine() as engine:
        with pytest.raises(LoginEmpty, match="a user needs a login name"):
            await engine.log_in("panel", login)
        with pytest.raises(LoginEmpty):
            await engine.sign_in("panel", login)
        with pytest.raises(LoginEmpty):
            await here.scan(engine, login)
        assert (engine.store.identities(), engine.status().jobs) == ([], ())


@pytest.mark.manual("S17")
@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_s17_what_is_no_address_is_refused_at_the_log_in(tmp_path: Path, address: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(AddressUnusable, match="of mo is not an e-mail address") as raised:
            await engine.log_in("panel", "mo", address)
        assert (raised.value.login, raised.value.address) == ("mo", address)
        assert engine.store.identities() == []
        assert said(engine, UserLoggedIn) == 0
        await engine.log_in("panel", "mo", " mo@example.com ")
        assert [row.address for row in engine.store.identities()] == ["mo@example.com"]


@pytest.mark.manual("S17")
@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_s17_an_address_of_the_directory_is_checked_too(tmp_path: Path, address: str) -> None:
    directory = {"kim": address}
    async with office(tmp_path) as here:
        opened = Engine.open(here.settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:
            for act in (
                engine.log_in("panel", "kim"),
                engine.sign_in("panel", "kim"),
                here.scan(engine, "kim"),
            ):
                with pytest.raises(AddressUnusable):
                    await act
            assert here.spooled() == []
            directory["kim"] = "kim@example.com"
            await engine.log_in("panel", "kim")
            directory["kim"] = address
            assert [each.address for each in engine.status().identities] == ["printer@example.com", ""]


@pytest.mark.manual("S17")
async def test_s17_a_refused_job_makes_nobody_known(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(Refused):
            await here.scan(engine, "nobody")
        assert [event.identity for event in history(engine) if isinstance(event, JobSubmitted)] == [""]
        assert [each.login for each in engine.status().identities] == ["administrator"]
        assert engine.store.identities() == []


async def test_who_has_no_address_opens_no_screen(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "nobody")
        with pytest.raises(UnknownUser, match="register the user's e-mail address"):
            await engine.sign_in("panel", "nobody")
        await engine.settle()
        assert here.visits == []
