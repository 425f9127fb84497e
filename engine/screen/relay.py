"""The way to a proxy that wants a user and a password (S4): browsers take neither from whoever starts them.

A listener on loopback for one visit: the browser gets it as its proxy, and it passes each tunnel on to the
real one with the password, which so stands in no argument and no file. Only the Basic scheme (RFC 7617) is
spoken; a proxy that insists on another one cannot be used by the browser.

Rules: tunnels alone (CONNECT, RFC 9110 section 9.3.6), for the pages of a sign-in are https. Only processes
of this user are let through: the password is not for everybody on the machine.
"""

import asyncio
import logging
import os
import re
import socket
import sys
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from ..ports import HttpProxy

HEAD_MAX = 16_384
HEAD_S = 30.0
"How long the browser or the proxy may take for a head."
PIECE = 65_536
CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9._:\[\]-]{1,300}) HTTP/1\.[01]\r\n")
TABLE = Path("/proc/net/tcp")
log = logging.getLogger("franking")


class Relay:
    """`async with` binds and closes it; then `address` is what the browser is given."""

    def __init__(self, proxy: HttpProxy) -> None:
        self._proxy = proxy
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Raises OSError."""
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0, limit=HEAD_MAX)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def address(self) -> HttpProxy:
        host, port = self._server.sockets[0].getsockname()
        return HttpProxy(host, port, "", None, self._proxy.exclusions)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if owner(writer) != os.geteuid():
                log.warning("a process of another user came to the browser's way to its proxy")
                return
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
            wanted = CONNECT.match(head)
            if wanted is None:
                await answer(writer, b"405 Method Not Allowed\r\nAllow: CONNECT")
                return
            await self._tunnel(wanted[1], reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # either side may go away at any moment
        finally:
            writer.transport.abort()

    async def _tunnel(
        self, target: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                there, onward = await asyncio.open_connection(
                    self._proxy.host, self._proxy.port, limit=HEAD_MAX
                )
        except (OSError, TimeoutError) as error:
            log.warning("the browser's proxy cannot be reached: %s", type(error).__name__)
            await answer(writer, b"502 Bad Gateway")
            return
        try:
            fields = (b"Host: " + target, b"Proxy-Authorization: Basic " + self._sign_in())
            onward.write(b"\r\n".join([b"CONNECT " + target + b" HTTP/1.1", *fields, b"", b""]))
            async with asyncio.timeout(HEAD_S):
                head = await there.readuntil(b"\r\n\r\n")
            status = head.split(b" ", 2)[1:2]
            if status == [b"407"]:
                # The person has no password for it, so nobody is asked for one.
                log.error("the browser's proxy does not take the user and password of the settings")
                await answer(writer, b"502 Bad Gateway")
                return
            writer.write(head)
            await both_ways(
                asyncio.ensure_future(copied(reader, onward)), asyncio.ensure_future(copied(there, writer))
            )
        finally:
            onward.transport.abort()

    def _sign_in(self) -> bytes:
        password = self._proxy.password.reveal() if self._proxy.password else ""
        return b64encode(f"{self._proxy.user}:{password}".encode())


async def answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def both_ways(*ways: "asyncio.Future[None]") -> None:
    """Until both have ended, or one has failed."""
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


def owner(writer: asyncio.StreamWriter) -> int | None:
    """User id of the process at the other end, as the kernel knows it (proc_net_tcp); None: it has gone."""
    wanted = [in_table(*writer.get_extra_info(name)) for name in ("peername", "sockname")]
    for line in TABLE.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == wanted:
            return int(fields[7])
    return None


def in_table(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
