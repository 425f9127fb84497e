"""What leaves the [Information] screen, and how: a warning of what is over does not stand for ever."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from franking.engine.cli.status import as_json, show
from franking.engine.control.requests import status_told
from franking.engine.engine import Engine
from franking.events.information import Info, InformationAcknowledged, InformationCleared
from franking.machines.rules import Look

from .device import KIM, LEE, Office, identity, office, said, warnings

TURNED_AWAY = "535 5.7.3 Authentication unsuccessful"
BLOCKED = b'{"error": "invalid_grant", "error_description": "AADSTS53003: blocked by policy"}'


async def provider_refuses(here: Office, engine: Engine) -> None:
    await here.sign_in(engine)
    await here.passes(engine, hours=2)
    here.provider.answer_next(400, {"Content-Type": "application/json"}, BLOCKED)
    await here.scan(engine)
    await engine.settle()


async def server_refuses(here: Office, engine: Engine) -> None:
    await here.sign_in(engine)
    for _ in range(2):
        here.kit.mailbox.refuse_next("auth", TURNED_AWAY)
    await here.scan(engine)
    await engine.settle()


async def sign_in_ended(here: Office, engine: Engine) -> None:
    await here.sign_in(engine)
    here.provider.revoke_grants(KIM)
    await here.passes(engine, hours=2)
    await here.scan(engine)
    await engine.settle()


async def other_account(here: Office, engine: Engine) -> None:
    here.screen.account = LEE
    await engine.sign_in("panel", "kim")
    await engine.settle()


async def job_ended(here: Office, engine: Engine) -> None:
    await here.sign_in(engine)
    here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 no such mailbox")
    await here.scan(engine)
    await engine.settle()


@pytest.mark.manual("S27", "S24")
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (provider_refuses, "PROVIDER_REFUSES"),
        (server_refuses, "SERVER_REFUSES_TOKEN"),
        (other_account, "OTHER_ACCOUNT"),
    ],
)
@pytest.mark.parametrize("how", ["delete", "delete after the wait"])
async def test_s27_what_was_said_of_a_token_goes_with_it(
    tmp_path: Path, make: object, code: str, how: str
) -> None:
    assert callable(make)
    async with office(tmp_path) as here, here.engine() as engine:
        await make(here, engine)
        assert warnings(engine) == [(code, "user:1")]
        if how == "delete after the wait":
            async with here.provider.outage():
                await here.passes(engine, hours=2)
                assert warnings(engine) == [(code, "user:1")]
                await engine.delete_token("kim")
        else:
            await engine.delete_token("kim")
        await engine.settle()
        assert [each for each in warnings(engine) if each[0] != "JOBS_WAIT"] == []


@pytest.mark.manual("S33", "B9")
@pytest.mark.parametrize(("make", "code"), [(job_ended, Info.JOB_ENDED), (other_account, Info.OTHER_ACCOUNT)])
async def test_b9_what_happened_once_goes_when_it_is_acknowledged(
    tmp_path: Path, make: object, code: Info
) -> None:
    assert callable(make)
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await make(here, engine)
            ((_, subject),) = warnings(engine)
            assert await engine.acknowledge(code, subject)
            assert engine.information() == ()
            assert not await engine.acknowledge(code, subject), "it does not stand any more"
            assert (said(engine, InformationAcknowledged), said(engine, InformationCleared)) == (1, 1)
        async with here.engine() as engine:
            assert engine.information() == ()


@pytest.mark.manual("S24")
async def test_s24_what_still_is_so_stays_and_is_marked_as_acknowledged(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await sign_in_ended(here, engine)
            assert [each.acknowledged for each in engine.information()] == [False]
            assert await engine.acknowledge(Info.SIGN_IN_AGAIN, "user:1")
            assert [(each.code.name, each.acknowledged) for each in engine.information()] == [
                ("SIGN_IN_AGAIN", True)
            ]
        async with here.engine() as engine:
            assert [each.acknowledged for each in engine.information()] == [True], "a restart keeps the mark"


@pytest.mark.manual("S24")
async def test_s24_what_is_raised_again_is_not_acknowledged_any_more(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await provider_refuses(here, engine)
        await engine.acknowledge(Info.PROVIDER_REFUSES, "user:1")
        here.provider.answer_next(400, {"Content-Type": "application/json"}, BLOCKED)
        await here.passes(engine, hours=1, minutes=1)
        assert [(each.code.name, each.acknowledged) for each in engine.information()] == [
            ("PROVIDER_REFUSES", False)
        ]


@pytest.mark.manual("S24")
async def test_s24_the_status_says_what_is_acknowledged(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await sign_in_ended(here, engine)
        for acknowledged in (False, True):
            text = StringIO()
            found, now = status_told(engine.status()), engine.clock.now()
            show(found, now, engine.settings, Console(file=text))
            assert ("acknowledged" in text.getvalue()) == acknowledged
            (told,) = json.loads(json.dumps(as_json(found, now)))["information"]
            assert told["acknowledged"] == acknowledged
            await engine.acknowledge(Info.SIGN_IN_AGAIN, "user:1")


@pytest.mark.manual("S24", "S33a")
async def test_s24_each_warning_says_whom_it_concerns(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await sign_in_ended(here, engine)
        here.provider.answer_next(500)
        await engine.log_in("page:1", "lee")
        await engine.sign_in("page:1", "lee")
        await engine.settle()
        await engine.apply(engine.settings.changed(network={"connection": "Network 2", "vlan": True}))
        kim, lee = (identity(engine, login).identity for login in ("kim", "lee"))

        def concerned() -> dict[str, str | None]:
            return {each.code.name: engine.reader.concerns(each) for each in engine.information()}

        assert concerned() == {"SIGN_IN_AGAIN": kim, "SIGN_IN_FAILED": lee, "NOT_AVAILABLE": None}
        await engine.log_out("page:1")
        assert concerned()["SIGN_IN_FAILED"] == lee, "whoever stands there now"


@pytest.mark.manual("S12", "S14", "S18", "S15")
async def test_s14_no_screen_opens_for_who_waited_while_a_rule_broke(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.sign_in("panel", "lee")
        await engine.settle()
        await engine.sign_in("panel", "kim")
        await engine.apply(engine.settings.changed(network={"connection": "Network 2", "vlan": True}))
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.visits == ["panel"], "lee's, and no other"
        failed = next(each for each in engine.information() if each.code is Info.SIGN_IN_FAILED)
        assert (failed.subject, "not available" in failed.cause) == ("panel", True)
        (rule,) = engine.refusals(Look.SIGN_IN)
        assert rule.sentence in failed.cause
        assert failed.remedy == rule.act
