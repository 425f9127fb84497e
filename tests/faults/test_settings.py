"""A change of settings that the store refuses takes back its own change, and nobody else's."""

import asyncio
from pathlib import Path

import pytest

from franking.engine.records import Batch, StoreFailed
from franking.events.device import SettingsChanged

from ..engine.device import office, said
from .test_failing_store import failing


@pytest.mark.manual("S23a")
async def test_s23a_two_changes_at_once_that_are_refused_leave_the_settings_as_they_were(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        before = engine.settings
        changes = [before.changed(panel={"auto_reset": seconds}) for seconds in (90, 300)]
        with failing(engine, "SettingsChanged"):
            found = await asyncio.gather(*map(engine.apply, changes), return_exceptions=True)
        assert [type(outcome) for outcome in found] == [StoreFailed, StoreFailed]
        assert engine.settings == before
        applied = await asyncio.gather(*map(engine.apply, changes))
        assert [each.changed for each in applied] == [("panel.auto_reset",), ("panel.auto_reset",)]
        assert engine.settings == changes[1]


@pytest.mark.manual("S23a")
async def test_s23a_a_change_whose_caller_is_cancelled_at_its_commit_takes_effect(tmp_path: Path) -> None:
    """The journal tells of it: the device must not go on with other settings than it says."""
    async with office(tmp_path) as here, here.engine() as engine:
        reached, go = asyncio.Event(), asyncio.Event()
        commit = engine.store.commit

        async def slow(batch: Batch) -> None:
            reached.set()
            await go.wait()
            await commit(batch)

        engine.store.commit = slow  # type: ignore[method-assign]
        changed = engine.settings.changed(panel={"auto_reset": 300})
        applying = asyncio.create_task(engine.apply(changed))
        await reached.wait()
        applying.cancel()
        await asyncio.gather(applying, return_exceptions=True)
        assert applying.cancelled()
        go.set()
        await engine.settle()
        assert said(engine, SettingsChanged) == 1
        assert engine.settings == changed
