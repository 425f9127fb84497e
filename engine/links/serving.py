"""The links served by themselves: for embedding programs and for tests."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..engine import Engine
from ..listening import bound
from ..web.serving import served
from .app import links_app


@asynccontextmanager
async def serve(
    engine: Engine, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serves the links as long as the block lasts, which stands inside the engine's; gives the address, for
    `port` may be 0. `tls`: None where a web server before this one speaks TLS. Raises
    CannotListen.
    """
    listener = bound(host, port)
    address = listener.getsockname()[:2]
    async with served(links_app(engine), listener, tls):
        yield address
