"""What lies in the drop folder under whatever name, and goes at whatever moment (B13)."""

import logging
import os
import stat
from pathlib import Path

import pytest

from franking.engine.control.dropped import REFUSED, Drop, made
from franking.tests.engine.device import warnings

from .test_drop import dropping, lies, put, refused, sending

pytestmark = pytest.mark.manual("B13")


NAMES = {
    "long": "x" * 255,
    "long in octets": "ü" * 120,
    "no UTF-8": os.fsdecode(b"\xff\xfe"),
    "two lines": "a\n2026 ERROR b",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_b13_whatever_it_is_called_it_is_put_aside_and_told(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        path = put(drop.folder)
        number = path.stat().st_ino
        path.rename(drop.folder / name)
        await drop.look()
        assert lies(drop) == []
        ((kept, text),) = refused(drop).items()
        assert (kept, len(text.splitlines())) == (str(number), 2)
        assert repr(name) in text
        assert "another name" in engine.information()[0].cause
    told = [each.getMessage() for each in caplog.records if "dropped message" in each.getMessage()]
    assert [repr(name) in each for each in told] == [True]
    assert "\n" not in told[0]


async def test_b13_what_is_taken_away_meanwhile_keeps_no_other_one_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        gone, good = put(drop.folder), put(drop.folder)
        waits = Drop.waits

        def taken_away(drop: Drop, entry: os.DirEntry[str]) -> object:
            gone.unlink(missing_ok=True)
            return waits(drop, entry)

        monkeypatch.setattr(Drop, "waits", taken_away)
        await drop.look()
        assert (len(sending(engine)), good.exists(), warnings(engine)) == (1, False, [])


def test_b13_where_the_refused_ones_lie_is_made_before_anybody_can_make_it_his(tmp_path: Path) -> None:
    made(tmp_path / "drop", None)
    about = (tmp_path / "drop" / REFUSED).lstat()
    assert (stat.S_ISDIR(about.st_mode), stat.S_IMODE(about.st_mode)) == (True, 0o700)
    made(tmp_path / "drop", None)


async def test_b13_what_cannot_be_moved_is_forgotten_when_somebody_removed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with dropping(tmp_path) as (_, _, drop):
        (drop.folder / "theirs").mkdir()

        def refuses(*given: object) -> None:
            raise PermissionError

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", refuses)
            with caplog.at_level(logging.ERROR, "franking"):
                await drop.look()
        assert "'theirs' in the drop folder can neither be taken nor moved away" in caplog.text
        assert len(drop.left) == 1
        (drop.folder / "theirs").rmdir()
        await drop.look()
        assert drop.left == set()
