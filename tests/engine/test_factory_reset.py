"""`factory_reset`: nothing that people and the device have left is there any more, also after a power cut
(B14).
"""

import asyncio
import shutil
from pathlib import Path

import pytest

from franking.engine import leaving
from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.engine.runtime import EngineStopped
from franking.engine.settings import SettingsError
from franking.engine.store import keys
from franking.engine.store.erasure import factory_reset, finish_reset, mark
from franking.engine.store.lock import StoreInUse

from .box import BOX, written
from .device import Office, office, refresh_token, states


async def used(here: Office, engine: Engine) -> None:
    await here.acquire(engine)
    await here.sign_in(engine)
    held = await here.scan(engine)
    await engine.hold(held.job)
    await engine.keep_documents("kim", written(here, "letter.pdf"))
    await engine.settle()


def left(folder: Path) -> list[str]:
    """But what is not this program's: the lock that it holds while it is open, and the administrator's."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("lock", "credentials"))


@pytest.mark.manual("B14", "S27")
async def test_b14_a_reset_revokes_and_leaves_nothing(tmp_path: Path) -> None:
    async with office(tmp_path, "Google", box=BOX) as here:
        async with here.engine() as engine:
            await used(here, engine)
            key = (here.store / "key").read_bytes()
            assert await engine.factory_reset() == (2, 2)
            with pytest.raises(EngineStopped):
                await here.notice(engine)
        assert left(here.store) == []
        assert [seen.outcome for seen in here.provider.requests if seen.kind == "revoke"] == ["ok", "ok"]
        async with here.engine() as engine:
            assert (refresh_token(engine, "administrator"), states(engine)) == ("Required", [])
            await here.acquire(engine)
            assert (here.store / "key").read_bytes() != key


@pytest.mark.manual("B14")
async def test_b14_a_reset_does_not_wait_for_a_provider_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "REVOKING_S", 0.05)
    async with office(tmp_path, "Google", clock=SystemClock()) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            provider = engine.adapters.provider("administrator")
            answers = asyncio.Event()

            async def away(grant: object) -> bool:
                return not await answers.wait()

            monkeypatch.setattr(provider, "revoke", away)
            assert await engine.factory_reset() == (1, 0)
            answers.set()
        assert left(here.store) == []


@pytest.mark.manual("B14")
@pytest.mark.parametrize("steps", range(1, 12))
async def test_b14_a_power_cut_at_any_step_is_finished_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    class PowerCut(BaseException): ...

    async with office(tmp_path, box=BOX) as here:
        async with here.engine() as engine:
            await used(here, engine)
        mark(here.store)
        done = 0

        def counted(name: str, act: object) -> None:
            assert callable(act)

            def one(*arguments: object, **named: object) -> object:
                nonlocal done
                done += 1
                if done == steps:
                    raise PowerCut
                return act(*arguments, **named)

            cut.setattr(name, one)

        with monkeypatch.context() as cut:
            counted("franking.engine.store.erasure.erase", keys.erase)
            counted("franking.engine.store.erasure.shutil.rmtree", shutil.rmtree)
            counted("franking.engine.store.erasure.sync", keys.sync)
            counted("pathlib.Path.unlink", Path.unlink)
            with pytest.raises(PowerCut):
                finish_reset(here.store)
        assert (here.store / "reset").exists(), "the mark is the last that goes"
        async with here.engine() as engine:
            assert (refresh_token(engine, "administrator"), states(engine)) == ("Required", [])
            assert not (here.store / "reset").exists()
            assert engine.store.last_sequence() <= 2
            assert here.spooled() == []


@pytest.mark.manual("B14")
async def test_b14_a_reset_is_finished_whatever_else_is_wrong(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await used(here, engine)
        mark(here.store)
        here.settings = here.settings.changed(oauth={"client_credential": "credential:missing"})
        with pytest.raises(SettingsError):
            await here.engine().__aenter__()
        assert left(here.store) == []


@pytest.mark.manual("B14")
async def test_b14_a_store_that_nobody_can_open_is_erased_all_the_same(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await used(here, engine)
            with pytest.raises(StoreInUse):
                factory_reset(here.store)
        (here.store / "store.db").write_bytes(b"no database" * 100)
        (here.store / "key").write_bytes(b"no key")
        factory_reset(here.store)
        assert left(here.store) == []
        factory_reset(tmp_path / "nowhere")
        assert not (tmp_path / "nowhere").exists()
        async with here.engine() as engine:
            await here.acquire(engine)


@pytest.mark.manual("B14")
async def test_b14_what_the_administrator_put_there_stays(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await engine.factory_reset()
        assert (here.store / "credentials" / "client").exists()
        async with here.engine() as engine:
            await here.acquire(engine)
