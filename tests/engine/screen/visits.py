"""A device whose sign-in screen is a browser that is played: what the browser was given, and what is left."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from franking.engine.engine import Engine
from franking.engine.screen.profile import PREFIX
from franking.events.base import Event, OfPlace
from franking.events.sign_in import SignInCancelled, SignInFailed, SignInTimedOut
from franking.events.token import SignInSucceeded
from franking.tests.engine.device import Office, office

SCRIPT = Path(__file__).with_name("playing_browser.py")
Report = dict[str, Any]
ENDS = (SignInSucceeded, SignInCancelled, SignInFailed, SignInTimedOut)


@dataclass(slots=True)
class Visits:
    port: int
    reports: "asyncio.Queue[Report]"
    profiles: Path
    "Where the profiles lie."

    def command(self, behaviour: str, authority: Path | str = "-") -> tuple[str, ...]:
        """For `browser.command`."""
        program = (sys.executable, str(SCRIPT), behaviour, str(self.port), str(authority))
        return (*program, "{start}", "{profile}", "{proxy}")

    def left(self) -> list[Path]:
        """Profiles that are on the disk."""
        return sorted(self.profiles.glob(f"{PREFIX}*"))


@asynccontextmanager
async def visits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visits]:
    """Profiles lie below a folder of the test's own."""
    profiles = folder / "run"
    profiles.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(profiles))
    reports: asyncio.Queue[Report] = asyncio.Queue()

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reports.put_nowait(json.loads(await reader.readline()))
        writer.close()

    server = await asyncio.start_server(read, "127.0.0.1", 0)
    async with server:
        yield Visits(server.sockets[0].getsockname()[1], reports, profiles)


@asynccontextmanager
async def at_the_panel(
    folder: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> AsyncIterator[tuple[Office, Engine, Visits]]:
    """A device that has the browser and no other screen."""
    async with visits(folder, monkeypatch) as played, office(folder) as here:
        here.screen = None  # type: ignore[assignment]
        browser = {"enabled": True, "command": played.command(behaviour, here.kit.ca_file)}
        async with here.engine(browser=browser) as engine:
            yield here, engine, played


class Awaited:
    """The next end of a sign-in, from the moment when this is made."""

    def __init__(self, engine: Engine, kind: type[Event]) -> None:
        self.kind = kind
        self.fact: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self.off = engine.on(OfPlace, self.heard)

    def heard(self, fact: Event) -> None:
        if isinstance(fact, ENDS) and not self.fact.done():
            self.fact.set_result(fact)

    async def comes(self) -> None:
        """Raises AssertionError where it ended in another way than was waited for."""
        fact = await self.fact
        self.off()
        assert isinstance(fact, self.kind), fact
