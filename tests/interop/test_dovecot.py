"""Signing in at a real Dovecot, which asks the provider about each token (S30, S32)."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import trustme

from franking.engine.ports import Outcome, Phase, Verdict
from franking.engine.smtp.compose import Part
from franking.engine.smtp.submission import SmtpSubmission
from franking.testing.authority import client_context
from franking.testing.scripted import CUT
from franking.testing.scripted_submission import Script, ScriptedServer
from franking.tests.engine.device import KIM, PAGES, Office, office, states, warnings
from franking.tests.engine.smtp.device import Device, message_of, with_token
from franking.tests.interop.dovecot import Dovecot, dovecot

BOTH = pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])


@dataclass(frozen=True, slots=True)
class Scene:
    here: Office
    dovecot: Dovecot
    relay: ScriptedServer
    "Takes what Dovecot has taken."
    trust: Path
    "Both authorities: the provider's and Dovecot's."

    @property
    def arrived(self) -> list[bytes]:
        return [body for connection in self.relay.connections for body in connection.bodies]

    async def send(self, token: str) -> Outcome:
        """What becomes of a message of kim's with this access token."""
        at = SmtpSubmission(
            "localhost", self.dovecot.port, lambda: client_context(self.trust), self.here.clock
        )
        try:
            return await Device(at).send(message_of(Part.text("Hello")), login=with_token(token=token))
        finally:
            await at.aclose()


@asynccontextmanager
async def scene(folder: Path, mechanism: str) -> AsyncIterator[Scene]:
    own, trust = trustme.CA(), folder / "trust.pem"
    async with (
        office(folder, "Google") as here,
        ScriptedServer(here.kit.authority.server_context(), Script(starttls=False)) as relay,
        dovecot(here.provider, here.kit.ca_file, own, relay.port, mechanism.lower()) as server,
    ):
        trust.write_bytes(here.kit.ca_file.read_bytes() + own.cert_pem.bytes())
        yield Scene(here, server, relay, trust)


@pytest.mark.manual("S30")
@BOTH
async def test_s30_a_signed_in_device_sends_and_the_message_arrives(tmp_path: Path, mechanism: str) -> None:
    async with scene(tmp_path, mechanism) as at:
        smtp = {"server": "localhost", "port": at.dovecot.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.sign_in(engine)
            await at.here.scan(engine)
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["sent"], []), at.dovecot.said
        (arrived,) = at.arrived
        message = message_from_bytes(arrived, policy=policy.default)
        assert message["From"].addresses[0].addr_spec == KIM
        assert message.get_payload(decode=True) == PAGES
        assert at.here.provider.count("introspect") == 1
        assert any(f"method={mechanism}" in line and KIM in line for line in at.dovecot.said)


@pytest.mark.manual("S32")
@BOTH
async def test_s32_a_token_that_ended_early_is_replaced_once_and_the_message_arrives(
    tmp_path: Path, mechanism: str
) -> None:
    async with scene(tmp_path, mechanism) as at:
        smtp = {"server": "localhost", "port": at.dovecot.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.sign_in(engine)
            at.here.provider._books.access_tokens.clear()
            await at.here.scan(engine)
            await engine.settle()
            assert (states(engine), at.here.refreshes) == (["sent"], 1), at.dovecot.said


@pytest.mark.manual("S30", "S32")
@BOTH
async def test_s32_a_refused_token_is_told_as_such_and_not_as_a_broken_dialogue(
    tmp_path: Path, mechanism: str
) -> None:
    async with scene(tmp_path, mechanism) as at:
        outcome = await at.send("no-token-of-anybody")
    assert (outcome.verdict, outcome.phase) == (Verdict.TOKEN_REFUSED, Phase.AUTH)
    assert outcome.code == "535 5.7.8"
    assert "status" in outcome.reply, "the challenge's reason is told, too"


@pytest.mark.manual("S30", "S32")
@BOTH
async def test_s32_where_the_provider_cannot_be_asked_the_token_is_not_to_blame(
    tmp_path: Path, mechanism: str
) -> None:
    async with scene(tmp_path, mechanism) as at:
        token = at.here.provider.give(KIM).access_token
        for _ in range(5):
            at.here.provider.script(CUT, "introspect")
        outcome = await at.send(token)
    assert (outcome.verdict, outcome.code) == (Verdict.LATER, "454 4.7.0")


@pytest.mark.manual("S30")
@BOTH
async def test_s30_a_long_response_goes_in_a_line_of_its_own(tmp_path: Path, mechanism: str) -> None:
    """In the AUTH line Dovecot would answer 500 to more than some 1,000 octets."""
    async with scene(tmp_path, mechanism) as at:
        outcome = await at.send("t" * 3_000)
    assert (outcome.verdict, outcome.code) == (Verdict.TOKEN_REFUSED, "535 5.7.8")
    assert base64.b64encode(b"t" * 60).decode() not in outcome.reply
