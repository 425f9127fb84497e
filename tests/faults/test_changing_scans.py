"""A scan that is empty, or that somebody still writes or takes away while it is taken, becomes no job."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from franking.engine import spool
from franking.engine.engine import Engine
from franking.engine.spool import ScanUnreadable
from franking.events.request import FromApplication, InternetFax, Request, ScanToEmail, Separation

from ..engine.device import LEE, PAGES, Office, office, states

Meanwhile = Callable[[Path], object]
TO = (LEE,)


def scan(path: Path) -> Request:
    return ScanToEmail(user="kim", to=TO, files=(path,))


def page_per_file(path: Path) -> Request:
    return ScanToEmail(user="kim", to=TO, files=(path,), separation=Separation.PAGE_PER_FILE)


def fax(path: Path) -> Request:
    return InternetFax(user="kim", to=TO, files=(path,))


def from_an_application(path: Path) -> Request:
    return FromApplication(user="kim", to=TO, application="Archive", files=(path,))


async def refused(here: Office, engine: Engine, request: Request) -> ScanUnreadable:
    """And nothing is left of it."""
    with pytest.raises(ScanUnreadable) as raised:
        await engine.submit(request)
    assert list((here.store / "spool").iterdir()) == []
    assert states(engine) == []
    return raised.value


@pytest.mark.manual("S33")
@pytest.mark.parametrize("request_of", [scan, page_per_file, fax, from_an_application])
async def test_s33_an_empty_scan_is_refused_in_words(
    tmp_path: Path, request_of: Callable[[Path], Request]
) -> None:
    path = tmp_path / "scan.pdf"
    path.touch()
    async with office(tmp_path) as here, here.engine() as engine:
        error = await refused(here, engine, request_of(path))
        assert str(error) == f"{path}: the scan is empty. Scan it again, and submit it when it is complete"


def grows(path: Path) -> None:
    with path.open("ab") as file:
        file.write(PAGES)


def shrinks(path: Path) -> None:
    path.write_bytes(PAGES[:10])


def is_written_anew(path: Path) -> None:
    """With as many octets."""
    path.write_bytes(PAGES[::-1])


CHANGES = (grows, shrinks, is_written_anew)


def while_it_is_taken(monkeypatch: pytest.MonkeyPatch, path: Path, meanwhile: Meanwhile) -> None:
    """Happens behind the first octets that the spool read of this file."""
    read = spool.piece
    happened: list[object] = []

    def piece(source: spool.Readable, of: Path, octets: int) -> bytes:
        found = read(source, of, octets)
        if of == path and not happened:
            happened.append(meanwhile(path))
        return found

    monkeypatch.setattr(spool, "piece", piece)


@pytest.mark.manual("S33")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
async def test_s33_a_scan_that_changes_while_it_is_taken_is_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Meanwhile
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(PAGES)
    while_it_is_taken(monkeypatch, path, change)
    async with office(tmp_path) as here, here.engine() as engine:
        error = await refused(here, engine, scan(path))
        assert error.why == "the scan changed while it was taken"
        assert error.remedy == "Submit it when it is complete"


@pytest.mark.manual("S33")
async def test_s33_a_scan_that_vanishes_before_it_is_taken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(PAGES)
    looked = spool.check

    def check(of: Path) -> os.stat_result:
        found = looked(of)
        of.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(spool, "check", check)
    async with office(tmp_path) as here, here.engine() as engine:
        error = await refused(here, engine, scan(path))
        assert error.path == path
        assert "No such file or directory" in error.why


@pytest.mark.manual("S33")
async def test_s33_a_scan_whose_name_vanishes_while_it_is_taken_is_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(PAGES)
    while_it_is_taken(monkeypatch, path, Path.unlink)
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await engine.submit(scan(path))
        assert here.kept(engine, receipt.job) == [PAGES]
        assert not path.exists()


async def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        error = await refused(here, engine, scan(Path("a\0b.pdf")))
        assert "the scan cannot be read" in error.why
