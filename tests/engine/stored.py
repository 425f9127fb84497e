"""A runtime on a real store without any adapter, and the comparison of a store with its journal's replay.

Rule: what is compared is read from the store as the next start would read it, never from memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from franking.engine.activity import Activity
from franking.engine.bus import Publication
from franking.engine.checkpoints import taken
from franking.engine.codec import instance_of
from franking.engine.journal import Entry, entry
from franking.engine.limits import Limits
from franking.engine.play import MACHINE, Name
from franking.engine.records import Batch, StoreFailed, Whose
from franking.engine.replay import replay
from franking.engine.runtime import Runtime
from franking.engine.secret import Secret
from franking.engine.store.keys import GivenKey
from franking.engine.store.sqlite import SqliteStore
from franking.engine.store.vault import Vault
from franking.events.base import Event
from franking.events.device import CheckpointTaken, EngineStarted
from franking.events.job import JobSubmitted
from franking.events.request import Function
from franking.events.token import SignInSucceeded
from franking.testing.clock import VirtualClock

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
KEY = bytes(range(32))
TOKEN = "refresh-token-of-kim"


class FailingStore(SqliteStore):
    """A store that refuses the next commits as it is told, and counts them all."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.failures: list[StoreFailed] = []
        self.lost: Callable[[Batch], bool] | None = None
        "Whether this batch is refused for what is in it."
        self.batches: list[Batch] = []

    async def commit(self, batch: Batch) -> None:
        self.batches.append(batch)
        if self.failures:
            raise self.failures.pop(0)
        if self.lost is not None and self.lost(batch):
            raise StoreFailed("a row that the store does not take", full=False)
        await super().commit(batch)


class WatchedClock(VirtualClock):
    """Says when somebody begins to wait for it."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.waited = asyncio.Event()

    async def sleep_until(self, when: datetime) -> None:
        if self.now() < when:
            self.waited.set()
        await super().sleep_until(when)


@dataclass(slots=True)
class Running:
    store: FailingStore
    clock: WatchedClock
    runtime: Runtime
    limits: Limits

    async def say(self, fact: Event) -> int:
        """With the token that it brings, if it brings one; a checkpoint says how everything stands."""
        if isinstance(fact, CheckpointTaken):
            return await self.runtime.publish(Publication(fact, made=lambda: taken(self.runtime)))
        return await self.runtime.publish(publication(fact))

    def state(self, title: str, key: str = "") -> str:
        return self.runtime.instance(MACHINE[title], key).state.name


@asynccontextmanager
async def running(path: Path, clock: WatchedClock | None = None) -> AsyncIterator[Running]:
    store = FailingStore(path)
    now = clock or WatchedClock(START)
    runtime = Runtime(store, now, Vault(GivenKey(lambda: KEY)).seal, Activity())
    here = Running(store, now, runtime, Limits(runtime))
    loop = asyncio.create_task(runtime.run())
    try:
        yield here
    finally:
        runtime.close()
        await asyncio.gather(loop, return_exceptions=True)  # a test that broke it has seen why
        await store.aclose()


def publication(fact: Event) -> Publication:
    if fact.brings_grant:
        return Publication(fact, seal=Secret(TOKEN), whose=Whose("issuer"))
    return Publication(fact)


def submitted(job: int, identity: str = "user:1") -> JobSubmitted:
    return JobSubmitted(job=job, identity=identity, function=Function.SCAN_TO_EMAIL)


def signed_in(identity: str = "user:1") -> SignInSucceeded:
    return SignInSucceeded(
        place="panel",
        identity=identity,
        right=True,
        renew_at=datetime(2026, 12, 24, tzinfo=UTC),
        stale_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )


def started() -> EngineStarted:
    return EngineStarted(oauth=True)


def journal(store: SqliteStore) -> list[Entry]:
    return [entry(line) for line in store.lines(0, 1_000_000)]


def facts(store: SqliteStore) -> list[str]:
    """Names of the journal's lines, in order."""
    return [type(line.event).__name__ for line in journal(store)]


Seen = dict[Name, tuple[str, object, datetime | None]]


def assert_equals_replay(store: SqliteStore) -> None:
    """States, data, moments of entry and information of the store are those that its journal gives (B5)."""
    replayed = replay(journal(store))
    names = store.read("select machine, key from instance")
    in_store: Seen = {}
    for title, key in names:
        row = store.instance(title, key)
        assert row is not None
        found = instance_of(MACHINE[title], row)
        in_store[title, key] = (found.state.name, found.data, found.entered)
    from_journal: Seen = {
        name: (found.state.name, found.data, found.entered) for name, found in replayed.instances.items()
    }
    assert from_journal == in_store
    assert {(code.value, subject) for code, subject in replayed.raised} == {
        (row.code, row.subject) for row in store.information()
    }
