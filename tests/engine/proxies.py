"""Proxies to go through: a real one, tinyproxy of Debian, and one that says what a test tells it to.

Rule: loopback only; the real one is ended by its own process, and what it wrote down is read after that.
"""

import asyncio
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from franking.testing.authority import Authority, client_context

USER, PASSWORD = "device", "marked-Pr0xyW0rd"
READY = b"Starting main loop"
LOWEST, PORTS = 10_000, 20_000
CUT = b""
"In place of an answer: the connection ends."
ECHO = b"echo"
"In place of an answer: what was asked."


def free_port() -> int:
    """Below those that a system gives to whoever asks for any: a test beside this one does not get it."""
    while True:
        port = LOWEST + secrets.randbelow(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class TinyProxy:
    """`async with` starts and stops it. It wants `USER` and `PASSWORD`."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.connects: list[str] = []
        "Once it has stopped: host and port of every CONNECT that it was asked for."
        self._configuration = folder / "tinyproxy.conf"
        lines = (
            f"Port {self.port}",
            "Listen 127.0.0.1",
            "Allow 127.0.0.1",
            "Timeout 60",
            "LogLevel Info",
            f"BasicAuth {USER} {PASSWORD}",
        )
        self._configuration.write_text("\n".join(lines) + "\n")

    async def __aenter__(self) -> Self:
        program = shutil.which("tinyproxy", path="/usr/bin:/usr/sbin:/usr/local/bin")
        if program is None:
            pytest.skip("tinyproxy is not installed: apt-get install tinyproxy")
        self._process = await asyncio.create_subprocess_exec(
            program, "-d", "-c", str(self._configuration), stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        await self._process.stdout.readuntil(READY)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._process.terminate()
        written, _ = await self._process.communicate()
        words = [line.split() for line in written.decode().splitlines() if ": CONNECT " in line]
        self.connects = [line[line.index("HTTP/1.1") - 1] for line in words]


class OwnProxy:
    """`async with` starts it, and waits at the end for whoever is still served."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class ScriptedProxy(OwnProxy):
    """Gives each connection the same answer."""

    def __init__(self, answer: bytes | None) -> None:
        """None: it never answers."""
        super().__init__()
        self.answer = answer
        self.heads: list[str] = []
        "What it was asked, header fields included."

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        if self.answer is None:
            await reader.read()
        else:
            writer.write(head if self.answer == ECHO else self.answer)
            await writer.drain()


class InspectingProxy(OwnProxy):
    """A company's proxy that opens TLS: it shows a certificate of its own authority, and speaks to the server
    itself.
    """

    def __init__(self, authority: Authority, upstream: Path) -> None:
        """`upstream`: the authority that it trusts itself."""
        super().__init__()
        self.inspected = 0
        "Octets that it saw in clear."
        self._shown, self._upstream = authority.server_context(), client_context(upstream)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            host, _, port = asked.rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._shown)
            up, to = await asyncio.open_connection(host, int(port), ssl=self._upstream)
            await asyncio.gather(self._carry(reader, to), self._carry(up, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the device does not trust it, and leaves

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while octets := await reader.read(65_536):
                self.inspected += len(octets)
                writer.write(octets)
                await writer.drain()
        writer.close()
