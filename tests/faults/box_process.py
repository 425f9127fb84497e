"""A device in a process of its own that keeps a Scan to URL, deletes it, and is killed at a named moment.

    python box_process.py SETTINGS.json SCAN MOMENT

Rule: it kills itself, so that the moment is the same each time; nothing of Python ends in order.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from franking.engine.engine import Engine
from franking.engine.records import Batch
from franking.engine.settings import Settings
from franking.events.box import DocumentKept
from franking.events.request import ScanToUrl


def power_cut(*arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before_the_commit(engine: Engine) -> None:
    """Files are in the spool and in the box, and neither job nor document is committed."""
    commit = engine.store.commit

    async def cut(batch: Batch) -> None:
        if any(line.name == DocumentKept.__name__ for line in batch.lines):
            power_cut()
        await commit(batch)

    engine.store.commit = cut  # type: ignore[method-assign]


def after_the_commit(engine: Engine) -> None:
    """Job and document are committed, and the scan lies in the spool as well."""
    engine.spool.erase = power_cut  # type: ignore[method-assign, assignment]


def before_the_erasure(engine: Engine) -> None:
    """The document is gone from the store, and its file is not."""
    engine.boxes.erase = power_cut  # type: ignore[method-assign, assignment]


MOMENTS: dict[str, Callable[[Engine], None]] = {
    "before the commit": before_the_commit,
    "after the commit": after_the_commit,
    "before the erasure": before_the_erasure,
}


async def run(settings: Settings, scan: Path, moment: str) -> None:
    async with Engine.open(settings) as engine:
        MOMENTS[moment](engine)
        await engine.submit(ScanToUrl(user="kim", to=("office@example.com",), files=(scan,)))
        await engine.delete_document("kim", 1)
        await engine.settle()


if __name__ == "__main__":
    given = Settings.model_validate_json(Path(sys.argv[1]).read_text())
    asyncio.run(run(given, Path(sys.argv[2]), sys.argv[3]))
