"""What arrived at the playing submission servers, kept as files, and what they shall answer next.

Rule: a message counts once its file has its final name, so that another process may count them too; nothing
is kept in memory but the index.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

Phase = Literal["connect", "auth", "mail", "rcpt", "data"]
"Where a reply can be scripted; data is the answer to the final dot."


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who brought a message, and how. `tls` as OpenSSL names it, such as TLSv1.3; empty without. `account`
    and `mechanism` are empty where nobody signed in.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    account: str
    mechanism: str
    tls: str
    host: str
    mail_parameters: tuple[str, ...] = ()
    "RET and ENVID, as they came (RFC 3461)."
    rcpt_parameters: tuple[tuple[str, ...], ...] = ()
    "NOTIFY and ORCPT of each recipient."


@dataclass(frozen=True, slots=True)
class Delivered:
    """One accepted message; `path` holds exactly the octets that came, dots unstuffed."""

    envelope: Envelope
    path: Path
    octets: int
    at: datetime

    @property
    def mail_from(self) -> str:
        return self.envelope.mail_from

    @property
    def rcpt_tos(self) -> tuple[str, ...]:
        return self.envelope.rcpt_tos

    def raw(self) -> bytes:
        return self.path.read_bytes()

    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw(), policy=policy.default)

    def attachments(self) -> list[tuple[str, bytes]]:
        """File name and content of each attachment, decoded by the standard library's parser."""
        found = []
        whole = self.message()
        # A message may be its only attachment: without words a scan needs no multipart around it.
        for part in [whole] if whole.is_attachment() else whole.iter_attachments():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append((part.get_filename() or "", content))
        return found


class Mailbox:
    """`messages` in the order in which their final dots were answered."""

    def __init__(self, folder: Path) -> None:
        """Goes on numbering after the messages that `folder` holds already; raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.messages: list[Delivered] = []
        self._stored = len(list(folder.glob("*.eml")))
        self._replies: dict[Phase, deque[str]] = {}
        self._arrived = asyncio.Event()

    def refuse_next(self, phase: Phase, reply: str) -> None:
        """The next `phase` that has no scripted reply yet gets `reply`, such as "451 4.7.500 Server busy"."""
        self._replies.setdefault(phase, deque()).append(reply)

    def forget_replies(self) -> None:
        """What was ordered and nobody came for."""
        self._replies.clear()

    def scripted(self, phase: Phase) -> str | None:
        """Takes the reply that a test ordered for `phase`."""
        replies = self._replies.get(phase)
        return replies.popleft() if replies else None

    async def wait_for(self, count: int) -> None:
        """Returns when at least `count` messages have arrived."""
        while len(self.messages) < count:
            self._arrived.clear()
            await self._arrived.wait()

    def store(self, envelope: Envelope, content: bytes, at: datetime) -> Delivered:
        self._stored += 1
        path = self.folder / f"{self._stored:06}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        delivered = Delivered(envelope, path, len(content), at)
        self.messages.append(delivered)
        self._arrived.set()
        return delivered
