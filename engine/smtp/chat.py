"""The protocol on a connection that was opened and signed in: commands out, replies in, in order.

Rule: replies belong to commands in the order in which they were sent (RFC 2920); a reply that nobody asked
for, or that is none, ends the connection. Whoever breaks off in the middle of a message aborts: nothing may
follow half of one. After `Lost` was raised once, every further use raises it.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .reply import Malformed, Reader, Reply

WAITING_MAX = 256 * 1024
"Octets that may wait in the transport before the writer has to."
FAREWELL_S = 2.0
"How long a polite end may take."
BLOCK_PATIENCE = 3
"A block may take three times as long as a reply (RFC 5321 sections 4.5.3.2.2 and 4.5.3.2.5)."

T = TypeVar("T")


class Lost(Exception):
    """The connection is gone; `code` is one of `lost`, `timeout`, `protocol`."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the server offered after the last EHLO."""

    pipelining: bool = False
    size: bool = False
    octets_max: int | None = None
    "From SIZE; None: no fixed maximum."
    smtputf8: bool = False
    dsn: bool = False
    "Delivery status notifications can be asked for (RFC 3461)."


class Chat(asyncio.Protocol):
    """Takes the transport over."""

    def __init__(self, transport: asyncio.Transport, extensions: Extensions, timeout_s: float) -> None:
        self.extensions = extensions
        self.timeout_s = timeout_s
        self._transport = transport
        self._reader = Reader()
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._gone = asyncio.Event()
        self._end: tuple[str, str] | None = None
        self._socket: socket.socket | None = transport.get_extra_info("socket")
        transport.set_write_buffer_limits(high=WAITING_MAX)
        transport.set_protocol(self)

    @property
    def lost(self) -> bool:
        return self._end is not None or self._transport.is_closing()

    # What asyncio calls.

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        try:
            for reply in self._reader.feed(data):
                if not self._waiting:
                    return self._break("protocol", f"unasked: {reply}")
                waiting = self._waiting.popleft()
                if not waiting.done():
                    waiting.set_result(reply)
        except Malformed:
            self._break("protocol", "not a reply")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._finish("lost", str(error or "closed by the server"))
        self._gone.set()

    # What a transaction calls.

    def expect(self) -> asyncio.Future[Reply]:
        """A place in the order of replies; ask for it before the command is written."""
        self._check()
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def write(self, octets: Sequence[bytes]) -> None:
        """Raises Lost."""
        self._check()
        self._transport.writelines(octets)

    async def drain(self) -> None:
        """Returns when more may be written; lets what has arrived be read first. Raises Lost."""
        await asyncio.sleep(0)
        if not self._may_write.is_set():
            await self._within(self._may_write.wait(), BLOCK_PATIENCE * self.timeout_s)
        self._check()

    async def answer(self, waiting: asyncio.Future[Reply], patience: int = 1) -> Reply:
        """The reply, within `patience` times the time limit. Raises Lost."""
        if waiting.done():
            return waiting.result()
        return await self._within(waiting, patience * self.timeout_s)

    def abort(self) -> None:
        self._break("lost", "dropped by this side")

    async def quit(self) -> None:
        """Says QUIT and leaves, in two seconds at most; never raises for what the server does."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                with contextlib.suppress(Lost):
                    waiting = self.expect()
                    self.write([b"QUIT\r\n"])
                    await self.answer(waiting)
                self._transport.close()
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()

    # Inside.

    async def _within(self, awaited: Awaitable[T], limit_s: float) -> T:
        try:
            async with asyncio.timeout(limit_s):
                return await awaited
        except TimeoutError:
            self._break("timeout", f"no answer in {limit_s:g} s")
            raise self._lost() from None

    def _check(self) -> None:
        if self.lost:
            raise self._lost()

    def _lost(self) -> Lost:
        return Lost(*(self._end or ("lost", "closing")))

    def _break(self, code: str, words: str) -> None:
        self._finish(code, words)
        self._transport.abort()

    def _finish(self, code: str, words: str) -> None:
        """The first end is the cause."""
        self._end = self._end or (code, words)
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(self._lost())
                # Nobody may be waiting for it any more; asking keeps asyncio from complaining.
                waiting.exception()
        self._may_write.set()

    def _acknowledge(self) -> None:
        # A server with Nagle's algorithm holds its next reply back until the last one is acknowledged; Linux
        # forgets this option after each use.
        if self._socket is not None and hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
