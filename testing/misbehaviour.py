"""What a submission server may do in place of a reply, from a connection that is cut to garbage without end.

Rule: each is a thing that a test writes into the script of `ScriptedServer`; what only writes something odd
leaves the connection as it is, so that whoever hears it must hang up by itself.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import count


class Fault(StrEnum):
    """Each says what the server does."""

    CUT = "cuts the connection"
    CLOSED = "closes the connection"
    HALF_CLOSED = "closes its half of the connection"
    SILENCE = "says nothing, but to the commands behind"
    STALL = "says nothing any more"
    DRIP = "says one octet every five seconds"
    UNENDED = "begins a reply and stops"
    LONG_LINE = "says a line of 1 MB"
    ENDLESS = "says continuation lines without end"
    OTHER_CODE = "continues a reply with another code"
    NO_CODE = "says words without a code"
    NO_SUCH_CODE = "says 999"
    BINARY = "says octets that are no text"
    HTTP = "says HTTP"
    BARE_LF = "ends its lines with LF alone"
    BARE_CR = "ends its lines with CR alone"
    TWICE = "says its reply twice"


STALLS = frozenset({Fault.STALL, Fault.DRIP, Fault.UNENDED, Fault.HALF_CLOSED, Fault.BARE_CR})
"After these nothing else comes: somebody must lose patience."
SAID = frozenset({Fault.BARE_LF, Fault.TWICE})
"The reply is in it."
DRIP_S = 5
MEGABYTE = 1_000_000


def odd_words(fault: Fault, reply: str) -> bytes | None:
    """What it says in place of `reply`; None: it is no matter of words."""
    line = reply.encode("utf-8", "surrogateescape")
    code = line[:3]
    return {
        Fault.UNENDED: code + b"-the first line\r\n" + code,
        Fault.LONG_LINE: code + b" " + b"x" * MEGABYTE + b"\r\n",
        Fault.OTHER_CODE: code + b"-the first line\r\n" + b"299 the last one\r\n",
        Fault.NO_CODE: b"Everything is fine.\r\n",
        Fault.NO_SUCH_CODE: b"999 9.9.9 Fine\r\n",
        Fault.BINARY: bytes(range(256)) + b"\r\n",
        Fault.HTTP: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        Fault.BARE_LF: line.replace(b"\r", b"") + b"\n",
        Fault.BARE_CR: line.replace(b"\n", b"\r") + b"\r",
        Fault.TWICE: 2 * (line + b"\r\n"),
    }.get(fault)


async def without_end(writer: asyncio.StreamWriter, code: str) -> None:
    """Raises ConnectionError when nobody listens any more."""
    lines = f"{code}-and more\r\n".encode() * 100
    while not writer.transport.is_closing():
        writer.write(lines)
        await writer.drain()
        # Else a loop that never waits would not hear that nobody listens any more.
        await asyncio.sleep(0)
    raise ConnectionResetError


async def drop_by_drop(writer: asyncio.StreamWriter, code: str) -> None:
    """Raises ConnectionError when nobody listens any more."""
    octets = f"{code}-".encode()
    while not writer.transport.is_closing():
        writer.write(octets[:1])
        octets = octets[1:] or b"x"
        await asyncio.sleep(DRIP_S)
    raise ConnectionResetError


def close_half(writer: asyncio.StreamWriter) -> None:
    """Without a word of TLS: asyncio closes no half of a TLS connection."""
    with contextlib.suppress(OSError):
        writer.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)


class Patience:
    """Moves the running loop's clock while a server stalls: limits of minutes end at once.

    The engine's clock counts what lies on the disk; how long a connection may be silent is the loop's.
    """

    STEP_S = 0.5
    TURNS = 8
    "Turns of the loop in which what has arrived is read, before the clock moves again."
    GLANCE = 4
    "Moves of which the first waits for real time to pass."

    def __init__(self, glance_s: float = 0) -> None:
        """`glance_s`: real time before every fourth move, where threads have their part of the work."""
        self._glance_s = glance_s
        self._loop = asyncio.get_running_loop()
        self._true = self._loop.time
        self.passed_s = 0.0

    @asynccontextmanager
    async def lost_while(self, stalled: asyncio.Event) -> AsyncIterator["Patience"]:
        self._loop.time = self._time  # type: ignore[method-assign]
        moving = asyncio.create_task(self._move(stalled))
        try:
            yield self
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            self._loop.time = self._true  # type: ignore[method-assign]

    def _time(self) -> float:
        return self._true() + self.passed_s

    async def _move(self, stalled: asyncio.Event) -> None:
        for move in count():
            await stalled.wait()
            for _ in range(self.TURNS):
                await asyncio.sleep(0)
            if self._glance_s and move % self.GLANCE == 0:
                await asyncio.sleep(self._glance_s)
            if stalled.is_set():
                self.passed_s += self.STEP_S
