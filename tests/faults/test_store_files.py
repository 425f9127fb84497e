"""The store's file in odd places, and when a rollback fails or a close comes in between."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from franking.engine.records import Batch, ErasedGrant, IdentityRow, RevocationBegun, StoreFailed
from franking.engine.store.opening import StoreUnusable
from franking.engine.store.sqlite import SqliteStore

KIM = Batch([], [], [], [IdentityRow("user:1", "kim", "kim@example.com")])


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["store#1", "what?mode=memory", "100%", "%41", "mit Leerzeichen ä"])
async def test_a_store_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for _ in range(2):
        store = SqliteStore(folder / "store.db")
        await store.commit(KIM)
        assert [row.login for row in store.identities()] == ["kim"]
        await store.aclose()
    assert files(tmp_path) == [name, f"{name}/store.db"]


async def test_a_store_may_be_named_by_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(Path("store.db"))
    await store.commit(KIM)
    await store.aclose()
    with pytest.raises(StoreUnusable):
        SqliteStore(Path("nowhere") / "store.db")


class Writer:
    """A connection whose rollbacks fail as long as the disk does."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.broken = db, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if self.broken and sql.startswith(("insert or replace into identity", "rollback")):
            raise sqlite3.OperationalError("disk I/O error")
        return self.db.execute(sql, values)

    def executemany(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        for row in rows:
            self.execute(sql, row)


async def test_a_rollback_that_fails_is_a_failure_of_the_store_and_the_next_one_mends_it(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "store.db")
    begun = Batch([], [], [], [RevocationBegun("user:1#1", "user:1"), *KIM.writes])
    store.writer = writer = Writer(store.writer)  # type: ignore[assignment]
    with pytest.raises(StoreFailed, match="disk I/O error"):
        await store.commit(begun)
    writer.broken = False
    with pytest.raises(StoreFailed):  # what was begun is still open, and is taken back now
        await store.commit(KIM)
    assert (store.identities(), store.revocations()) == ([], [])
    await store.commit(KIM)
    assert [row.login for row in store.identities()] == ["kim"]
    assert store.revocations() == []
    await store.aclose()


@pytest.mark.manual("S27")
async def test_s27_a_store_that_closes_while_it_forgets_sets_no_timer_for_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    await store.commit(KIM)
    other.execute("begin")
    other.execute("select * from identity").fetchall()
    await store.commit(Batch([], [], [], [ErasedGrant("user:1")]))
    timer = store.owed
    assert timer is not None
    timer.cancel()
    store.forget_again()
    await asyncio.sleep(0)
    await store.aclose()
    assert store.owed in (None, timer)
    other.close()
