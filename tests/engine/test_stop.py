"""How an engine stops: it waits for nobody who would have to come first, and nothing begins any more.

Rule: a stop that hangs fails here by its own limit, not by that of the whole run.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from franking.engine.bus import Lane, Publication
from franking.engine.engine import Engine
from franking.engine.runtime import EngineStopped
from franking.engine.secret import Secret
from franking.engine.store.sqlite import SqliteStore
from franking.events.sign_in import SignInWanted
from franking.machines.sign_in import OPEN, SIGN_IN
from franking.tests.engine.device import office, signed_in
from franking.tests.engine.stored import facts


@pytest.mark.manual("S33c")
async def test_s33c_whoever_comes_while_the_engine_stops_is_refused_and_not_waited_for(
    tmp_path: Path,
) -> None:
    """A message after its body may end; a person who asks for the sign-in screen meanwhile gets none."""
    async with asyncio.timeout(30), signed_in(tmp_path) as (here, engine):
        here.screen.stays_away = True
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            stopping = await begins_to_stop(engine)
            with pytest.raises(EngineStopped):
                await engine.acquire("page")
            with pytest.raises(EngineStopped):
                await here.scan(engine)
            assert here.spooled() == ["1/0"]
        await stopping
        assert here.visits == ["panel"]
        assert len(here.kit.mailbox.messages) == 1


async def begins_to_stop(engine: Engine) -> "asyncio.Task[None]":
    """Returns when it waits for the deeds; the block of `Engine.open` has nothing left to stop."""
    begun, end_deeds, stop = asyncio.Event(), engine.deeds.stop, engine.stop

    async def watched(unstoppable: Callable[[Lane], bool], patience_s: float) -> None:
        begun.set()
        await end_deeds(unstoppable, patience_s)

    engine.deeds.stop = watched  # type: ignore[method-assign]
    engine.stop = nothing  # type: ignore[method-assign]
    stopping = asyncio.create_task(stop())
    await begun.wait()
    return stopping


async def slowly(grant: Secret) -> bool:
    """A revocation at a provider that takes its time."""
    for _ in range(200):
        await asyncio.sleep(0)
    return True


async def nothing() -> None: ...


async def test_what_was_accepted_just_before_begins_nothing_that_waits_for_a_person(tmp_path: Path) -> None:
    async with asyncio.timeout(30), office(tmp_path) as here:
        async with here.engine() as engine:
            here.screen.stays_away = True
            wanted = Publication(SignInWanted(place="page", identity="administrator"))
            asking = asyncio.create_task(engine.runtime.publish(wanted))
            await asyncio.sleep(0)
            engine.deeds.stopping = engine.runtime.stopping = True
            await asking
            assert engine.runtime.instance(SIGN_IN, "page").state is OPEN
            assert engine.deeds.lanes == {}
        assert here.visits == []
        async with here.engine() as engine:
            assert engine.runtime.instance(SIGN_IN, "page").state is not OPEN


@pytest.mark.manual("S27")
async def test_s27_a_revocation_that_is_asked_for_while_the_engine_stops_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh ends late and rotates a grant that was deleted meanwhile."""
    async with asyncio.timeout(30), signed_in(tmp_path) as (here, engine):
        await here.passes(engine, hours=2)
        monkeypatch.setattr(engine.adapters.provider("user:1"), "revoke", slowly)
        async with here.provider.hold() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            await engine.delete_token("kim")
            stopping = await begins_to_stop(engine)
        await stopping
    store = SqliteStore(here.store / "store.db")
    try:
        assert facts(store)[-3:] == ["GrantRotated", "GrantRevoked", "GrantRevoked"]
    finally:
        await store.aclose()
