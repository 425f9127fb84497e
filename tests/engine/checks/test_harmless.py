"""A check disturbs nothing: no token is lost or shown, no mail goes that nobody asked for (B4)."""

from pathlib import Path

import pytest

from franking.engine.checks.opening import looking
from franking.engine.checks.step import Looked as Step
from franking.engine.checks.step import Mark, Name, run
from franking.engine.checks.table import MAIL, STEPS
from franking.engine.clock import SystemClock
from franking.engine.settings import Settings
from franking.tests.engine.application import alone
from franking.tests.engine.device import (
    KIM,
    LEE,
    PASSWORDS,
    PRINTER,
    credential,
    issued_tokens,
    office,
    refresh_token,
    sealed,
    states,
)

from .looked import acquired, failed, look

pytestmark = pytest.mark.manual("B4")


@pytest.mark.manual("S25", "S30")
async def test_b4_a_token_that_was_renewed_on_the_way_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issued_tokens(monkeypatch)
    async with acquired(tmp_path) as here:
        before, told = here.refreshes, ""
        for _ in range(2):
            found = await look(here.settings)
            assert failed(found) == []
            told += repr(found)
        assert here.refreshes == before + 4, "each time one that the provider refuses, and one"
        assert issued
        assert [token for token in issued if token in told] == []
        async with here.engine() as engine:
            assert refresh_token(engine, "administrator") == "Acquired"
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent"]


async def test_b4_mail_that_waits_goes_on_waiting(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("mail", "451 4.3.0 Try again later")
        async with here.engine() as engine:
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["waiting"]
        await look(here.settings)
        assert here.kit.mailbox.messages == []


async def test_b4_an_engine_that_runs_keeps_its_tokens(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here, here.engine() as engine:
        before = sealed(engine, "administrator")
        found = await look(here.settings)
        assert found[Name.CONSENT].mark is Mark.NOT_LOOKED_AT
        assert found[Name.MECHANISM].mark is Mark.OK
        told = await look(here.settings, told=engine.status())
        assert found[Name.SIGN_IN].mark is told[Name.SIGN_IN].mark is Mark.NOT_LOOKED_AT
        assert told[Name.CONSENT].mark is Mark.OK
        assert failed(found) == failed(told) == []
        assert sealed(engine, "administrator") == before


async def test_b4_what_an_engine_that_runs_says_of_its_sign_in_is_told(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here, here.engine() as engine:
        found = await look(here.settings, told=engine.status())
        assert failed(found) == [Name.CONSENT]


@pytest.mark.manual("B3")
@pytest.mark.parametrize("how", ["secret", "service account"])
async def test_b4_b3_an_application_that_signs_in_by_itself(tmp_path: Path, how: str) -> None:
    async with alone(tmp_path, how, clock=SystemClock()) as here:
        found = await look(here.settings)
        assert failed(found) == []
        assert found[Name.SIGN_IN].mark is Mark.OK


async def test_b4_a_users_mail(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        async with here.engine() as engine:
            await here.sign_in(engine, "kim")
        kims, lees = await look(here.settings, "kim"), await look(here.settings, "lee")
        assert failed(kims) == []
        assert kims[Name.SIGN_IN].found == KIM
        assert failed(lees) == [Name.CONSENT]
        assert LEE in lees[Name.CONSENT].found


@pytest.mark.manual("S1")
async def test_b4_s1_without_oauth_the_servers_steps_alone_are_looked_at(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        credential(here.store, "mail", PASSWORDS[PRINTER])
        smtp = {"user": PRINTER, "user_credential": "credential:mail"}
        found = await look(here.settings.changed(oauth={"enabled": False}, smtp=smtp))
        assert failed(found) == []
        needed = [name for name, finding in found.items() if finding.mark is Mark.OK]
        assert needed == [Name.SETTINGS, Name.DNS, *list(Name)[list(Name).index(Name.GREETING) : -1]]
        assert here.provider.requests == []


async def mailed(settings: Settings, to: str) -> list[Step]:
    async with looking(settings, SystemClock()) as ground:
        ground.send_to = to
        return [each async for each in run((*STEPS, MAIL), ground, SystemClock())]


async def test_b4_a_test_mail_goes_where_one_is_asked_for(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        last = (await mailed(here.settings, LEE))[-1]
        assert (last.name, last.finding.mark) == (Name.MAIL, Mark.OK)
        (message,) = here.kit.mailbox.messages
        assert message.rcpt_tos == (LEE,)
        assert "Test of the mail settings" in str(message.message()["Subject"])
        async with here.engine() as engine:
            assert states(engine) == []


async def test_b4_a_test_mail_that_is_refused_says_why(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 No such user")
        last = (await mailed(here.settings, LEE))[-1]
        assert last.finding.mark is Mark.FAILED
        assert "No such user" in last.finding.found
        assert last.finding.cause == "There is no such recipient."
