"""A device as a person meets it in a terminal: a configuration, a store of its own, and a browser.

The servers run in a thread with their own event loop, because each command runs an event loop itself.
"""

import asyncio
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest

from franking.engine.cli.main import main
from franking.engine.clock import SystemClock
from franking.engine.scans import Scans
from franking.engine.spool_folders import Spool
from franking.engine.store.keys import key_of
from franking.engine.store.sqlite import SqliteStore
from franking.engine.store.vault import Vault
from franking.events.settings import Spool as Settings
from franking.testing.kit import Kit, playing
from franking.testing.mailbox import Phase

PASSWORD = "correct horse"
ADMINISTRATOR, KIM, LEE = "scanner@example.com", "kim@example.com", "lee@example.com"
PATIENCE_S = 30
T = TypeVar("T")


async def spooled(folder: Path) -> list[bytes]:
    store, found = SqliteStore(folder / "store.db"), []
    try:
        scans = Scans(Spool(folder / "spool"), store, Vault(key_of(folder, {}, lambda: True)), Settings)
        for scan in store.scans(0, 100):
            row = store.job(scan.job)
            assert row is not None
            for content in scans.contents(row):
                with closing(content.open()) as opened:
                    found.append(b"".join(opened.pieces()))
    finally:
        await store.aclose()
    return found


class Servers:
    """The test kit in a thread."""

    kit: Kit
    loop: asyncio.AbstractEventLoop

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ready, self.stop = threading.Event(), asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="test kit")

    async def serve(self) -> None:
        async with playing(SystemClock(), self.folder, ["microsoft"]) as self.kit:
            self.loop = asyncio.get_running_loop()
            self.ready.set()
            await self.stop.wait()

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.begin(work).result(PATIENCE_S)

    @contextmanager
    def during(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enters and leaves an asynchronous context in the thread of the servers."""

        async def enter() -> T:
            return await context.__aenter__()

        async def leave() -> bool | None:
            return await context.__aexit__(None, None, None)

        try:
            yield self.run(enter())
        finally:
            self.run(leave())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    running = Servers(tmp_path_factory.mktemp("kit"))
    running.thread.start()
    assert running.ready.wait(PATIENCE_S)
    for address in (ADMINISTRATOR, KIM, LEE):
        running.kit.add_account(address, PASSWORD)
    yield running
    running.loop.call_soon_threadsafe(running.stop.set)
    running.thread.join(PATIENCE_S)
    assert not running.thread.is_alive()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Section = dict[str, object]


@dataclass(slots=True)
class Device:
    servers: Servers
    folder: Path
    capture: pytest.CaptureFixture[str]
    settings: dict[str, Section]
    account: str | None = None
    "Who signs in; None: whom the address asks for."
    declines: bool = False
    visits: "list[Future[str]]" = field(default_factory=list)

    @property
    def kit(self) -> Kit:
        return self.servers.kit

    @property
    def config(self) -> Path:
        return self.folder / "franking.toml"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def set(self, section: str, **values: object) -> None:
        self.settings[section] = {**self.settings.get(section, {}), **values}
        self.write()

    def write(self) -> None:
        lines = []
        for section, values in self.settings.items():
            lines += [f"[{section}]", *(f"{key} = {toml(value)}" for key, value in values.items())]
        self.config.write_text("\n".join(lines) + "\n")

    def scan(self, name: str = "scan.pdf", content: bytes = b"%PDF-1.7 a page") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def franking(self, *arguments: object) -> Ended:
        self.capture.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = self.capture.readouterr()
        return Ended(code, printed.out, printed.err)

    def send(self, *arguments: object, to: str = LEE) -> Ended:
        return self.franking("send", "--user", "kim", "--to", to, self.scan(), *arguments)

    def browse(self, address: str) -> bool:
        """Plays the person whom `--browser` brings to the provider's page."""
        person = self.kit.person()
        if self.declines:
            self.visits.append(self.servers.begin(person.cancel(address)))
        else:
            self.visits.append(self.servers.begin(person.sign_in(address, self.who(address), PASSWORD)))
        return True

    def who(self, address: str) -> str:
        return self.account or (ADMINISTRATOR if "scanner%40" in address else KIM)

    def acquire(self, *arguments: object) -> Ended:
        return self.franking("acquire", "--browser", *arguments)

    @contextmanager
    def start(self, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
        """The same in a process of its own, which a test that fails does not leave behind."""
        command = [sys.executable, "-m", "franking.engine.cli.main", *map(str, arguments)]
        with subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def spooled(self) -> list[bytes]:
        """The files of all jobs that are in the spool, while nobody has the store open."""
        return asyncio.run(spooled(self.store)) if (self.store / "store.db").exists() else []

    def arrived(self, recipient: str) -> list[list[tuple[str, bytes]]]:
        """The files in each message that a recipient got, in a message of one part, too."""
        return [
            [
                (part.get_filename() or "", decoded(part))
                for part in each.message().walk()
                if part.get_filename()
            ]
            for each in self.kit.mailbox.messages
            if recipient in each.rcpt_tos
        ]


def decoded(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


@pytest.fixture
def device(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    """Configured for the playing Microsoft; nobody has signed in."""
    kit = servers.kit
    made = Device(
        servers,
        tmp_path,
        capsys,
        {
            "oauth": {
                "enabled": True,
                "client_id": kit.microsoft.client_id,
                "tenant": kit.microsoft.tenant,
                "authority": kit.microsoft.base,
            },
            "administrator": {"address": ADMINISTRATOR},
            "smtp": {"server": "localhost", "port": kit.submissions["microsoft"].port},
            "tls": {"trust": kit.ca_file},
            "store": {"path": tmp_path / "store"},
            "users": {"kim": KIM},
        },
    )
    made.write()
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRANKING_CONFIG", str(made.config))
    monkeypatch.setattr(webbrowser, "open", made.browse)
    yield made
    for phase in get_args(Phase):
        assert kit.mailbox.scripted(phase) is None
    for visit in made.visits:
        visit.result(PATIENCE_S)
