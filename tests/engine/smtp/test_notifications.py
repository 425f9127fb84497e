"""Delivery status notifications are asked for where the server offers that, and nowhere else (RFC 3461)."""

import re
from collections.abc import Sequence

import pytest

from franking.engine.adapters import FAX_NOTIFY
from franking.engine.ports import Envelope, Outcome, Verdict
from franking.engine.smtp.compose import Message, Part
from franking.engine.smtp.fields import Mailbox, Mailboxes, Structured, Text, date, xtext
from franking.events.request import Notify
from franking.testing.scripted_submission import EXTENSIONS, Script, ScriptedServer
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import ANN, KIM, LEE, MOMENT, Device, with_token

WITH_DSN = (*EXTENSIONS, "DSN")
STEPS = pytest.mark.parametrize(
    "extensions",
    [WITH_DSN, tuple(each for each in WITH_DSN if each != "PIPELINING")],
    ids=["one flight", "step by step"],
)


def fax(message_id: str = "<job-1@device.example.com>") -> Message:
    fields = (
        date(MOMENT),
        Mailboxes("From", (Mailbox(KIM),)),
        Text("Subject", "Internet Fax"),
        Structured("Message-ID", (message_id,)),
    )
    return Message(message_id, fields, (Part.text("A fax"),))


async def sent(
    device: Device, message: Message, to: Sequence[str] = (LEE, ANN), notify: Sequence[Notify] = FAX_NOTIFY
) -> Outcome:
    envelope = Envelope(KIM, tuple(to), message, tuple(notify))
    return await device.submission.send(with_token(), envelope, device.begin)


def said(server: ScriptedServer, verb: str) -> list[str]:
    return [line for line in server.only.lines if line.startswith(verb)]


@pytest.mark.manual("S22")
@STEPS
async def test_s22_a_server_that_offers_notifications_is_asked_for_them(
    playing: Playing, extensions: tuple[str, ...]
) -> None:
    message = fax()
    async with playing(Script(extensions)) as (server, device):
        assert (await sent(device, message)).verdict is Verdict.SENT
    assert said(server, "MAIL") == [
        f"MAIL FROM:<{KIM}> SIZE={message.size} RET=HDRS ENVID=job-1@device.example.com"
    ]
    assert said(server, "RCPT") == [
        f"RCPT TO:<{LEE}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{LEE}",
        f"RCPT TO:<{ANN}> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{ANN}",
    ]


@pytest.mark.manual("S22")
async def test_s22_the_mail_goes_without_them_where_they_are_not_offered(playing: Playing) -> None:
    message = fax()
    async with playing(Script(EXTENSIONS)) as (server, device):
        assert (await sent(device, message)).verdict is Verdict.SENT
    assert said(server, "MAIL") == [f"MAIL FROM:<{KIM}> SIZE={message.size}"]
    assert said(server, "RCPT") == [f"RCPT TO:<{LEE}>", f"RCPT TO:<{ANN}>"]


async def test_other_mail_asks_for_none(playing: Playing) -> None:
    async with playing(Script(WITH_DSN)) as (server, device):
        await sent(device, fax(), notify=())
    assert not [line for line in server.only.lines if re.search("NOTIFY|ORCPT|RET=|ENVID", line)]


@pytest.mark.parametrize(
    ("message_id", "parameters"),
    [
        ("<a+b=c@example.com>", "RET=HDRS ENVID=a+2Bb+3Dc@example.com"),
        (f"<{'a' * 98}@x>", f"RET=HDRS ENVID={'a' * 98}@x"),
        (f"<{'a' * 99}@x>", "RET=HDRS"),
        (f"<{'+' * 40}@x>", "RET=HDRS"),
    ],
    ids=["special characters", "100 characters", "101 characters", "101 when they are encoded"],
)
async def test_the_envelope_is_known_by_its_message_id(
    playing: Playing, message_id: str, parameters: str
) -> None:
    async with playing(Script(WITH_DSN)) as (server, device):
        await sent(device, fax(message_id))
    assert said(server, "MAIL")[0].partition(" RET=")[2] == parameters.removeprefix("RET=")


@pytest.mark.parametrize(
    ("address", "original"),
    [
        ("first.last+fax=1@example.com", " ORCPT=rfc822;first.last+2Bfax+3D1@example.com"),
        ("büro@example.com", ""),
        (f"{'+' * 200}@example.com", ""),
    ],
    ids=["special characters", "not ASCII", "too long when it is encoded"],
)
async def test_a_notification_names_the_recipient_as_he_was_named(
    playing: Playing, address: str, original: str
) -> None:
    async with playing(Script(WITH_DSN)) as (server, device):
        await sent(device, fax(), to=(address,))
    assert said(server, "RCPT") == [f"RCPT TO:<{address}> NOTIFY=SUCCESS,FAILURE,DELAY{original}"]


@pytest.mark.manual("B13")
async def test_b13_what_was_asked_for_a_single_recipient_is_passed_on(playing: Playing) -> None:
    asked = Envelope(
        KIM,
        (LEE, ANN, KIM),
        fax(),
        (Notify.SUCCESS, Notify.FAILURE),
        notify_each={ANN: (Notify.NEVER,), KIM: ()},
        originals={LEE: "utf-8;l\\x{E9}e@nas.example", KIM: "rfc822;root+2Bnas"},
    )
    async with playing(Script(WITH_DSN)) as (server, device):
        await device.submission.send(with_token(), asked, device.begin)
    assert said(server, "RCPT") == [
        f"RCPT TO:<{LEE}> NOTIFY=SUCCESS,FAILURE ORCPT=utf-8;l\\x{{E9}}e@nas.example",
        f"RCPT TO:<{ANN}> NOTIFY=NEVER ORCPT=rfc822;{ANN}",
        f"RCPT TO:<{KIM}> ORCPT=rfc822;root+2Bnas",
    ]
    async with playing(Script(EXTENSIONS)) as (server, device):
        await device.submission.send(with_token(), asked, device.begin)
    assert said(server, "RCPT") == [f"RCPT TO:<{each}>" for each in (LEE, ANN, KIM)]


def test_no_character_of_xtext_ends_a_command() -> None:
    everything = "".join(map(chr, range(128)))
    assert re.fullmatch(r"([!-*,-<>-~]|\+[0-9A-F]{2})*", xtext(everything))
    assert re.sub(r"\+(..)", lambda code: chr(int(code[1], 16)), xtext(everything)) == everything
