"""Our own adapters pass the checks that are shipped, and each check fails on an adapter with that fault."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from freezegun import freeze_time

from franking.engine import clock as system_clock
from franking.engine import pieces
from franking.engine.clock import SystemClock
from franking.engine.contents import OnDisk, SealedOnDisk
from franking.engine.records import Batch, SealedGrant, StoreFailed
from franking.engine.secret import Secret
from franking.engine.store.keys import GivenKey
from franking.engine.store.sqlite import SqliteStore
from franking.engine.store.vault import Vault
from franking.engine.store_port import Store
from franking.testing.clock import VirtualClock
from franking.testing.conformance import (
    BlobChecks,
    Blobs,
    ClockChecks,
    SealedBlobChecks,
    Sealing,
    StoreChecks,
    Timed,
    VaultChecks,
)
from franking.testing.conformance.clock import turns

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
KEY = bytes(range(32))


# Ours


@asynccontextmanager
async def store_of(kind: type[SqliteStore]) -> AsyncIterator[Store]:
    with TemporaryDirectory() as folder:
        store = kind(Path(folder) / "store.db")
        try:
            yield store
        finally:
            await store.aclose()


@asynccontextmanager
async def vault_of(kind: type[Vault]) -> AsyncIterator[Sealing]:
    yield kind(GivenKey(lambda: KEY))


@asynccontextmanager
async def virtual(kind: type[VirtualClock]) -> AsyncIterator[Timed]:
    clock = kind(START)

    async def passes(duration: timedelta) -> None:
        clock.move(duration)

    yield Timed(clock, passes)


@asynccontextmanager
async def system() -> AsyncIterator[Timed]:
    async def passes(duration: timedelta) -> None:
        await clock.sleep_until(clock.now() + duration)

    clock = SystemClock()
    yield Timed(clock, passes)


class TestSqliteStore(StoreChecks):
    def make(self) -> Any:
        return store_of(SqliteStore)


class TestVault(VaultChecks):
    def make(self) -> Any:
        return vault_of(Vault)


class TestVirtualClock(ClockChecks):
    def make(self) -> Any:
        return virtual(VirtualClock)


class TestSystemClock(ClockChecks):
    def make(self) -> Any:
        return system()


def kept(folder: str, octets: bytes) -> tuple[Path, Callable[[Callable[[bytes], bytes]], None]]:
    path = Path(folder) / "0"
    path.write_bytes(octets)

    def alter(change: Callable[[bytes], bytes]) -> None:
        path.write_bytes(change(path.read_bytes()))

    return path, alter


@asynccontextmanager
async def plain(taken: bytes) -> AsyncIterator[Blobs]:
    with TemporaryDirectory() as folder:
        path, alter = kept(folder, taken)
        yield Blobs(OnDisk(path, len(taken)), alter)


@asynccontextmanager
async def sealed(taken: bytes) -> AsyncIterator[Blobs]:
    key, step = pieces.FileKey.new("job 1"), pieces.PIECE_OCTETS
    clear = (taken[at : at + step] for at in range(0, len(taken), step))
    with TemporaryDirectory() as folder:
        path, alter = kept(folder, b"".join(pieces.sealed(key, clear)))
        yield Blobs(SealedOnDisk(path, len(taken), key), alter)


@asynccontextmanager
async def frozen() -> AsyncIterator[Timed]:
    """The system's, while a library stops its time and moves it."""
    glance = system_clock.GLANCE_S
    system_clock.GLANCE_S = 0.0  # it looks at the time at each turn of the loop
    try:
        with freeze_time(START, real_asyncio=True) as time:

            async def passes(duration: timedelta) -> None:
                time.tick(duration)
                await turns()

            yield Timed(SystemClock(), passes)
    finally:
        system_clock.GLANCE_S = glance


class TestFrozenClock(ClockChecks):
    def make(self) -> Any:
        return frozen()


class TestFiles(BlobChecks):
    def make(self, taken: bytes) -> Any:
        return plain(taken)


class TestSealedFiles(SealedBlobChecks):
    def make(self, taken: bytes) -> Any:
        return sealed(taken)


# Broken ones


async def in_two(self: SqliteStore, batch: Batch) -> None:
    await SqliteStore.commit(self, Batch([], [], batch.gone, batch.writes))
    await SqliteStore.commit(self, Batch(batch.lines, batch.instances, [], []))


async def backwards(self: SqliteStore, batch: Batch) -> None:
    await SqliteStore.commit(self, Batch(batch.lines, batch.instances, batch.gone, batch.writes[::-1]))


async def keeps_all(self: SqliteStore, batch: Batch) -> None:
    await SqliteStore.commit(self, Batch(batch.lines, batch.instances, [], batch.writes))


async def by_another_error(self: SqliteStore, batch: Batch) -> None:
    try:
        await SqliteStore.commit(self, batch)
    except StoreFailed as failure:
        raise ValueError from failure


async def no_room(self: SqliteStore) -> bool:
    return False


STORES: dict[str, dict[str, Any]] = {
    "test_a_new_store_has_nothing": {"noted": lambda self, name: "something"},
    "test_what_was_committed_is_read": {"grant": lambda self, identity: None},
    "test_a_batch_is_all_or_nothing": {"commit": in_two},
    "test_rows_of_one_batch_come_in_their_order": {"commit": backwards},
    "test_a_row_takes_the_place_of_the_one_before": {"in_states": lambda self, machine, states: ["1"]},
    "test_an_instance_that_is_gone_is_gone": {"commit": keeps_all},
    "test_the_journal_is_read_in_order_from_any_line": {
        "lines": lambda self, after, limit: SqliteStore.lines(self, after, limit)[::-1]
    },
    "test_the_newest_moment_is_of_any_line": {
        "newest": lambda self: datetime.fromisoformat(SqliteStore.lines(self, 0, 100)[-1].at)
    },
    "test_the_last_checkpoint_is_found": {"checkpoint": lambda self: None},
    "test_what_is_due_comes_by_time": {
        "due": lambda self, until, limit: sorted(SqliteStore.due(self, until, limit))
    },
    "test_jobs_come_by_pages_the_newest_first": {
        "jobs": lambda self, owner=None, before=None, limit=9: SqliteStore.jobs(self, owner, before)[:limit]
    },
    "test_a_job_has_the_state_that_was_said_last": {
        "job_moved": lambda self, job: SqliteStore.job_moved(self, job)._replace(reason="")  # type: ignore[union-attr]
    },
    "test_what_is_not_unicode_is_refused_and_the_next_is_taken": {"commit": by_another_error},
    "test_what_waits_for_a_reason_is_found_the_oldest_first": {"waiting_because": lambda self, *of: []},
    "test_every_instance_is_named": {"names": lambda self: SqliteStore.names(self)[:1]},
    "test_a_job_is_found_by_the_mark_that_its_program_gave_it": {"marked": lambda self, mark: None},
    "test_jobs_are_counted_by_their_state": {"jobs_by_state": lambda self: {"WAITING": 3}},
    "test_alarms_are_due_in_each_way_until_they_were_given_in_it": {
        "alarms": lambda self, way, limit: SqliteStore.alarms(self, "command", limit)
    },
    "test_room_is_held_back": {"hold_back": no_room},
}


class Forgiving(Vault):
    """Opens whatever it has seen, for anybody."""

    def __init__(self, key: GivenKey) -> None:
        super().__init__(key)
        self.seen = Secret("")

    def closed(self, to: bytes, secret: Secret) -> bytes:
        self.seen = secret
        return super().closed(to, secret)

    def opened(self, to: bytes, sealed: bytes, what: str) -> Secret:
        return self.seen


class InClear(Vault):
    def closed(self, to: bytes, secret: Secret) -> bytes:
        return secret.reveal().encode()

    def opened(self, to: bytes, sealed: bytes, what: str) -> Secret:
        return Secret(sealed.decode())


class Upper(Vault):
    def open(self, grant: SealedGrant) -> Secret:
        return Secret(super().open(grant).reveal().upper())


VAULTS: dict[str, type[Vault]] = {
    "test_a_sealed_grant_opens": Upper,
    "test_the_token_is_not_in_what_is_sealed": InClear,
    "test_the_same_token_is_never_sealed_the_same": InClear,
    "test_a_grant_opens_for_nobody_else": Forgiving,
    "test_a_changed_octet_is_noticed": Forgiving,
    "test_what_is_cut_off_is_noticed": Forgiving,
    "test_a_link_opens_for_its_document_alone": Forgiving,
    "test_a_secret_opens_for_its_name_alone": Forgiving,
    "test_what_is_sealed_for_one_purpose_opens_for_no_other": Forgiving,
}


class Naive(VirtualClock):
    def now(self) -> datetime:
        return super().now().replace(tzinfo=None)


class Still(VirtualClock):
    def monotonic(self) -> float:
        return 0.0


class Hasty(VirtualClock):
    async def sleep_until(self, when: datetime) -> None:
        await asyncio.sleep(0)


class Sleepy(VirtualClock):
    async def sleep_until(self, when: datetime) -> None:
        await asyncio.get_running_loop().create_future()


class Stubborn(VirtualClock):
    """Takes a cancellation for the moment."""

    async def sleep_until(self, when: datetime) -> None:
        try:
            await super().sleep_until(when)
        except asyncio.CancelledError:
            return


class Jumpy(VirtualClock):
    async def jumped(self, before: timedelta) -> None:
        return


class Deaf(VirtualClock):
    async def jumped(self, before: timedelta) -> None:
        await asyncio.get_running_loop().create_future()


CLOCKS: dict[str, type[VirtualClock]] = {
    "test_wall_time_is_aware_and_in_utc": Naive,
    "test_both_times_go_on_together": Still,
    "test_a_moment_that_is_over_is_not_waited_for": Sleepy,
    "test_nobody_is_woken_before_his_moment": Hasty,
    "test_many_are_woken_in_the_order_of_their_moments": Hasty,
    "test_who_is_cancelled_is_not_waited_for": Stubborn,
    "test_a_clock_that_nobody_sets_does_not_jump": Jumpy,
    "test_a_jump_that_was_already_is_told_at_once": Deaf,
}


class Opened:
    """Of a file that is read as it is found, in one piece."""

    def __init__(self, path: Path, shared: Iterator[bytes] | None) -> None:
        self.path, self.shared = path, shared

    def pieces(self, first: int = 0) -> Iterator[bytes]:
        return self.shared or iter([self.path.read_bytes()])

    def close(self) -> None:
        """Nothing is open."""


class Careless:
    def __init__(self, path: Path, octets: int, *, shares: bool = False) -> None:
        self.path, self.octets = path, octets
        self.shared = (bytes([octet]) for octet in path.read_bytes()) if shares else None

    def open(self) -> Opened:
        return Opened(self.path, self.shared)


def careless(*, octets: int | None = None, shares: bool = False) -> Callable[[bytes], Any]:
    @asynccontextmanager
    async def made(taken: bytes) -> AsyncIterator[Blobs]:
        with TemporaryDirectory() as folder:
            path, alter = kept(folder, taken)
            yield Blobs(Careless(path, len(taken) if octets is None else octets, shares=shares), alter)

    return made


BLOBS: dict[str, Callable[[bytes], Any]] = {
    "test_it_gives_back_what_was_taken": careless(octets=7),
    "test_it_is_read_from_any_octet_on": careless(),
    "test_two_read_it_at_once": careless(shares=True),
    "test_no_piece_is_large": careless(),
    "test_one_that_was_cut_off_is_noticed": careless(),
    "test_one_that_grew_is_noticed": careless(),
    "test_what_was_taken_lies_nowhere_in_clear": plain,
    "test_a_changed_octet_is_noticed": plain,
    "test_pieces_that_changed_places_are_noticed": plain,
}


def names(checks: type) -> set[str]:
    return {name for name in dir(checks) if name.startswith("test_")}


def parameters(check: Any) -> dict[str, object]:
    """The first of each mark."""
    return {mark.args[0]: mark.args[1][0] for mark in getattr(check, "pytestmark", ())}


async def fails(checks: type, name: str, make: Callable[..., Any]) -> None:
    broken = type(checks.__name__, (checks,), {"make": lambda self, *taken: make(*taken)})()
    check = getattr(broken, name)
    with pytest.raises((AssertionError, pytest.fail.Exception, TypeError, ValueError, IndexError)):
        await check(**parameters(check))


def test_every_check_has_an_adapter_on_which_it_fails() -> None:
    assert names(StoreChecks) == set(STORES)
    assert names(VaultChecks) == set(VAULTS)
    assert names(ClockChecks) == set(CLOCKS)
    assert names(SealedBlobChecks) == set(BLOBS)


@pytest.mark.parametrize("name", STORES)
async def test_a_broken_store_fails(name: str) -> None:
    broken = type("Broken", (SqliteStore,), STORES[name])
    await fails(StoreChecks, name, lambda: store_of(broken))


@pytest.mark.parametrize("name", VAULTS)
async def test_a_broken_vault_fails(name: str) -> None:
    await fails(VaultChecks, name, lambda: vault_of(VAULTS[name]))


@pytest.mark.parametrize("name", CLOCKS)
async def test_a_broken_clock_fails(name: str) -> None:
    await fails(ClockChecks, name, lambda: virtual(CLOCKS[name]))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@pytest.mark.parametrize("name", BLOBS)
async def test_a_broken_file_fails(name: str) -> None:
    await fails(SealedBlobChecks, name, BLOBS[name])
