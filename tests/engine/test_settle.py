"""When `settle` returns: nothing is left to do but wait for the clock, a person or a lost store.

Rule: every `settle` here stands under a time limit, for the fault to be found is one that never returns.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.journal import WaitsForItself
from franking.engine.records import Batch, StoreFailed
from franking.engine.runtime import EngineFailed
from franking.events.device import UserLoggedIn, UserLoggedOut
from franking.tests.engine.device import LEE, Office, office, refresh_token, signed_in, states

PATIENCE_S = 20.0


async def settled(engine: Engine) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await engine.settle()


async def test_an_engine_with_nothing_to_do_is_settled(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await settled(engine)
        assert engine.activity.count == 0


async def test_it_returns_with_an_open_sign_in_screen(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await settled(engine)
        assert (here.visits, here.screen.closed) == (["panel"], [])


async def test_it_returns_with_several_open_screens(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        for place in ("panel", "page:1", "page:2"):
            await engine.acquire(place)
        await settled(engine)
        assert sorted(here.visits) == ["page:1", "page:2", "panel"]
        await engine.cancel_sign_in("panel")
        await settled(engine)
        assert here.screen.closed == ["panel"]


async def test_a_screen_is_busy_again_when_the_person_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is answered later, by hand; what follows is waited for."""
    async with office(tmp_path) as here, here.engine() as engine:
        shown: list[str] = []

        async def opens(place: str, address: str, closes_at: datetime) -> None:
            shown.append(address)

        monkeypatch.setattr(here.screen, "open", opens)
        await engine.acquire("page")
        await settled(engine)
        page = await here.kit.person().sign_in(shown[0], "printer@example.com", "pass-printer@example.com")
        await settled(engine)
        assert "Signed in" in page
        assert refresh_token(engine, "administrator") == "Acquired"


async def test_it_waits_for_a_message_on_its_way(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            settling = asyncio.create_task(engine.settle())
            await turns()
            assert not settling.done()
        async with asyncio.timeout(PATIENCE_S):
            await settling
        assert states(engine) == ["sent"]


async def test_it_waits_for_a_refresh_on_its_way(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        async with here.provider.hold() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            settling = asyncio.create_task(engine.settle())
            await turns()
            assert not settling.done()
        async with asyncio.timeout(PATIENCE_S):
            await settling
        assert states(engine) == ["sent"]


async def turns() -> None:
    """Enough for whatever could go on by itself."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_it_returns_while_the_provider_is_away(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        async with here.provider.outage():
            await here.scan(engine)
            await settled(engine)
            assert states(engine) == ["waiting"]


async def test_it_waits_until_subscribers_have_seen_all(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        seen: list[str] = []

        async def slow(event: UserLoggedIn | UserLoggedOut) -> None:
            await turns()
            seen.append(type(event).__name__)

        engine.on(UserLoggedIn, slow)
        engine.on(UserLoggedOut, slow)
        await engine.log_in("panel", "kim")
        await engine.log_out("panel")
        await settled(engine)
        assert sorted(seen) == ["UserLoggedIn", "UserLoggedOut"]


async def test_what_a_subscriber_starts_is_waited_for_too(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):

        async def scans(event: UserLoggedOut) -> None:
            await here.scan(engine)

        engine.on(UserLoggedOut, scans)
        await engine.log_out("panel")
        await settled(engine)
        assert states(engine) == ["sent"]


async def test_a_handler_that_waits_for_it_is_told_so_instead_of_waiting_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        refused: list[BaseException | None] = []
        after: list[asyncio.Task[None]] = []

        async def waits(event: UserLoggedIn) -> None:
            found = await asyncio.gather(engine.settle(), return_exceptions=True)
            refused.extend(found)
            after.append(asyncio.create_task(later()))
            await engine.settle()

        async def later() -> None:
            await ended.wait()
            await engine.settle()

        ended = asyncio.Event()
        engine.on(UserLoggedIn, waits)
        await engine.log_in("panel", "kim")
        await settled(engine)
        assert [type(each) for each in refused] == [WaitsForItself]
        assert "a handler of UserLoggedIn failed: WaitsForItself" in caplog.text
        ended.set()
        async with asyncio.timeout(10):
            await after[0]  # the handler has returned: what it started may wait


async def test_many_may_settle_at_once(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.scan(engine)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(engine.settle() for _ in range(20)))
        assert states(engine) == ["sent"]


async def test_a_settle_that_is_cancelled_leaves_the_engine_as_it_was(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            settling = asyncio.create_task(engine.settle())
            await turns()
            settling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await settling
        await settled(engine)
        assert states(engine) == ["sent"]
        assert engine.activity.count == 0


async def test_it_returns_while_the_store_is_lost(tmp_path: Path) -> None:
    """An outcome waits for the store; what happened is told when the store is back."""
    async with signed_in(tmp_path) as (here, engine):
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)

            async def fails(batch: Batch) -> None:
                raise StoreFailed("disk I/O error", full=True)

            lost = pytest.MonkeyPatch()
            lost.setattr(engine.store, "commit", fails)
        await settled(engine)
        assert states(engine) == ["delivering"]
        lost.undo()
        await here.passes(engine, seconds=5)
        assert states(engine) == ["sent"]
        assert len(here.kit.mailbox.messages) == 1


async def test_a_declined_sign_in_and_another_account_settle_too(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.acquire("page")
        await settled(engine)
        here.screen.declines, here.screen.account = False, LEE
        await engine.acquire("page")
        await settled(engine)
        assert refresh_token(engine, "administrator") == "Required"
        assert await idle(here, engine)


async def idle(here: Office, engine: Engine) -> bool:
    await turns()
    return engine.activity.count == 0 and here.screen.closed == ["page", "page"]


async def test_it_says_that_a_part_failed_instead_of_waiting_for_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        engine.dispatcher.wake()  # under way, and then it is no more
        engine.runtime.fail("dispatcher")
        with pytest.raises(EngineFailed):
            await settled(engine)
