"""A submission server that says what a test tells it to, and writes down what it hears.

Rule: it does nothing by itself that a script cannot change; it speaks TLS from the test's own authority.
Where it stalls, `stalled` is set until the connection is over.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ..engine.ports import Room
from .misbehaviour import SAID, STALLS, Fault, close_half, drop_by_drop, odd_words, without_end

THREE = Room(connections=3)
FAULTS = frozenset(fault.value for fault in Fault)
CUT, SILENCE = Fault.CUT, Fault.SILENCE
CLEAR_EHLO, HANDSHAKE, SIGNED_IN, TRANSFER = "EHLO in clear", "TLS", "SIGNED IN", "TRANSFER"
"Points of the dialogue beside the verbs: the first EHLO, the TLS handshake, behind 235, within a body."
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
    TRANSFER: "250 2.0.0 Queued",
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
    middle: int = 100_000
    "After so many octets of a body the server does what stands for TRANSFER."
    patience_s: float = 30
    "How long the device waits for a reply."
    room: Room = THREE
    "What the device may have here."


@dataclass(eq=False)
class Connection:
    """What one connection brought."""

    chunks: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    "As on the wire, dots doubled, without the final line."
    answers: list[str] = field(default_factory=list)
    "To the final dots, in their order; a fault's name where it was none."
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
        self.stalled = asyncio.Event()
        self.stalling: set[Connection] = set()
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
        for task in self._tasks:
            task.cancel()
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
            # Not waited for: where securing it failed, asyncio never says that it is closed.
            writer.transport.abort()
            self.open -= 1
            self.stalling.discard(connection)
            if not self.stalling:
                self.stalled.clear()
            connection.over.set()
            self._tasks.discard(task)

    def stalls(self, connection: Connection) -> None:
        self.stalling.add(connection)
        self.stalled.set()


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
        await self._reply("CONNECT")
        while True:
            line = await self._line()
            verb = line.partition(" ")[0].upper()
            async with self.server.met:
                self.connection.lines.append(line)
                self.server.met.notify_all()
            if verb == "EHLO":
                await self._reply("EHLO" if self.secure else CLEAR_EHLO)
            elif verb == "STARTTLS":
                await self._start_tls()
            elif verb == "AUTH":
                await self._auth()
            elif verb == "DATA":
                await self._data()
            else:
                await self._reply(verb)
            if verb == "QUIT":
                return

    async def _line(self) -> str:
        while b"\r\n" not in self.buffer:
            await self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8", "surrogateescape")

    async def _more(self) -> None:
        chunk = await self.reader.read(65_536)
        if not chunk:
            raise EOFError
        self.connection.chunks.append(chunk)
        self.buffer += chunk

    def _usual(self, verb: str) -> str:
        if verb in ("EHLO", CLEAR_EHLO):
            return self._extensions()
        return USUAL.get(verb, "500 5.5.1 Unknown command")

    def _next(self, verb: str) -> str:
        queue = self.script.replies.get(verb)
        reply = queue.pop(0) if queue else self._usual(verb)
        return Fault(reply) if reply in FAULTS else reply

    async def _reply(self, verb: str) -> str:
        reply = self._next(verb)
        if isinstance(reply, Fault):
            await self._misbehave(reply, usual := self._usual(verb))
            return usual if reply in SAID else reply
        self.writer.write(reply.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")
        return reply

    async def _misbehave(self, fault: Fault, instead_of: str) -> None:
        """Raises EOFError or ConnectionError where the connection ends with it."""
        words = odd_words(fault, instead_of)
        if words is not None:
            self.writer.write(words)
        if fault in STALLS:
            self.server.stalls(self.connection)
        match fault:
            case Fault.CUT:
                raise EOFError
            case Fault.CLOSED:
                self.writer.close()
                await self.writer.wait_closed()
                raise EOFError
            case Fault.ENDLESS:
                await without_end(self.writer, instead_of[:3])
            case Fault.DRIP:
                await drop_by_drop(self.writer, instead_of[:3])
            case Fault.HALF_CLOSED:
                close_half(self.writer)
            case _:
                pass
        if fault in STALLS:
            await self._ignore()

    async def _ignore(self) -> None:
        """All that still comes. Raises EOFError at its end."""
        while await self.reader.read(65_536):
            pass
        raise EOFError

    def _extensions(self) -> str:
        shown = ["mx.example.com", *(self.script.extensions if self.secure else ())]
        if self.script.starttls and not self.secure:
            shown.append("STARTTLS")
        return "\n".join([*(f"250-{each}" for each in shown[:-1]), f"250 {shown[-1]}"])

    async def _start_tls(self) -> None:
        self.connection.lines_before_tls = len(self.connection.lines)
        if (await self._reply("STARTTLS")).startswith("220"):
            queue = self.script.replies.get(HANDSHAKE)
            if queue:
                await self._more()
                await self._misbehave(Fault(queue.pop(0)), USUAL["STARTTLS"])
                await self._ignore()
            await self.writer.start_tls(self.server.tls)
            self.secure = True

    async def _auth(self) -> None:
        while (await self._reply("AUTH")).startswith("334"):
            self.connection.lines.append(await self._line())
        queue = self.script.replies.get(SIGNED_IN)
        if queue:
            await self._misbehave(Fault(queue.pop(0)), USUAL["AUTH"])

    async def _data(self) -> None:
        if not (await self._reply("DATA")).startswith("354"):
            return
        # As if the line before had just ended, so that a dot alone is an end, too.
        data = bytearray(b"\r\n" + self.buffer)
        searched = 0
        while (end := data.find(b"\r\n.\r\n", searched)) < 0:
            searched = max(0, len(data) - 4)
            self.connection.octets = len(data) - 2
            if self.script.early is not None and len(data) > self.script.early:
                await self._reply("BODY")
                await self.writer.drain()
                raise EOFError
            if len(data) > self.script.middle and self.script.replies.get(TRANSFER):
                await self._in_the_middle()
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
        self.connection.answers.append(queue[0] if queue else self._usual("BODY"))
        await self._reply("BODY")

    async def _in_the_middle(self) -> None:
        """Of a body. A server that stalls there reads no more of it, so that the sender cannot write; one
        that refuses it takes no notice of the rest.
        """
        if self.script.replies[TRANSFER][0] == Fault.STALL:
            self.server.stalls(self.connection)
            await self.server.let_go.wait()
        if (await self._reply(TRANSFER))[0] in "45":
            await self._ignore()
