"""A disk without room, one that is full and one that fails: a refusal, and no half of a job or a document."""

import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.records import StoreFailed
from franking.engine.room import NoRoom
from franking.engine.words import words
from franking.events.information import Actor
from franking.events.request import FromUserBox, Given
from franking.events.settings import Language

from .box import in_box
from .device import OFFICE, PAGES, office, states
from .test_spool import on_disk, scan, to_office

# Room

Ask = Callable[[Engine, Path], Awaitable[object]]


async def submitted(engine: Engine, path: Path) -> None:
    await engine.submit(to_office(path))


async def kept_in_box(engine: Engine, path: Path) -> None:
    await engine.keep_documents("kim", [path])


@pytest.mark.manual("S33", "B9")
@pytest.mark.parametrize("ask", [submitted, kept_in_box], ids=["spool", "boxes"])
@pytest.mark.parametrize("limit", ["quota", "free"])
async def test_s33_what_finds_no_room_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, limit: str
) -> None:
    room = {"quota": 1_000_000} if limit == "quota" else {"free": 10**12}
    async with office(tmp_path, spool=room) as here, here.engine() as engine:
        path = scan(tmp_path, bytes(1_000_001))
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", None)
            with pytest.raises(NoRoom) as refused:
                await ask(engine, path)
        assert (refused.value.meaning, refused.value.actor) == (f"room.{limit}", Actor.ADMIN)
        assert f"`[spool] {limit}`" in str(refused.value)
        assert f"`[spool] {limit}`" in refused.value.told(words(Language.GERMAN))
        assert refused.value.told(words(Language.GERMAN)) != str(refused.value)
        assert (states(engine), on_disk(here), engine.documents("kim")) == ([], [], ())


async def test_room_comes_back_when_jobs_end_and_documents_are_deleted(tmp_path: Path) -> None:
    async with office(tmp_path, spool={"quota": 1_000_000}) as here:
        async with here.engine() as engine:
            path = scan(tmp_path, bytes(500_000), "large.pdf")
            await engine.submit(to_office(path))
            await engine.keep_documents("kim", [path])
            with pytest.raises(NoRoom):
                await here.scan(engine)
            await engine.cancel(1)
            await here.scan(engine)
            assert engine.store.spooled() == 500_000 + len(PAGES)
        async with here.engine() as engine:
            with pytest.raises(NoRoom):
                await engine.submit(to_office(path))
            await engine.delete_documents("kim")
            await engine.submit(to_office(path))


# Disks that fail

Failing = Callable[[pytest.MonkeyPatch, OSError], None]


def write(patch: pytest.MonkeyPatch, error: OSError) -> None:
    def write_all(*what: object) -> None:
        raise error

    patch.setattr("franking.engine.spool.write_all", write_all)


def nth(patch: pytest.MonkeyPatch, of: object, name: str, count: int, error: OSError) -> None:
    """The call with this number (from 1) fails."""
    really, calls = getattr(of, name), []

    def call(*what: object, **more: object) -> object:
        calls.append(what)
        if len(calls) == count:
            raise error
        return really(*what, **more)

    patch.setattr(of, name, call)


MOMENTS: dict[str, Failing] = {
    "making the folder": lambda patch, error: nth(patch, Path, "mkdir", 1, error),
    "writing the file": write,
    "syncing the file": lambda patch, error: nth(patch, os, "fsync", 1, error),
    "syncing its folder": lambda patch, error: nth(patch, os, "fsync", 2, error),
    "syncing the spool": lambda patch, error: nth(patch, os, "fsync", 3, error),
}


@pytest.mark.manual("S33")
@pytest.mark.parametrize("code", [28, 5], ids=["full", "broken"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_s33_a_disk_that_fails_refuses_the_job_and_keeps_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, code: int
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        (here.store / "key").write_bytes(bytes(32))
        path = scan(tmp_path)
        with monkeypatch.context() as patch:
            MOMENTS[moment](patch, OSError(code, os.strerror(code)))
            with pytest.raises(StoreFailed, match=os.strerror(code)) as failed:
                await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert failed.value.full is (code == errno.ENOSPC)
        assert (states(engine), on_disk(here), engine.store.spooled()) == ([], [], 0)
        assert path.read_bytes() == PAGES
        await here.scan(engine)
        assert states(engine) == ["waiting"]


BOX_MOMENTS: dict[str, Failing] = {
    "writing the file": write,
    "syncing the file": lambda patch, error: nth(patch, os, "fsync", 1, error),
    "syncing the boxes": lambda patch, error: nth(patch, os, "fsync", 2, error),
}


@pytest.mark.manual("S20")
@pytest.mark.parametrize("code", [28, 5], ids=["full", "broken"])
@pytest.mark.parametrize("moment", BOX_MOMENTS)
async def test_s20_a_disk_that_fails_keeps_no_half_of_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, code: int
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        (here.store / "key").write_bytes(bytes(32))
        with monkeypatch.context() as patch:
            BOX_MOMENTS[moment](patch, OSError(code, os.strerror(code)))
            with pytest.raises(StoreFailed, match=os.strerror(code)) as failed:
                await engine.keep_documents("kim", [scan(tmp_path)])
        assert failed.value.full is (code == errno.ENOSPC)
        assert (engine.documents("kim"), list((here.store / "boxes").iterdir())) == ((), [])


@pytest.mark.manual("S20")
@pytest.mark.parametrize("count", [1, 2])
async def test_s20_a_document_that_cannot_be_linked_becomes_no_half_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", [scan(tmp_path), scan(tmp_path, name="b.pdf")])
        with monkeypatch.context() as patch:
            nth(patch, os, "link", count, OSError(28, os.strerror(28)))
            with pytest.raises(StoreFailed):
                await engine.submit(FromUserBox(user="kim", to=(OFFICE,), documents=(1, 2)))
        assert (states(engine), on_disk(here), in_box(engine, 1)) == ([], [], PAGES)
