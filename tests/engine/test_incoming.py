"""A message that comes into the spool and does not become a job leaves nothing there (B13, S33)."""

import asyncio
import threading
from pathlib import Path

import pytest

from franking.engine.incoming import Incoming, Written
from franking.engine.pieces import PIECE_OCTETS
from franking.engine.records import StoreFailed
from franking.engine.spool import SMALL_OCTETS

from .device import office

pytestmark = pytest.mark.manual("B13", "S33")
LINE = b"a line of a body\r\n"
LARGE = LINE * (SMALL_OCTETS // len(LINE) + 1)


@pytest.mark.parametrize("before", [0, 1], ids=["the first time", "later"])
@pytest.mark.parametrize("fails", [False, True], ids=["written", "failing"])
async def test_b13_who_is_cancelled_while_a_thread_writes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, fails: bool
) -> None:
    writes, goes_on, written = threading.Event(), threading.Event(), threading.Event()
    put = Incoming.put

    def slowly(coming: Incoming) -> None:
        writes.set()
        assert goes_on.wait(30)
        try:
            put(coming)
            if fails:
                raise StoreFailed("disk I/O error", full=True)
        finally:
            written.set()

    async with office(tmp_path) as here, here.engine() as engine:

        async def brings() -> None:
            async with engine.incoming() as coming:
                for number in range(before + 1):
                    if number == before:
                        monkeypatch.setattr(Incoming, "put", slowly)
                    await coming.write(LARGE + LINE * (PIECE_OCTETS // len(LINE)))

        task = asyncio.ensure_future(brings())
        assert await asyncio.to_thread(writes.wait, 30)
        assert task.cancel()
        await asyncio.sleep(0)
        goes_on.set()
        assert await asyncio.to_thread(written.wait, 30)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (engine.spool.numbers(), engine.scans.room.promised) == ([], 0)


async def test_b13_a_file_that_cannot_be_made_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*given: object) -> int:
        raise OSError(28, "No space left on device")

    async with office(tmp_path) as here, here.engine() as engine:
        with monkeypatch.context() as patch:
            patch.setattr("os.open", none_left)
            with pytest.raises(OSError, match="No space"):
                Written(engine.spool.path(7, 0), None)
        assert engine.spool.numbers() == []
