"""What a deed has done after the state that it lasts as long as was left comes to nothing (S28)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from franking.engine.activity import Activity
from franking.engine.bus import Lane, Publication
from franking.engine.holder import Held
from franking.engine.records import Batch, StoreFailed, Whose
from franking.engine.runtime import Runtime
from franking.engine.secret import Secret
from franking.engine.store.keys import GivenKey
from franking.engine.store.sqlite import SqliteStore
from franking.engine.store.vault import Vault
from franking.engine.watchers import Unit
from franking.events.device import UserLoggedIn, UserLoggedOut
from franking.events.job import JobSubmitted
from franking.events.request import Function
from franking.events.sign_in import SignInWanted
from franking.events.token import SignInSucceeded
from franking.machines.effects import OpenSignIn, RevokeBrought
from franking.machines.refresh_token import REFRESH_TOKEN, REQUIRED, Status
from franking.testing.clock import VirtualClock

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KIM = "user:1"
LANE: Lane = ("sign-in", "panel", OpenSignIn)


@asynccontextmanager
async def kim_signs_in(folder: Path) -> AsyncIterator[tuple[Runtime, list[Unit]]]:
    """Kim is logged in with [Auto Delete] ON, and the sign-in screen is open."""
    store = SqliteStore(folder / "store.db")
    runtime = Runtime(store, VirtualClock(NOW), Vault(GivenKey(lambda: b"k" * 32)).seal, Activity())
    units: list[Unit] = []
    runtime.watchers.add(units.append)
    running = asyncio.create_task(runtime.run())
    came = UserLoggedIn(place="panel", identity=KIM, auto_delete=True, reset_after=timedelta(minutes=1))
    await runtime.publish(Publication(came))
    await runtime.publish(Publication(SignInWanted(place="panel", identity=KIM)))
    try:
        yield runtime, units
    finally:
        runtime.close()
        await running
        await store.aclose()


def succeeded() -> Publication:
    fact = SignInSucceeded(place="panel", identity=KIM, right=True, renew_at=NOW, stale_at=NOW)
    held = Held(Secret("access"), NOW, 0.0)
    return Publication(fact, seal=Secret("refresh"), whose=Whose("issuer"), hold=held)


def state(runtime: Runtime) -> object:
    return runtime.instance(REFRESH_TOKEN, KIM).state


@pytest.mark.manual("S28")
async def test_s28_who_left_in_the_same_moment_is_not_signed_in(tmp_path: Path) -> None:
    async with kim_signs_in(tmp_path) as (runtime, units):
        left = Publication(UserLoggedOut(place="panel"))
        await asyncio.gather(runtime.publish(left), runtime.publish(succeeded(), lane=LANE))
        assert state(runtime) is REQUIRED
        assert runtime.store.grant(KIM) is None
        assert [type(asked.effect) for asked in units[-1].played.asked] == [RevokeBrought]
        assert units[-1].played.lines == []


@pytest.mark.manual("S28")
async def test_s28_what_still_waits_when_its_deed_is_stopped_is_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kim_signs_in(tmp_path) as (runtime, units):
        runtime.watchers.add(lambda unit: runtime.bus.withdraw(LANE))
        late: list[asyncio.Task[int]] = []

        async def commit(batch: Batch) -> None:
            """While the logout is committed, the sign-in succeeds."""
            if not late:
                late.append(asyncio.create_task(runtime.publish(succeeded(), lane=LANE)))
            await committed(batch)

        store = runtime.store
        committed = store.commit
        monkeypatch.setattr(store, "commit", commit)
        await runtime.publish(Publication(UserLoggedOut(place="panel")))
        await late[0]
        assert state(runtime) is REQUIRED
        assert runtime.store.grant(KIM) is None
        assert [type(asked.effect) for asked in units[-1].played.asked] == [RevokeBrought]


async def test_the_outcome_of_a_deed_that_goes_on_is_said(tmp_path: Path) -> None:
    async with kim_signs_in(tmp_path) as (runtime, _):
        await runtime.publish(succeeded(), lane=LANE)
        assert state(runtime) is Status.ACQUIRED


@pytest.mark.manual("S28")
async def test_s28_who_left_in_the_same_moment_is_not_signed_in_although_the_commit_was_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of somebody else's that the store does not take makes it commit the group one by one."""
    async with kim_signs_in(tmp_path) as (runtime, units):
        committed = runtime.store.commit

        async def commit(batch: Batch) -> None:
            if any(line.name == "JobSubmitted" for line in batch.lines):
                raise StoreFailed("a row that the store does not take", full=False)
            await committed(batch)

        monkeypatch.setattr(runtime.store, "commit", commit)
        bad = JobSubmitted(job=1, identity=KIM, function=Function.SCAN_TO_EMAIL)
        left = Publication(UserLoggedOut(place="panel"))
        found = await asyncio.gather(
            runtime.publish(left),
            runtime.publish(succeeded(), lane=LANE),
            runtime.publish(Publication(bad)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in found] == [int, int, StoreFailed]
        assert state(runtime) is REQUIRED
        assert runtime.store.grant(KIM) is None
        assert [type(asked.effect) for asked in units[-1].played.asked] == [RevokeBrought]


@pytest.mark.manual("S28")
async def test_a_deed_goes_on_when_the_commit_that_would_have_stopped_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kim_signs_in(tmp_path) as (runtime, _):
        committed = runtime.store.commit

        async def commit(batch: Batch) -> None:
            if any(line.name == "UserLoggedOut" for line in batch.lines):
                raise StoreFailed("a row that the store does not take", full=False)
            await committed(batch)

        monkeypatch.setattr(runtime.store, "commit", commit)
        left = Publication(UserLoggedOut(place="panel"))
        found = await asyncio.gather(
            runtime.publish(left), runtime.publish(succeeded(), lane=LANE), return_exceptions=True
        )
        assert [type(outcome) for outcome in found] == [StoreFailed, int]
        assert state(runtime) is Status.ACQUIRED
