"""A message that a program wrote, as it goes out: its header with what had to be changed, and its body as it
lies in the spool, octet for octet.

Rule: what is not named in `changed` goes out as it came in.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ...machines.identity import among
from ..content_port import Content
from ..header import HEADER_MOST, Header, decoded
from ..incoming import Begun
from .fields import Mailbox, Mailboxes, Structured, date

NEVER_SENT = frozenset({"bcc", "resent-bcc"})
"RFC 5322 section 3.6.3: whom the others don't see."


@dataclass(frozen=True, slots=True)
class Body:
    """What stands behind the header. Its lines are whole, and ended by CRLF."""

    content: Content
    begin: int
    "Octets of the content before it."

    @property
    def size(self) -> int:
        return self.content.octets - self.begin

    def check(self) -> None:
        """Raises FileChanged, or OSError where it cannot be read."""
        self.content.open().close()

    def blocks(self) -> Iterator[bytes]:
        """Of whole lines. Raises FileChanged, OSError."""
        rest = b""
        with closing(self.content.open()) as opened:
            for piece in opened.pieces(self.begin):
                end = piece.rfind(b"\r\n") + 2
                if end < 2:
                    rest += piece
                    continue
                yield rest + piece[:end]
                rest = piece[end:]
        if rest:
            yield rest


@dataclass(frozen=True)
class GivenMessage:
    """Fulfils `ports.Composed`."""

    message_id: str
    "With its angle brackets."
    header: bytes
    "With the empty line."
    body: Body

    @cached_property
    def pieces(self) -> tuple[bytes | Body, ...]:
        return (self.header, self.body) if self.body.size else (self.header,)

    @property
    def size(self) -> int:
        """Octets on the wire, before dots are doubled and without the final one (RFC 1870 section 3)."""
        return len(self.header) + self.body.size

    @property
    def files(self) -> tuple[Body, ...]:
        return (self.body,)

    may_be_8bit = True

    @property
    def needs_smtputf8(self) -> bool:
        """Its header is not ASCII (RFC 6532)."""
        return not self.header.isascii()

    @cached_property
    def needs_8bitmime(self) -> bool:
        """Reads the whole body. Raises FileChanged, OSError."""
        return not all(block.isascii() for block in self.body.blocks())


def as_given(content: Content, senders: Sequence[str], message_id: str, when: datetime) -> GivenMessage:
    """`senders`: whom it is from, and the other addresses of that mailbox; `message_id`, `when`: for a
    message that has none. Raises FileChanged, OSError, Unencodable.
    """
    header = content.header if isinstance(content, Begun) else Header.of(beginning(content))
    kept, own_id = changed(header, senders), header.message_id
    if not any(header.named("date")):
        kept.append(date(when).octets)
    if not any(header.named("message-id")):
        kept.append(Structured("Message-ID", (message_id,)).octets)
    return GivenMessage(own_id or message_id, b"".join(kept) + b"\r\n", Body(content, header.end))


def beginning(content: Content) -> bytes:
    """As much as a header may have."""
    found = bytearray()
    with closing(content.open()) as opened:
        for piece in opened.pieces():
            found += piece
            if len(found) >= HEADER_MOST or b"\r\n\r\n" in found:
                break
    return bytes(found[:HEADER_MOST])


def changed(header: Header, senders: Sequence[str]) -> list[bytes]:
    """The fields that go: without Bcc, with a From that the mailbox may send as, and without a Sender that it
    is not: servers look at both (RFC 5322 section 3.6.2).
    """
    sender, froms = senders[0], list(header.named("from"))
    fields = [
        each
        for each in header.fields
        if each.name not in NEVER_SENT and (each.name != "sender" or among(each.mailbox, senders))
    ]
    if len(froms) == 1 and among(froms[0].mailbox, senders):
        return [each.octets for each in fields]
    name = next((decoded(name) for name, _ in header.writers), "")
    replaced = Mailboxes("From", (Mailbox(sender, name),)).octets
    found: list[bytes] = []
    for each in fields:
        if each.name != "from":
            found.append(each.octets)
        elif replaced not in found:
            found.append(replaced)
    return found if replaced in found else [replaced, *found]
