"""A device that sends, for the tests of the submission side."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from franking.engine.ports import Envelope, Login, Outcome, Progress
from franking.engine.secret import Secret
from franking.engine.smtp.compose import Message, Part
from franking.engine.smtp.fields import Mailbox, Mailboxes, Structured, Text, date
from franking.engine.smtp.submission import SmtpSubmission

MOMENT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
KIM = "kim@example.com"
LEE = "lee@example.com"
ANN = "ann@example.com"
TOKEN = "marked-" + "T0kEn" * 20


def message_of(*parts: Part, sender: str = KIM) -> Message:
    fields = (
        date(MOMENT),
        Mailboxes("From", (Mailbox(sender),)),
        Mailboxes("To", (Mailbox(LEE),)),
        Text("Subject", "Scan to E-mail"),
        Structured("Message-ID", ("<one@example.com>",)),
    )
    return Message("<one@example.com>", fields, parts)


def with_token(user: str = KIM, token: str = TOKEN) -> Login:
    return Login(user, Secret(token))


def with_password(password: str, user: str = KIM) -> Login:
    return Login(user, None, Secret(password))


@dataclass
class Device:
    """Sends to one server; `marks` counts the durable marks before a body."""

    submission: SmtpSubmission
    marks: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        self.marks.append("begun")

    async def send(
        self,
        message: Message,
        *,
        login: Login | None = None,
        to: tuple[str, ...] = (LEE,),
        begin: Callable[[], Awaitable[None]] | None = None,
        sender: str = KIM,
        progress: Progress | None = None,
    ) -> Outcome:
        envelope = Envelope(sender, to, message)
        return await self.submission.send(login or with_token(), envelope, begin or self.begin, progress)
