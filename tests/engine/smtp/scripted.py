"""A submission server that says what a test tells it to, and writes down what it hears.

Rule: it does nothing by itself that a script cannot change; it speaks TLS from the test's own authority.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from franking.engine.ports import Room

THREE = Room(connections=3)
CUT = "cut"
"In place of a reply: the connection is reset."
SILENCE = "silence"
"In place of a reply: none."
BEHIND = "behind "
"Before the answer to a final dot: it comes when the next envelope has arrived behind the body."
HELD = "held "
"Before the answer to a final dot: it comes once the test lets it go."
EXTENSIONS = ("PIPELINING", "SIZE 157286400", "8BITMIME", "SMTPUTF8", "AUTH LOGIN XOAUTH2")
USUAL: Mapping[str, str] = {
    "CONNECT": "220 mx.example.com ESMTP",
    "STARTTLS": "220 2.0.0 Go ahead",
    "AUTH": "235 2.7.0 Accepted",
    "MAIL": "250 2.1.0 Sender OK",
    "RCPT": "250 2.1.5 Recipient OK",
    "DATA": "354 Start mail input",
    "BODY": "250 2.0.0 Queued",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass
class Script:
    extensions: tuple[str, ...] = EXTENSIONS
    starttls: bool = True
    implicit: bool = False
    replies: dict[str, list[str]] = field(default_factory=dict)
    "By verb, each used once, before the usual one; BODY is the answer to the final dot."
    early: int | None = None
    "After so many octets of a body the server answers with what stands for BODY, and goes."
    patience_s: float = 30
    "How long the device waits for a reply."
    room: Room = THREE
    "What the device may have here."


@dataclass
class Connection:
    """What one connection brought."""

    chunks: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    "As on the wire, dots doubled, without the final line."
    octets: int = 0
    "Of a body, so far."
    lines_before_tls: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None

    def say(self, line: str) -> None:
        assert self.writer is not None
        self.writer.write(f"{line}\r\n".encode())


class ScriptedServer:
    """`async with` starts and stops it."""

    def __init__(self, tls: ssl.SSLContext, script: Script) -> None:
        self.tls = tls
        self.script = script
        self.connections: list[Connection] = []
        self.met = asyncio.Condition()
        self.port = 0
        self.open = self.open_most = 0
        self.let_go = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def only(self) -> Connection:
        assert len(self.connections) == 1
        return self.connections[0]

    async def __aenter__(self) -> Self:
        tls = self.tls if self.script.implicit else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            if connection.writer is not None:
                connection.writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def heard(self, verb: str, count: int = 1) -> None:
        """Returns when `verb` was heard so often, on all connections together."""
        async with self.met:
            await self.met.wait_for(lambda: self._count(verb) >= count)

    async def heard_or_met(self, verb: str) -> None:
        """As `heard`; CONNECT is heard when there is a connection."""
        if verb == "CONNECT":
            async with self.met:
                await self.met.wait_for(lambda: bool(self.connections))
        else:
            await self.heard(verb)

    async def body_came(self) -> None:
        """Returns when a final dot was heard, answered or not."""
        await self.bodies_came(1)

    async def bodies_came(self, count: int) -> None:
        """As `body_came`, for so many on all connections together."""
        async with self.met:
            await self.met.wait_for(lambda: sum(len(each.bodies) for each in self.connections) >= count)

    def _count(self, verb: str) -> int:
        return sum(line.upper().startswith(verb) for each in self.connections for line in each.lines)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = Connection(writer=writer)
        self.open += 1
        self.open_most = max(self.open, self.open_most)
        async with self.met:
            self.connections.append(connection)
            self.met.notify_all()
        try:
            await Conversation(self, connection, reader, writer).run()
        except (ConnectionError, ssl.SSLError, EOFError):
            pass
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await writer.wait_closed()
            self.open -= 1
            connection.over.set()
            self._tasks.discard(task)


class Conversation:
    def __init__(
        self,
        server: ScriptedServer,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.server = server
        self.script = server.script
        self.connection = connection
        self.reader = reader
        self.writer = writer
        self.buffer = b""
        self.secure = server.script.implicit

    async def run(self) -> None:
        self._reply("CONNECT")
        while True:
            line = await self._line()
            verb = line.partition(" ")[0].upper()
            async with self.server.met:
                self.connection.lines.append(line)
                self.server.met.notify_all()
            if verb == "EHLO":
                self._extensions()
            elif verb == "STARTTLS":
                await self._start_tls()
            elif verb == "AUTH":
                await self._auth()
            elif verb == "DATA":
                await self._data()
            else:
                self._reply(verb)
            if verb == "QUIT":
                return

    async def _line(self) -> str:
        while b"\r\n" not in self.buffer:
            await self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    async def _more(self) -> None:
        chunk = await self.reader.read(65_536)
        if not chunk:
            raise EOFError
        self.connection.chunks.append(chunk)
        self.buffer += chunk

    def _next(self, verb: str) -> str:
        queue = self.script.replies.get(verb)
        return queue.pop(0) if queue else USUAL.get(verb, "500 5.5.1 Unknown command")

    def _reply(self, verb: str) -> str:
        reply = self._next(verb)
        if reply == CUT:
            raise EOFError
        if reply != SILENCE:
            self.writer.write(reply.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")
        return reply

    def _extensions(self) -> None:
        shown = ["mx.example.com", *(self.script.extensions if self.secure else ())]
        if self.script.starttls and not self.secure:
            shown.append("STARTTLS")
        self.writer.write("".join(f"250-{each}\r\n" for each in shown[:-1]).encode())
        self.writer.write(f"250 {shown[-1]}\r\n".encode())

    async def _start_tls(self) -> None:
        self.connection.lines_before_tls = len(self.connection.lines)
        if self._reply("STARTTLS").startswith("220"):
            await self.writer.start_tls(self.server.tls)
            self.secure = True

    async def _auth(self) -> None:
        while self._reply("AUTH").startswith("334"):
            self.connection.lines.append(await self._line())

    async def _data(self) -> None:
        if not self._reply("DATA").startswith("354"):
            return
        # As if the line before had just ended, so that a dot alone is an end, too.
        data = bytearray(b"\r\n" + self.buffer)
        searched = 0
        while (end := data.find(b"\r\n.\r\n", searched)) < 0:
            searched = max(0, len(data) - 4)
            self.connection.octets = len(data) - 2
            if self.script.early is not None and len(data) > self.script.early:
                self._reply("BODY")
                await self.writer.drain()
                raise EOFError
            self.buffer = b""
            await self._more()
            data += self.buffer
        self.buffer = bytes(data[end + 5 :])
        self.connection.bodies.append(bytes(data[2 : end + 2]))
        self.connection.octets = end
        async with self.server.met:
            self.server.met.notify_all()
        queue = self.script.replies.get("BODY")
        if queue and queue[0].startswith(BEHIND):
            queue[0] = queue[0].removeprefix(BEHIND)
            while b"DATA\r\n" not in self.buffer:
                await self._more()
        elif queue and queue[0].startswith(HELD):
            queue[0] = queue[0].removeprefix(HELD)
            await self.server.let_go.wait()
        self._reply("BODY")
