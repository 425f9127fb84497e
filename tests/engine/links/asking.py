"""What a person's browser does with a link, octet by octet: requests over a connection, and their answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from franking.engine.engine import Engine
from franking.engine.links import serve
from franking.events.request import ScanToUrl
from franking.tests.engine.device import OFFICE, PAGES, Office, office

PUBLIC = "https://printer.example.com"


@dataclass(slots=True)
class Answer:
    status: int
    fields: dict[str, str]
    "By their names in small letters."
    body: bytes


@dataclass(slots=True)
class Desk:
    """A device whose links can be fetched, and kim's link to one scan."""

    here: Office
    engine: Engine
    address: tuple[str, int]
    path: str
    scan: bytes

    async def ask(self, path: str | None = None, method: str = "GET", *fields: str) -> Answer:
        request = [f"{method} {self.path if path is None else path} HTTP/1.1", "Host: printer.example.com"]
        lines = "\r\n".join([*request, "Connection: close", *fields, "", ""])
        return await self.exchange(lines.encode())

    async def exchange(self, request: bytes) -> Answer:
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(request)
            answer = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Answer(int(first.split()[1]), fields, body)

    @property
    def downloads(self) -> list[int]:
        return [document.downloads for document in self.engine.documents("kim")]


@asynccontextmanager
async def desk(folder: Path, name: str = "scan.pdf", scan: bytes = PAGES) -> AsyncIterator[Desk]:
    async with (
        office(folder, box={"public_url": PUBLIC}) as here,
        here.engine() as engine,
        serve(engine, "127.0.0.1", 0) as address,
    ):
        path = folder / name
        path.write_bytes(scan)
        await here.sign_in(engine)
        receipt = await engine.submit(ScanToUrl(user="kim", to=(OFFICE,), files=(path,)))
        await engine.settle()
        row = engine.store.job(receipt.job)
        assert row is not None
        (link,) = engine.boxes.links_of(row, engine.settings.box.keep)
        url = engine.adapters.url(link)
        assert url.startswith(f"{PUBLIC}/d/")
        yield Desk(here, engine, address, url.removeprefix(PUBLIC), scan)
