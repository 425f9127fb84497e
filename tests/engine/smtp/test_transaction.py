"""The dialogue of one message, against a server that follows a script."""

import asyncio
from pathlib import Path

import pytest

from franking.engine.contents import OnDisk
from franking.engine.ports import Phase, Recipient, Verdict
from franking.engine.smtp.compose import File, Message, Part, blocks
from franking.engine.smtp.transaction import stuffed
from franking.testing.scripted_submission import CUT, EXTENSIONS, SILENCE, Script
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import ANN, LEE, message_of, with_token

NO_PIPELINING = tuple(each for each in EXTENSIONS if each != "PIPELINING")
STEPS = pytest.mark.parametrize("extensions", [EXTENSIONS, NO_PIPELINING], ids=["one flight", "step by step"])


def verbs(lines: list[str]) -> list[str]:
    return [line.partition(" ")[0] for line in lines]


@pytest.mark.manual("S30", "S33c")
@STEPS
async def test_a_message_arrives_as_composed(
    playing: Playing, small: Message, extensions: tuple[str, ...]
) -> None:
    async with playing(Script(extensions)) as (server, device):
        outcome = await device.send(small, to=(LEE, ANN))
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.SENT, Phase.BODY, "250 2.0.0")
    assert outcome.recipients == (
        Recipient(LEE, True, "250 2.1.5 Recipient OK"),
        Recipient(ANN, True, "250 2.1.5 Recipient OK"),
    )
    assert device.marks == ["begun"]
    octets = b"".join(blocks(small))
    assert server.only.bodies == [octets.replace(b"\r\n.", b"\r\n..")]
    assert f"MAIL FROM:<kim@example.com> SIZE={len(octets)}" in server.only.lines


async def test_the_envelope_goes_in_one_flight_where_that_is_offered(
    playing: Playing, small: Message
) -> None:
    async with playing(Script()) as (server, device):
        await device.send(small, to=(LEE, ANN))
    assert [chunk.count(b"\r\n") for chunk in server.only.chunks if chunk.startswith(b"MAIL")] == [4]


async def test_it_goes_step_by_step_where_it_is_not(playing: Playing, small: Message) -> None:
    async with playing(Script(NO_PIPELINING)) as (server, device):
        await device.send(small, to=(LEE, ANN))
    envelope = [chunk for chunk in server.only.chunks if chunk[:4] in (b"MAIL", b"RCPT", b"DATA")]
    assert [chunk.count(b"\r\n") for chunk in envelope] == [1, 1, 1, 1]


async def test_a_large_file_arrives_whole(playing: Playing, large: Message) -> None:
    async with playing(Script()) as (server, device):
        outcome = await device.send(large)
    assert outcome.verdict is Verdict.SENT
    assert server.only.octets == large.size
    assert server.only.bodies[0] == b"".join(blocks(large))


async def test_no_body_goes_before_the_durable_mark(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        seen: list[int] = []

        async def begin() -> None:
            await server.heard("DATA")
            # A whole dialogue on another connection fits between the server's 354 and this mark.
            await device.send(small, login=with_token("ann@example.com"))
            seen.append(server.connections[0].octets)

        outcome = await device.send(small, begin=begin)
    assert outcome.verdict is Verdict.SENT
    assert seen == [0]
    assert server.connections[0].octets > 0


async def test_a_mark_that_fails_stops_the_message(playing: Playing, small: Message) -> None:
    class StoreLost(Exception):
        pass

    async def begin() -> None:
        raise StoreLost

    async with playing(Script()) as (server, device):
        with pytest.raises(StoreLost):
            await device.send(small, begin=begin)
        await server.only.over.wait()
    assert server.only.bodies == []


async def test_a_refused_envelope_waits_for_the_mark_that_was_asked_for(
    playing: Playing, small: Message
) -> None:
    """Else the mark would come after the outcome."""
    asked, let_go = asyncio.Event(), asyncio.Event()
    marks = []

    async def begin() -> None:
        asked.set()
        await let_go.wait()
        marks.append("begun")

    async with playing(Script(replies={"MAIL": ["550 5.7.60 Not as this sender"]})) as (server, device):
        sending = asyncio.create_task(device.send(small, begin=begin))
        await asked.wait()
        await server.heard("DATA")
        let_go.set()
        outcome = await sending
    assert (outcome.verdict, outcome.phase, outcome.recipients) == (Verdict.SENDER_REFUSED, Phase.MAIL, ())
    assert marks == ["begun"]


@STEPS
async def test_one_refused_recipient_does_not_stop_the_others(
    playing: Playing, small: Message, extensions: tuple[str, ...]
) -> None:
    replies = {"RCPT": ["550 5.1.10 Recipient not found", "250 2.1.5 OK"]}
    async with playing(Script(extensions, replies=replies)) as (server, device):
        outcome = await device.send(small, to=(LEE, ANN))
    assert outcome.verdict is Verdict.SENT
    assert outcome.recipients == (
        Recipient(LEE, False, "550 5.1.10 Recipient not found", Verdict.ENDED, "550 5.1.10"),
        Recipient(ANN, True, "250 2.1.5 OK"),
    )
    assert len(server.only.bodies) == 1


@STEPS
@pytest.mark.parametrize("data", ["354 Go on", "554 5.5.1 No valid recipients"])
async def test_nobody_accepted_sends_nothing(
    playing: Playing, small: Message, extensions: tuple[str, ...], data: str
) -> None:
    replies = {"RCPT": ["550 5.1.1 Unknown", "451 4.3.0 Later"], "DATA": [data], "BODY": ["554 5.5.1 Nobody"]}
    async with playing(Script(extensions, replies=replies)) as (server, device):
        outcome = await device.send(small, to=(LEE, ANN))
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.RCPT, "451 4.3.0")
    assert [each.accepted for each in outcome.recipients] == [False, False]
    assert b"".join(server.only.bodies) == b""
    assert server.only.lines[-1] == "QUIT"


@pytest.mark.parametrize(
    ("verb", "reply", "verdict", "phase"),
    [
        ("MAIL", "451 4.7.500 Server busy", Verdict.LATER, Phase.MAIL),
        ("MAIL", "552 5.3.4 Too large", Verdict.ENDED, Phase.MAIL),
        ("DATA", "451 4.3.0 Later", Verdict.LATER, Phase.DATA),
        ("DATA", "250 2.0.0 What?", Verdict.LATER, Phase.DATA),
        ("BODY", "451 4.3.0 Later", Verdict.LATER, Phase.BODY),
        ("BODY", "550 5.7.1 Refused", Verdict.ENDED, Phase.BODY),
        ("BODY", "354 Again?", Verdict.UNKNOWN, Phase.BODY),
    ],
)
@STEPS
async def test_a_refusal_is_told_with_its_phase(
    playing: Playing,
    small: Message,
    extensions: tuple[str, ...],
    verb: str,
    reply: str,
    verdict: Verdict,
    phase: Phase,
) -> None:
    async with playing(Script(extensions, replies={verb: [reply]})) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.answered) == (verdict, phase, True)
    assert outcome.code.startswith(reply[:3])


@pytest.mark.parametrize(
    ("verb", "verdict", "phase"),
    [
        ("MAIL", Verdict.LATER, Phase.MAIL),
        ("RCPT", Verdict.LATER, Phase.RCPT),
        ("DATA", Verdict.LATER, Phase.DATA),
        ("BODY", Verdict.UNKNOWN, Phase.BODY),
    ],
)
@pytest.mark.parametrize(
    ("instead", "code"),
    [(CUT, "lost"), (SILENCE, "timeout"), ("rubbish", "protocol"), ("250-a\n251 b", "protocol")],
)
async def test_only_what_is_lost_after_the_final_dot_is_unknown(
    playing: Playing, small: Message, verb: str, verdict: Verdict, phase: Phase, instead: str, code: str
) -> None:
    # A tenth of a second is the whole patience; the answer to the final dot may take ten times that.
    patience_s = 0.1 if instead == SILENCE else 30
    script = Script(NO_PIPELINING, replies={verb: [instead]}, patience_s=patience_s)
    async with playing(script) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (verdict, phase, code)


async def test_a_connection_lost_in_the_middle_of_the_body_delivered_nothing(
    playing: Playing, large: Message
) -> None:
    async with playing(Script(early=1_000_000, replies={"BODY": [CUT]})) as (server, device):
        outcome = await device.send(large)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.DATA, "lost")
    assert server.only.octets < large.size // 2


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("552 5.3.4 Too large", Verdict.ENDED),
        ("421 4.4.2 Going down", Verdict.LATER),
        ("250 2.0.0 OK", Verdict.LATER),
    ],
)
async def test_an_answer_before_the_end_ends_the_message(
    playing: Playing, large: Message, reply: str, verdict: Verdict
) -> None:
    async with playing(Script(early=1_000_000, replies={"BODY": [reply]})) as (server, device):
        outcome = await device.send(large)
    assert (outcome.verdict, outcome.phase) == (verdict, Phase.DATA)
    assert outcome.code == " ".join(reply.split()[:2])
    assert server.only.bodies == []


async def test_a_reply_that_nobody_asked_for_ends_the_connection(playing: Playing, small: Message) -> None:
    replies = {"MAIL": ["250 2.1.0 OK\n250 2.1.0 and again\n250 and more\n250 x\n250 y"]}
    async with playing(Script(NO_PIPELINING, replies=replies)) as (server, device):
        outcome = await device.send(small)
    assert outcome.verdict is Verdict.LATER
    assert outcome.code == "protocol"
    assert server.only.bodies == []


async def test_a_server_may_say_at_any_time_that_it_closes(playing: Playing, small: Message) -> None:
    """RFC 5321 section 3.8."""
    async with playing(Script(replies={"DATA": ["354 Go\n421 4.3.2 Closing"]})) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.DATA, "421 4.3.2")
    assert outcome.reply == "Closing"


async def test_a_message_over_the_servers_size_is_not_tried(playing: Playing, small: Message) -> None:
    async with playing(Script(("PIPELINING", "SIZE 100", "AUTH XOAUTH2"))) as (server, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.ENDED, Phase.MAIL, "size")
    assert str(small.size) in outcome.reply
    assert "100" in outcome.reply
    assert not any(line.startswith("MAIL") for line in server.only.lines)


@pytest.mark.parametrize("offer", ["SIZE", "SIZE 0"])
async def test_a_size_without_a_maximum_is_none(playing: Playing, small: Message, offer: str) -> None:
    async with playing(Script((offer, "AUTH XOAUTH2"))) as (server, device):
        outcome = await device.send(small)
    assert outcome.verdict is Verdict.SENT
    assert f"MAIL FROM:<kim@example.com> SIZE={small.size}" in server.only.lines


async def test_no_parameter_goes_that_was_not_offered(playing: Playing, small: Message) -> None:
    async with playing(Script(("AUTH XOAUTH2",))) as (server, device):
        await device.send(small)
    assert "MAIL FROM:<kim@example.com>" in server.only.lines


async def test_an_address_beyond_ascii_goes_with_smtputf8(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        outcome = await device.send(small, to=("käthe@example.com",))
    assert outcome.verdict is Verdict.SENT
    assert any(line.endswith("BODY=8BITMIME SMTPUTF8") for line in server.only.lines)
    assert "RCPT TO:<käthe@example.com>" in server.only.lines


async def test_it_ends_where_the_server_lacks_smtputf8(playing: Playing) -> None:
    message = message_of(Part.text("x"), sender="käthe@example.com")
    async with playing(Script(("PIPELINING", "AUTH XOAUTH2"))) as (server, device):
        outcome = await device.send(message, sender="käthe@example.com")
    assert (outcome.verdict, outcome.code) == (Verdict.ENDED, "smtputf8")
    assert not any(line.startswith("MAIL") for line in server.only.lines)


@pytest.mark.parametrize("address", ["a@example.com>\r\nRCPT TO:<b@example.com", "no address", "<>"])
async def test_an_address_cannot_smuggle_a_command(playing: Playing, small: Message, address: str) -> None:
    async with playing(Script()) as (server, device):
        outcome = await device.send(small, to=(address,))
    assert (outcome.verdict, outcome.code) == (Verdict.ENDED, "address")
    assert verbs(server.only.lines[-1:]) == ["QUIT"]
    assert not any(line.startswith(("MAIL", "RCPT")) for line in server.only.lines)


async def test_a_file_that_changes_under_way_is_never_ended_as_a_message(
    playing: Playing, large: Message, tmp_path: Path
) -> None:
    async def begin() -> None:
        with (tmp_path / "large.pdf").open("r+b") as file:
            file.truncate(1_000_000)

    async with playing(Script()) as (server, device):
        outcome = await device.send(large, begin=begin)
        await server.only.over.wait()
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.ENDED, Phase.DATA, "file-changed")
    assert server.only.bodies == []


async def test_a_file_that_changed_before_opens_no_connection(playing: Playing, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"%PDF")
    message = message_of(
        Part.attachment(File(OnDisk(path, path.stat().st_size)), "scan.pdf", "application/pdf")
    )
    async with playing(Script()) as (server, device):
        path.write_bytes(b"%PDF, longer")
        changed = await device.send(message)
        path.unlink()
        gone = await device.send(message)
    assert [(each.verdict, each.code, each.answered) for each in (changed, gone)] == [
        (Verdict.ENDED, "file-changed", False),
        (Verdict.ENDED, "file", False),
    ]
    assert server.connections == []
    assert device.marks == []


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("verb", ["CONNECT", "STARTTLS", "AUTH", "MAIL", "BODY"])
async def test_a_cancel_drops_the_connection(playing: Playing, small: Message, verb: str) -> None:
    async with playing(Script(NO_PIPELINING, replies={verb: [SILENCE]})) as (server, device):
        sending = asyncio.create_task(device.send(small))
        await server.heard_or_met({"BODY": "DATA"}.get(verb, verb))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await server.only.over.wait()
    assert "QUIT" not in server.only.lines


async def test_a_cancel_takes_the_mark_back_that_was_not_made(playing: Playing, small: Message) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def begin() -> None:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    async with playing(Script(replies={"MAIL": [SILENCE]})) as (_, device):
        sending = asyncio.create_task(device.send(small, begin=begin))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert ended.is_set()


@pytest.mark.parametrize(
    ("block", "wire"),
    [
        (b"plain\r\n", b"plain\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"a.b\r\n", b"a.b\r\n"),
        (b".a\r\n..b\r\nc.\r\n.\r\n", b"..a\r\n...b\r\nc.\r\n..\r\n"),
    ],
)
def test_leading_dots_are_doubled(block: bytes, wire: bytes) -> None:
    assert stuffed(block) == wire
