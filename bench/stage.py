"""What the sides of a comparison talk to: sinks, a relay that is far away, a provider with one sign-in, and
Postfix; and the processes in which the sides run.

Rule: loopback and one folder alone; each process is ended by its own number. What is missing here is said,
and its figures are left out.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from ..engine.clock import SystemClock
from ..engine.engine import Engine
from ..engine.settings import Settings
from ..testing.kit import playing
from ..testing.screen import PersonAtTheScreen
from .engine_side import USER, Course, EngineTask, EngineTook
from .sides import SENDER, Task, Took

SINKS = Path(__file__).parent / "sinks"
ROOT = Path(__file__).parent.parent
MODULES = ROOT / ".venv/interop/node_modules"
NPM, FAST = "npm", "fast"
PASSWORD = "of the printer"  # noqa: S105 - of a playing account
Command = Sequence[str | Path]


class Missing(Exception):
    """A program that a figure needs; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Way:
    """What our figures differ in."""

    window: int = 4
    seal: bool = False
    course: Course = Course.SUBMITTED
    handed_over: bool = False
    pages: int = 0


PLAIN = Way()


@dataclass(frozen=True, slots=True)
class Stage:
    folder: Path
    trust: Path
    "Of the sinks and of the provider."
    signed_in: Mapping[str, Any]
    "Settings with which the store in `store` has a sign-in."

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def scan(self, octets: int) -> Path:
        path = self.folder / f"{octets}.pdf"
        if not path.exists():
            path.write_bytes(b"%PDF-1.7\n" + os.urandom(octets - 9))
        return path

    async def other(self, side: str, port: int, octets: int, count: int) -> Took:
        """Another program's side."""
        task = Task(side=side, port=port, trust=self.trust, scan=self.scan(octets), count=count)
        return Took.model_validate_json(await answer("sides", task.model_dump_json()))

    async def ours(
        self, octets: int, count: int, settings: Mapping[str, object], way: Way = PLAIN
    ) -> EngineTook:
        """With a store of its own for this run; in it somebody has signed in where it is to go so."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.folder) as folder:
            place = Path(folder) / "store"
            if "oauth" in settings and way.course is not Course.ONLY_SUBMIT:
                await asyncio.to_thread(shutil.copytree, self.store, place)
            whole = {**settings, "store": {"path": str(place)}}
            task = EngineTask(
                settings=whole,
                scan=self.scan(octets),
                count=count,
                course=way.course,
                handed_over=way.handed_over,
                pages=way.pages,
            )
            return EngineTook.model_validate_json(await answer("engine_side", task.model_dump_json()))

    async def through(self, port: int, octets: int, count: int, way: Way) -> EngineTook:
        """Over one verified connection, signed in."""
        smtp = {"server": "localhost", "port": port, "window": way.window}
        settings = {**self.signed_in, "smtp": smtp, "spool": {"seal": way.seal}}
        return await self.ours(octets, count, settings, way)


def module(name: str) -> Command:
    """The command of one of our programs here."""
    return (sys.executable, "-m", f"{__package__}.{name}")


async def answer(side: str, task: str) -> str:
    """What one of our programs prints last. Raises RuntimeError where it failed."""
    process = await asyncio.create_subprocess_exec(*module(side), task, stdout=PIPE, stderr=PIPE)
    said, wrong = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{task}\n{wrong.decode()}")
    return said.decode().splitlines()[-1]


def installed(program: str, package: str, path: str = "/usr/sbin:/usr/bin:/usr/local/bin") -> str:
    """Raises Missing."""
    found = shutil.which(program, path=path)
    if found is None:
        raise Missing(f"{program} is not here: install {package}")
    return found


@asynccontextmanager
async def listening(*command: str | Path) -> AsyncIterator[int]:
    """The port that the program says first."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        assert line.startswith(b"port "), command
        yield int(line.split()[1])
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def sink(name: str, folder: Path) -> AsyncIterator[int]:
    """Raises Missing."""
    if name == FAST:
        command: Command = (sys.executable, "-I", SINKS / "strict.py", folder)
    else:
        command = (installed("node", "Node 20"), SINKS / "npm.mjs", MODULES, folder)
        if not (MODULES / "smtp-server").is_dir():
            raise Missing("smtp-server of npm is not here: .ci/run installs it")
    async with listening(*command) as port:
        yield port


@asynccontextmanager
async def far_away(port: int, round_trip_ms: float) -> AsyncIterator[int]:
    command = (sys.executable, "-I", SINKS / "delay.py", str(port), str(round_trip_ms / 2))
    async with listening(*command) as far:
        yield far


def certified(folder: Path) -> trustme.CA:
    folder.chmod(0o711)  # Postfix has users of its own
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    (folder / "key.pem").touch(mode=0o600)
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "server.pem").write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    return authority


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """With an administrator who has signed in once, at a provider that goes on answering."""
    with tempfile.TemporaryDirectory(prefix="franking-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        authority, trust = certified(folder), folder / "trust.pem"
        async with playing(SystemClock(), folder / "kit", ("microsoft",)) as kit:
            kit.add_account(SENDER, PASSWORD)
            trust.write_bytes(kit.ca_file.read_bytes() + authority.cert_pem.bytes())
            provider = kit.microsoft
            oauth = {"enabled": True, "authority": provider.base, "client_id": provider.client_id}
            settings = {
                "administrator": {"address": SENDER},
                "oauth": oauth,
                "tls": {"trust": str(trust)},
                "users": {USER: SENDER},
            }
            made = Settings().changed(**settings, store={"path": folder / "store"})
            screen = PersonAtTheScreen(kit.person(), {SENDER: PASSWORD})
            async with Engine.open(made, screen=screen) as engine:
                await engine.acquire("panel")
                await engine.settle()
            yield Stage(folder, trust, settings)
