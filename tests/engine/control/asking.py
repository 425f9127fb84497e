"""A device with its control socket, and programs that ask there as whatever user of the system is wanted."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from franking.engine.control import peers, serving
from franking.engine.control.client import way
from franking.engine.control.peers import Peer
from franking.engine.control.screen import ShownAtPlaces
from franking.engine.engine import Engine
from franking.tests.engine.device import OFFICE, PAGES, Office, office

CONTROLLER, ADMINISTRATOR, KIM, LEE = (
    Peer(7001, "panel"),
    Peer(7002, "admin"),
    Peer(7003, "kim"),
    Peer(7004, "lee"),
)
CONTROL = {"controllers": ("panel",), "administrators": ("admin",)}


@dataclass
class Socket:
    here: Office
    engine: Engine
    path: Path
    peers: list[Peer]
    screen: ShownAtPlaces
    over: list[bool]

    @contextmanager
    def peer(self, peer: Peer) -> Iterator[None]:
        """Who connects from now on is this one to the system; several may ask at once."""
        self.peers.append(peer)
        try:
            yield
        finally:
            self.peers.remove(peer)

    def peer_of(self, connection: socket.socket) -> Peer:
        return self.peers[-1] if self.peers else peers.peer_of(connection)

    async def ask(
        self, method: str, path: str, body: object = None, peer: Peer = CONTROLLER, **more: Any
    ) -> httpx.Response:
        with self.peer(peer):
            async with httpx.AsyncClient(transport=way(self.path), base_url="http://franking") as client:
                content = None if body is None else json.dumps(body)
                return await client.request(method, path, **({"content": content} | more))

    async def first_status(self, path: str) -> int:
        """Of an answer without end, as soon as it begins."""
        async with (
            httpx.AsyncClient(transport=way(self.path), base_url="http://franking") as client,
            client.stream("GET", path) as answer,
        ):
            return answer.status_code

    async def upload(self, peer: Peer = CONTROLLER, octets: bytes = PAGES, name: str = "scan.pdf") -> str:
        answer = await self.ask("POST", "/files", peer=peer, content=octets, params={"name": name})
        assert answer.status_code == 201, answer.text
        return f"upload:{answer.json()['upload']}"

    async def submit(self, peer: Peer = CONTROLLER, user: str = "kim", **more: object) -> httpx.Response:
        file = await self.upload(peer)
        return await self.ask("POST", "/jobs", {"request": scan(user, file)} | more, peer)


def scan(user: str, *files: str) -> dict[str, object]:
    return {"function": "Scan to E-mail", "user": user, "to": [OFFICE], "files": list(files)}


@asynccontextmanager
async def at_socket(folder: Path, patch: pytest.MonkeyPatch, **sections: object) -> AsyncIterator[Socket]:
    """The sign-in screen is the one of the socket's programs."""
    screen, over = ShownAtPlaces(), [False]
    wanted: dict[str, Any] = {"control": CONTROL, **sections}
    async with office(folder) as here:
        here.screen = screen  # type: ignore[assignment]
        async with (
            here.engine(**wanted) as engine,
            serving.serve(engine, folder / "s", screen, lambda: over.append(True)) as path,
        ):
            at = Socket(here, engine, path, [], screen, over)
            patch.setattr(serving, "peer_of", at.peer_of)
            yield at
