"""The protocol on a connection that was opened and signed in: commands out, replies in, in order.

Rule: replies belong to commands in the order in which they were sent (RFC 2920); a reply that nobody asked
for, or that is none, ends the connection. The limit of a reply counts from the one before it. Messages take
turns at writing; whoever breaks off in the middle of one ends the connection, for nothing may follow half a
message, but not before the answer to the one before it is there. After `Lost` was raised once, every further
use raises it.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .reply import Malformed, Reader, Reply

WAITING_MAX = 256 * 1024
"Octets that may wait in the transport before the writer has to."
RECORD = 16 * 1024
"Octets of one TLS record, at most (RFC 8446 section 5.1)."
FAREWELL_S = 2.0
"How long a polite end may take."
CLOSING = 421
BLOCK_PATIENCE = 3
"A block may take three times as long as a reply (RFC 5321 sections 4.5.3.2.2 and 4.5.3.2.5)."


class Lost(Exception):
    """The connection is gone; `code` is one of `lost`, `timeout`, `protocol`, or the server's 421."""

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
    eight_bit_mime: bool = False
    smtputf8: bool = False
    dsn: bool = False
    "Delivery status notifications can be asked for (RFC 3461)."
    sign_ins: frozenset[str] = frozenset()
    "Mechanisms of AUTH (RFC 4954)."


class Place:
    """In the order of replies."""

    __slots__ = ("ends_at", "patience", "reply")

    def __init__(self, reply: asyncio.Future[Reply], patience: int) -> None:
        self.reply = reply
        self.patience = patience
        "Times the limit of a reply; 0: the limit does not count yet."
        self.ends_at: int | None = None
        "It answers a message that is written to its end: how many octets of the connection that makes."


class Chat(asyncio.Protocol):
    """Takes the transport over."""

    def __init__(self, transport: asyncio.Transport, extensions: Extensions, timeout_s: float) -> None:
        self.extensions = extensions
        self.timeout_s = timeout_s
        self.turn = asyncio.Lock()
        "Whose message is being written."
        self.ending = False
        "No further message begins here."
        self.begun = 0
        "Messages, so far."
        self._transport = transport
        self._reader = Reader()
        self._waiting: deque[Place] = deque()
        self._since = 0.0
        "When the limit of the first place began to count, by the loop's clock."
        self._timer: asyncio.TimerHandle | None = None
        self._unsent: list[bytes] = []
        "Leaves together in a moment."
        self._octets = 0
        "Written, so far; those that have not left this side included."
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._gone = asyncio.Event()
        self._end: tuple[str, str] | None = None
        self._broken_off = False
        self._socket: socket.socket | None = transport.get_extra_info("socket")
        self._loop = asyncio.get_running_loop()
        transport.set_write_buffer_limits(high=WAITING_MAX)
        transport.set_protocol(self)

    @property
    def lost(self) -> bool:
        return self._end is not None or self._broken_off or self._transport.is_closing()

    @property
    def tls_version(self) -> str:
        """As OpenSSL names it; empty without TLS."""
        secured = self._transport.get_extra_info("ssl_object")
        return "" if secured is None else str(secured.version())

    @property
    def quiet(self) -> bool:
        """Every reply that was asked for is there."""
        return not self._waiting

    # What asyncio calls.

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        waiting = len(self._waiting)
        try:
            for reply in self._reader.feed(data):
                if not self._waiting:
                    return self._unasked(reply)
                if reply.good and not self._left(self._waiting[0]):
                    return self._break("protocol", f"before the message had left: {reply}")
                place = self._waiting.popleft()
                if not place.reply.done():
                    place.reply.set_result(reply)
                if self._broken_off:
                    return self.abort()
            if len(self._waiting) < waiting:  # a piece of a reply gains no time
                self._count_anew()
        except Malformed:
            self._break("protocol", "not a reply")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._finish("lost", str(error or "closed by the server"))
        self._gone.set()

    # What a transaction calls.

    def check(self) -> None:
        """Raises Lost."""
        if self.lost:
            raise self.end()

    def end(self) -> Lost:
        """Why it is gone."""
        return Lost(*(self._end or ("lost", "closing")))

    def expect(self, patience: int = 1) -> Place:
        """A place in the order of replies; ask for it before the command is written. Raises Lost."""
        self.check()
        place = Place(self._loop.create_future(), patience)
        self._waiting.append(place)
        if len(self._waiting) == 1:
            self._count_anew()
        return place

    def written(self, place: Place, patience: int) -> None:
        """The message that `place` answers is written to its end: the limit of the answer counts."""
        place.ends_at = self._octets
        place.patience = patience
        self._count_anew()

    def write(self, octets: Sequence[bytes]) -> None:
        """What is written in a moment leaves as one: an envelope with the body before it. Raises Lost."""
        self.check()
        if not self._unsent:
            # Whoever has the next turn is woken in the next round of the loop, and writes in it.
            self._loop.call_soon(self._loop.call_soon, self._leave)
        self._unsent += octets
        self._octets += sum(map(len, octets))

    def _leave(self) -> None:
        octets, self._unsent = self._unsent, []
        if sum(map(len, octets)) <= RECORD:
            octets = [b"".join(octets)]
        if any(octets) and not self.lost:
            self._transport.writelines(octets)

    async def drain(self) -> None:
        """Returns when more may be written; lets what has arrived be read first. Raises Lost."""
        self._leave()
        await asyncio.sleep(0)
        if not self._may_write.is_set():
            limit_s = BLOCK_PATIENCE * self.timeout_s
            try:
                async with asyncio.timeout(limit_s):
                    await self._may_write.wait()
            except TimeoutError:
                self._late(limit_s)
        self.check()

    async def answered(self) -> None:
        """Returns when everything that was asked so far is answered. Raises Lost."""
        while self._waiting and not self._waiting[-1].reply.done():
            await asyncio.wait([self._waiting[-1].reply])
        self.check()

    def abort(self) -> None:
        self._break("lost", "dropped by this side")

    def break_off(self) -> None:
        """For a message that will not be written to its end. The one before it may have its answer first."""
        if self._waiting and self._waiting[0].ends_at is not None and not self._waiting[0].reply.done():
            self._broken_off = True
        else:
            self.abort()

    def forsake(self, place: Place) -> None:
        """Nobody waits for this answer any more; others' messages behind it go on."""
        if self._waiting and self._waiting[-1] is place:
            self.abort()

    async def quit(self) -> None:
        """Says QUIT and leaves, in two seconds at most; never raises for what the server does."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                with contextlib.suppress(Lost):
                    waiting = self.expect()
                    self.write([b"QUIT\r\n"])
                    await waiting.reply
                self._transport.close()
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()

    # Inside.

    def _count_anew(self) -> None:
        self._since = self._loop.time()
        self._set_timer()

    def _set_timer(self) -> None:
        """One timer for all: it looks at the first place when it ends."""
        if not self._waiting or not self._waiting[0].patience:
            return
        due = self._since + self._waiting[0].patience * self.timeout_s
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._waiting or not self._waiting[0].patience:
            return
        limit_s = self._waiting[0].patience * self.timeout_s
        if self._loop.time() - self._since >= limit_s:
            self._late(limit_s)
        else:
            self._set_timer()

    def _late(self, limit_s: float) -> None:
        self._break("timeout", f"no answer in {limit_s:g} s")

    def _left(self, place: Place) -> bool:
        """A message whose end still lies on this side was taken by nobody, whatever the server says of it."""
        if place.ends_at is None:
            return True
        behind = self._octets - place.ends_at
        unsent = sum(map(len, self._unsent))
        return unsent <= behind and self._transport.get_write_buffer_size() <= behind + RECORD

    def _unasked(self, reply: Reply) -> None:
        """421 alone may come at any time (RFC 5321 section 3.8)."""
        if reply.code == CLOSING:
            self._break(reply.status, reply.words)
        else:
            self._break("protocol", f"unasked: {reply}")

    def _break(self, code: str, words: str) -> None:
        self._finish(code, words)
        self._transport.abort()

    def _finish(self, code: str, words: str) -> None:
        """The first end is the cause."""
        self._end = self._end or (code, words)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            waiting = self._waiting.popleft().reply
            if not waiting.done():
                waiting.set_exception(self.end())
                # Nobody may be waiting for it any more; asking keeps asyncio from complaining.
                waiting.exception()
        self._may_write.set()

    def _acknowledge(self) -> None:
        # A server with Nagle's algorithm holds its next reply back until the last one is acknowledged; Linux
        # forgets this option after each use.
        if self._socket is not None and hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
