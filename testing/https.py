"""An HTTPS listener on loopback that offers HTTP/2 and HTTP/1.1 and runs in the caller's event loop.

Rule: it installs no signal handler, owns its connections, and leaves neither task nor socket behind when it
stops. It drives hypercorn's connection class itself, because `hypercorn.serve` neither tells the port nor
lets a test cut a connection.
"""

import asyncio
import contextlib
from typing import Self

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import LifespanState
from hypercorn.utils import wrap_app
from starlette.types import ASGIApp

from .authority import Authority

ALPN = ("h2", "http/1.1")
CLOSING_S = 5.0
"How long open connections have to notice that the listener stops."


class HttpsListener:
    """Serves `app`; `async with` starts and stops it."""

    def __init__(self, app: ASGIApp, authority: Authority, alpn: tuple[str, ...] = ALPN) -> None:
        self._config = Config()
        self._config.errorlog = None
        self._config.accesslog = None
        self._config.keep_alive_timeout = 75.0
        self._config.include_server_header = False
        self._app = wrap_app(app, self._config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
        self._tls = authority.server_context(alpn)
        self._context = WorkerContext(None)
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._context.terminated.set()
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            _, late = await asyncio.wait(list(self._connections), timeout=CLOSING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self, peer: tuple[str, int]) -> None:
        """Drops the connection from `peer` without a word, as a failing network does."""
        for writer in self._connections.values():
            if writer.get_extra_info("peername")[:2] == peer:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        loop = asyncio.get_running_loop()
        state: LifespanState = {}
        try:
            # A client may go away at any moment; what is left of its connection is closed by TCPServer.
            with contextlib.suppress(ConnectionError):
                await TCPServer(self._app, loop, self._config, self._context, state, reader, writer)
        finally:
            del self._connections[task]
