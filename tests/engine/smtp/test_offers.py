"""What a server offers and then fails at: the same message goes the plain way, and it is remembered a day."""

from datetime import timedelta

import pytest

from franking.engine.contents import InRow
from franking.engine.ports import Envelope, Outcome, Phase, Room, Verdict
from franking.engine.smtp.as_given import as_given
from franking.engine.smtp.compose import Message, Part
from franking.engine.smtp.offers import REMEMBERED
from franking.events.request import Notify
from franking.testing.clock import VirtualClock
from franking.testing.scripted_submission import BEHIND, CUT, EXTENSIONS, SILENCE, Script, ScriptedServer
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import KIM, LEE, MOMENT, Device, message_of, with_token
from franking.tests.engine.smtp.test_window import arrived, outcomes

ONE = Room(connections=1)
WITH_DSN = (*EXTENSIONS, "DSN")
UNKNOWN_PARAMETER = "555 5.5.4 Unsupported option"


def mails(server: ScriptedServer) -> list[str]:
    return [line for each in server.connections for line in each.lines if line.startswith("MAIL")]


def flights(server: ScriptedServer) -> list[int]:
    """Lines that came at once with each MAIL."""
    chunks = [chunk for each in server.connections for chunk in each.chunks if chunk.startswith(b"MAIL")]
    return [chunk.count(b"\r\n") for chunk in chunks]


async def faxed(device: Device, message: Message) -> Outcome:
    envelope = Envelope(KIM, (LEE,), message, (Notify.FAILURE,))
    return await device.submission.send(with_token(), envelope, device.begin)


@pytest.mark.parametrize(
    "reply", ["503 5.5.1 Bad sequence", "554 SMTP synchronization error", "521 5.5.1 No pipelining here"]
)
async def test_a_server_that_refuses_a_group_gets_one_command_at_a_time(
    playing: Playing, small: Message, clock: VirtualClock, reply: str
) -> None:
    async with playing(Script(room=ONE, replies={"MAIL": [reply]})) as (server, device):
        assert (await device.send(small)).verdict is Verdict.SENT
        assert (await device.send(small)).verdict is Verdict.SENT
        assert flights(server) == [3, 1, 1]
        assert device.marks == ["begun"] * 2
        clock.move(REMEMBERED + timedelta(seconds=1))
        assert (await device.send(small)).verdict is Verdict.SENT
    assert flights(server) == [3, 1, 1, 3]


@pytest.mark.parametrize("instead", [CUT, "rubbish", SILENCE])
async def test_two_connections_in_a_row_that_end_at_a_group_are_enough(
    playing: Playing, small: Message, instead: str
) -> None:
    """One may end for any reason."""
    patience_s = 0.2 if instead == SILENCE else 30
    silent = {verb: [instead] * 2 for verb in ("MAIL", "RCPT", "DATA")} if instead == SILENCE else {}
    script = Script(room=ONE, replies={"MAIL": [instead] * 2, **silent}, patience_s=patience_s)
    async with playing(script) as (server, device):
        first = await device.send(small)
        assert (first.verdict, first.phase) == (Verdict.LATER, Phase.MAIL)
        assert (await device.send(small)).verdict is Verdict.SENT
        assert (await device.send(small)).verdict is Verdict.SENT
    assert flights(server) == [3, 3, 1, 1]


async def test_one_that_worked_between_is_no_reason(playing: Playing, small: Message) -> None:
    replies = {"MAIL": [CUT, "250 2.1.0 OK", CUT]}
    async with playing(Script(room=ONE, replies=replies)) as (server, device):
        found = [(await device.send(small)).verdict for _ in range(2)]
        await device.submission.close(KIM)
        found.append((await device.send(small)).verdict)
    assert found == [Verdict.LATER, Verdict.SENT, Verdict.LATER]
    assert flights(server) == [3, 3, 3]


async def test_what_fails_the_plain_way_too_is_not_the_groups_fault(playing: Playing, small: Message) -> None:
    replies = {"MAIL": ["503 5.5.1 Bad sequence"] * 2}
    async with playing(Script(room=ONE, replies=replies)) as (server, device):
        assert (await device.send(small)).code == "503 5.5.1"
        assert (await device.send(small)).verdict is Verdict.SENT
    assert flights(server) == [3, 1, 3]


async def test_a_server_that_loses_what_comes_behind_a_body_gets_nothing_there(playing: Playing) -> None:
    """Groups as such go on."""
    lost = {verb: [usual, "503 5.5.1 Bad sequence"] for verb, usual in USUAL.items()}
    async with playing(Script(room=ONE, replies={"BODY": [f"{BEHIND}250 2.0.0 OK"], **lost})) as (
        server,
        device,
    ):
        found = await outcomes(device, 4)
    assert [each.verdict for each in found] == [Verdict.SENT] * 4
    assert arrived(server) == dict.fromkeys(range(4), 1)
    assert len(server.connections) == 2
    assert flights(server)[-3:] == [3, 3, 3]


USUAL = {"MAIL": "250 2.1.0 OK", "RCPT": "250 2.1.5 OK", "DATA": "354 Go"}


@pytest.mark.parametrize("reply", [UNKNOWN_PARAMETER, "501 5.5.4 Invalid SIZE", "504 Not implemented"])
async def test_a_size_that_is_refused_is_left_out(playing: Playing, small: Message, reply: str) -> None:
    async with playing(Script(room=ONE, replies={"MAIL": [reply]})) as (server, device):
        assert (await device.send(small)).verdict is Verdict.SENT
        assert (await device.send(small)).verdict is Verdict.SENT
    plain = f"MAIL FROM:<{KIM}>"
    assert mails(server) == [f"{plain} SIZE={small.size}", plain, plain]


@pytest.mark.parametrize("reply", [UNKNOWN_PARAMETER, "501 5.5.4 Invalid BODY parameter"])
async def test_a_server_that_refuses_to_be_told_of_eight_bits_gets_them_untold(
    playing: Playing, reply: str
) -> None:
    """As Dovecot, which knows BODY when it knows its relay."""
    octets = "From: kim@example.com\r\n\r\nGr\u00fc\u00dfe\r\n".encode()
    given = as_given(InRow("message.eml", len(octets), octets, None), (KIM,), "<one@example.com>", MOMENT)
    async with playing(Script(room=ONE, replies={"MAIL": [reply]})) as (server, device):
        for _ in range(2):
            envelope = Envelope(KIM, (LEE,), given)
            outcome = await device.submission.send(with_token(), envelope, device.begin)
            assert outcome.verdict is Verdict.SENT
    first, *others = mails(server)
    assert first.endswith(" BODY=8BITMIME")
    assert [each.partition("BODY=")[1] for each in others] == ["", ""]
    assert all("Gr\u00fc\u00dfe".encode() in body for each in server.connections for body in each.bodies)


async def test_only_what_the_refusal_names_is_left_out(playing: Playing, small: Message) -> None:
    replies = {"MAIL": ["501 5.5.4 RET=HDRS is not known here"]}
    async with playing(Script(WITH_DSN, room=ONE, replies=replies)) as (server, device):
        assert (await faxed(device, small)).verdict is Verdict.SENT
    assert "RET=HDRS" in mails(server)[0]
    assert mails(server)[1] == f"MAIL FROM:<{KIM}> SIZE={small.size}"


@pytest.mark.parametrize("reply", [UNKNOWN_PARAMETER, "501 5.5.4 Invalid NOTIFY parameter"])
async def test_a_notification_that_is_refused_is_not_asked_for(
    playing: Playing, small: Message, reply: str
) -> None:
    async with playing(Script(WITH_DSN, room=ONE, replies={"RCPT": [reply]})) as (server, device):
        assert (await faxed(device, small)).verdict is Verdict.SENT
        assert (await faxed(device, small)).verdict is Verdict.SENT
    recipients = [line for each in server.connections for line in each.lines if line.startswith("RCPT")]
    assert ["NOTIFY" in line for line in recipients] == [True, False, False]


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("MAIL", "501 5.1.7 Bad sender address"), ("RCPT", "501 5.1.3 Bad recipient address")],
)
async def test_an_addresss_fault_is_nobody_elses(
    playing: Playing, small: Message, verb: str, reply: str
) -> None:
    async with playing(Script(WITH_DSN, room=ONE, replies={verb: [reply]})) as (server, device):
        assert (await faxed(device, small)).code == " ".join(reply.split()[:2])
    assert len(mails(server)) == 1


async def test_letters_that_the_server_refuses_all_the_same_end_the_message(playing: Playing) -> None:
    message = message_of(Part.text("x"), sender="käthe@example.com")
    extensions = ("PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH XOAUTH2")
    replies = {"MAIL": ["555 5.5.4 Unsupported option: SMTPUTF8"]}
    async with playing(Script(extensions, room=ONE, replies=replies)) as (server, device):
        for _ in range(2):
            found = await device.send(message, sender="käthe@example.com")
            assert (found.verdict, found.code) == (Verdict.ENDED, "smtputf8")
        assert (await device.send(message_of(Part.text("message 1")))).verdict is Verdict.SENT
    assert [("SMTPUTF8" in line) for line in mails(server)] == [True, False]


async def test_a_recipient_whose_server_takes_no_such_letters_is_not_this_servers_fault(
    playing: Playing, small: Message
) -> None:
    replies = {"RCPT": ["550 5.6.7 Non-ASCII addresses not permitted for that recipient"]}
    async with playing(Script(room=ONE, replies=replies)) as (server, device):
        refused = await device.send(small, to=("käthe@example.com",))
        assert (refused.verdict, refused.code, refused.phase) == (Verdict.ENDED, "smtputf8", Phase.RCPT)
        assert (await device.send(small, to=("käthe@example.com",))).verdict is Verdict.SENT
    assert len(mails(server)) == 2
