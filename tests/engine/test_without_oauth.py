"""[OAuth 2.0] OFF: the same pipeline with user name and password, or without AUTH (S1).

Rule: what went over the wire is read at the server: mechanism, account and TLS of each message.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.refusal import Refused
from franking.events.request import ScanToEmail
from franking.events.settings import Security
from franking.events.token import TokenWanted
from franking.testing.submission import Admits, SubmissionServer
from franking.tests.engine.device import (
    KIM,
    OFFICE,
    PAGES,
    PASSWORDS,
    PRINTER,
    Office,
    anywhere,
    credential,
    office,
    refresh_token,
    said,
    states,
)

OFF: dict[str, object] = {"enabled": False}
BY_PRINTER: dict[str, object] = {"user": PRINTER, "user_credential": "credential:smtp"}
FIXED: dict[str, object] = {"setting": "Fix Administrator Address"}


@asynccontextmanager
async def relay(
    here: Office, security: Security, admits: Admits = Admits.ANYONE
) -> AsyncIterator[SubmissionServer]:
    kit = here.kit
    async with SubmissionServer(
        here.provider, kit.authority, kit.mailbox, security=security, admits=admits
    ) as server:
        yield server


def came(here: Office) -> list[tuple[str, str]]:
    """Mechanism and account of every message that arrived."""
    return [(each.envelope.mechanism, each.envelope.account) for each in here.kit.mailbox.messages]


async def change(engine: Engine, **sections: object) -> None:
    await engine.apply(engine.settings.changed(**sections))
    await engine.settle()


@pytest.mark.manual("S1")
@pytest.mark.parametrize(("provider", "mechanism"), [("Google", "PLAIN"), ("Microsoft", "LOGIN")])
async def test_s1_user_name_and_password_by_the_mechanism_that_the_server_offers(
    tmp_path: Path, provider: str, mechanism: str
) -> None:
    async with office(tmp_path, provider) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        async with here.engine(oauth=OFF, smtp=BY_PRINTER, from_address=FIXED) as engine:
            await here.scan(engine)
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
            assert said(engine, TokenWanted) == 0
        assert came(here) == [(mechanism, PRINTER)] * 2
        assert here.provider.requests == []


@pytest.mark.manual("S1", "S30")
@pytest.mark.parametrize("security", list(Security))
async def test_s1_without_auth_through_a_relay_with_each_security(tmp_path: Path, security: Security) -> None:
    async with office(tmp_path) as here, relay(here, security) as server:
        smtp = {"port": server.port, "security": security}
        async with here.engine(oauth=OFF, smtp=smtp) as engine:
            await here.scan(engine)
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
        assert came(here) == [("", "")] * 2
        versions = {each.envelope.tls for each in here.kit.mailbox.messages}
        assert versions == ({""} if security is Security.NONE else {"TLSv1.3"})


@pytest.mark.manual("S1")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
async def test_s1_with_a_password_over_each_kind_of_tls(tmp_path: Path, security: Security) -> None:
    async with office(tmp_path) as here, relay(here, security, Admits.SIGNED_IN) as server:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        smtp = {"port": server.port, "security": security, **BY_PRINTER}
        async with here.engine(oauth=OFF, smtp=smtp, from_address=FIXED) as engine:
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent"]
        assert came(here) == [("LOGIN", PRINTER)]


@pytest.mark.manual("S30")
async def test_s30_a_token_goes_over_implicit_tls_where_that_is_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here, relay(here, Security.IMPLICIT, Admits.SIGNED_IN) as server:
        smtp = {"port": server.port, "security": Security.IMPLICIT}
        async with here.engine(smtp=smtp) as engine:
            await here.sign_in(engine)
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent"]
        assert came(here) == [("XOAUTH2", KIM)]


@pytest.mark.manual("S1", "S15", "S30")
async def test_s30_a_plain_relay_with_a_secret_cannot_be_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        plain: dict[str, object] = {"security": Security.NONE}
        with pytest.raises(Refused) as at_the_start:
            async with here.engine(smtp=plain):
                pass
        async with here.engine(oauth=OFF, smtp=plain) as engine:
            for wrong in ({"oauth": {"enabled": True}}, {"smtp": BY_PRINTER}):
                before = engine.settings
                with pytest.raises(Refused) as at_ok:
                    await change(engine, **wrong)
                assert at_ok.value.codes == at_the_start.value.codes == ("S30-plain",)
                assert engine.settings == before


@pytest.mark.manual("S1", "S30")
async def test_s30_no_password_goes_over_a_connection_that_the_server_offers_without_tls(
    tmp_path: Path,
) -> None:
    """The setting says STARTTLS, and somebody on the way took the offer out of the server's words."""
    async with office(tmp_path) as here, relay(here, Security.NONE) as server:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        smtp = {"port": server.port, **BY_PRINTER}
        async with here.engine(oauth=OFF, smtp=smtp, from_address=FIXED) as engine:
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["waiting"]
            assert engine.job(1).code == "no-tls"
        assert came(here) == []
        assert anywhere(here.store / "spool", PASSWORDS[PRINTER].encode()) == []


@pytest.mark.manual("S1", "B10")
async def test_s1_jobs_that_wait_for_a_sign_in_go_when_it_is_turned_off(tmp_path: Path) -> None:
    async with office(tmp_path) as here, relay(here, Security.STARTTLS) as server:
        async with here.engine() as engine:
            await here.scan(engine)
            await here.scan(engine, "lee")
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["waiting"] * 3
            await change(engine, oauth=OFF, smtp={"port": server.port})
            assert states(engine) == ["sent"] * 3
            assert said(engine, TokenWanted) == 0
        assert came(here) == [("", "")] * 3
        assert here.provider.requests == []


@pytest.mark.manual("S1", "S26a", "B10")
async def test_s1_jobs_of_the_time_without_go_with_oauth_when_it_is_turned_on(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        here.kit.mailbox.refuse_next("mail", "451 4.3.2 Not now")
        here.kit.mailbox.refuse_next("mail", "451 4.3.2 Not now")
        async with here.engine(oauth=OFF, smtp=BY_PRINTER) as engine:
            await here.scan(engine)
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["waiting"] * 2
            await change(engine, oauth={"enabled": True})
            await here.passes(engine, hours=1)
            assert states(engine) == ["waiting"] * 2
            assert here.kit.mailbox.messages == []
            await here.sign_in(engine)
            await here.acquire(engine)
            await here.passes(engine, hours=1)
            assert states(engine) == ["sent"] * 2
        assert sorted(came(here)) == [("XOAUTH2", KIM), ("XOAUTH2", PRINTER)]


@pytest.mark.manual("S1", "B10")
async def test_s1_a_mended_user_name_lets_what_waited_go_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        wrong = BY_PRINTER | {"user": KIM}
        async with here.engine(oauth=OFF, smtp=wrong, from_address=FIXED) as engine:
            for _ in range(3):
                await here.scan(engine)
                await engine.settle()
            assert states(engine) == ["waiting"] * 3
            assert engine.job(1).code == "password"
            await change(engine, device={"name": "Second floor"})
            assert states(engine) == ["waiting"] * 3
            await change(engine, smtp={"user": PRINTER})
            assert states(engine) == ["sent"] * 3
        assert came(here) == [("LOGIN", PRINTER)] * 3


@pytest.mark.manual("S1", "S26a")
async def test_s1_grants_and_jobs_live_through_off_and_on(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[KIM])
        async with here.engine(smtp={"user": KIM, "user_credential": "credential:smtp"}) as engine:
            await here.sign_in(engine)
            for settings in ({"oauth": OFF}, {"oauth": {"enabled": True}}):
                await change(engine, **settings)
                await here.scan(engine)
                await engine.settle()
            assert refresh_token(engine, "kim") == "Acquired"
            assert states(engine) == ["sent", "sent"]
        assert came(here) == [("LOGIN", KIM), ("XOAUTH2", KIM)]
        assert here.visits == ["panel"]


@pytest.mark.manual("S6", "S7", "S17")
@pytest.mark.parametrize("chosen", [None, "sales@example.com"])
async def test_s6_the_bulk_address_is_the_from_although_it_is_not_the_administrators(
    tmp_path: Path, chosen: str | None
) -> None:
    bulk = {"setting": "Bulk setting", "bulk": "sales@example.com"}
    async with office(tmp_path) as here, relay(here, Security.STARTTLS) as server:
        scan = here.folder / "scan.pdf"
        scan.write_bytes(PAGES)
        async with here.engine(oauth=OFF, smtp={"port": server.port}, from_address=bulk) as engine:
            await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), from_address=chosen, files=(scan,)))
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
        froms = [(each.mail_from, str(each.message()["From"])) for each in here.kit.mailbox.messages]
        assert froms == [("sales@example.com",) * 2, (PRINTER, PRINTER)], "what the device sends is its own"


@pytest.mark.manual("S6", "S17")
async def test_s17_a_bulk_address_that_was_taken_out_of_the_settings_sends_nothing(tmp_path: Path) -> None:
    bulk = {"setting": "Bulk setting", "bulk": "sales@example.com"}
    async with office(tmp_path) as here, relay(here, Security.STARTTLS) as server:
        scan = here.folder / "scan.pdf"
        scan.write_bytes(PAGES)
        here.kit.mailbox.refuse_next("mail", "451 4.3.2 Not now")
        async with here.engine(oauth=OFF, smtp={"port": server.port}, from_address=bulk) as engine:
            chosen = "sales@example.com"
            await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), from_address=chosen, files=(scan,)))
            await engine.settle()
            await change(engine, from_address={"setting": "Fix Administrator Address"})
            await here.passes(engine, hours=1)
            assert (states(engine), engine.job(1).code) == (["ended"], "S17-former")
        assert here.kit.mailbox.messages == []
