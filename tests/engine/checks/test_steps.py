"""Every step of the check fails by a real fault, and names it; what follows from it is not told as a second
one (B4, B9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from franking.engine.checks.step import Ends, Mark, Name
from franking.engine.clock import SystemClock
from franking.engine.oauth.providers import BUILT_IN
from franking.engine.settings import Settings
from franking.events.information import Actor
from franking.events.settings import Security
from franking.testing.authority import Authority
from franking.testing.provider import ProviderServer
from franking.testing.providers import BY_NAME
from franking.testing.scripted import Scripted
from franking.testing.submission import SubmissionServer
from franking.tests.engine.device import BOSS, KIM, PRINTER, office
from franking.tests.engine.proxies import InspectingProxy, ScriptedProxy, free_port

from .looked import Ahead, acquired, because, failed, look, warned

pytestmark = pytest.mark.manual("B4", "B9")


async def test_b4_a_device_whose_mail_can_go(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        found = await look(here.settings)
        marks = {name: finding.mark for name, finding in found.items()}
        assert marks.pop(Name.PROXY) is Mark.NOT_NEEDED
        assert set(marks.values()) == {Mark.OK}
        assert here.kit.mailbox.messages == []


async def test_b4_nothing_is_asked_while_the_settings_cannot_be(tmp_path: Path) -> None:
    bulk = {"setting": "Bulk setting", "bulk": KIM}
    oauth = {"enabled": True, "client_id": "device"}
    settings = Settings().changed(
        oauth=oauth, administrator={"address": PRINTER}, from_address=bulk, store={"path": tmp_path}
    )
    found = await look(settings)
    assert failed(found) == [Name.SETTINGS]
    assert found[Name.SETTINGS].found == "S7-bulk"
    assert because(found, Name.SETTINGS) == list(Name)[1:-1]


async def test_b4_a_name_that_no_dns_knows(tmp_path: Path) -> None:
    settings = Settings().changed(smtp={"server": "mail.invalid"}, store={"path": tmp_path})
    found = await look(settings)
    assert failed(found) == [Name.DNS]
    assert "mail.invalid" in found[Name.DNS].cause
    assert found[Name.DNS].ends is Ends.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "{proxy.user}"),
        (None, ""),
    ],
    ids=["refuses", "is not there"],
)
async def test_b4_s4_the_proxy(tmp_path: Path, answer: bytes | None, code: str) -> None:
    async with office(tmp_path, clock=SystemClock()) as here, ScriptedProxy(answer or b"") as proxy:
        port = proxy.port if answer else free_port()
        found = await look(here.settings.changed(proxy={"host": "127.0.0.1", "port": port}))
    assert failed(found) == [Name.PROXY]
    assert found[Name.PROXY].actor is Actor.ADMIN
    assert found[Name.PROXY].ends is (Ends.CONFIG if code else Ends.UNREACHABLE)
    assert Name.ENDPOINT in because(found, Name.PROXY)


async def test_b4_a_clock_that_is_wrong_by_half_an_hour(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        found = await look(here.settings, clock=Ahead())
    assert failed(found) == [Name.CLOCK]
    assert found[Name.CLOCK].remedy == "Set the clock, or turn NTP on."


async def test_b4_a_proxy_that_opens_tls_and_whom_nobody_trusts(tmp_path: Path) -> None:
    company = Authority(tmp_path / "company")
    async with (
        office(tmp_path, clock=SystemClock()) as here,
        InspectingProxy(company, here.kit.ca_file) as proxy,
    ):
        found = await look(here.settings.changed(proxy={"host": "127.0.0.1", "port": proxy.port}))
        assert proxy.inspected == 0
    assert failed(found) == [Name.TLS]
    assert "certificate" in found[Name.TLS].found
    assert "a company's proxy opens TLS" in found[Name.TLS].remedy
    assert Name.ENDPOINT in because(found, Name.TLS)


async def test_b4_a_proxy_that_opens_tls_is_named_where_its_authority_is_trusted(tmp_path: Path) -> None:
    company, both = Authority(tmp_path / "company"), tmp_path / "both.pem"
    async with (
        office(tmp_path, clock=SystemClock()) as here,
        InspectingProxy(company, here.kit.ca_file) as proxy,
    ):
        both.write_bytes(here.kit.ca_file.read_bytes() + company.ca_file.read_bytes())
        maker = replace(
            BUILT_IN["Microsoft"],
            name="Maker",
            token=here.provider.token_url,
            certified_by=frozenset({"A Public CA"}),
        )
        settings = here.settings.changed(
            oauth={"provider": "Maker", "authority": None},
            proxy={"host": "127.0.0.1", "port": proxy.port},
            tls={"trust": both},
        )
        found = await look(settings, providers={"Maker": maker})
        assert proxy.inspected
    assert warned(found) == [Name.TLS, Name.HTTP], "it speaks HTTP/1.1, too"
    assert found[Name.TLS].cause.startswith("The connection looks inspected by trustme")


async def test_b4_a_certificate_that_has_ended_by_this_clock(tmp_path: Path) -> None:
    old = Authority(tmp_path / "old", ends_at=datetime(2026, 1, 31, tzinfo=UTC))
    async with office(tmp_path, clock=SystemClock()) as here, here.provider.distrusted(old):
        found = await look(here.settings.changed(tls={"trust": old.ca_file}))
    assert failed(found)[0] is Name.CLOCK
    assert found[Name.CLOCK].found == "certificate has expired"


async def test_b4_a_token_endpoint_that_is_not_there(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        here.provider.down(days=1)
        found = await look(here.settings)
    assert failed(found) == [Name.ENDPOINT]
    assert found[Name.ENDPOINT].ends is Ends.UNREACHABLE
    assert found[Name.GREETING].mark is Mark.OK, "the server has nothing to do with it"


async def test_b4_a_captive_portal_in_its_place(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        here.provider.script(Scripted(200, {"Content-Type": "text/html"}, b"<html>Welcome to the hotel"))
        found = await look(here.settings)
    assert failed(found) == [Name.ENDPOINT]
    assert "captive portal" in found[Name.ENDPOINT].remedy


async def test_b4_s13_a_token_endpoint_of_google_that_speaks_http_1_1_alone(tmp_path: Path) -> None:
    async with (
        office(tmp_path, "Google", SystemClock()) as here,
        ProviderServer(
            BY_NAME["google"],
            SystemClock(),
            here.kit.authority,
            client_secret=here.provider.client_secret,
            alpn=("http/1.1",),
        ) as old,
    ):
        found = await look(here.settings.changed(oauth={"authority": old.base}))
    assert failed(found) == [Name.HTTP, Name.CONSENT]
    assert "needs HTTP/2" in found[Name.HTTP].cause


async def test_b4_a_client_id_that_the_provider_does_not_know(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        found = await look(here.settings.changed(oauth={"client_id": "somebody-else"}))
    assert failed(found) == [Name.CLIENT]
    assert found[Name.CLIENT].actor is Actor.APP
    assert because(found, Name.CLIENT) == [Name.CONSENT, Name.SIGN_IN, Name.SEND_AS]


async def test_b4_nobody_has_signed_in_and_no_store_is_made(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        found = await look(here.settings)
        assert not here.store.exists()
    assert failed(found) == [Name.CONSENT]
    assert "[Acquire]" in found[Name.CONSENT].remedy


async def test_b4_a_sign_in_that_the_provider_has_ended(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.provider.revoke_grants(PRINTER)
        found = await look(here.settings)
    assert failed(found) == [Name.CONSENT]
    assert found[Name.CONSENT].cause


async def test_b4_s19_the_sign_in_is_that_of_another_account(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        found = await look(here.settings.changed(administrator={"address": BOSS}))
    assert failed(found) == [Name.CONSENT]
    assert found[Name.CONSENT].found == "I109"


async def test_b4_a_server_that_does_not_take_this_device(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("connect", "554 5.7.1 You are not welcome")
        found = await look(here.settings)
    assert failed(found) == [Name.GREETING]
    assert "You are not welcome" in found[Name.GREETING].found


async def test_b4_no_server_listens(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        found = await look(here.settings.changed(smtp={"port": free_port()}))
    assert failed(found) == [Name.GREETING]
    assert found[Name.GREETING].ends is Ends.UNREACHABLE


async def test_b4_s30_a_server_without_starttls(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        plain = SubmissionServer(here.provider, here.kit.authority, here.kit.mailbox, security=Security.NONE)
        async with plain:
            found = await look(here.settings.changed(smtp={"port": plain.port}))
    assert failed(found) == [Name.STARTTLS]
    assert found[Name.GREETING].mark is Mark.OK


async def test_b4_s30_a_server_whose_certificate_nobody_trusts(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        strange = SubmissionServer(here.provider, Authority(tmp_path / "strange"), here.kit.mailbox)
        async with strange:
            found = await look(here.settings.changed(smtp={"port": strange.port}))
    assert failed(found) == [Name.STARTTLS]
    assert because(found, Name.STARTTLS) == [Name.MECHANISM, Name.SIGN_IN, Name.SEND_AS]


async def test_b4_a_server_that_has_no_xoauth2(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.server.replies = replace(here.server.replies, mechanisms=frozenset({"LOGIN"}))
        found = await look(here.settings)
        assert here.server.sign_ins == 0
    assert failed(found) == [Name.MECHANISM]
    assert "offered: LOGIN" in found[Name.MECHANISM].found


async def test_b4_s31_authenticated_smtp_is_off(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.provider.accounts.disable_submission(PRINTER)
        found = await look(here.settings)
    assert failed(found) == [Name.SIGN_IN]
    assert "[Authenticated SMTP]" in found[Name.SIGN_IN].remedy
    assert found[Name.SIGN_IN].actor is Actor.TENANT


async def test_b4_the_account_may_not_send_as_the_address(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("mail", here.server.replies.sender_refused)
        found = await look(here.settings)
    assert failed(found) == [Name.SEND_AS]
    assert PRINTER in found[Name.SEND_AS].cause


async def test_b4_b11_the_server_takes_no_more_for_now(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("auth", "432 4.3.2 Concurrent connections limit exceeded")
        found = await look(here.settings)
    assert failed(found) == [Name.PACE]
    assert found[Name.PACE].ends is Ends.TEMPORARY
    assert because(found, Name.PACE) == [Name.SIGN_IN, Name.SEND_AS]


async def test_b4_b11_a_mailbox_that_the_device_itself_holds_back(tmp_path: Path) -> None:
    async with acquired(tmp_path) as here:
        here.kit.mailbox.refuse_next("auth", "432 4.3.2 Concurrent connections limit exceeded")
        async with here.engine() as engine:
            await here.notice(engine)
            await engine.settle()
        found = await look(here.settings)
    assert failed(found) == [Name.PACE]
    assert "432 4.3.2" in found[Name.PACE].found


@pytest.mark.manual("B1")
async def test_b4_b1_a_client_secret_that_ends_soon(tmp_path: Path) -> None:
    async with acquired(tmp_path, "Google") as here:
        ends = (here.clock.now() + timedelta(days=5)).date()
        found = await look(here.settings.changed(oauth={"client_credential_ends": ends}))
    assert warned(found) == [Name.CLIENT]
    assert f"{ends}" in found[Name.CLIENT].cause
