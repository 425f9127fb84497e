"""Sending through a real Postfix, which has a real Dovecot check each token, into a relay that keeps what
comes (S30, S32). What arrives is compared octet by octet.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trustme

from franking.engine.contents import OnDisk
from franking.engine.ports import Envelope, Login, Outcome, Phase, Verdict
from franking.engine.smtp.compose import File, Message, Part, blocks
from franking.engine.smtp.submission import SmtpSubmission
from franking.events.request import Notify
from franking.testing.authority import client_context
from franking.testing.scripted import CUT
from franking.testing.scripted_submission import EXTENSIONS, Script, ScriptedServer
from franking.tests.engine.device import (
    KIM,
    LEE,
    OFFICE,
    PAGES,
    Office,
    office,
    refresh_token,
    states,
    warnings,
)
from franking.tests.engine.proxies import free_port
from franking.tests.engine.smtp.device import Device, message_of, with_token
from franking.tests.interop.dovecot import checking
from franking.tests.interop.postfix import CannotRun, Postfix, check_postfix, postfix

BOTH = pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
PATIENCE_S = 60.0
LISTENER = "127.0.0.1:{port} inet n - n - - smtpd"
SCAN_OCTETS = 25_000_000
OUTAGE = 5
"Questions about a token that get no answer."


@dataclass(frozen=True, slots=True)
class Scene:
    here: Office
    postfix: Postfix
    port: int
    relay: ScriptedServer
    "Takes what Postfix has taken."
    trust: Path
    "Both authorities: the provider's and Postfix's."

    @property
    def arrived(self) -> list[bytes]:
        """Without the doubled dots and without the trace of the way (RFC 5321 section 4.4)."""
        bodies = [body for connection in self.relay.connections for body in connection.bodies]
        return [untraced(body.replace(b"\r\n..", b"\r\n.")) for body in bodies]

    @property
    def commands(self) -> list[str]:
        """What Postfix said to the relay."""
        return [line for connection in self.relay.connections for line in connection.lines]

    def said(self) -> str:
        return "".join(self.postfix.said)

    async def all_arrived(self, count: int) -> list[bytes]:
        async with asyncio.timeout(PATIENCE_S), self.relay.met:
            await self.relay.met.wait_for(lambda: len(self.arrived) >= count)
        return self.arrived

    async def send(
        self,
        message: Message,
        *,
        to: tuple[str, ...] = (LEE,),
        notify: tuple[Notify, ...] = (),
        login: Login | None = None,
    ) -> Outcome:
        at = SmtpSubmission("localhost", self.port, lambda: client_context(self.trust), self.here.clock)
        login = login or with_token(token=self.here.provider.give(KIM).access_token)
        try:
            return await at.send(login, Envelope(KIM, to, message, notify), Device(at).begin)
        finally:
            await at.aclose()


def untraced(message: bytes) -> bytes:
    """Without the Received field that a server puts above what it was given."""
    assert message.startswith(b"Received: "), message[:100]
    lines = message.split(b"\r\n")
    first = next(number for number, line in enumerate(lines[1:], 1) if line[:1] not in b" \t")
    return b"\r\n".join(lines[first:])


def octets(message: Message) -> bytes:
    return b"".join(blocks(message))


@asynccontextmanager
async def scene(folder: Path, mechanism: str = "xoauth2", *more: str) -> AsyncIterator[Scene]:
    """`more`: what the relay offers beside the usual."""
    try:
        check_postfix()
    except CannotRun as why:
        pytest.skip(str(why))
    own, trust, port = trustme.CA(), folder / "trust.pem", free_port()
    key = folder / "postfix.pem"
    key.touch(mode=0o600)
    own.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(key))
    script = Script(implicit=True, starttls=False, extensions=(*EXTENSIONS, *more))
    async with (
        office(folder, "Google") as here,
        checking(here.provider, here.kit.ca_file, own, mechanism.lower()) as (socket, _),
        ScriptedServer(here.kit.authority.server_context(), script) as relay,
    ):
        trust.write_bytes(here.kit.ca_file.read_bytes() + own.cert_pem.bytes())
        settings = {
            "smtpd_tls_security_level": "encrypt",
            "smtpd_tls_chain_files": str(key),
            "smtpd_tls_auth_only": "yes",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": str(socket),
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
            "default_transport": f"smtp:[127.0.0.1]:{relay.port}",
            "smtp_tls_security_level": "encrypt",
            "smtp_tls_wrappermode": "yes",
        }
        with TemporaryDirectory(prefix="franking-postfix-", ignore_cleanup_errors=True) as place:
            async with postfix(Path(place), LISTENER.format(port=port), settings) as server:
                yield Scene(here, server, port, relay, trust)


@pytest.mark.manual("S30")
@BOTH
async def test_s30_a_signed_in_device_sends_and_the_message_arrives(tmp_path: Path, mechanism: str) -> None:
    async with scene(tmp_path, mechanism) as at:
        smtp = {"server": "localhost", "port": at.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.sign_in(engine)
            await at.here.scan(engine)
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["sent"], []), at.said()
        (arrived,) = await at.all_arrived(1)
    message = message_from_bytes(arrived, policy=policy.default)
    assert message["From"].addresses[0].addr_spec == KIM
    assert message.get_payload(decode=True) == PAGES
    assert f"RCPT TO:<{OFFICE}>" in [line.partition(" ORCPT")[0] for line in at.commands]
    assert at.here.provider.count("introspect") == 1
    assert f"sasl_method={mechanism}, sasl_username={KIM}" in at.said()


@pytest.mark.manual("S32")
@BOTH
async def test_s32_a_token_that_ended_early_is_replaced_once_and_the_message_arrives(
    tmp_path: Path, mechanism: str
) -> None:
    async with scene(tmp_path, mechanism) as at:
        smtp = {"server": "localhost", "port": at.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.sign_in(engine)
            at.here.provider._books.access_tokens.clear()
            await at.here.scan(engine)
            await engine.settle()
            assert (states(engine), at.here.refreshes) == (["sent"], 1), at.said()
        assert len(await at.all_arrived(1)) == 1


@pytest.mark.manual("S32")
@BOTH
async def test_s32_a_refused_token_is_told_as_such(tmp_path: Path, mechanism: str) -> None:
    async with scene(tmp_path, mechanism) as at:
        outcome = await at.send(message_of(Part.text("Hello")), login=with_token(token="of-nobody"))
    assert (outcome.verdict, outcome.phase) == (Verdict.TOKEN_REFUSED, Phase.AUTH)
    assert outcome.code == "535 5.7.8"
    assert at.arrived == []


@pytest.mark.manual("S32", "S29")
async def test_s32_a_server_that_blames_the_token_for_an_outage_costs_no_sign_in(tmp_path: Path) -> None:
    """This Postfix says 535 also where nobody could be asked about the token."""
    async with scene(tmp_path) as at:
        smtp = {"server": "localhost", "port": at.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.sign_in(engine)
            for _ in range(OUTAGE):
                at.here.provider.script(CUT, "introspect")
            await at.here.scan(engine)
            await engine.settle()
            assert states(engine) == ["waiting"]
            assert refresh_token(engine, "kim") == "Acquired"
            for _ in range(OUTAGE):
                await at.here.passes(engine, hours=1)
            assert (states(engine), at.here.visits) == (["sent"], ["panel"]), at.said()
        assert len(await at.all_arrived(1)) == 1


@pytest.mark.manual("S30")
async def test_s30_a_scan_of_25_megabytes_arrives_octet_by_octet(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(os.urandom(SCAN_OCTETS))
    scan = Part.attachment(File(OnDisk(path, SCAN_OCTETS)), "scan.pdf", "application/pdf")
    message = message_of(Part.text("Two floors.\n"), scan)
    async with scene(tmp_path) as at:
        outcome = await at.send(message)
        assert outcome.verdict is Verdict.SENT, (outcome, at.said())
        (arrived,) = await at.all_arrived(1)
    assert arrived == octets(message)
    _, attached = message_from_bytes(arrived, policy=policy.default).iter_parts()
    assert attached.get_payload(decode=True) == path.read_bytes()


@pytest.mark.manual("S30")
async def test_s30_lines_that_begin_with_a_dot_arrive_as_they_are(tmp_path: Path) -> None:
    message = message_of(Part.text(".\n..\n.hidden\n\nFrom here on\n.\n"))
    async with scene(tmp_path) as at:
        assert (await at.send(message)).verdict is Verdict.SENT
        (arrived,) = await at.all_arrived(1)
    assert arrived == octets(message)


@pytest.mark.manual("S22")
async def test_s22_a_notification_that_is_asked_for_travels_on(tmp_path: Path) -> None:
    message = message_of(Part.text("Hello"))
    async with scene(tmp_path, "xoauth2", "DSN") as at:
        outcome = await at.send(message, notify=(Notify.SUCCESS, Notify.FAILURE))
        assert outcome.verdict is Verdict.SENT, (outcome, at.said())
        (arrived,) = await at.all_arrived(1)
    assert arrived == octets(message)
    (mail,) = (line for line in at.commands if line.startswith("MAIL"))
    (recipient,) = (line for line in at.commands if line.startswith("RCPT"))
    assert " RET=HDRS" in mail
    assert " ENVID=" in mail
    assert " NOTIFY=SUCCESS,FAILURE" in recipient
    assert f" ORCPT=rfc822;{LEE}" in recipient


@pytest.mark.manual("S22")
async def test_s22_where_the_next_server_has_none_postfix_notifies_the_sender(tmp_path: Path) -> None:
    message = message_of(Part.text("Hello"))
    async with scene(tmp_path) as at:
        assert (await at.send(message, notify=(Notify.SUCCESS,))).verdict is Verdict.SENT
        report = next(found for found in await at.all_arrived(2) if found != octets(message))
    assert b"\r\nAction: relayed\r\n" in report
    assert b"\r\nOriginal-Envelope-Id: one@example.com\r\n" in report
    assert f"RCPT TO:<{KIM}>" in at.commands


@pytest.mark.manual("S30")
async def test_s30_a_recipient_with_letters_of_any_script_is_reached(tmp_path: Path) -> None:
    message = message_of(Part.text("Grüße"))
    async with scene(tmp_path) as at:
        outcome = await at.send(message, to=("jürgen@example.org", LEE))
        assert outcome.verdict is Verdict.SENT, (outcome, at.said())
        (arrived,) = await at.all_arrived(1)
    assert arrived == octets(message)
    assert any("SMTPUTF8" in line for line in at.commands if line.startswith("MAIL"))
    assert any(line.startswith("RCPT TO:<jürgen@example.org>") for line in at.commands)
