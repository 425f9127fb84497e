"""Opening a store: what may be opened, what is said where it may not, and that it then stays as it is."""

import os
import pwd
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from franking.engine.bus import Publication
from franking.engine.records import Batch, ErasedGrant, JobMoved, JobRow, StoreDamaged
from franking.engine.store import opening, schema
from franking.engine.store.opening import (
    StoreLocked,
    StoreNotWhole,
    StoreOfAnother,
    StoreTooNew,
    StoreUnusable,
)
from franking.engine.store.sqlite import SqliteStore
from franking.events.job import JobCancelled, JobHeld
from franking.events.registry import MalformedRecord
from franking.events.request import Function

from .device import office
from .stored import journal, running, started, submitted

MARK = b"\xf1\x5aealed octets of a grant\xf1" * 8


def octets(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def a_store(path: Path) -> None:
    async with running(path) as here:
        await here.say(started())
        await here.say(submitted(1))


def a_job(job: int) -> JobRow:
    return JobRow(job, "user:1", "user:1", Function.SCAN_TO_EMAIL, False, "", "", "", "{}", "[]")


@pytest.mark.parametrize("ended", ["well", "by a power cut"])
async def test_a_store_of_a_newer_program_is_left_untouched(tmp_path: Path, ended: str) -> None:
    """Also one whose last commits are only in its log."""
    path, found = tmp_path / "store.db", tmp_path / "found"
    await a_store(path)
    found.mkdir()
    db = sqlite3.connect(path)
    newer = schema.SCHEMA_VERSION + 1
    db.execute(f"pragma user_version={newer << 16 | newer}")
    if ended == "well":
        db.close()
    for name, content in octets(tmp_path).items():
        (found / name).write_bytes(content)
    db.close()
    before = octets(found)
    assert bool(before.get("store.db-wal")) is (ended == "by a power cut")
    with pytest.raises(
        StoreTooNew, match=r"version 2, this program knows 1. Start the newer release that wrote"
    ):
        SqliteStore(found / "store.db")
    after = octets(found)
    if ended == "well":
        assert after == before
    for name in (
        "store.db",
        "store.db-wal",
    ):  # the third, -shm, is an index that any reader brings up to date
        assert after.get(name, b"") == before.get(name, b"")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF-1.7 a scan that lies where the store should be" * 100, "not a database"),
        (b"SQLite format 3\x00" + b"\x10\x00" * 2000, "is damaged, or is no database"),
    ],
)
def test_a_file_that_is_no_database_is_left_untouched(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=why) as raised:
        SqliteStore(path)
    assert raised.value.path == path
    assert octets(tmp_path) == {"store.db": content}


def test_a_database_of_another_program_is_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as db:
        db.execute("create table bookmark(url text)")
    db.close()
    before = octets(tmp_path)
    with pytest.raises(StoreUnusable, match="not a store of franking"):
        SqliteStore(path)
    assert octets(tmp_path) == before


async def test_damaged_pages_fail_as_the_store_does(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await a_store(path)
    damage(path, "information", "vault", "sqlite_autoindex_vault_1")
    store = SqliteStore(path)
    try:
        with pytest.raises(
            StoreDamaged, match=r"a file of the store is damaged .*Restore it from a backup"
        ) as raised:
            store.information()
        assert raised.value.full
        with pytest.raises(StoreDamaged):
            await store.commit(Batch([], [], [], [ErasedGrant("user:1")]))
        assert store.last_sequence() == 2
    finally:
        await store.aclose()


def damage(path: Path, *tables: str) -> None:
    db = sqlite3.connect(path)
    (size,) = db.execute("pragma page_size").fetchone()
    pages = [
        page
        for table in tables
        for (page,) in db.execute("select rootpage from sqlite_schema where name=?", (table,))
    ]
    db.close()
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)


async def test_a_damaged_schema_is_told_when_it_is_opened_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await a_store(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 3000 + whole[3100:])
    before = octets(tmp_path)
    with pytest.raises(StoreNotWhole, match="`franking reset --factory`"):
        SqliteStore(path)
    assert octets(tmp_path) == before


async def test_a_store_that_another_program_holds_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE_MS", 10)
    path = tmp_path / "store.db"
    await a_store(path)
    before = octets(tmp_path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("pragma locking_mode=exclusive")
    other.execute("begin exclusive")
    with pytest.raises(StoreLocked, match=r"another program holds the store's file. End that program"):
        SqliteStore(path)
    other.execute("rollback")
    other.close()
    assert octets(tmp_path) == before
    SqliteStore(path).reader.close()


@pytest.mark.parametrize("name", ["store.db", "folder"])
async def test_the_store_of_another_user_is_refused_with_the_command_to_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with office(tmp_path) as here:
        async with here.engine():
            pass
        before = octets(here.store)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        owner = pwd.getpwuid(os.getuid()).pw_name
        with pytest.raises(StoreOfAnother, match=f"belongs to the user {owner}. .*sudo -u {owner} franking"):
            async with here.engine():
                pass
        assert octets(here.store) == before


async def test_a_store_of_the_next_release_that_says_so_is_opened_after_a_roll_back(tmp_path: Path) -> None:
    """What it added is left alone: a column, a table, a fact, a warning, a state."""
    path = tmp_path / "store.db"
    async with running(path) as here:
        await here.say(started())
        await here.runtime.publish(Publication(submitted(1), rows=(a_job(1),)))
        await here.runtime.publish(Publication(submitted(2), rows=(a_job(2),)))
    with sqlite3.connect(path) as db:
        db.execute(f"pragma user_version={schema.OLDEST_READER << 16 | schema.SCHEMA_VERSION + 1}")
        db.execute("alter table job add column colour text not null default 'grey'")
        db.execute("create table parcel(number integer primary key) strict")
        db.execute("insert into parcel values(7)")
        db.execute(
            "insert into journal values(4, '2026-11-02T08:00:00+00:00', 'JobPainted', 1, '{\"job\":2}')"
        )
        db.execute("insert into information values('I999', '', 4, '2026-11-02T08:00:00+00:00', '', 0)")
        db.execute("update instance set state='PAINTED' where machine='job' and key='2'")
        db.execute("update job set state='PAINTED', ready=0 where job=2")
    db.close()
    async with running(path) as here:
        await here.say(started())
        await here.say(JobCancelled(job=1))
        assert here.state("job", "1") == "ENDED"
        with pytest.raises(MalformedRecord, match="no state is called PAINTED"):
            await here.say(JobHeld(job=2, reason="by hand"))
        assert [type(line.event).__name__ for line in journal(here.store)][3:5] == [
            "Unreadable",
            "EngineStarted",
        ]
        assert here.store.job_moved(2) == JobMoved(2, "PAINTED", False, "")
        assert here.store.read("select number from parcel") == [(7,)]
        assert here.store.read("pragma user_version") == [
            (schema.OLDEST_READER << 16 | schema.SCHEMA_VERSION + 1,)
        ]


READS_ONLY = """
import os, sys, urllib.parse  # before the right to read the library may be gone: pathlib wants it
from pathlib import Path
from franking.engine.store.opening import StoreUnusable
from franking.engine.store.sqlite import SqliteStore
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
path = Path(sys.argv[1])
try:
    SqliteStore(path)
except (StoreUnusable, OSError) as error:
    print(type(error).__name__)
"""


async def test_a_store_that_may_only_be_read_is_unusable(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    await a_store(folder / "store.db")
    before = octets(folder)
    (folder / "store.db").chmod(0o444)
    folder.chmod(0o555)
    opened_up = [parent for parent in folder.parents if not parent.stat().st_mode & 0o005]
    modes = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in opened_up}
    for parent, mode in modes.items():
        parent.chmod(mode | 0o055)
    try:
        command = [sys.executable, "-c", READS_ONLY, str(folder / "store.db")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221, S603
    finally:
        for parent, mode in modes.items():
            parent.chmod(mode)
        folder.chmod(0o755)
    assert ended.stderr == ""
    assert ended.stdout.strip() in {"StoreReadOnly", "PermissionError"}
    assert octets(folder) == before


async def test_a_power_cut_while_the_tables_were_made_is_no_obstacle(tmp_path: Path) -> None:
    made, cut = tmp_path / "made", tmp_path / "cut"
    made.mkdir()
    cut.mkdir()
    db = sqlite3.connect(made / "store.db", isolation_level=None)
    db.execute("pragma cache_size=1")
    db.execute("begin")
    for number in range(40):
        db.execute(f"create table half_made_{number}(words text)")
    for name, content in octets(made).items():
        (cut / name).write_bytes(content)
    db.execute("rollback")
    db.close()
    assert len(octets(cut)["store.db"]) > 0
    assert len(octets(cut)["store.db-journal"]) > 0
    await a_store(cut / "store.db")
