"""Several messages on their way over one connection: each has its own outcome, and none is mixed up, lost or
delivered twice, whatever happens to another.
"""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from franking.engine.contents import OnDisk
from franking.engine.ports import Outcome, Phase, Room, Verdict
from franking.engine.smtp.compose import File, Message, Part
from franking.testing.scripted_submission import (
    BEHIND,
    CUT,
    EXTENSIONS,
    HELD,
    SILENCE,
    Script,
    ScriptedServer,
)
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import KIM, Device, message_of

ONE = Room(connections=1)
TAKEN = "250 2.0.0 Queued"
SENT, LATER, ENDED, UNKNOWN = Verdict.SENT, Verdict.LATER, Verdict.ENDED, Verdict.UNKNOWN
FEW_AND_MANY = pytest.mark.parametrize("count", [2, 4])


def script(**replies: list[str]) -> Script:
    return Script(replies=replies, room=ONE)


def numbered(number: int) -> Message:
    return message_of(Part.text(f"message {number}"))


def long(number: int) -> Message:
    return message_of(Part.text("one of very many lines\n" * 4000 + f"message {number}"))


def start(device: Device, count: int) -> list[asyncio.Task[Outcome]]:
    return [asyncio.create_task(device.send(numbered(number))) for number in range(count)]


async def with_one_behind(server: ScriptedServer, device: Device, count: int) -> list[asyncio.Task[Outcome]]:
    """Started; the first is written to its end, the envelope of the second went behind it."""
    asked = asyncio.Event()

    async def begin() -> None:
        await device.begin()
        asked.set()

    first = asyncio.create_task(device.send(numbered(0)))
    await server.heard("MAIL")
    second = asyncio.create_task(device.send(numbered(1), begin=begin))
    others = [asyncio.create_task(device.send(numbered(number))) for number in range(2, count)]
    await server.bodies_came(1)
    await asked.wait()
    return [first, second, *others]


async def outcomes(device: Device, count: int) -> list[Outcome]:
    async with asyncio.timeout(20):
        return list(await asyncio.gather(*start(device, count)))


def arrived(server: ScriptedServer) -> Counter[int]:
    """How often each message came, to its final dot."""
    bodies = [body for each in server.connections for body in each.bodies if body]
    return Counter(int(body.rpartition(b"message ")[2].split()[0]) for body in bodies)


@FEW_AND_MANY
async def test_the_next_envelope_goes_right_behind_a_body(playing: Playing, count: int) -> None:
    """The server answers each body only when the next envelope is there."""
    bodies = [f"{BEHIND}250 2.0.0 Queued as {number}" for number in range(count - 1)]
    async with playing(script(BODY=[*bodies, f"250 2.0.0 Queued as {count - 1}"])) as (server, device):
        found = await outcomes(device, count)
    assert [each.reply for each in found] == [f"Queued as {number}" for number in range(count)]
    assert all(each.verdict is SENT for each in found)
    assert arrived(server) == dict.fromkeys(range(count), 1)
    assert len(server.connections) == 1
    assert device.marks == ["begun"] * count


async def test_short_messages_in_a_queue_have_their_marks_made_together(playing: Playing) -> None:
    """None is made before all are asked for."""
    marks: list[int] = []
    together = asyncio.Event()

    async def begin() -> None:
        marks.append(len(marks))
        if len(marks) == 4:
            together.set()
        await together.wait()

    async with playing(script()) as (server, device):
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(device.send(numbered(each), begin=begin) for each in range(4)))
    assert [each.verdict for each in found] == [SENT] * 4
    assert arrived(server) == dict.fromkeys(range(4), 1)


async def test_without_pipelining_a_message_waits_for_the_answer_before_it(playing: Playing) -> None:
    extensions = tuple(each for each in EXTENSIONS if each != "PIPELINING")
    async with playing(Script(extensions, room=ONE)) as (server, device):
        found = await outcomes(device, 3)
    assert [each.verdict for each in found] == [SENT] * 3
    assert [len(each.bodies) for each in server.connections] == [3]
    envelopes = [chunk for chunk in server.only.chunks if b"MAIL" in chunk]
    assert [chunk.count(b"\r\n") for chunk in envelopes] == [1, 1, 1]


@FEW_AND_MANY
@pytest.mark.parametrize(
    ("verb", "reply", "verdict", "phase", "again"),
    [
        ("MAIL", "451 4.3.0 Later", LATER, Phase.MAIL, 0),
        ("MAIL", "550 5.7.60 Not as this sender", Verdict.SENDER_REFUSED, Phase.MAIL, 0),
        ("MAIL", CUT, SENT, Phase.BODY, 1),
        ("MAIL", "rubbish", SENT, Phase.BODY, 1),
        ("MAIL", "421 4.4.2 Going down", SENT, Phase.BODY, 1),
        ("RCPT", "550 5.1.1 Unknown", ENDED, Phase.RCPT, 0),
        ("RCPT", "450 4.2.1 Too fast", LATER, Phase.RCPT, 0),
        ("RCPT", CUT, LATER, Phase.RCPT, 0),
        ("RCPT", "rubbish", LATER, Phase.RCPT, 0),
        ("DATA", "451 4.3.0 Later", LATER, Phase.DATA, 0),
        ("DATA", CUT, LATER, Phase.DATA, 0),
        ("DATA", "rubbish", LATER, Phase.DATA, 0),
        ("BODY", "451 4.3.0 Later", LATER, Phase.BODY, 0),
        ("BODY", "550 5.7.1 Refused", ENDED, Phase.BODY, 0),
        ("BODY", CUT, UNKNOWN, Phase.BODY, 0),
        ("BODY", "rubbish", UNKNOWN, Phase.BODY, 0),
    ],
)
async def test_what_happens_to_the_second_is_its_own(
    playing: Playing, count: int, verb: str, reply: str, verdict: Verdict, phase: Phase, again: int
) -> None:
    usual = {"MAIL": "250 2.1.0 OK", "RCPT": "250 2.1.5 OK", "DATA": "354 Go", "BODY": TAKEN}[verb]
    replies = {"BODY": [f"{BEHIND}{TAKEN}"], verb: [usual, reply]}
    if verb == "BODY":
        replies["BODY"] = [f"{BEHIND}{TAKEN}", reply]
    async with playing(script(**replies)) as (server, device):
        found = await outcomes(device, count)
    wanted = [SENT, verdict, *[SENT] * (count - 2)]
    assert [each.verdict for each in found] == wanted
    assert found[1].phase is phase
    came = [number for number in range(count) if number != 1 or phase is Phase.BODY]
    assert arrived(server) == dict.fromkeys(came, 1)
    assert device.marks == ["begun"] * count
    assert len(server.connections) == 1 + (count > 2 or again)


@FEW_AND_MANY
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [("451 4.3.0 Later", LATER), ("550 5.7.1 Refused", ENDED), (CUT, UNKNOWN), ("rubbish", UNKNOWN)],
)
async def test_what_happens_to_a_body_does_not_happen_to_the_envelope_behind_it(
    playing: Playing, count: int, reply: str, verdict: Verdict
) -> None:
    async with playing(script(BODY=[f"{BEHIND}{reply}"])) as (server, device):
        found = await outcomes(device, count)
    assert [each.verdict for each in found] == [verdict, *[SENT] * (count - 1)]
    assert arrived(server) == dict.fromkeys(range(count), 1)
    assert device.marks == ["begun"] * count


@FEW_AND_MANY
async def test_nobody_accepted_behind_a_body_sends_an_empty_end_alone(playing: Playing, count: int) -> None:
    """RFC 2920 section 3.1: 354, although the only recipient was refused."""
    replies = {
        "RCPT": ["250 2.1.5 OK", "550 5.1.1 Unknown"],
        "BODY": [f"{BEHIND}{TAKEN}", "554 5.5.1 Nobody"],
    }
    async with playing(script(**replies)) as (server, device):
        found = await outcomes(device, count)
    assert [each.verdict for each in found] == [SENT, ENDED, *[SENT] * (count - 2)]
    assert found[1].code == "550 5.1.1"
    assert server.connections[0].bodies[1] == b""
    assert arrived(server) == {number: 1 for number in range(count) if number != 1}


@FEW_AND_MANY
async def test_a_mark_that_fails_stops_its_message_alone(playing: Playing, count: int) -> None:
    class StoreLost(Exception):
        pass

    async def fails() -> None:
        raise StoreLost

    async with playing(script(BODY=[f"{BEHIND}{TAKEN}"])) as (server, device):
        first = asyncio.create_task(device.send(numbered(0)))
        await server.heard("MAIL")
        second = asyncio.create_task(device.send(numbered(1), begin=fails))
        others = [asyncio.create_task(device.send(numbered(number))) for number in range(2, count)]
        with pytest.raises(StoreLost):
            await second
        assert [(await each).verdict for each in (first, *others)] == [SENT] * (count - 1)
    assert arrived(server) == {number: 1 for number in range(count) if number != 1}


@pytest.mark.manual("S33c")
async def test_s33c_a_cancel_before_anything_was_said_touches_nobody(playing: Playing) -> None:
    async with playing(script(BODY=[f"{BEHIND}{TAKEN}"])) as (server, device):
        sending = [asyncio.create_task(device.send(long(number))) for number in range(4)]
        await server.heard("MAIL")
        sending[2].cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending[2]
        assert [(await sending[number]).verdict for number in (0, 1, 3)] == [SENT] * 3
    assert arrived(server) == {0: 1, 1: 1, 3: 1}
    assert len(server.connections) == 1
    assert device.marks == ["begun"] * 3


@pytest.mark.manual("S33c")
async def test_s33c_a_short_one_that_is_cancelled_in_the_queue_touches_nobody(playing: Playing) -> None:
    async with playing(script(BODY=[f"{BEHIND}{TAKEN}"])) as (server, device):
        sending = start(device, 4)
        await server.heard("MAIL")
        sending[2].cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending[2]
        assert [(await sending[number]).verdict for number in (0, 1, 3)] == [SENT] * 3
    assert arrived(server) == {0: 1, 1: 1, 3: 1}
    assert len(server.connections) == 1


@pytest.mark.manual("S33c")
@FEW_AND_MANY
async def test_s33c_a_cancel_in_the_envelope_lets_the_body_before_it_have_its_answer(
    playing: Playing, count: int
) -> None:
    async with playing(script(BODY=[f"{HELD}{TAKEN}"])) as (server, device):
        sending = await with_one_behind(server, device, count)
        sending[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending[1]
        assert not sending[0].done()
        server.let_go.set()
        async with asyncio.timeout(20):
            found = [await sending[number] for number in range(count) if number != 1]
    assert [each.verdict for each in found] == [SENT] * (count - 1)
    assert arrived(server) == {number: 1 for number in range(count) if number != 1}


@pytest.mark.manual("S33c")
@FEW_AND_MANY
async def test_s33c_a_cancel_after_the_end_leaves_the_messages_behind_alone(
    playing: Playing, count: int
) -> None:
    async with playing(script(BODY=[f"{HELD}{TAKEN}"])) as (server, device):
        sending = await with_one_behind(server, device, count)
        sending[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending[0]
        server.let_go.set()
        async with asyncio.timeout(20):
            found = await asyncio.gather(*sending[1:])
    assert [each.verdict for each in found] == [SENT] * (count - 1)
    assert arrived(server) == dict.fromkeys(range(count), 1)
    assert len(server.connections) == 1


@pytest.mark.manual("S33c")
async def test_s33c_a_cancel_in_a_body_sends_those_behind_it_elsewhere(
    playing: Playing, large: Message
) -> None:
    begun = asyncio.Event()

    async with playing(script()) as (server, device):
        progress: list[int] = []

        def moved(octets: int, total: int) -> None:
            progress.append(octets)
            begun.set()

        big = asyncio.create_task(device.send(large, progress=moved))
        await server.heard("MAIL")
        others = [asyncio.create_task(device.send(numbered(number))) for number in (1, 2)]
        await begun.wait()
        big.cancel()
        with pytest.raises(asyncio.CancelledError):
            await big
        assert [(await each).verdict for each in others] == [SENT, SENT]
    assert arrived(server) == {1: 1, 2: 1}
    assert len(server.connections) == 2


async def test_a_file_that_changes_in_a_body_harms_nobody_behind_it(playing: Playing, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(bytes(2_000_000))
    part = Part.attachment(File(OnDisk(path, 2_000_000)), "scan.pdf", "application/pdf")

    async def shrink() -> None:
        with path.open("r+b") as file:
            file.truncate(1_000_000)

    async with playing(script()) as (server, device):
        big = asyncio.create_task(device.send(message_of(part), begin=shrink))
        await server.heard("MAIL")
        others = start(device, 3)
        assert (await big).code == "file-changed"
        assert [(await each).verdict for each in others] == [SENT] * 3
    assert arrived(server) == dict.fromkeys(range(3), 1)


@pytest.mark.manual("S27")
async def test_s27_what_was_not_begun_when_the_sign_in_ended_goes_nowhere(playing: Playing) -> None:
    async with playing(script(BODY=[f"{HELD}{TAKEN}"])) as (server, device):
        sending = await with_one_behind(server, device, 4)
        await device.submission.close(KIM)
        server.let_go.set()
        found = await asyncio.gather(*sending)
        await server.only.over.wait()
    assert [each.verdict for each in found] == [SENT, SENT, LATER, LATER]
    assert [(each.code, each.answered) for each in found[2:]] == [("sign-in-gone", False)] * 2
    assert arrived(server) == {0: 1, 1: 1}
    assert server.only.lines[-1] == "QUIT"


async def test_the_limit_of_an_envelope_counts_from_the_answer_before_it(playing: Playing) -> None:
    """A server may think ten times as long about a body as about an envelope."""
    held = Script(replies={"BODY": [f"{HELD}{TAKEN}"]}, room=ONE, patience_s=0.2)
    async with playing(held) as (server, device):
        sending = await with_one_behind(server, device, 2)
        done, _ = await asyncio.wait(sending, timeout=0.5)
        assert not done
        server.let_go.set()
        found = await asyncio.gather(*sending)
    assert [each.verdict for each in found] == [SENT, SENT]
    assert len(server.connections) == 1


async def test_an_envelope_that_the_server_loses_goes_by_another_connection(playing: Playing) -> None:
    lost = {"MAIL": ["250 2.1.0 OK", SILENCE], "RCPT": ["250 2.1.5 OK", SILENCE], "DATA": ["354 Go", SILENCE]}
    replies = {"BODY": [f"{BEHIND}{TAKEN}"], **lost}
    async with playing(Script(replies=replies, room=ONE, patience_s=0.2)) as (server, device):
        found = await outcomes(device, 2)
    assert [each.verdict for each in found] == [SENT, SENT]
    assert arrived(server) == {0: 1, 1: 1}
    assert len(server.connections) == 2


async def test_the_progress_of_a_message_is_told(playing: Playing, large: Message) -> None:
    async with playing(Script()) as (_, device):
        told: list[tuple[int, int]] = []
        await device.send(large, progress=lambda octets, total: told.append((octets, total)))
    octets = [each for each, _ in told]
    assert {total for _, total in told} == {large.size}
    assert octets == sorted(octets)
    assert octets[-1] == large.size
    assert max(later - earlier for earlier, later in pairwise(octets)) <= 131_072
    assert len(told) > 100
