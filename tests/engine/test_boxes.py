"""User boxes: what is kept is durable, is its person's alone, and leaves the disk when it ends (S20, S22)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.boxes import Boxes, UnknownDocument
from franking.engine.records import StoreFailed
from franking.engine.spool import ScanUnreadable
from franking.events.request import FromUserBox
from franking.tests.engine.box import BOX, boxed, in_box, numbers, to_url, written
from franking.tests.engine.device import OFFICE, PAGES, office, signed_in, states
from franking.tests.engine.stored import facts

# Into a box, out of it


@pytest.mark.manual("S20")
async def test_s20_a_person_keeps_looks_at_and_deletes_documents(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        kept = await engine.keep_documents("kim", written(here, "a.pdf", "b.tif"))
        assert engine.documents("kim") == kept
        assert [(each.number, each.name) for each in kept] == [(1, "a.pdf"), (2, "b.tif")]
        assert {(each.size, each.expires_at, each.downloads) for each in kept} == {(len(PAGES) + 5, None, 0)}
        assert kept[0].kept_at == here.clock.now()
        await engine.delete_document("kim", 1)
        await engine.settle()
        assert (numbers(engine.documents("kim")), boxed(here)) == ([2], ["2"])
        assert engine.store.document(1) is None, "its name is gone, too"


@pytest.mark.manual("S20")
async def test_s20_what_a_person_keeps_survives_power_cycles_and_years(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            kept = await engine.keep_documents("kim", written(here, "a.pdf"))
        async with here.engine() as engine:
            await here.passes(engine, days=800)
            assert engine.documents("kim") == kept
            assert in_box(engine, 1) == PAGES + b"a.pdf"


@pytest.mark.manual("S20", "S33a")
async def test_s33a_a_box_is_its_persons_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", written(here, "a.pdf"))
        assert engine.documents("lee") == ()
        with pytest.raises(UnknownDocument, match="there is no document 1 in lee's box"):
            await engine.delete_document("lee", 1)
        assert numbers(engine.documents("kim")) == [1]


@pytest.mark.manual("S20")
async def test_s20_a_box_is_emptied(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("lee", written(here, "l.pdf"))
        await engine.keep_documents("kim", written(here, *(f"{number}.pdf" for number in range(70))))
        assert await engine.delete_documents("kim") == 70
        await engine.settle()
        assert (engine.documents("kim"), numbers(engine.documents("lee")), boxed(here)) == ((), [1], ["1"])
        assert await engine.delete_documents("nobody") == 0


async def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.keep_documents("kim", written(here, "a.pdf"))
            await engine.delete_document("kim", 1)
        async with here.engine() as engine:
            assert numbers(await engine.keep_documents("kim", written(here, "b.pdf"))) == [2]


@pytest.mark.parametrize("bad", ["missing.pdf", "folder"])
async def test_a_file_that_cannot_be_read_keeps_none_of_them(tmp_path: Path, bad: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        (here.folder / "folder").mkdir()
        with pytest.raises(ScanUnreadable, match=bad):
            await engine.keep_documents("kim", (*written(here, "a.pdf"), here.folder / bad))
        assert (engine.documents("kim"), boxed(here)) == ((), [])


async def test_a_name_that_is_not_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(ScanUnreadable, match="its name is not in UTF-8; rename the file"):
            await engine.keep_documents("kim", written(here, "caf\udce9.pdf"))
        assert (engine.documents("kim"), boxed(here)) == ((), [])


async def test_a_commit_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:

        async def refuses(batch: object) -> None:
            raise StoreFailed("no space", full=True)

        with monkeypatch.context() as patch:
            patch.setattr(engine.store, "commit", refuses)
            with pytest.raises(StoreFailed):
                await engine.keep_documents("kim", written(here, "a.pdf"))
            with pytest.raises(StoreFailed):
                await to_url(here, engine)
        assert (boxed(here), here.spooled(), engine.documents("kim")) == ([], [], ())


# E-mail sending from a User Box


@pytest.mark.manual("S20", "S22")
async def test_s20_documents_go_by_mail_and_stay_in_the_box(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await engine.keep_documents("kim", written(here, "a.pdf", "b.pdf", "grün.pdf"))
        await engine.submit(FromUserBox(user="kim", to=(OFFICE,), documents=(3, 1)))
        await engine.settle()
        arrived = here.kit.mailbox.messages[-1].attachments()
        assert arrived == [("grün.pdf", PAGES + "grün.pdf".encode()), ("a.pdf", PAGES + b"a.pdf")]
        assert (states(engine), here.spooled()) == (["sent"], [])
        assert numbers(engine.documents("kim")) == [1, 2, 3]
        assert in_box(engine, 1) == PAGES + b"a.pdf"


@pytest.mark.manual("S20")
async def test_s20_a_job_keeps_its_copies_when_the_box_is_emptied_meanwhile(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", written(here, "a.pdf"))
        await engine.submit(FromUserBox(user="kim", to=(OFFICE,), documents=(1,)))
        await engine.delete_documents("kim")
        await engine.settle()
        assert (boxed(here), here.spooled()) == ([], ["1/0"])
        await here.sign_in(engine)
        assert here.kit.mailbox.messages[-1].attachments() == [("a.pdf", PAGES + b"a.pdf")]


@pytest.mark.manual("S20", "S33a")
@pytest.mark.parametrize("number", [1, 7, 10**30, -1])
async def test_s20_a_document_that_is_not_ones_own_is_refused(tmp_path: Path, number: int) -> None:
    """There is a document 1, and it is kim's: lee is told the same as of one that never was."""
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", written(here, "a.pdf"))
        request = FromUserBox(user="lee", to=(OFFICE,), documents=(number,))
        with pytest.raises(UnknownDocument, match=f"there is no document {number} in lee's box"):
            await engine.submit(request)
        assert (states(engine), here.spooled()) == ([], [])


async def test_a_document_whose_file_somebody_took_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", written(here, "a.pdf", "b.pdf"))
        (here.store / "boxes" / "2").unlink()
        with pytest.raises(UnknownDocument, match="there is no document 2 in kim's box"):
            await engine.submit(FromUserBox(user="kim", to=(OFFICE,), documents=(1, 2)))
        assert (states(engine), here.spooled()) == ([], [])
        assert "document 2 of a user box has no file" in caplog.text


# Power cuts


@pytest.mark.manual("S22", "S33")
async def test_s22_a_power_cut_before_the_commit_leaves_a_file_that_the_start_sweeps(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            kept = await engine.keep_documents("kim", written(here, "a.pdf"))
        orphan, foreign = here.store / "boxes" / "9", here.store / "boxes" / "README"
        orphan.write_bytes(PAGES)
        foreign.write_bytes(b"not ours")
        async with here.engine() as engine:
            assert engine.documents("kim") == kept
            assert boxed(here) == ["1", "README"], "only what the boxes wrote themselves is removed"


@pytest.mark.manual("S22")
async def test_s22_a_power_cut_before_the_erasure_is_mended_by_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, box=BOX) as here:
        with monkeypatch.context() as patch:
            patch.setattr(Boxes, "erase", lambda self, documents: None)
            async with here.engine() as engine:
                await to_url(here, engine)
                await here.passes(engine, days=8)
                assert engine.documents("kim") == ()
        assert boxed(here) == ["1"]
        async with here.engine():
            assert boxed(here) == []


@pytest.mark.manual("S22")
async def test_s22_what_ends_while_the_power_is_off_is_erased_at_the_start(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await to_url(here, engine)
            await engine.settle()
        here.clock.move(timedelta(days=8))  # type: ignore[attr-defined]
        async with here.engine() as engine:
            assert (engine.documents("kim"), boxed(here)) == ((), [])


async def test_a_file_that_cannot_be_removed_is_named_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.keep_documents("kim", written(here, "a.pdf"))
            with monkeypatch.context() as patch:
                patch.setattr(Path, "unlink", refused)
                await engine.delete_document("kim", 1)
                await engine.settle()
            assert "document 1 cannot be erased (Input/output error)" in caplog.text
            assert boxed(here) == ["1"]
        async with here.engine():
            assert boxed(here) == []


def refused(path: Path, missing_ok: bool = False) -> None:
    raise OSError(5, "Input/output error")


async def test_a_caller_who_goes_away_leaves_the_box_whole(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        keeping = asyncio.ensure_future(engine.keep_documents("kim", written(here, "a.pdf")))
        await asyncio.sleep(0)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
        await asyncio.gather(*engine.under_way)
        assert (numbers(engine.documents("kim")), boxed(here)) == ([1], ["1"])
        assert facts(engine.store).count("DocumentKept") == 1  # type: ignore[arg-type]
