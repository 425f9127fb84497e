"""A small HTTP server inside the engine's event loop.

uvicorn without its signal handlers, its log configuration and its line for each request, for a path here may
be a secret. It ends before its engine does.

Rule: nothing wakes while nobody asks.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

CONNECTIONS_MAX = 64
"A small device answers so many at once; others are told to come again (503)."
IDLE_S = 5
REQUEST_S = 10
"Whoever begins no request for so long, however slowly he writes, makes room for others."
PATIENCE_S = 5
"How long a download that is under way may take to end."
HEAD_OCTETS_MAX = 16 << 10
"Of a request's line and fields; a link is shorter than 1 kB."


class Connection(H11Protocol):
    """Of somebody who wants something, and soon."""

    head_most = HEAD_OCTETS_MAX

    served: RequestResponseCycle | None = None
    "The last request that was known at the last look."
    looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.looking = self.loop.call_later(REQUEST_S, self.look)

    def look(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is self.served:
            self.transport.abort()
            return
        self.served = self.cycle
        self.looking = self.loop.call_later(REQUEST_S, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.looking is not None:
            self.looking.cancel()


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening, self.wanted_no_more = asyncio.Event(), asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the embedding program's."""
        yield

    async def main_loop(self) -> None:
        """Instead of looking ten times a second whether to end."""
        await self.on_tick(0)
        self.listening.set()
        await self.wanted_no_more.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever is still there when patience ends is let go."""
        patience = asyncio.get_running_loop().call_later(PATIENCE_S, self.let_go)
        try:
            await super().shutdown(sockets)
        finally:
            patience.cancel()

    def let_go(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@asynccontextmanager
async def served(
    app: ASGIApp,
    listener: socket.socket,
    tls: ssl.SSLContext | None = None,
    kind: type[Connection] = Connection,
    most: int | None = None,
) -> AsyncIterator[None]:
    """Serves the application as long as the block lasts. `tls`: None where nobody speaks it here. `most`:
    connections at once; left out, `CONNECTIONS_MAX`.
    """
    if listener.family != socket.AF_UNIX:  # head and body are written apart: the second would wait for an ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = Server(configured(app, tls, kind, most or CONNECTIONS_MAX))
    serving = asyncio.ensure_future(server.serve([listener]))
    try:
        begun = asyncio.ensure_future(server.listening.wait())
        await asyncio.wait((serving, begun), return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if serving.done():
            await serving
        yield
    finally:
        server.wanted_no_more.set()
        await serving
        listener.close()


def configured(app: ASGIApp, tls: ssl.SSLContext | None, kind: type[Connection], most: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=kind,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=most,
        timeout_keep_alive=IDLE_S,
        h11_max_incomplete_event_size=kind.head_most,
        ssl_context_factory=(lambda config, default: tls) if tls is not None else None,
    )
