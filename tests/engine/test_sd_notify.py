"""What the service manager is told (sd_notify(3))."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.records import Batch, DiskFull, StoreFailed
from franking.engine.sd_notify import ALIVE, say, told, watchdog
from franking.engine.store.sqlite import SqliteStore
from franking.events.device import DiskFilled
from franking.tests.engine.device import Office, office

EVERY = timedelta(minutes=2)


class Systemd:
    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """Since the last time."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@contextmanager
def systemd(address: str) -> Iterator[Systemd]:
    found = Systemd(address)
    try:
        yield found
    finally:
        found.socket.close()


def asks(path: Path | str, **more: str) -> Mapping[str, str]:
    usec = str(int(EVERY / timedelta(microseconds=1)))
    return {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid()), **more}


@asynccontextmanager
async def lives(folder: Path, address: Path) -> AsyncIterator[tuple[Office, Engine]]:
    async with (
        office(folder / "office") as here,
        here.engine() as engine,
        told(engine.runtime, asks(address)),
    ):
        yield here, engine


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "notify"


async def test_it_is_ready_lives_and_ends(tmp_path: Path, address: Path) -> None:
    with systemd(str(address)) as heard:
        async with office(tmp_path / "office") as here, here.engine() as engine:
            async with told(engine.runtime, asks(address)):
                await engine.settle()
                assert heard.heard() == ["READY=1", "WATCHDOG=1"]
                await here.passes(engine, minutes=1)
                await here.passes(engine, minutes=1)
                assert heard.heard() == ["WATCHDOG=1"] * 2, "at half the time"
            assert heard.heard() == ["STOPPING=1"]
            await here.passes(engine, minutes=5)
            assert heard.heard() == []


async def test_it_lives_only_where_the_store_wrote(
    tmp_path: Path, address: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(store: SqliteStore, batch: Batch) -> None:
        raise StoreFailed("disk I/O error", full=True)

    with systemd(str(address)) as heard:
        async with (
            office(tmp_path / "office") as here,
            here.engine() as engine,
            told(engine.runtime, asks(address)),
        ):
            await engine.settle()
            first = engine.store.noted(ALIVE)
            await here.passes(engine, minutes=1)
            assert engine.store.noted(ALIVE) > first
            heard.heard()
            with monkeypatch.context() as broken:
                broken.setattr(SqliteStore, "commit", fails)
                await here.passes(engine, minutes=1)
                assert heard.heard() == []
                assert "the watchdog is not fed: " in caplog.text
            await here.passes(engine, minutes=1)
            assert heard.heard() == ["WATCHDOG=1"]


async def test_a_line_of_the_journal_is_a_write(tmp_path: Path, address: Path) -> None:
    with systemd(str(address)) as heard:
        async with (
            office(tmp_path / "office") as here,
            here.engine() as engine,
            told(engine.runtime, asks(address)),
        ):
            await engine.settle()
            before = engine.store.noted(ALIVE)
            await engine.publish(DiskFilled())
            await here.passes(engine, minutes=1)
            assert heard.heard()[-1] == "WATCHDOG=1"
            assert engine.store.noted(ALIVE) == before, "nothing is written that need not be"


async def test_a_full_disk_is_no_reason_to_be_restarted(
    tmp_path: Path, address: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(store: SqliteStore, batch: Batch) -> None:
        raise DiskFull

    with systemd(str(address)) as heard:
        async with (
            office(tmp_path / "office") as here,
            here.engine() as engine,
            told(engine.runtime, asks(address)),
        ):
            await engine.settle()
            heard.heard()
            with monkeypatch.context() as broken:
                broken.setattr(SqliteStore, "commit", full)
                await here.passes(engine, minutes=1)
                assert heard.heard() == ["WATCHDOG=1"]


async def test_an_engine_that_failed_does_not_live(tmp_path: Path, address: Path) -> None:
    with systemd(str(address)) as heard:
        async with office(tmp_path / "office") as here, here.engine() as engine:
            engine.runtime.failed = "dispatcher"
            async with told(engine.runtime, asks(address)):
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert heard.heard() == ["READY=1"]
            engine.runtime.failed = ""


async def test_without_a_manager_nothing_is_said_or_written(tmp_path: Path) -> None:
    async with office(tmp_path / "office") as here, here.engine() as engine, told(engine.runtime, {}):
        await here.passes(engine, minutes=5)
        assert engine.store.noted(ALIVE) == ""


def test_an_abstract_address_is_one() -> None:
    name = f"franking-{os.getpid()}"
    with systemd(f"\0{name}") as heard:
        say({"NOTIFY_SOCKET": f"@{name}"}, "READY=1", "STATUS=well")
        assert heard.heard() == ["READY=1\nSTATUS=well"]


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    say({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, "READY=1")
    assert "the service manager was not told READY=1: No such file or directory" in caplog.text


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "120000000"}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_manager_says_how_often(environment: dict[str, str], found: timedelta | None) -> None:
    assert watchdog(environment) == found
