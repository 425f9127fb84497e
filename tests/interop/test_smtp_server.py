"""Sending to smtp-server of npm: what arrives is compared octet by octet (S30, S32)."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.clock import SystemClock
from franking.engine.contents import OnDisk
from franking.engine.ports import Envelope, Login, Outcome, Phase, Verdict
from franking.engine.smtp.compose import File, Message, Part, blocks
from franking.engine.smtp.submission import SmtpSubmission
from franking.testing.authority import client_context
from franking.tests.engine.smtp.device import KIM, LEE, TOKEN, Device, message_of, with_token

from .smtp_server import Running, smtp_server

SCAN_OCTETS = 25_000_000
MANY = 40


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[tuple[Running, SmtpSubmission]]:
    async with smtp_server(folder / "server", KIM, TOKEN) as there:
        at = SmtpSubmission("localhost", there.port, lambda: client_context(there.ca_file), SystemClock())
        try:
            yield there, at
        finally:
            await at.aclose()


async def send(at: SmtpSubmission, message: Message, to: str = LEE, login: Login | None = None) -> Outcome:
    return await at.send(login or with_token(), Envelope(KIM, (to,), message), Device(at).begin)


def octets(message: Message) -> bytes:
    return b"".join(blocks(message))


@pytest.mark.manual("S30")
async def test_s30_a_message_with_dots_arrives_octet_by_octet(tmp_path: Path) -> None:
    message = message_of(Part.text(".\n..\n.hidden\n"), Part.attachment(b"%PDF", "a.pdf", "application/pdf"))
    async with scene(tmp_path) as (there, at):
        outcome = await send(at, message)
        taken = await there.taken()
    assert (outcome.verdict, outcome.reply) == (Verdict.SENT, "taken as 1")
    assert (taken.sender, taken.recipients) == (KIM, [LEE])
    assert taken.parameters["SIZE"] == str(message.size)
    assert taken.octets == octets(message)


@pytest.mark.manual("S30")
async def test_s30_a_scan_of_25_megabytes_arrives_octet_by_octet(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(os.urandom(SCAN_OCTETS))
    message = message_of(Part.attachment(File(OnDisk(path, SCAN_OCTETS)), "scan.pdf", "application/pdf"))
    async with scene(tmp_path) as (there, at):
        assert (await send(at, message)).verdict is Verdict.SENT
        taken = await there.taken()
    assert taken.octets == octets(message)


@pytest.mark.manual("S30")
async def test_s30_many_messages_at_once_each_arrive_whole_and_once(tmp_path: Path) -> None:
    texts = [f"message {number}\n" * (1 + number * 50) for number in range(MANY)]
    messages = [message_of(Part.text(text)) for text in texts]
    async with scene(tmp_path) as (there, at):
        outcomes = await asyncio.gather(*(send(at, message) for message in messages))
        taken = [await there.taken() for _ in messages]
    assert [outcome.verdict for outcome in outcomes] == [Verdict.SENT] * MANY
    assert sorted(each.octets for each in taken) == sorted(map(octets, messages))


@pytest.mark.manual("S32")
async def test_s32_a_refused_token_is_told_as_such(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, at):
        outcome = await send(at, message_of(Part.text("Hello")), login=with_token(token="of-nobody"))
    assert (outcome.verdict, outcome.phase) == (Verdict.TOKEN_REFUSED, Phase.AUTH)
    assert outcome.code.startswith("535")


@pytest.mark.manual("S30")
async def test_s30_a_recipient_with_letters_of_any_script_is_reached(tmp_path: Path) -> None:
    async with scene(tmp_path) as (there, at):
        outcome = await send(at, message_of(Part.text("Grüße")), "jürgen@example.org")
        assert outcome.verdict is Verdict.SENT, outcome
        taken = await there.taken()
    assert taken.recipients == ["jürgen@example.org"]
    assert taken.parameters["SMTPUTF8"] is True
