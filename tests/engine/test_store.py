"""The store's files: who may open it, what others may read, and what is really gone."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from franking.engine.records import Batch, ErasedGrant, SealedGrant
from franking.engine.store.lock import StoreInUse, StoreLock
from franking.engine.store.sqlite import SqliteStore
from franking.testing.clock import VirtualClock

from .device import START, anywhere, office, sealed

MARK = b"\xf1\x5aealed octets of a grant\xf1" * 8


def octets(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# Who may open it


def test_a_second_engine_is_refused_with_the_process_that_has_the_store(tmp_path: Path) -> None:
    with StoreLock(tmp_path):
        with pytest.raises(StoreInUse) as raised, StoreLock(tmp_path):
            pass
        assert raised.value.process == str(os.getpid())
        assert f"process {os.getpid()}" in str(raised.value)
    with StoreLock(tmp_path):
        pass


HOLDS = """
import signal, sys
from pathlib import Path
from franking.engine.store.lock import StoreLock
with StoreLock(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_of_a_killed_process_is_no_obstacle(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(StoreInUse) as raised, StoreLock(tmp_path):
        pass
    assert raised.value.process == str(holder.pid)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with StoreLock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


# What others may read


async def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        async with office(tmp_path, clock=VirtualClock(START)) as here, here.engine() as engine:
            await here.sign_in(engine)
            await here.scan(engine)
            found = {path.relative_to(here.store): path for path in here.store.rglob("*")}
            names = {str(name) for name in found}
            assert {"store.db", "store.db-wal", "store.db-shm", "key", "lock", "spool"} <= names
            modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in found.items()}
            wrong = {
                str(name): oct(mode)
                for name, mode in modes.items()
                if mode != (0o700 if found[name].is_dir() else 0o600)
            }
            assert wrong == {}
            assert stat.S_IMODE(here.store.stat().st_mode) == 0o700
    finally:
        os.umask(old)


# What is really gone


async def kept(store: SqliteStore) -> None:
    await store.commit(Batch([], [], [], [SealedGrant("user:1", 1, "", "", "", "[]", MARK)]))


async def erased(store: SqliteStore) -> None:
    await store.commit(Batch([], [], [], [ErasedGrant("user:1")]))


@pytest.mark.manual("S27")
async def test_s27_an_erased_grant_is_in_no_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await kept(store)
    assert anywhere(tmp_path, MARK[:40]) != []
    await erased(store)
    assert anywhere(tmp_path, MARK[:40]) == []
    await store.aclose()


@pytest.mark.manual("S27")
async def test_s27_an_erased_grant_that_filled_many_pages_is_in_no_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.commit(Batch([], [], [], [SealedGrant("user:1", 1, "", "", "", "[]", MARK * 200)]))
    await store.commit(Batch([], [], [], [SealedGrant("user:1", 2, "", "", "", "[]", MARK * 300)]))
    await erased(store)
    assert anywhere(tmp_path, MARK[:40]) == []
    await store.aclose()


@pytest.mark.manual("S27")
async def test_s27_the_stores_own_open_reader_keeps_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await kept(store)
    found = store.grant("user:1")
    assert found is not None
    assert found.sealed == MARK
    await erased(store)
    assert anywhere(tmp_path, MARK[:40]) == []
    assert store.grant("user:1") is None
    await store.aclose()


@pytest.mark.manual("S27")
async def test_s27_a_reader_of_another_program_puts_it_off_only_while_it_reads(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await kept(store)
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("begin")
    assert other.execute("select sealed from vault").fetchone() == (MARK,)
    await erased(store)
    assert store.owed is not None
    other.execute("commit")
    store.owed.cancel()
    store.forget_again()
    assert store.forgetting is not None
    await store.forgetting
    assert anywhere(tmp_path, MARK[:40]) == []
    other.close()
    await store.aclose()


@pytest.mark.manual("S27")
async def test_s27_what_a_power_cut_left_in_the_log_is_gone_after_the_next_start(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await kept(store)
    store.write(Batch([], [], [], [ErasedGrant("user:1")]))
    cut = tmp_path / "after the power cut"
    cut.mkdir()
    for name, content in octets(tmp_path).items():
        (cut / name).write_bytes(content)
    await store.aclose()
    assert anywhere(cut, MARK[:40]) != []
    again = SqliteStore(cut / "store.db")
    assert again.grant("user:1") is None
    assert anywhere(cut, MARK[:40]) == []
    await again.aclose()


@pytest.mark.manual("S26", "S27")
async def test_s27_the_grant_of_a_signed_in_user_leaves_every_file(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        grant = sealed(engine, "kim")
        assert anywhere(here.store, grant) != []
        assert await engine.delete_tokens() == 1
        assert anywhere(here.store, grant) == []
