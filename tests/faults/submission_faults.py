"""Everything that a submission server may do, at each point of the dialogue, and one message or two that meet
it.

Rule: what holds whatever the server does is checked here, for every case: the outcome is one of the table's,
it is there within the limits, nothing is told as sent that the server did not take, and nothing is lost that
it may have taken without being told as unknown.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from franking.engine.contents import OnDisk
from franking.engine.ports import Outcome, Phase, Room, Verdict
from franking.engine.smtp.compose import File, Message, Part
from franking.engine.smtp.submission import SmtpSubmission
from franking.engine.smtp.trouble import explain
from franking.events.settings import Security
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.misbehaviour import Fault, Patience
from franking.testing.scripted_submission import (
    BEHIND,
    CLEAR_EHLO,
    EXTENSIONS,
    HANDSHAKE,
    SIGNED_IN,
    TRANSFER,
    USUAL,
    Connection,
    Script,
    ScriptedServer,
)
from franking.tests.engine.smtp.device import MOMENT, Device, message_of

POINTS: Mapping[str, str] = {
    "CONNECT": "greeting",
    CLEAR_EHLO: "EHLO",
    "STARTTLS": "STARTTLS",
    HANDSHAKE: "TLS handshake",
    "EHLO": "EHLO in TLS",
    "AUTH": "AUTH",
    SIGNED_IN: "behind 235",
    "MAIL": "MAIL",
    "RCPT": "RCPT",
    "DATA": "DATA",
    TRANSFER: "in the body",
    "BODY": "final dot",
    "QUIT": "QUIT",
}
"In their order."
OF_A_MESSAGE = ("MAIL", "RCPT", "DATA", TRANSFER, "BODY")
OF_AN_ENVELOPE = ("MAIL", "RCPT", "DATA", "BODY")
OWN_PHASE = {
    "CONNECT": Phase.CONNECT,
    CLEAR_EHLO: Phase.CONNECT,
    "STARTTLS": Phase.STARTTLS,
    HANDSHAKE: Phase.STARTTLS,
    "EHLO": Phase.STARTTLS,
    "AUTH": Phase.AUTH,
    SIGNED_IN: Phase.MAIL,
    "MAIL": Phase.MAIL,
    "RCPT": Phase.RCPT,
    "DATA": Phase.DATA,
    TRANSFER: Phase.DATA,
    "BODY": Phase.BODY,
    "QUIT": Phase.BODY,
}
"What the outcome of a fault there names."
REPLY_S = 60.0
GLANCE_S = 0.001
"Real time now and then: the end of a connection and the next name are looked up meanwhile."
LIMIT_S = 12 * REPLY_S
"Ten minutes for a final dot, and what comes before and after it."
LARGE = 12 * 1024 * 1024
"More than what sockets and transport hold together."
EHLO_IN_CLEAR = "250-mx.example.com\n250 STARTTLS"
EHLO_IN_TLS = "250-mx.example.com\n250-AUTH LOGIN PLAIN\n250 SIZE 1"
"Of a server that is none: what it offers must not count."
BEFORE = {
    CLEAR_EHLO: ("CONNECT", EHLO_IN_CLEAR),
    "STARTTLS": (CLEAR_EHLO, ""),
    "EHLO": ("STARTTLS", EHLO_IN_TLS),
    "AUTH": ("EHLO", ""),
    "MAIL": ("AUTH", ""),
    "RCPT": ("MAIL", ""),
    "DATA": ("RCPT", ""),
    "BODY": ("DATA", ""),
    "QUIT": ("BODY", ""),
}
"With which reply one comes that was not asked for yet, and the words where they are not the usual ones."

Replies = dict[str, list[str]]


class Act(NamedTuple):
    """What the server does, in words, and the replies that make it do so at a point; None: not there."""

    name: str
    at: Callable[[str], Replies | None]


def saying(words: Mapping[str, list[str]], usual: str = "") -> Callable[[str], Replies | None]:
    def at(point: str) -> Replies | None:
        if point in (HANDSHAKE, SIGNED_IN):
            return None
        return {point: list(words.get(point, [usual]))} if usual or point in words else None

    return at


def doing(fault: Fault) -> Callable[[str], Replies | None]:
    def at(point: str) -> Replies | None:
        if (point == HANDSHAKE and fault in OF_REPLIES) or (point == SIGNED_IN and fault not in ENDS):
            return None
        return {point: [fault]}

    return at


OF_REPLIES = frozenset({Fault.SILENCE, Fault.BARE_LF, Fault.BARE_CR, Fault.TWICE, Fault.UNENDED})
"What has no meaning where no reply is awaited."
ENDS = frozenset({Fault.CUT, Fault.CLOSED, Fault.HALF_CLOSED})
"What ends a connection on which nothing was asked."


def closing(point: str) -> Replies | None:
    if point == SIGNED_IN:
        return {"AUTH": [f"{USUAL['AUTH']}\n421 4.3.2 Closing"], SIGNED_IN: [Fault.CLOSED]}
    return saying({}, "421 4.3.2 Closing")(point)


def unasked(point: str) -> Replies | None:
    """The reply comes with the one before it, and nothing at its time."""
    if point not in BEFORE:
        return None
    before, words = BEFORE[point]
    offers = "\n".join(["250-mx", *(f"250-{each}" for each in EXTENSIONS), "250 OK"])
    usual = USUAL.get(before) or {CLEAR_EHLO: EHLO_IN_CLEAR, "EHLO": offers}[before]
    return {before: [f"{usual}\n{words or USUAL[point]}"], point: [Fault.STALL]}


def go_ahead_for_nobody(point: str) -> Replies | None:
    """354, although every recipient was refused (RFC 2920 section 3.1)."""
    return {"RCPT": ["550 5.1.1 Unknown"], "BODY": ["554 5.5.1 Nobody"]} if point == "RCPT" else None


def taken_for_nobody(point: str) -> Replies | None:
    return {"RCPT": ["550 5.1.1 Unknown"], "BODY": ["250 2.0.0 OK"]} if point == "RCPT" else None


TWO = {
    "CONNECT": ["250 2.0.0 OK"],
    CLEAR_EHLO: ["220 2.0.0 OK"],
    "STARTTLS": ["250 2.0.0 OK"],
    "EHLO": ["220 2.0.0 OK"],
    "AUTH": ["250 2.0.0 OK"],
    "MAIL": ["235 2.7.0 OK"],
    "RCPT": ["252 2.0.0 OK"],
    "DATA": ["250 2.0.0 OK"],
    TRANSFER: ["250 2.0.0 OK"],
    "BODY": ["235 2.7.0 OK"],
    "QUIT": ["250 2.0.0 OK"],
}
THREE = {"AUTH": ["334 eyJzdGF0dXMiOiI0MDAifQ==", "535 5.7.8 Not accepted"], "DATA": ["334 Go ahead"]}
ACTS = (
    Act("says another 2xx", saying(TWO)),
    Act("says 3xx", saying(THREE, "354 Go ahead")),
    Act("says 4xx", saying({}, "451 4.3.0 Later")),
    Act("says 5xx", saying({}, "554 5.0.0 No")),
    Act("says 421", closing),
    *(Act(fault.value, doing(fault)) for fault in Fault if fault is not Fault.SILENCE),
    Act("says its reply before it is asked", unasked),
    Act("refuses everybody, and says 354", go_ahead_for_nobody),
    Act("refuses everybody, says 354, and takes nothing for a mail", taken_for_nobody),
)


@dataclass
class Case:
    script: Script
    messages: int = 1
    large: bool = False
    "The first message."


def scripted(replies: Replies) -> Script:
    return Script(replies=replies, patience_s=REPLY_S, room=Room(connections=1))


def alone(act: Act, point: str) -> Case | None:
    replies = act.at(point)
    return None if replies is None else Case(scripted(replies), large=point == TRANSFER)


def step_by_step(act: Act, point: str) -> Case | None:
    """The server offers no PIPELINING."""
    found = alone(act, point) if point in OF_AN_ENVELOPE else None
    if found is not None:
        found.script.extensions = tuple(each for each in EXTENSIONS if each != "PIPELINING")
    return found


def implicit(act: Act, point: str) -> Case | None:
    """TLS begins with the connection."""
    if point not in ("CONNECT", "EHLO", "AUTH") or (point == "EHLO" and act.at is unasked):
        return None
    found = alone(act, point)
    if found is not None:
        found.script.implicit = True
    return found


def first_of_two(act: Act, point: str) -> Case | None:
    """The other one waits behind it, or has its envelope behind its body."""
    found = alone(act, point)
    if found is None:
        return None
    found.messages = 2
    return found


def behind(act: Act, point: str) -> Case | None:
    """Its envelope goes behind a body that the server answers when it has come."""
    replies = act.at(point)
    if replies is None or point == TRANSFER:
        return None
    if "AUTH" in replies:
        return None
    second = {verb: [USUAL[verb], *found] for verb, found in replies.items() if verb != "BODY"}
    second["BODY"] = [f"{BEHIND}{USUAL['BODY']}", *replies.get("BODY", [])]
    return Case(scripted(second), messages=2)


SCENES: Mapping[str, Callable[[Act, str], Case | None]] = {
    "alone": alone,
    "first": first_of_two,
    "behind": behind,
    "step by step": step_by_step,
    "implicit": implicit,
}
TWO_MESSAGES = ("first", "behind")


@dataclass
class Played:
    outcomes: list[Outcome]
    server: ScriptedServer
    passed_s: float
    marks: list[list[str]] = field(default_factory=list)


def numbered(number: int, folder: Path | None = None) -> Message:
    parts = [Part.text(f"message {number} ends")]
    if folder is not None:
        path = folder / "large.pdf"
        with path.open("wb") as file:
            file.truncate(LARGE)
        parts.append(Part.attachment(File(OnDisk(path, LARGE)), "large.pdf", "application/pdf"))
    return message_of(*parts)


@asynccontextmanager
async def meeting(
    authority: Authority, script: Script
) -> AsyncIterator[tuple[ScriptedServer, SmtpSubmission, Patience]]:
    """A server that misbehaves, and a submission that leaves it at the end; nobody waits for real time."""
    async with ScriptedServer(authority.server_context(), script) as server:
        submission = SmtpSubmission(
            "localhost",
            server.port,
            lambda: client_context(authority.ca_file),
            VirtualClock(MOMENT),
            timeout_s=script.patience_s,
            security=Security.IMPLICIT if script.implicit else None,
            room=script.room,
        )
        async with Patience(GLANCE_S).lost_while(server.stalled) as patience:
            yield server, submission, patience
            async with asyncio.timeout(LIMIT_S):
                await submission.aclose()
                server.let_go.set()
                for connection in server.connections:
                    await connection.over.wait()


async def play(authority: Authority, case: Case, folder: Path) -> Played:
    """Raises TimeoutError where a limit is passed; every connection is over at the end."""
    async with meeting(authority, case.script) as (server, submission, patience):
        devices = [Device(submission) for _ in range(case.messages)]
        messages = [numbered(at, folder if case.large and not at else None) for at in range(case.messages)]
        async with asyncio.timeout(LIMIT_S):
            outcomes = await asyncio.gather(
                *(device.send(message) for device, message in zip(devices, messages, strict=True))
            )
        marks = [device.marks for device in devices]
    return Played(list(outcomes), server, patience.passed_s, marks)


def answers(server: ScriptedServer, number: int) -> list[str]:
    """What the server said to each final dot of this message."""
    return [
        answer
        for connection in server.connections
        for body, answer in zip(connection.bodies, connection.answers, strict=True)
        if f"message {number} ends".encode() in body
    ]


def taken(answer: str) -> bool:
    return answer.startswith("2") or answer in (Fault.BARE_LF, Fault.TWICE)


def refused(answer: str) -> bool:
    return answer[0] in "45"


def check(played: Played) -> None:
    """What holds whatever the server does."""
    for number, (outcome, marks) in enumerate(zip(played.outcomes, played.marks, strict=True)):
        assert explain(outcome).verdict is outcome.verdict, "one of the table's"
        assert outcome.reply.isprintable()
        came = answers(played.server, number)
        assert len(came) <= 1, "never twice"
        assert len(marks) <= 1
        if came:
            assert marks == ["begun"], "no body before the durable mark"
        if outcome.verdict is Verdict.SENT:
            assert [taken(each) for each in came] == [True]
        elif outcome.verdict is Verdict.UNKNOWN:
            assert outcome.phase is Phase.BODY
            assert not any(map(refused, came))
        else:
            assert all(map(refused, came)), "what may have been taken is told as unknown"
    for connection in played.server.connections:
        if not played.server.script.implicit:
            assert not any("AUTH" in line for line in before_tls(connection)), "no secret in clear"
    assert played.server.open == 0


def before_tls(connection: Connection) -> list[str]:
    """Of a connection with STARTTLS: all lines, where that never came."""
    return connection.lines[: connection.lines_before_tls or None]


def cell(played: Played, point: str) -> str:
    return ", ".join(told(outcome, point) for outcome in played.outcomes)


def told(outcome: Outcome, point: str) -> str:
    if outcome.verdict is Verdict.SENT:
        return "sent"
    phase = "" if outcome.phase is OWN_PHASE[point] else f" ({outcome.phase})"
    return f"{outcome.verdict} `{outcome.code}`{phase}"


def cases(scene: str) -> Iterator[tuple[Act, str]]:
    points = OF_A_MESSAGE if scene in TWO_MESSAGES else POINTS
    return ((act, point) for act in ACTS for point in points if SCENES[scene](act, point) is not None)
