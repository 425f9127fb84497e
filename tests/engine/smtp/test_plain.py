"""A relay without TLS: chosen by the setting alone, and no secret goes there (S1, S30)."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiosmtplib import SMTP

from franking.engine.ports import Login, Phase, Verdict
from franking.engine.smtp.compose import Message
from franking.engine.smtp.submission import SmtpSubmission
from franking.engine.smtp.trouble import HOUR, explain
from franking.events.information import Actor
from franking.events.settings import Security
from franking.testing.authority import Authority
from franking.testing.clock import VirtualClock
from franking.testing.scripted_submission import Script, ScriptedServer
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import Device, with_password, with_token

NOBODY = Login("", None)
PASSWORD = "marked-passw0rd"


def no_context() -> ssl.SSLContext:
    raise AssertionError("a plain connection needs none")


@asynccontextmanager
async def plain(
    authority: Authority, clock: VirtualClock, script: Script
) -> AsyncIterator[tuple[ScriptedServer, Device]]:
    async with ScriptedServer(authority.server_context(), script) as server:
        submission = SmtpSubmission("localhost", server.port, no_context, clock, security=Security.NONE)
        try:
            yield server, Device(submission)
        finally:
            await submission.aclose()


@pytest.mark.manual("S1", "S30")
@pytest.mark.parametrize("starttls", [False, True], ids=["no STARTTLS", "STARTTLS offered"])
async def test_s1_a_plain_relay_gets_mail_without_tls_and_without_a_sign_in(
    authority: Authority, clock: VirtualClock, small: Message, starttls: bool
) -> None:
    async with plain(authority, clock, Script(starttls=starttls)) as (server, device):
        outcome = await device.send(small, login=NOBODY)
    assert outcome.verdict is Verdict.SENT
    verbs = [line.partition(" ")[0] for line in server.only.lines]
    assert verbs[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.manual("S1")
async def test_s1_its_warm_connection_takes_the_next_message(
    authority: Authority, clock: VirtualClock, small: Message
) -> None:
    async with plain(authority, clock, Script(starttls=False)) as (server, device):
        for _ in range(2):
            assert (await device.send(small, login=NOBODY)).verdict is Verdict.SENT
    assert len(server.only.bodies) == 2


@pytest.mark.manual("S30")
async def test_s30_a_library_that_forgets_tls_costs_no_secret(
    playing: Playing, small: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(smtp: SMTP) -> None:
        """As if the connection were secure now."""

    monkeypatch.setattr(SMTP, "starttls", forgetful)
    async with playing(Script()) as (server, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.code) == (Verdict.LATER, "no-tls")
    assert {line.partition(" ")[0] for line in server.only.lines} == {"EHLO"}


@pytest.mark.manual("S30", "B9")
@pytest.mark.parametrize("login", [with_token(), with_password(PASSWORD)], ids=["token", "password"])
async def test_s30_no_secret_goes_there_and_nobody_is_connected_to(
    authority: Authority, clock: VirtualClock, small: Message, login: Login
) -> None:
    async with plain(authority, clock, Script(starttls=False)) as (server, device):
        outcome = await device.send(small, login=login)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.CONNECT, "plain")
    assert (outcome.answered, outcome.retry_after) == (False, HOUR)
    assert server.connections == []
    assert "{smtp.security}" in explain(outcome).remedy
    assert explain(outcome).actor is Actor.ADMIN
