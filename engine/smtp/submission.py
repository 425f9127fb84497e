"""Fulfils `ports.Submission`: one message over a verified connection, and one warm connection a user for
the next.

Rule: a connection is used again only after a message that was sent, by the same user with the same kind of
login, and is left at `close`, after `WARM` without work, or when the server does. Everything that can
happen is an `Outcome`.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...events.settings import Security
from ..clock import Clock
from ..ports import Envelope, Login, Outcome, Phase, Verdict
from .auth import discreet
from .chat import Chat
from .compose import FileChanged, Message
from .connect import Server, connect, security_at
from .transaction import Gate, file_trouble, transact

WARM = timedelta(seconds=30)
"Servers close an idle connection after minutes, and count the open ones of a mailbox."
GONE = frozenset({"lost", "timeout", "protocol"})


@dataclass(frozen=True, slots=True)
class _Who:
    """Whose connection it is, and signed in with what."""

    user: str
    kind: str

    @classmethod
    def of(cls, login: Login) -> "_Who":
        kind = "token" if login.token is not None else "password" if login.password is not None else ""
        return cls(login.user, kind)


@dataclass(eq=False, slots=True)
class _Transfer:
    who: _Who
    keep: bool = True


@dataclass(frozen=True, slots=True)
class _Warm:
    chat: Chat
    cooling: asyncio.Task[None]


class SmtpSubmission:
    """`context` gives a verifying TLS context for each connection; `timeout_s` is the limit of one reply."""

    def __init__(
        self,
        server: str,
        port: int,
        context: Callable[[], ssl.SSLContext],
        clock: Clock,
        timeout_s: float = 60,
        security: Security | None = None,
    ) -> None:
        """`security` None: implicit TLS at port 465, STARTTLS elsewhere."""
        self._server = Server(server, port, security or security_at(port), context, timeout_s)
        self._clock = clock
        self._warm: dict[_Who, _Warm] = {}
        self._transfers: set[_Transfer] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._open = True
        self.octets_max: int | None = None

    async def send(self, login: Login, envelope: Envelope, begin: Callable[[], Awaitable[None]]) -> Outcome:
        """Raises CancelledError, what `begin` raises, and TypeError for a message not made by `compose`; the
        connection is dropped then."""
        message = envelope.composed
        if not isinstance(message, Message):
            raise TypeError(f"a Message of engine.smtp.compose wanted, not {type(message).__name__}")
        transfer = _Transfer(_Who.of(login))
        self._transfers.add(transfer)
        gate = Gate(begin)
        try:
            outcome = await self._carry(login, transfer, envelope, message, gate)
            await gate.settle()
        finally:
            self._transfers.discard(transfer)
            await gate.drop()
        return discreet(outcome, login)

    async def close(self, user: str) -> None:
        """A connection in use is left after its message; this does not wait for that."""
        for transfer in self._transfers:
            transfer.keep = transfer.keep and transfer.who.user != user
        for who in [who for who in self._warm if who.user == user]:
            self._leave(self._take_warm(who))

    async def aclose(self) -> None:
        """Leaves politely; messages in transfer are their senders' to cancel."""
        self._open = False
        for who in list(self._warm):
            self._leave(self._take_warm(who))
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _carry(
        self, login: Login, transfer: _Transfer, envelope: Envelope, message: Message, gate: Gate
    ) -> Outcome:
        try:
            for file in message.files:
                file.check()
        except (FileChanged, OSError) as error:
            return file_trouble(error, Phase.CONNECT, server_spoke=False)
        warm = self._take_warm(transfer.who)
        if warm is not None:
            outcome = await transact(warm, envelope, message, gate)
            if not _was_gone(outcome):
                self._release(transfer, warm, outcome)
                return outcome
            warm.abort()
        chat = await connect(self._server, login)
        if isinstance(chat, Outcome):
            return chat
        self.octets_max = chat.extensions.octets_max
        outcome = await transact(chat, envelope, message, gate)
        self._release(transfer, chat, outcome)
        return outcome

    def _take_warm(self, who: _Who) -> Chat | None:
        warm = self._warm.pop(who, None)
        if warm is None:
            return None
        warm.cooling.cancel()
        self._await_later(warm.cooling)
        return None if warm.chat.lost else warm.chat

    def _release(self, transfer: _Transfer, chat: Chat, outcome: Outcome) -> None:
        usable = outcome.verdict is Verdict.SENT and transfer.keep and self._open and not chat.lost
        if usable and transfer.who not in self._warm:
            cooling = asyncio.create_task(self._cool(transfer.who, chat, self._clock.now() + WARM))
            self._warm[transfer.who] = _Warm(chat, cooling)
        else:
            self._leave(chat)

    async def _cool(self, who: _Who, chat: Chat, until: datetime) -> None:
        await self._clock.sleep_until(until)
        del self._warm[who]
        self._leave(chat)

    def _leave(self, chat: Chat | None) -> None:
        if chat is not None:
            self._await_later(asyncio.create_task(chat.quit()))

    def _await_later(self, task: asyncio.Task[None]) -> None:
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _was_gone(outcome: Outcome) -> bool:
    """The server had left a warm connection before it read anything."""
    return outcome.phase is Phase.MAIL and (outcome.code in GONE or outcome.code.startswith("421"))
