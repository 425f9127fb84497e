"""What receives alarms in tests: a program of this machine, and a server on loopback.

Rule: nobody waits for the system's clock; an alarm is awaited until it has come.
"""

import asyncio
import json
import logging
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from franking.engine.alarms import Way
from franking.engine.engine import Engine
from franking.events.device import DiskFilled, DiskRoomRegained

Alarm = dict[str, Any]
AT_MOST_S = 20.0


class Posted:
    """A server that takes what is posted, and answers as it is told to."""

    def __init__(self) -> None:
        self.alarms: asyncio.Queue[Alarm] = asyncio.Queue()
        self.heads: list[str] = []
        self.answers: list[int] = []
        "Statuses of the next answers, then 204; 0: none ever comes."
        self.refuses: str = ""
        "The id of an alarm that is never taken."
        self.talks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def next(self) -> Alarm:
        async with asyncio.timeout(AT_MOST_S):
            return await self.alarms.get()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = next(int(line[15:]) for line in head.lower().splitlines() if line[:15] == "content-length:")
        alarm = json.loads(await reader.readexactly(length))
        status = self.answers.pop(0) if self.answers else 204
        if alarm["id"] == self.refuses:
            status = 422
        self.alarms.put_nowait(alarm)
        if status:
            writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())
        await reader.read()
        writer.close()

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self.talk(reader, writer))
        self.talks.add(task)
        task.add_done_callback(self.talks.discard)


@asynccontextmanager
async def posted() -> AsyncIterator[Posted]:
    found = Posted()
    server = await asyncio.start_server(found.begin, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alarm?to=the%20desk"
    async with server:
        yield found
        for task in found.talks:
            task.cancel()
        await asyncio.gather(*found.talks, return_exceptions=True)


class Called:
    """A program that hands on what it was given through a named pipe."""

    def __init__(self, folder: Path, gives: str = "/bin/cat", then: str = "") -> None:
        folder.mkdir()
        self.pipe, self.program = folder / "pipe", folder / "alarm"
        os.mkfifo(self.pipe)
        self.program.write_text(f"#!/bin/sh\n{gives} > {shlex.quote(str(self.pipe))}\n{then}\n")
        self.program.chmod(0o700)

    @property
    def command(self) -> tuple[str, ...]:
        return (str(self.program),)

    async def said(self) -> str:
        async with asyncio.timeout(AT_MOST_S):
            return await asyncio.to_thread(self.pipe.read_text)

    async def next(self) -> Alarm:
        found: Alarm = json.loads(await self.said())
        return found


async def alarm(engine: Engine, times: int = 1) -> None:
    """A warning is raised, and cleared again."""
    for _ in range(times):
        await engine.publish(DiskFilled())
        await engine.publish(DiskRoomRegained())


async def all_told(engine: Engine, way: Way) -> None:
    """Returns when nothing is left to tell."""
    async with asyncio.timeout(AT_MOST_S):
        await engine.alarms.all_told[way].wait()
    assert engine.store.alarms(way, 1) == []


class Failures(logging.Handler):
    """What the log says of alarms that were not taken."""

    def __init__(self) -> None:
        super().__init__()
        self.said: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        if "took no alarm" in record.getMessage():
            self.said.put_nowait(record.getMessage())

    async def next(self) -> str:
        """When it is said, the way waits for the clock."""
        async with asyncio.timeout(AT_MOST_S):
            return await self.said.get()


@asynccontextmanager
async def failures() -> AsyncIterator[Failures]:
    found, log = Failures(), logging.getLogger("franking")
    log.addHandler(found)
    try:
        yield found
    finally:
        log.removeHandler(found)
