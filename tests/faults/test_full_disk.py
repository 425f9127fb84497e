"""A disk that is full: outcomes, deletions and warnings take the room that was held back, new jobs are
refused, and it clears by itself.

Rule: the disk is a database that may not grow, so SQLite itself says that it is full; what the reserve gives
back is room in it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from franking.engine.bus import Publication
from franking.engine.engine import Engine
from franking.engine.full_disk import FullDisk
from franking.engine.records import Batch, DiskFull, ErasedGrant, JobRow, RevocationBegun
from franking.engine.store import reserve
from franking.engine.store.reserve import OCTETS, Reserve
from franking.engine.store.sqlite import SqliteStore
from franking.events.information import Info
from franking.events.job import JobCancelled
from franking.events.request import Function

from ..engine.device import Office, office, states, warnings
from ..engine.stored import Running, facts, running, started, submitted

PAGES = 40
"What the reserve gives back."


def row(job: int, octets: int = 0) -> JobRow:
    request = f'{{"text": "{"x" * octets}"}}'
    return JobRow(job, "user:1", "user:1", Function.SCAN_TO_EMAIL, False, "", "", "", request, "[]")


@dataclass
class Disk:
    """Of one store: how far the file may grow, and whether there is room to hold back again."""

    store: SqliteStore
    roomy: bool = True

    def fill(self) -> None:
        self.roomy = False
        self.store.empty_log()
        self.limit(0)

    def limit(self, more: int) -> None:
        db = self.store.writer
        (pages,) = db.execute("pragma page_count").fetchone()
        db.execute(f"pragma max_page_count={pages + more}")

    def grow(self) -> None:
        self.roomy = True
        self.store.writer.execute("pragma max_page_count=1000000")


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Disk]:
    found: dict[Path, Disk] = {}
    release, free = Reserve.release, Reserve.free

    def released(self: Reserve) -> None:
        if self.there and self.path in found:
            found[self.path].limit(PAGES)
        release(self)

    monkeypatch.setattr(Reserve, "release", released)
    monkeypatch.setattr(
        Reserve, "free", lambda self: free(self) if self.path not in found or found[self.path].roomy else 0
    )
    return found


def disk_of(store: SqliteStore, disks: dict[Path, Disk]) -> Disk:
    return disks.setdefault(store.reserve.path, Disk(store))


async def fill_up(here: Running) -> None:
    """Jobs until no more is taken."""
    for job in range(100, 200):
        try:
            await here.runtime.publish(Publication(submitted(job), rows=(row(job, 3000),)))
        except DiskFull:
            return
    raise AssertionError("it is never full")


@asynccontextmanager
async def full(folder: Path, disks: dict[Path, Disk]) -> AsyncIterator[tuple[Running, Disk]]:
    async with running(folder / "store.db") as here:
        assert await here.store.hold_back()
        await here.say(started())
        await here.runtime.publish(Publication(submitted(1), rows=(row(1),)))
        disk = disk_of(here.store, disks)
        disk.fill()
        await fill_up(here)
        yield here, disk


async def test_a_new_job_does_not_take_the_room_that_is_held_back(
    tmp_path: Path, disks: dict[Path, Disk]
) -> None:
    async with full(tmp_path, disks) as (here, _):
        assert (here.store.short, here.store.reserve.there) == (True, True)
        before = len(facts(here.store))
        with pytest.raises(DiskFull, match="the disk of the store is full: new jobs are refused"):
            await here.runtime.publish(Publication(submitted(300), rows=(row(300),)))
        assert len(facts(here.store)) == before


async def test_outcomes_and_deletions_take_it(tmp_path: Path, disks: dict[Path, Disk]) -> None:
    async with full(tmp_path, disks) as (here, _):
        begun = [RevocationBegun(f"user:{number}", "x" * 900) for number in range(20)]
        await here.store.commit(Batch([], [], [], [*begun, ErasedGrant("user:1")]))
        assert not here.store.reserve.there
        assert len(here.store.revocations()) == 20
        await here.say(JobCancelled(job=1))
        assert here.state("job", "1") == "ENDED"


async def test_what_comes_together_with_a_new_job_is_committed_without_it(
    tmp_path: Path, disks: dict[Path, Disk]
) -> None:
    async with full(tmp_path, disks) as (here, _):
        here.store.short = False
        said = await asyncio.gather(
            here.runtime.publish(Publication(submitted(300), rows=(row(300, 90_000),))),
            here.say(JobCancelled(job=1)),
            return_exceptions=True,
        )
        assert isinstance(said[0], DiskFull)
        assert isinstance(said[1], int)
        assert here.state("job", "1") == "ENDED"
        assert here.store.job(300) is None


async def test_people_are_told_and_it_clears_by_itself(tmp_path: Path, disks: dict[Path, Disk]) -> None:
    async with full(tmp_path, disks) as (here, disk):
        told = FullDisk(here.runtime)
        await told.round()
        assert [found.code for found in here.store.information()] == [Info.DISK_FULL]
        await told.round()
        assert facts(here.store).count("DiskFilled") == 1
        disk.grow()
        await told.round()
        assert here.store.information() == []
        assert here.store.reserve.there
        await here.runtime.publish(Publication(submitted(300), rows=(row(300),)))


async def many_notices(here: Office, engine: Engine) -> None:
    for _ in range(300):
        await here.notice(engine, "x" * 800)


async def test_the_device_looks_again_each_minute(tmp_path: Path, disks: dict[Path, Disk]) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        store = engine.store
        assert isinstance(store, SqliteStore)
        disk = disk_of(store, disks)
        disk.fill()
        with pytest.raises(DiskFull):
            await many_notices(here, engine)
        await engine.settle()
        assert ("DISK_FULL", "") in warnings(engine)
        assert set(states(engine)) <= {"sent", "waiting"}
        (warning,) = (each for each in engine.information() if each.code is Info.DISK_FULL)
        assert warning.remedy.startswith("Make room on the disk")
        disk.grow()
        await here.passes(engine, minutes=1)
        assert ("DISK_FULL", "") not in warnings(engine)
        await here.notice(engine)


# The file


def test_the_reserve_takes_its_room(tmp_path: Path) -> None:
    held = Reserve(tmp_path / "reserve")
    assert held.make()
    found = held.path.stat()
    assert (found.st_size, found.st_mode & 0o777) == (OCTETS, 0o600)
    assert found.st_blocks * 512 >= OCTETS
    held.release()
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_hardly_room_none_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reserve, "free", lambda self: reserve.LEFT - 1)
    assert not Reserve(tmp_path / "reserve").make()
    assert list(tmp_path.iterdir()) == []


def test_a_reserve_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int, first: int, octets: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", fails)
    assert not Reserve(tmp_path / "reserve").make()
    assert list(tmp_path.iterdir()) == []
