"""What every function's composer needs of one message: who it is from, and the fields that all messages
share.

Rule: the recipients in Bcc appear in no field.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ...events.request import JobRequest
from ..ports import Attachment
from ..smtp.compose import Message, Part
from ..smtp.fields import Field, Mailbox, Mailboxes, Structured, Text, date


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


Composer = Callable[[JobRequest, Header, Sequence[Attachment]], Message]
Kind = TypeVar("Kind", bound=JobRequest)


def composer(kind: type[Kind], compose: Callable[[Kind, Header, Sequence[Attachment]], Message]) -> Composer:
    """It refuses other requests than its own with TypeError, so that one table holds all composers."""

    def checked(request: JobRequest, header: Header, files: Sequence[Attachment]) -> Message:
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
        Mailboxes("To", tuple(map(Mailbox, request.to))),
    ]
    if request.cc:
        fields.append(Mailboxes("Cc", tuple(map(Mailbox, request.cc))))
    fields += [Text("Subject", subject), Structured("Message-ID", (header.message_id,)), *also]
    return Message(header.message_id, tuple(fields), tuple(parts))
