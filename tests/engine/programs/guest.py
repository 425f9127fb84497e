"""A client that says what a test wants, octet for octet, and reads replies.

Rule: it waits for what the listener says, never for a time.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from franking.engine.engine import Engine
from franking.engine.programs.listener import Address, serve
from franking.tests.engine.device import Office, credential, office

CERTIFICATE = "credential:listener"
PATIENCE_S = 30.0
MESSAGE = b"From: root\r\nSubject: disk\r\n\r\nfull\r\n"


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def reply(self) -> str:
        """All lines of the next one, without their ends; empty: the connection is closed."""
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            while not lines or lines[-1][3:4] == "-":
                try:
                    line = await self.reader.readline()
                except ConnectionError:
                    line = b""
                if not line:
                    break
                assert line.endswith(b"\r\n"), line
                assert len(line) <= 512, line
                lines.append(line[:-2].decode())
        return "\n".join(lines)

    async def says(self, *commands: str | bytes) -> str:
        """All of them at once; the reply to the last one."""
        made = [each if isinstance(each, bytes) else f"{each}\r\n".encode() for each in commands]
        self.send(b"".join(made))
        replies = [await self.reply() for _ in commands]
        return replies[-1]

    async def closed(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True

    async def starttls(self, trust: Path) -> None:
        assert (await self.says("STARTTLS")).startswith("220 2.0.0 ")
        await self.writer.start_tls(ssl.create_default_context(cafile=trust), server_hostname="localhost")

    async def begin(self, *recipients: str, sender: str = "root", parameters: str = "") -> None:
        """Up to DATA."""
        for command in (
            "EHLO client.example",
            f"MAIL FROM:<{sender}>{parameters}",
            *(f"RCPT TO:<{each}>" for each in recipients or ("office@example.com",)),
        ):
            assert (await self.says(command)).startswith("250"), command
        assert (await self.says("DATA")).startswith("354 ")

    async def sends(self, message: bytes = MESSAGE, *recipients: str, sender: str = "root") -> str:
        """Without dots put in front; the reply to it."""
        await self.begin(*recipients, sender=sender)
        return await self.says(message + b".\r\n")


@asynccontextmanager
async def client(
    address: Address, tls: ssl.SSLContext | None = None, comes_from: str | None = None
) -> AsyncIterator[Client]:
    """Greeted. `comes_from`: an address of this machine."""
    name = "localhost" if tls is not None else None
    reader, writer = await asyncio.open_connection(
        *address, ssl=tls, server_hostname=name, local_addr=(comes_from, 0) if comes_from else None
    )
    made = Client(reader, writer)
    try:
        assert (await made.reply()).startswith("220 ")
        yield made
    finally:
        writer.transport.abort()


@asynccontextmanager
async def listening(
    folder: Path, host: str = "127.0.0.1", *, implicit_tls: bool = False, **programs: object
) -> AsyncIterator[tuple[Office, Engine, Address]]:
    """With these settings of [programs]; nobody has signed in, so that what is taken waits."""
    certified(folder)
    async with (
        office(folder, programs=programs) as here,
        here.engine() as engine,
        serve(engine, host, implicit_tls=implicit_tls) as address,
    ):
        yield here, engine, address


def certified(folder: Path, store: Path | None = None) -> None:
    """A certificate of an authority in `authority.pem`, for `CERTIFICATE`. `store`: left out, in `folder`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    found = authority.issue_cert("localhost", "127.0.0.1")
    pem = b"".join(each.bytes() for each in (found.private_key_pem, *found.cert_chain_pems))
    credential(store or folder / "store", "listener", pem.decode())


def taken(engine: Engine) -> int:
    """How many messages."""
    return len(engine.jobs())
