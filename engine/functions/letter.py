"""What every function's composer needs of one message: who it is from, the fields that all messages share,
and the paragraphs of what the device writes by itself.

Rule: the recipients in Bcc appear in no field, and what a device sends by itself says so, so that nobody's
absence note answers it (RFC 3834).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar

from ...events.request import JobRequest
from ..ports import Attachment
from ..smtp.compose import File, Message, Part, Sendable
from ..smtp.fields import Field, Mailbox, Mailboxes, Structured, Text, date
from ..words import Words, words
from .table import one_line

BY_A_DEVICE = Structured("Auto-Submitted", ("auto-generated",))
"RFC 3834 section 5."
BCC_ALONE = Structured("To", ("undisclosed-recipients:;",))
"An empty group (RFC 5322 section 3.4): some servers put their own guess where a message has no To."


class Link(NamedTuple):
    """Where one file of a Scan to URL is fetched."""

    name: str
    url: str
    octets: int
    expires_at: datetime
    "With a time zone: from then on it is erased."


@dataclass(frozen=True, slots=True)
class Header:
    """What the engine knows about a message and its request does not."""

    from_address: str
    message_id: str
    "With its angle brackets; the same for every try (S33c)."
    date: datetime
    "With a time zone: when the job was submitted."
    from_name: str = ""
    device_name: str = ""
    words: Words = field(default_factory=words)
    "Of the device's language."
    links: tuple[Link, ...] = ()
    "Of Scan to URL, in the order of its files."
    mdn: bool = False
    "An Internet fax asks its reader's program to say that it was shown (RFC 8098)."
    aliases: tuple[str, ...] = ()
    "Other addresses of the mailbox that sends, which a program may have written as From."


Composer = Callable[[JobRequest, Header, Sequence[Attachment]], Sendable]
Kind = TypeVar("Kind", bound=JobRequest)


def composer(kind: type[Kind], compose: Callable[[Kind, Header, Sequence[Attachment]], Sendable]) -> Composer:
    """It refuses other requests than its own with TypeError, so that one table holds all composers."""

    def checked(request: JobRequest, header: Header, files: Sequence[Attachment]) -> Sendable:
        if not isinstance(request, kind):
            raise TypeError(f"{kind.__name__} wanted, not {type(request).__name__}")
        return compose(request, header, files)

    return checked


def letter(
    request: JobRequest, header: Header, subject: str, parts: Sequence[Part], also: Sequence[Field] = ()
) -> Message:
    """Raises Unencodable where an address or the Message-ID cannot stand in a header."""
    fields: list[Field] = [
        date(header.date),
        Mailboxes("From", (Mailbox(header.from_address, header.from_name),)),
    ]
    if request.to:
        fields.append(Mailboxes("To", tuple(map(Mailbox, request.to))))
    if request.cc:
        fields.append(Mailboxes("Cc", tuple(map(Mailbox, request.cc))))
    if not request.to and not request.cc:
        fields.append(BCC_ALONE)
    fields += [Text("Subject", subject), Structured("Message-ID", (header.message_id,)), *also]
    if request.by_device:
        fields.append(BY_A_DEVICE)
    return Message(header.message_id, tuple(fields), tuple(parts))


def attached(files: Sequence[Attachment]) -> list[Part]:
    return [Part.attachment(File(each.content), each.name, each.media_type) for each in files]


def carrying(request: JobRequest, header: Header, subject: str, files: Sequence[Attachment]) -> Message:
    """What the person wrote, if anything, and the files below it. Raises Unencodable."""
    words = [Part.text(request.text)] if request.text else []
    return letter(request, header, request.subject or subject, [*words, *attached(files)] or [Part.text("")])


def titled(request: JobRequest, header: Header, title: str) -> str:
    """The subject of what the device sends by itself: which device it is stands first."""
    return request.subject or ": ".join(filter(None, (header.device_name, title)))


def named(header: Header, *values: tuple[str, str | datetime | None]) -> list[str]:
    """Lines such as `Time: ...`, each by the code of its sentence; what is not known has no line."""
    return [
        header.words.say(code, value=moment(value) if isinstance(value, datetime) else one_line(value))
        for code, value in values
        if value
    ]


def paragraphs(*each: Sequence[str]) -> Part:
    """Lines with an empty line between the paragraphs; an empty paragraph is left out."""
    return Part.text("\n\n".join("\n".join(lines) for lines in each if any(lines)))


def moment(when: datetime) -> str:
    """ISO 8601 with its time zone, which reads the same in every language."""
    return when.isoformat(" ", "seconds")
