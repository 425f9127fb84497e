"""Takes mail by SMTP from programs that cannot sign in (B13), as long as a block lasts.

    async with serve(engine, "127.0.0.1", 2525) as address:
        ...

Rule: an address of this machine alone is served without TLS and without a password; at any other, whoever
calls says all of it under TLS, and signs in before mail is taken.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from ..certificates import Certificate, CertificateUnusable, NeedsTls
from ..clock import sleep
from ..engine import Engine
from ..listening import bound, is_loopback
from ..records import StoreFailed
from ..tls import VERSIONS
from .connection import Connection
from .conversation import Conversation
from .known import Passwords
from .limits import Limits
from .replies import STOPS, Reply

LOOK = timedelta(seconds=15)
"Between two looks at who takes too long."
PATIENCE_S = 20.0
"So long may what is being made durable take when the listener stops."
WAITING_MOST = 1_024
"Connections that the system keeps until they are taken."
FULL = Reply(
    421,
    "4.7.0",
    "Too many connections at once; try again later, or raise `connections` in [programs]; the device's "
    "administrator must act",
)
log = logging.getLogger("franking")


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Listener:
    def __init__(
        self,
        engine: Engine,
        host: str,
        limits: Limits,
        certificate: Certificate | None,
        *,
        implicit_tls: bool,
    ) -> None:
        self.engine, self.limits, self.certificate = engine, limits, certificate
        self.implicit_tls = implicit_tls
        "From the first octet (RFC 8314); a connection counts before its handshake."
        self.guarded = not is_loopback(host)
        "A network is served."
        self.name = socket.gethostname().encode("ascii", "ignore").decode() or "localhost"
        self.passwords = Passwords(lambda: engine.settings.programs, engine.kept_secrets)
        self.open: set[Connection] = set()
        self.anybody = asyncio.Event()
        self.stopping = False

    def conversation(self) -> Conversation:
        if self.certificate is None:
            try:
                self.certificate = certificate_of(self.engine)  # it may have been set meanwhile
            except (CertificateUnusable, StoreFailed) as error:
                log.error("%s", error)
        return Conversation(self)

    def enters(self, connection: Connection) -> Reply | None:
        if self.stopping:
            return STOPS
        if not self.limits.enters(connection.place):
            return FULL
        self.open.add(connection)
        self.anybody.set()
        return None

    def leaves(self, connection: Connection) -> None:
        self.limits.leaves(connection.place)
        self.open.discard(connection)
        if not self.open:
            self.anybody.clear()

    def warn(self) -> None:
        """Of who would call in vain."""
        for name, client in self.engine.settings.programs.clients.items():
            if self.guarded and client.password is None:
                log.warning(
                    "the client %r has no password, and without one nobody sends from another machine: "
                    "set it by `franking password --client NAME`",
                    name,
                )

    async def watch(self) -> None:
        """Cuts who takes too long; wakes nobody while nobody is there."""
        while True:
            await self.anybody.wait()
            await sleep(self.engine.clock, LOOK)
            now = self.engine.clock.monotonic()
            for connection in tuple(self.open):
                if reply := connection.late(now):
                    connection.cut(reply)

    async def stop(self) -> None:
        """Who waits is told; what a final dot has ended is made durable, and answered."""
        self.stopping = True
        for connection in tuple(self.open):
            if not connection.busy:
                connection.cut(STOPS)
        if tasks := [each.task for each in self.open if each.task is not None]:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE_S)
            for connection in tuple(self.open):
                connection.abort()
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serve(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    implicit_tls: bool = False,
    limits: Limits | None = None,
) -> AsyncIterator[Address]:
    """Serves as long as the block lasts, which stands inside the engine's. `implicit_tls`: TLS from the first
    octet (RFC 8314); else STARTTLS is offered where a certificate is set. `limits`: shared with another
    listener of the same engine.

    Raises NeedsTls, CertificateUnusable, CannotListen.
    """
    certificate = certificate_of(engine)
    if certificate is None and (implicit_tls or not is_loopback(host)):
        code = "programs.tls-wanted" if implicit_tls else "programs.needs-tls"
        raise NeedsTls(code, str(Address(host, port)))
    limits = limits or Limits(engine.clock, lambda: engine.settings.programs)
    listener = Listener(engine, host, limits, certificate, implicit_tls=implicit_tls)
    listener.warn()
    server = await asyncio.get_running_loop().create_server(
        listener.conversation, sock=bound(host, port, WAITING_MOST), backlog=WAITING_MOST
    )
    watching = asyncio.ensure_future(listener.watch())
    try:
        found = server.sockets[0].getsockname()
        yield Address(found[0], found[1])
    finally:
        server.close()
        watching.cancel()
        await listener.stop()
        await asyncio.gather(watching, return_exceptions=True)
        await server.wait_closed()


def certificate_of(engine: Engine) -> Certificate | None:
    """None: none is set. Raises CertificateUnusable."""
    if engine.settings.programs.certificate is None:
        return None

    def prepared(context: ssl.SSLContext) -> None:
        tls = engine.settings.tls
        context.minimum_version, context.maximum_version = VERSIONS[tls.minimum], VERSIONS[tls.maximum]

    return Certificate(
        "programs", lambda: engine.settings.programs.certificate, engine.kept_secrets, prepared
    )
