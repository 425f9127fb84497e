"""smtp-server, the package of npm, in a process of its own.

Rule: loopback only, with an authority of this test; the process is ended by its own number. Where Node or
the package is missing, the tests say so and are skipped.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from .npm import STARTS_S, certified, started

SCRIPT = Path(__file__).with_suffix(".mjs")
VERSION = "3.21.6"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as the server has it."""

    sender: str
    parameters: dict[str, object]
    "Of MAIL FROM."
    recipients: list[str]
    octets: bytes


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    folder: Path
    said: asyncio.StreamReader

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    async def taken(self) -> Taken:
        """The next message."""
        async with asyncio.timeout(STARTS_S):
            found = json.loads(await self.said.readline())
        octets = (self.folder / f"{found['number']}.eml").read_bytes()
        return Taken(found["from"], found["args"] or {}, found["to"], octets)


@asynccontextmanager
async def smtp_server(folder: Path, user: str, token: str) -> AsyncIterator[Running]:
    """Takes mail of this user, who signs in with this token."""
    certified(folder)
    async with started("smtp-server", VERSION, SCRIPT, "port", folder, user, token) as (port, said):
        yield Running(int(port), folder, said)
