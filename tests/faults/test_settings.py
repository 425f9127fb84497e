"""A change of settings that the store refuses takes back its own change, and nobody else's."""

import asyncio
from pathlib import Path

import pytest

from franking.engine.records import StoreFailed

from ..engine.device import office
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
