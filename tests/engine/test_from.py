"""Which From goes out, whose sign-in sends it, and what is refused: the whole device (S17, S19, S20, S21)."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.oauth.providers import MICROSOFT, ProviderData
from franking.engine.refusal import Refused
from franking.engine.settings import SettingsError
from franking.engine.submitting import Receipt
from franking.events.request import (
    EmailNotification,
    Medium,
    Request,
    ScanToEmail,
    ScanToMe,
    Transmission,
    TsiRouting,
    TxResultReport,
)

from .device import BOSS, KIM, LEE, OFFICE, PAGES, PRINTER, Office, office, refresh_token, states, warnings

ONMICROSOFT, SALES = "kim@example.onmicrosoft.com", "sales@example.com"
CHANGES = {"setting": "Allow User Changes"}


def file(folder: Path) -> Path:
    path = folder / "scan.pdf"
    path.write_bytes(PAGES)
    return path


async def scan(here: Office, engine: Engine, chosen: str | None = None, user: str = "kim") -> Receipt:
    request = ScanToEmail(user=user, to=(OFFICE,), from_address=chosen, files=(file(here.folder),))
    receipt = await engine.submit(request)
    await engine.settle()
    return receipt


def came_from(here: Office) -> list[tuple[str, str, str]]:
    """Who had signed in at the server, MAIL FROM and the header's From, of each message that arrived."""
    found = here.kit.mailbox.messages
    return [(each.envelope.account, each.mail_from, str(each.message()["From"])) for each in found]


@pytest.mark.manual("S17", "S19")
async def test_s19_an_account_that_is_configured_as_an_alias_signs_in_for_the_address(tmp_path: Path) -> None:
    async with office(tmp_path, aliases={"kim": [ONMICROSOFT]}) as here:
        here.provider.accounts.add(ONMICROSOFT, "pass", send_as=frozenset({KIM}))
        here.screen.account, here.screen.passwords[ONMICROSOFT] = ONMICROSOFT, "pass"
        async with here.engine() as engine:
            await here.sign_in(engine)
            await scan(here, engine)
            assert came_from(here) == [(ONMICROSOFT, KIM, KIM)], "the account is the server's user"
            await here.passes(engine, hours=2)
            await scan(here, engine)
            assert came_from(here)[1:] == [(ONMICROSOFT, KIM, KIM)], "a refreshed token is the account's, too"
        async with here.engine() as engine:
            await scan(here, engine)
            assert came_from(here)[2:] == [(ONMICROSOFT, KIM, KIM)], "so it is after power off and on"


@pytest.mark.manual("S19")
async def test_s19_another_account_is_refused_where_no_alias_is_configured(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.provider.accounts.add(ONMICROSOFT, "pass", send_as=frozenset({KIM}))
        here.screen.account, here.screen.passwords[ONMICROSOFT] = ONMICROSOFT, "pass"
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert refresh_token(engine, "kim") == "Required"
        (warning,) = engine.information()
        assert ONMICROSOFT in warning.cause
        assert KIM in warning.cause


@pytest.mark.manual("S17")
async def test_s17_a_shared_mailbox_is_sent_from_with_the_users_sign_in(tmp_path: Path) -> None:
    shared = {SALES: ["lee"]}
    async with (
        office(tmp_path, from_address=CHANGES, shared_mailboxes=shared) as here,
        here.engine() as engine,
    ):
        accounts = here.provider.accounts
        accounts._store(replace(accounts._known(LEE), send_as=frozenset({SALES})))
        await here.sign_in(engine, "lee")
        await scan(here, engine, SALES, "lee")
        assert came_from(here) == [(LEE, SALES, SALES)]
        with pytest.raises(Refused) as refused:
            await scan(here, engine, SALES)
        assert refused.value.codes == ("S17-from",), "it is not kim's"


@pytest.mark.manual("S17")
async def test_s17_the_administrators_address_is_sent_from_with_his_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path, from_address=CHANGES) as here, here.engine() as engine:
        await here.acquire(engine)
        await scan(here, engine, PRINTER)
        assert came_from(here) == [(PRINTER, PRINTER, PRINTER)]
        assert engine.status().jobs[0].owner == "kim", "it stays kim's job"


@pytest.mark.manual("S17", "S26a")
async def test_s17_what_waits_for_the_administrator_goes_with_the_address_that_holds_then(
    tmp_path: Path,
) -> None:
    fixed = {"setting": "Fix Administrator Address"}
    async with office(tmp_path, from_address=fixed) as here, here.engine() as engine:
        await scan(here, engine)
        await here.notice(engine)
        await engine.settle()
        assert states(engine) == ["waiting", "waiting"]
        await engine.apply(engine.settings.changed(administrator={"address": BOSS}))
        await here.acquire(engine)
        assert came_from(here) == [(BOSS, BOSS, BOSS)] * 2


@pytest.mark.manual("S17")
async def test_s17_a_from_that_is_nobodys_any_more_ends_the_job_in_words(tmp_path: Path) -> None:
    shared = {SALES: ["kim"]}
    async with (
        office(tmp_path, from_address=CHANGES, shared_mailboxes=shared) as here,
        here.engine() as engine,
    ):
        receipt = await scan(here, engine, SALES)
        without = engine.settings.model_dump() | {"shared_mailboxes": {}}
        await engine.apply(type(engine.settings).checked("settings", without))
        await here.sign_in(engine)
        assert engine.job(receipt.job).state == "ended"
        assert came_from(here) == []
        assert warnings(engine) == [("JOB_ENDED", str(receipt.job))]
        assert "belongs to nobody here any more" in engine.information()[0].cause
        assert here.spooled() == []


@pytest.mark.manual("S20")
async def test_s20_scan_to_me_goes_to_the_persons_own_address(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await engine.submit(ScanToMe(user="kim", to=(OFFICE,), files=(file(tmp_path),)))
        await engine.settle()
        (message,) = here.kit.mailbox.messages
        assert message.rcpt_tos == (KIM,)


@pytest.mark.manual("S21")
async def test_s21_a_fax_goes_where_its_senders_number_is_routed(tmp_path: Path) -> None:
    routes = {"+49 30 1234": [LEE], "089-55": [BOSS, OFFICE]}
    async with office(tmp_path, tsi_routing={"routes": routes}) as here, here.engine() as engine:
        await here.acquire(engine)
        for number in ("+49 (30) 12-34", "08955"):
            await engine.submit(TsiRouting(sender_number=number, files=(file(tmp_path),)))
        await engine.settle()
        assert [each.rcpt_tos for each in here.kit.mailbox.messages] == [(LEE,), (BOSS, OFFICE)]


@pytest.mark.manual("S21", "S15")
@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (lambda folder: TsiRouting(sender_number="110", files=(file(folder),)), "S21-route"),
        (lambda folder: EmailNotification(event="Toner is low"), "S33-recipients"),
        (
            lambda folder: TxResultReport(
                to=(OFFICE,),
                transmissions=(
                    Transmission(
                        number=1,
                        destination=LEE,
                        medium=Medium.EMAIL,
                        started_at=datetime(2026, 11, 2, tzinfo=UTC),
                        pages=1,
                        succeeded=False,
                    ),
                ),
            ),
            "S21-report",
        ),
    ],
)
async def test_s21_what_the_device_may_not_send_stands_on_the_information_screen(
    tmp_path: Path, request_: object, code: str
) -> None:
    assert callable(request_)
    request: Request = request_(tmp_path)
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        with pytest.raises(Refused) as refused:
            await engine.submit(request)
        assert refused.value.codes == (code,)
        await engine.settle()
        (warning,) = engine.information()
        assert warning.code.name == "JOB_ENDED"
        assert refused.value.rules[0].sentence in warning.cause
        assert (here.spooled(), here.kit.mailbox.messages) == ([], [])


@pytest.mark.manual("S15", "S33")
async def test_s33_a_message_over_the_servers_size_is_refused_before_it_is_spooled(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.server.replies = replace(here.server.replies, octets_max=200_000)
        await scan(here, engine)
        assert engine.adapters.limits().octets_max == 200_000, "it said so in its greeting"
        large = tmp_path / "large.pdf"
        large.write_bytes(PAGES * 200)
        with pytest.raises(Refused) as refused:
            await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(large,)))
        assert refused.value.codes == ("S33-size",)
        assert here.spooled() == []
        assert states(engine) == ["sent"]


@pytest.mark.manual("S5", "S15")
@pytest.mark.parametrize("server", ["smtp.office365.com", "SMTP.Office365.com", "smtp.office365.com."])
async def test_s5_the_providers_own_server_keeps_its_limits_however_it_is_written(
    tmp_path: Path, server: str
) -> None:
    async with office(tmp_path) as here, here.engine(smtp={"server": server}) as engine:
        known = MICROSOFT.lifetimes
        found = engine.adapters.limits()
        assert (found.octets_max, found.recipients_max) == (known.octets_max, known.recipients_max)
        assert None not in (known.octets_max, known.recipients_max)


@pytest.mark.manual("S15")
async def test_s15_all_that_is_wrong_with_a_job_is_told_at_once(tmp_path: Path) -> None:
    off, vlan = {"off": ["Scan to E-mail"]}, {"connection": "Network 2", "vlan": True}
    async with office(tmp_path) as here, here.engine(functions=off, network=vlan) as engine:
        with pytest.raises(Refused) as refused:
            await engine.submit(ScanToEmail(user="nobody", files=(file(tmp_path),)))
        assert refused.value.codes == ("S14-vlan", "S17-address", "S20-off", "S33-recipients")
        told = str(refused.value)
        assert all(rule.sentence in told and rule.act in told for rule in refused.value.rules)
        assert all(rule.actor.value in told for rule in refused.value.rules)


def own(here: Office) -> ProviderData:
    """What a maker knows of a provider of his own."""
    return replace(MICROSOFT, name="Example Mail", lifetimes=MICROSOFT.lifetimes._replace(server=""))


@pytest.mark.manual("S2")
async def test_s2_a_provider_of_the_embedding_programs_own(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        settings = here.settings.changed(oauth={"provider": "Example Mail"})
        mine = {"Example Mail": own(here)}
        async with Engine.open(settings, clock=here.clock, screen=here.screen, providers=mine) as engine:
            await here.sign_in(engine)
            await scan(here, engine)
            assert came_from(here) == [(KIM, KIM, KIM)]
            (grant,) = engine.store.grants()
            assert "Example Mail" in grant.issuer


@pytest.mark.manual("S2", "S5")
async def test_s5_a_provider_without_a_server_of_its_own_needs_one_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        settings = here.settings.changed(oauth={"provider": "Example Mail"}, smtp={"server": None})
        mine = {"Example Mail": own(here)}
        async with Engine.open(settings, clock=here.clock, screen=here.screen, providers=mine) as engine:
            with pytest.raises(Refused) as refused:
                await scan(here, engine)
            assert refused.value.codes == ("S5-none",)


@pytest.mark.manual("S2")
async def test_s2_a_provider_that_nobody_knows_is_named_with_those_that_are(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        settings = here.settings.changed(oauth={"provider": "Example Mail"})
        with pytest.raises(SettingsError) as wrong:
            async with Engine.open(settings, clock=here.clock):
                raise AssertionError("it was opened")
        (mistake,) = wrong.value.mistakes
        assert mistake.key == "oauth.provider"
        assert "Google, Microsoft" in str(wrong.value)
