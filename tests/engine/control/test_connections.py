"""How many may be at the socket at once, and what is said to those who ask what nobody can read."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from franking.engine.control import serving
from franking.engine.control.peers import Peer
from franking.engine.control.screen import ShownAtPlaces
from franking.engine.control.serving import serve
from franking.tests.engine.device import office

ASKS = b"GET /me HTTP/1.1\r\nhost: here\r\n\r\n"


@pytest.mark.manual("B8")
async def test_b8_a_user_with_all_the_connections_he_can_have_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Peer(os.geteuid() + 4321, "kim")
    monkeypatch.setattr(serving, "peer_of", lambda _: caller)
    async with (
        office(tmp_path) as here,
        here.engine() as engine,
        serve(engine, tmp_path / "s", ShownAtPlaces()) as socket,
    ):

        async def come() -> tuple[bytes, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(ASKS)
            return await reader.readline(), writer

        staying = [await come() for _ in range(serving.OF_ONE)]
        assert {said for said, _ in staying} == {b"HTTP/1.1 200 OK\r\n"}
        said, one_too_many = await come()
        assert b" 503 " in said
        caller = Peer(os.geteuid() + 4322, "lee")
        said, other = await come()
        assert said == b"HTTP/1.1 200 OK\r\n"
        for writer in (one_too_many, other, *(each for _, each in staying)):
            writer.close()


@pytest.mark.manual("B8")
@pytest.mark.parametrize("said", [b"no request at all\r\n\r\n", b"GET /" + b"a" * serving.HEAD_MOST])
async def test_b8_what_cannot_be_read_is_answered_as_every_mistake(tmp_path: Path, said: bytes) -> None:
    async with (
        office(tmp_path) as here,
        here.engine() as engine,
        serve(engine, tmp_path / "s", ShownAtPlaces()) as socket,
    ):
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(said)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"content-type: application/problem+json" in head.lower()
        told = json.loads(body)
        assert told["type"] == "urn:franking:problem:not-readable"
        assert f"at most {serving.HEAD_MOST} octets" in told["detail"]
        writer.close()
