"""An HTTPS listener on loopback that offers HTTP/2 and HTTP/1.1 and runs in the caller's event loop.

Rule: it installs no signal handler, owns its connections, and leaves neither task nor socket behind when it
stops. It drives hypercorn's connection class itself, because `hypercorn.serve` neither tells the port nor
lets a test cut a connection.
"""

import asyncio
import contextlib
import socket
from typing import NamedTuple, Self

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import LifespanState
from hypercorn.utils import wrap_app
from starlette.types import ASGIApp

from .authority import Authority

ALPN = ("h2", "http/1.1")


AGAIN_S = 0.2
"How long a connection may take to end before it is told again."


class Connection(NamedTuple):
    """What is asked of it when it may have ended already, and its transport knows nothing any more."""

    writer: asyncio.StreamWriter
    peer: tuple[str, int]
    tls: str
    "As OpenSSL names the version."


class HttpsListener:
    """Serves `app`; `async with` starts and stops it. `port` is known while it runs."""

    def __init__(self, app: ASGIApp, authority: Authority, alpn: tuple[str, ...] = ALPN) -> None:
        self._config = Config()
        self._config.errorlog = None
        self._config.accesslog = None
        self._config.keep_alive_timeout = 75.0
        self._config.include_server_header = False
        self._app = wrap_app(app, self._config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
        self._alpn = alpn
        self._tls = authority.server_context(alpn)
        self._stopping = WorkerContext(None)
        self._listening: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        self._reserved: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], Connection | None] = {}
        self.port = 0

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._start(listener)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._reserved is not None:
            self._reserved.close()
        assert self._listening is not None
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._stopping.terminated.set()
        self.cut_all()
        # Cancelled as well as cut, and again: hypercorn would wait for ever to send the rest of an HTTP/2
        # answer, and swallows a cancellation that comes while a client is just leaving.
        while going := list(self._connections):
            for task in going:
                task.cancel()
            await asyncio.wait(going, timeout=AGAIN_S)

    def present(self, authority: Authority) -> None:
        """Shows this authority's certificate from now on; connections that stand are cut."""
        self._tls = authority.server_context(self._alpn)
        self.cut_all()

    @property
    def is_open(self) -> bool:
        return self._socket is not None and self._reserved is None

    def shut(self) -> None:
        """Refuses connections and cuts those that stand. The port stays ours: a socket that is bound and does
        not listen keeps it.
        """
        if self._reserved is not None or self._socket is None:
            return
        assert self._listening is not None
        self._listening.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", self.port))
        self.cut_all()

    def open(self) -> None:
        """Listens again after `shut`, on the same port."""
        if self._reserved is None:
            return
        listener, self._reserved = self._reserved, None
        listener.listen()
        self._start(listener)

    def _start(self, listener: socket.socket) -> None:
        listener.settimeout(0)
        self._socket = listener
        self._listening = asyncio.create_task(self._listen(listener))

    def cut(self, peer: tuple[str, int]) -> None:
        """Drops the connection from `peer` without a word, as a failing network does."""
        for connection in self._from(peer):
            connection.writer.transport.abort()

    def tls_of(self, peer: tuple[str, int]) -> str:
        """The version on the connection from `peer`, as OpenSSL names it; empty where it is gone."""
        return next((connection.tls for connection in self._from(peer)), "")

    def cut_all(self) -> None:
        for task, connection in self._connections.items():
            if connection is None:
                task.cancel()
            else:
                connection.writer.transport.abort()

    def _from(self, peer: tuple[str, int]) -> list[Connection]:
        return [found for found in self._connections.values() if found is not None and found.peer == peer]

    async def _listen(self, listener: socket.socket) -> None:
        """Accepts by itself: asyncio's own server forgets connections that are still shaking hands."""
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                connection, _ = await loop.sock_accept(listener)
                # asyncio does so by itself for listeners of its own making alone; else an answer waits 40 ms.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                task = asyncio.create_task(self._serve(connection))
                self._connections[task] = None
                task.add_done_callback(lambda done: self._connections.pop(done, None))

    async def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        # A client may go away or dislike our certificate at any moment; neither is a fault of ours.
        with contextlib.suppress(OSError):
            peer = connection.getpeername()[:2]
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            task = asyncio.current_task()
            assert task is not None
            tls = str(transport.get_extra_info("ssl_object").version())
            self._connections[task] = Connection(writer, peer, tls)
            state: LifespanState = {}
            await TCPServer(self._app, loop, self._config, self._stopping, state, reader, writer)
