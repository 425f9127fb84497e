"""What ends on a known day is told in time, to whoever can do something about it (B1)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trustme

from franking.engine.cli.status import as_json
from franking.engine.clock import EPOCH
from franking.engine.control.requests import status_told
from franking.events.device import CredentialEndAnnounced
from franking.events.information import Actor
from franking.events.token import GrantEndAnnounced
from franking.testing.clock import VirtualClock
from franking.testing.policy import TESTING

from .device import PRINTER, START, Office, credential, identity, office, said, warnings
from .test_clock import goes_on


@pytest.mark.manual("B1", "S24")
async def test_b1_the_consent_of_an_application_in_testing_is_told_before_it_ends(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        here.provider.policy.fixed_life = TESTING
        await here.acquire(engine)
        await here.sign_in(engine)
        assert warnings(engine) == []
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await here.scan(engine)
        await engine.settle()
        assert sorted(warnings(engine)) == [("SIGN_IN_ENDS", "administrator"), ("SIGN_IN_ENDS", "user:1")]
        told = {warning.subject: warning for warning in engine.information()}
        assert "2026-11-09" in told["administrator"].cause
        assert (told["administrator"].actor, told["user:1"].actor) == (Actor.ADMIN, Actor.PERSON)
        assert "in testing" in told["administrator"].remedy
        await here.passes(engine, days=6)
        assert said(engine, GrantEndAnnounced) == 4, "with 7 days left, and with one"
        await here.passes(engine, days=2)
        assert sorted(name for name, _ in warnings(engine)) == ["SIGN_IN_AGAIN", "SIGN_IN_AGAIN"]


@pytest.mark.manual("B1")
async def test_b1_status_shows_the_days_that_are_left(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        here.provider.policy.fixed_life = TESTING
        await here.sign_in(engine)
        shown = identity(engine, "kim")
        assert shown.ends_at is not None
        assert timedelta() <= START + timedelta(days=7) - shown.ends_at <= timedelta(seconds=1)
        found = as_json(status_told(engine.status()), here.clock.now())["identities"]
        assert isinstance(found, list)
        assert found[-1]["ends_in_days"] in (6, 7)


@pytest.mark.manual("B1")
async def test_b1_a_client_secret_is_told_before_its_day(tmp_path: Path) -> None:
    day = (START + timedelta(days=40)).date()
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await engine.apply(engine.settings.changed(oauth={"client_credential_ends": day}))
        await here.passes(engine, days=9)
        assert warnings(engine) == []
        await here.passes(engine, days=1)
        (warning,) = engine.information()
        assert (warning.code.name, warning.actor) == ("CREDENTIAL_ENDS", Actor.APP)
        assert day.isoformat() in warning.cause
        assert "client_credential_ends" in warning.remedy
        assert engine.status().credential_ends_at is not None
        later = day + timedelta(days=700)
        await engine.apply(engine.settings.changed(oauth={"client_credential_ends": later}))
        assert warnings(engine) == []


@pytest.mark.manual("B1")
async def test_b1_the_day_is_known_after_a_restart_and_counts_while_the_device_is_off(
    tmp_path: Path,
) -> None:
    day = (START + timedelta(days=40)).date()
    async with office(tmp_path, "Google", oauth={"client_credential_ends": day}) as here:
        async with here.engine() as engine:
            assert warnings(engine) == []
        assert isinstance(here.clock, VirtualClock)
        here.clock.move(timedelta(days=50))
        async with here.engine() as engine:
            assert warnings(engine) == [("CREDENTIAL_ENDS", "")]
            assert "ended" in engine.information()[0].cause


@pytest.mark.manual("B1", "B2")
@pytest.mark.parametrize("restarts", [False, True])
async def test_b1_a_clock_that_was_ahead_leaves_no_end_and_the_true_warnings_come(
    tmp_path: Path, restarts: bool
) -> None:
    day = (START + timedelta(days=60)).date()
    async with office(tmp_path, "Google", oauth={"client_credential_ends": day}) as here:
        assert isinstance(here.clock, VirtualClock)
        async with here.engine() as engine:
            await here.sign_in(engine)
            here.clock.jump(days=365)
            await engine.settle()
            assert "ended" in engine.information()[0].cause
            if not restarts:
                here.clock.jump(days=-365)
                await here.passes(engine, hours=2)
                await goes_on(here, engine)
                assert warnings(engine) == []
        if restarts:
            here.clock.jump(days=-365)
        async with here.engine() as engine:
            assert warnings(engine) == []
            await here.passes(engine, days=57)
            assert [name for name, _ in warnings(engine)] == ["CREDENTIAL_ENDS"]
            assert "ended" not in engine.information()[0].cause
            assert said(engine, CredentialEndAnnounced) == 1 + 3, "with 30, 14 and 7 days left"


@pytest.mark.manual("B1", "B2")
async def test_b1_a_dead_battery_takes_no_warning_away(tmp_path: Path) -> None:
    day = (START + timedelta(days=20)).date()
    async with office(tmp_path, "Google", oauth={"client_credential_ends": day}) as here:
        assert isinstance(here.clock, VirtualClock)
        async with here.engine() as engine:
            assert warnings(engine) == [("CREDENTIAL_ENDS", "")]
        here.clock.jump(seconds=(EPOCH - here.clock.now()).total_seconds())
        async with here.engine() as engine:
            assert sorted(warnings(engine)) == [("CLOCK_NOT_SET", ""), ("CREDENTIAL_ENDS", "")]


def certificate(here: Office, ends_at: datetime) -> str:
    """Uploaded to the registration; with its key (PEM)."""
    leaf = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(
        "printer.example", key_type=trustme.KeyType.RSA, not_after=ends_at
    )
    uploaded = leaf.cert_chain_pems[0].bytes()
    here.provider.registration.add_certificate(uploaded)
    return uploaded.decode() + leaf.private_key_pem.bytes().decode()


@pytest.mark.manual("B1", "B3")
async def test_b1_a_certificate_says_its_day_itself_and_a_new_one_takes_the_warning_away(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        here.provider.registration.open_mailbox(PRINTER)
        old, new = (certificate(here, START + timedelta(days=days)) for days in (20, 400))
        credential(here.store, "application", old)
        here.settings = here.settings.changed(
            oauth={
                "administrator_flow": "client credentials",
                "tenant": here.provider.tenant,
                "client_certificate": "credential:application",
            }
        )
        async with here.engine() as engine:
            assert warnings(engine) == [("CREDENTIAL_ENDS", "")]
            assert "2026-11-22" in engine.information()[0].cause
            credential(here.store, "application", new)
            await here.acquire(engine)
            assert warnings(engine) == []
