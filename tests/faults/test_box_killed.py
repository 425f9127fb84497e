"""A device that is killed while it keeps or erases a document: all of it, or nothing, after the next start
(S22, S33).
"""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.tests.engine.box import BOX, boxed, numbers
from franking.tests.engine.device import PAGES, office, states
from franking.tests.engine.stored import assert_equals_replay

SCRIPT = Path(__file__).with_name("box_process.py")
AFTER: dict[str, tuple[list[int], list[str], list[str]]] = {
    "before the commit": ([], [], []),
    "after the commit": ([1], ["waiting"], ["1"]),
    "before the erasure": ([], ["waiting"], []),
}
"Documents, jobs, and files in the box after the next start; the spool is empty each time."


@pytest.mark.manual("S22", "S33")
@pytest.mark.parametrize("moment", AFTER)
async def test_s22_a_kill_leaves_all_of_it_or_nothing(tmp_path: Path, moment: str) -> None:
    async with office(tmp_path, box=BOX) as here:
        config, scan = tmp_path / "settings.json", tmp_path / "scan.pdf"
        config.write_text(here.settings.model_dump_json())
        scan.write_bytes(PAGES)
        process = await asyncio.create_subprocess_exec(sys.executable, SCRIPT, config, scan, moment)
        assert await process.wait() == -signal.SIGKILL
        left = len(boxed(here)) + len(here.spooled())
        assert left == (1 if moment == "before the erasure" else 2)
        async with Engine.open(here.settings, clock=here.clock) as engine:
            await engine.settle()
            found = numbers(engine.documents("kim")), states(engine), boxed(here)
            assert (found, here.spooled()) == (AFTER[moment], [])
            assert_equals_replay(engine.store)  # type: ignore[arg-type]
