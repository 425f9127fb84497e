"""What the tests of the submission side share: a clock, an authority, a message, a way to send it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from franking.engine.ports import Envelope, Login, Outcome
from franking.engine.secret import Secret
from franking.engine.smtp.compose import File, Message, Part, blocks
from franking.engine.smtp.fields import Mailbox, Mailboxes, Structured, Text, date
from franking.engine.smtp.submission import SmtpSubmission
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.tests.engine.smtp.scripted import ScriptedServer

MOMENT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TOKEN = "marked-" + "T0kEn" * 20


def message_of(*parts: Part, sender: str = "kim@example.com") -> Message:
    fields = (
        date(MOMENT),
        Mailboxes("From", (Mailbox(sender),)),
        Mailboxes("To", (Mailbox("lee@example.com"),)),
        Text("Subject", "Scan to E-mail"),
        Structured("Message-ID", ("<one@example.com>",)),
    )
    return Message("<one@example.com>", fields, parts)


@dataclass
class Sender:
    """One device that sends to one server."""

    submission: SmtpSubmission
    marks: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        self.marks.append("begun")

    async def send(
        self,
        message: Message,
        *,
        login: Login | None = None,
        to: tuple[str, ...] = ("lee@example.com",),
        begin: Callable[[], Awaitable[None]] | None = None,
        sender: str = "kim@example.com",
    ) -> Outcome:
        who = login or Login("kim@example.com", Secret(TOKEN))
        return await self.submission.send(who, Envelope(sender, to, message), begin or self.begin)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(MOMENT)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def small() -> Message:
    return message_of(Part.text("Hello\n.\n.. dots\nend"))


@pytest.fixture
def large(tmp_path: Path) -> Message:
    """More than what sockets and transport hold together."""
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    return message_of(Part.attachment(File.at(path), "large.pdf", "application/pdf"))


@pytest.fixture
def sender_to(authority: Authority, clock: VirtualClock) -> Callable[[ScriptedServer], Sender]:
    def make(server: ScriptedServer) -> Sender:
        return Sender(
            SmtpSubmission("localhost", server.port, lambda: client_context(authority.ca_file), clock)
        )

    return make


def octets(message: Message) -> bytes:
    return b"".join(blocks(message))
