"""Connecting: nothing is said to a server that was not verified, and each failure has its name."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from franking.engine.clock import SystemClock
from franking.engine.ports import Outcome, Phase, Verdict
from franking.engine.smtp.compose import Message
from franking.engine.smtp.connect import Server, _code, connect, security_at
from franking.engine.smtp.submission import SmtpSubmission
from franking.engine.smtp.trouble import explain
from franking.events.information import Actor
from franking.events.settings import Security
from franking.testing.authority import Authority, client_context
from franking.testing.scripted_submission import CUT, SILENCE, Script, ScriptedServer
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import Device, with_token


def device_at(
    port: int,
    context: Callable[[], ssl.SSLContext],
    host: str = "localhost",
    security: Security | None = None,
) -> Device:
    return Device(SmtpSubmission(host, port, context, SystemClock(), 30, security))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def leaf_context(ca: trustme.CA, name: str = "localhost", **dates: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name, not_before=dates.get("not_before"), not_after=dates.get("not_after")).configure_cert(
        context
    )
    return context


def trusting(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    return context


async def sent_to(
    tls: ssl.SSLContext, context: ssl.SSLContext, message: Message
) -> tuple[Outcome, list[str]]:
    async with ScriptedServer(tls, Script()) as server:
        outcome = await device_at(server.port, lambda: context).send(message)
        return outcome, server.only.lines


@pytest.mark.manual("S30")
@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "implicit"])
async def test_s30_the_connection_is_secure_before_the_sign_in(
    playing: Playing, small: Message, implicit: bool
) -> None:
    async with playing(Script(implicit=implicit)) as (server, device):
        outcome = await device.send(small)
    assert outcome.verdict is Verdict.SENT
    before = server.only.lines[: server.only.lines_before_tls]
    assert not any("AUTH" in line for line in before)
    assert ("STARTTLS" in before) is not implicit


@pytest.mark.parametrize(
    ("port", "security"), [(465, Security.IMPLICIT), (587, Security.STARTTLS), (25, Security.STARTTLS)]
)
def test_the_port_tells_how_tls_begins(port: int, security: Security) -> None:
    assert security_at(port) is security


@pytest.mark.manual("S30")
async def test_s30_without_tls_nothing_is_sent(playing: Playing, small: Message) -> None:
    async with playing(Script(starttls=False)) as (server, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.STARTTLS, "no-tls")
    assert [line.partition(" ")[0] for line in server.only.lines] == ["EHLO"]


async def test_a_refused_starttls_is_an_answer(playing: Playing, small: Message) -> None:
    async with playing(Script(replies={"STARTTLS": ["454 4.7.0 TLS not available"]})) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.STARTTLS, "454 4.7.0")
    assert outcome.answered


@pytest.mark.manual("S30")
async def test_s30_an_unknown_authority_is_not_trusted(small: Message) -> None:
    outcome, lines = await sent_to(leaf_context(trustme.CA()), trusting(trustme.CA()), small)
    assert (outcome.verdict, outcome.code, outcome.answered) == (Verdict.LATER, "certificate", True)
    assert not any("AUTH" in line for line in lines)


@pytest.mark.manual("S30")
async def test_s30_another_hosts_certificate_is_not_trusted(small: Message) -> None:
    ca = trustme.CA()
    outcome, lines = await sent_to(leaf_context(ca, "other.example.com"), trusting(ca), small)
    assert outcome.code == "certificate"
    assert not any("AUTH" in line for line in lines)


async def test_a_certificate_of_tomorrow_means_a_wrong_clock(small: Message) -> None:
    ca = trustme.CA()
    now = SystemClock().now()
    tls = leaf_context(ca, not_before=now + timedelta(days=1), not_after=now + timedelta(days=9))
    outcome, _ = await sent_to(tls, trusting(ca), small)
    assert outcome.code == "clock"
    assert "date and time" in explain(outcome).remedy


async def test_a_certificate_of_last_year_is_not_trusted(small: Message) -> None:
    ca = trustme.CA()
    tls = leaf_context(
        ca, not_before=datetime(2025, 1, 1, tzinfo=UTC), not_after=datetime(2025, 2, 1, tzinfo=UTC)
    )
    outcome, _ = await sent_to(tls, trusting(ca), small)
    assert (outcome.code, "expired" in outcome.reply) == ("certificate", True)


@pytest.mark.manual("S8")
async def test_s8_versions_of_tls_that_do_not_meet(authority: Authority, small: Message) -> None:
    tls = authority.server_context(maximum=ssl.TLSVersion.TLSv1_2)
    context = client_context(authority.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    outcome, lines = await sent_to(tls, context, small)
    # Most servers say so in an alert; this one just goes.
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.STARTTLS, "lost")
    assert "[SSL/TLS Version Setting]" in explain(outcome).remedy
    assert not any("AUTH" in line for line in lines)


@pytest.mark.manual("S8")
async def test_s8_versions_of_tls_that_the_server_does_not_have(authority: Authority, small: Message) -> None:
    tls = authority.server_context(minimum=ssl.TLSVersion.TLSv1_3)
    context = client_context(authority.ca_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    outcome, _ = await sent_to(tls, context, small)
    assert (outcome.verdict, outcome.phase) == (Verdict.LATER, Phase.STARTTLS)
    assert "[SSL/TLS Version Setting]" in explain(outcome).remedy


@pytest.mark.manual("S30")
@pytest.mark.parametrize("weak", ["no certificate", "no name"])
async def test_s30_a_context_that_verifies_nothing_is_refused(
    authority: Authority, small: Message, weak: str
) -> None:
    context = client_context(authority.ca_file)
    context.check_hostname = False
    if weak == "no certificate":
        context.verify_mode = ssl.CERT_NONE
    async with ScriptedServer(authority.server_context(), Script()) as server:
        outcome = await device_at(server.port, lambda: context).send(small)
        assert server.connections == []
    assert (outcome.verdict, outcome.code, explain(outcome).actor) == (Verdict.LATER, "unverified", Actor.APP)


async def test_authorities_that_cannot_be_read(small: Message, tmp_path: Path) -> None:
    def context() -> ssl.SSLContext:
        return client_context(tmp_path / "missing.pem")

    outcome = await device_at(closed_port(), context).send(small)
    assert (outcome.verdict, outcome.code, outcome.answered) == (Verdict.LATER, "trust", False)


@pytest.mark.manual("B2")
async def test_b2_nobody_listens(authority: Authority, small: Message) -> None:
    outcome = await device_at(
        closed_port(), lambda: client_context(authority.ca_file), host="127.0.0.1"
    ).send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.CONNECT, "refused")
    assert not outcome.answered


async def test_a_name_that_no_resolver_takes(authority: Authority, small: Message) -> None:
    outcome = await device_at(
        587, lambda: client_context(authority.ca_file), host="x" * 64 + ".example"
    ).send(small)
    assert (outcome.verdict, outcome.code, outcome.answered) == (Verdict.LATER, "dns", False)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns"),
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "lost"),
        (OSError("Multiple exceptions: one, two"), "unreachable"),
        (OSError(113, "No route to host"), "unreachable"),
        (ssl.SSLError(), "tls"),
        (ValueError(), "protocol"),
    ],
    ids=repr,
)
def test_errors_of_the_system_have_names(error: Exception, code: str) -> None:
    assert _code(error) == code


@pytest.mark.parametrize(
    ("greeting", "verdict", "code", "answered"),
    [
        ("421 4.3.2 Not now", Verdict.LATER, "421 4.3.2", True),
        ("554 5.7.1 Not you", Verdict.LATER, "554 5.7.1", True),
        (CUT, Verdict.LATER, "lost", False),
        (SILENCE, Verdict.LATER, "timeout", False),
        ("HTTP/1.1 400 Bad Request", Verdict.LATER, "protocol", False),
    ],
)
async def test_a_greeting_that_is_none(
    playing: Playing, small: Message, greeting: str, verdict: Verdict, code: str, answered: bool
) -> None:
    patience_s = 0.1 if greeting == SILENCE else 30
    async with playing(Script(replies={"CONNECT": [greeting]}, patience_s=patience_s)) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code, outcome.answered) == (
        verdict, Phase.CONNECT, code, answered,
    )  # fmt: skip


async def test_the_device_names_itself_by_its_address(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        await device.send(small)
    assert [line for line in server.only.lines if line.startswith("EHLO")] == ["EHLO [127.0.0.1]"] * 2


async def test_words_before_tls_do_not_count_after_it(authority: Authority, small: Message) -> None:
    """RFC 3207 section 4.2: what was offered in clear is forgotten."""
    async with ScriptedServer(authority.server_context(), Script(("SIZE 1000",))) as server:
        made = await connect(
            Server(
                "localhost", server.port, Security.STARTTLS, lambda: client_context(authority.ca_file), 30
            ),
            with_token(),
        )
    assert isinstance(made, Outcome)
    assert made.code == "mechanism"
