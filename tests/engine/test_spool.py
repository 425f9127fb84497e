"""What the spool writes on the disk, and what it never does: sealed, and whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.records import Batch, SealFailed, StoreFailed
from franking.engine.spool import FICLONE, FILES, SMALL_OCTETS, Kept, SpooledFile
from franking.engine.store.sqlite import SqliteStore
from franking.events.request import FromUserBox, Given, ScanToEmail

from .box import in_box
from .device import OFFICE, PAGES, Office, anywhere, office, states

MARK = b"..another"
"Stands in every scan here."
SMALL = b"%PDF-1.7\r\n..another\n"


def scan(folder: Path, octets: bytes = PAGES, name: str = "scan.pdf") -> Path:
    path = folder / name
    path.write_bytes(octets)
    return path


def to_office(*files: Path) -> ScanToEmail:
    return ScanToEmail(user="kim", to=(OFFICE,), files=files)


def files_of(engine: Engine, job: int) -> tuple[SpooledFile, ...]:
    row = engine.store.job(job)
    assert row is not None
    return FILES.validate_json(row.files)


def kinds(engine: Engine, job: int = 1) -> list[Kept]:
    return [file.kept for file in files_of(engine, job)]


def keys(engine: Engine) -> set[bytes]:
    """As they lie in the store."""
    scans, documents = engine.store.scans(0, 9), engine.store.documents()
    return {*(row.sealed for row in scans), *(row.sealed for row in documents)}


def on_disk(here: Office) -> list[str]:
    """Everything that lies in the spool, folders too."""
    return sorted(str(path.relative_to(here.store / "spool")) for path in (here.store / "spool").rglob("*"))


# Sealed


@pytest.mark.manual("S33b")
@pytest.mark.parametrize("octets", [PAGES, SMALL], ids=["in a file", "in the store"])
async def test_s33b_a_scan_lies_sealed_until_its_job_ends(tmp_path: Path, octets: bytes) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await engine.submit(to_office(scan(tmp_path, octets)))
        assert anywhere(here.store, MARK) == []
        assert here.kept(engine, receipt.job) == [octets]
        await here.sign_in(engine)
        assert states(engine) == ["sent"]
        assert here.kit.mailbox.messages[0].attachments() == [("scan.pdf", octets)]
        assert anywhere(here.store, MARK) == []


@pytest.mark.manual("S33b")
async def test_s33b_nobody_else_on_the_device_reads_what_is_spooled(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with office(tmp_path) as here, here.engine() as engine:
            await here.scan(engine)
            await engine.keep_documents("kim", [scan(tmp_path)])
            modes = {
                str(path.relative_to(here.store)): path.stat().st_mode & 0o777
                for name in ("spool", "boxes")
                for path in (here.store / name, *(here.store / name).rglob("*"))
            }
    finally:
        os.umask(before)
    assert modes == {"spool": 0o700, "spool/1": 0o700, "spool/1/0": 0o600, "boxes": 0o700, "boxes/1": 0o600}


@pytest.mark.manual("S33b")
@pytest.mark.parametrize("how", ["sent", "cancelled"])
async def test_s33b_the_key_goes_in_the_commit_that_ends_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What a power cut leaves on the disk opens as nothing, and the next start takes it away."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            receipt = await here.scan(engine)
            monkeypatch.setattr(engine.spool, "erase", lambda job: None)
            if how == "cancelled":
                await engine.cancel(receipt.job)
            else:
                await here.sign_in(engine)
            assert here.spooled() == ["1/0"]
            assert (engine.store.scan(receipt.job), engine.store.spooled()) == (None, 0)
        async with here.engine():
            assert on_disk(here) == []


@pytest.mark.manual("S33b")
async def test_s33b_the_key_of_a_job_that_ended_leaves_the_log_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("franking.engine.store.sqlite.FORGET_AGAIN_S", 0.0)
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await engine.submit(to_office(scan(tmp_path, SMALL)))
        row, body = engine.store.scan(receipt.job), engine.store.body(receipt.job)
        assert row is not None
        assert anywhere(here.store, row.sealed) != []
        assert anywhere(here.store, body) != []
        await engine.cancel(receipt.job)
        assert isinstance(engine.store, SqliteStore)
        while engine.store.forgetting is None:
            await engine.settle()
        await engine.store.forgetting
        assert (anywhere(here.store, row.sealed), anywhere(here.store, body)) == ([], [])


@pytest.mark.manual("S33b", "B10")
@pytest.mark.parametrize("octets", [PAGES, SMALL], ids=["in a file", "in the store"])
async def test_s33b_without_the_key_the_job_waits_and_goes_when_it_is_back(
    tmp_path: Path, octets: bytes
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await engine.submit(to_office(scan(tmp_path, octets)))
        await engine.hold(receipt.job)
        await here.sign_in(engine)
        away = (here.store / "key").rename(tmp_path / "away")
        await engine.release(receipt.job)
        await engine.settle()
        assert (engine.job(receipt.job).state, engine.job(receipt.job).code) == ("waiting", "seal")
        away.rename(here.store / "key")
        await here.passes(engine, minutes=5)
        assert engine.job(receipt.job).state == "sent"
        assert here.kit.mailbox.messages[0].attachments() == [("scan.pdf", octets)]


@pytest.mark.manual("S33b")
async def test_s33b_a_lost_key_is_not_replaced_while_a_scan_is_sealed_with_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine)
        (here.store / "key").unlink()
        with pytest.raises(SealFailed, match="is missing"):
            await here.scan(engine)
        assert (states(engine), here.spooled()) == (["waiting"], ["1/0"])
        await engine.cancel(1)
        await engine.settle()
        await here.scan(engine)
        assert states(engine)[-1] == "waiting"


@pytest.mark.manual("S33b", "S26")
async def test_s33b_an_exchanged_key_seals_every_scan_and_document_anew(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.submit(to_office(scan(tmp_path)))
        await engine.submit(to_office(scan(tmp_path, SMALL)))
        await engine.keep_documents("kim", [scan(tmp_path)])
        before = keys(engine)
        assert await engine.rotate_key() == 3
        assert not before & keys(engine)
        assert (here.kept(engine, 1), here.kept(engine, 2), in_box(engine, 1)) == ([PAGES], [SMALL], PAGES)
        assert not (here.store / "key.next").exists()


@pytest.mark.manual("S33b", "S26")
async def test_s33b_an_exchange_that_a_power_cut_ends_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            for _ in range(3):
                await here.scan(engine)
            monkeypatch.setattr("franking.engine.resealing.AT_ONCE", 1)
            publish, said = engine.runtime.publish, []

            async def power_cut(*publications: object, **more: object) -> int:
                said.append(publications)
                if len(said) == 2:
                    raise StoreFailed("the power is cut", full=True)
                return await publish(*publications, **more)  # type: ignore[arg-type]

            with monkeypatch.context() as patch:
                patch.setattr(engine.runtime, "publish", power_cut)
                with pytest.raises(StoreFailed):
                    await engine.rotate_key()
            assert (here.store / "key.next").exists()
            assert [here.kept(engine, job) for job in (1, 2, 3)] == [[PAGES]] * 3
        async with here.engine() as engine:
            assert not (here.store / "key.next").exists()
            assert [here.kept(engine, job) for job in (1, 2, 3)] == [[PAGES]] * 3


@pytest.mark.manual("S33b", "B9")
async def test_s33b_a_scan_that_was_changed_on_the_disk_is_not_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine)
        path = here.store / "spool" / "1" / "0"
        octets = path.read_bytes()
        path.write_bytes(octets[:50] + bytes([octets[50] ^ 1]) + octets[51:])
        await here.sign_in(engine)
        assert (states(engine), here.kit.mailbox.messages) == (["ended"], [])
        assert engine.job(1).code == "file-changed"


@pytest.mark.manual("S33b")
async def test_s33b_another_jobs_scan_is_not_sent_in_its_place(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for _ in range(2):
            await here.scan(engine)
        shutil.copyfile(here.store / "spool" / "2" / "0", here.store / "spool" / "1" / "0")
        await engine.hold(2)
        await here.sign_in(engine)
        assert (engine.job(1).state, engine.job(1).code) == ("ended", "file-changed")
        assert here.kit.mailbox.messages == []


# Where it lies


async def test_small_files_lie_in_the_store_and_large_ones_in_files(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        two = (scan(tmp_path, bytes(SMALL_OCTETS - 9), "a.pdf"), scan(tmp_path, b"x" * 9, "b.pdf"))
        await engine.submit(to_office(*two))
        await engine.submit(to_office(scan(tmp_path, bytes(SMALL_OCTETS + 1), "c.pdf")))
        await here.notice(engine)
        assert [kinds(engine, job) for job in (1, 2, 3)] == [
            [Kept.SEALED_ROW, Kept.SEALED_ROW],
            [Kept.SEALED_FILE],
            [],
        ]
        assert on_disk(here) == ["2", "2/0"]
        assert here.kept(engine, 1) == [bytes(SMALL_OCTETS - 9), b"x" * 9]
        assert engine.store.spooled() == 2 * SMALL_OCTETS + 1


@pytest.mark.manual("S33b")
async def test_s33b_with_sealing_off_what_was_sealed_before_is_sent_all_the_same(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.scan(engine)
        async with here.engine(spool={"seal": False}) as engine:
            await here.scan(engine)
            await engine.submit(to_office(scan(tmp_path, SMALL)))
            found = [kind for job in (1, 2, 3) for kind in kinds(engine, job)]
            assert found == [Kept.SEALED_FILE, Kept.FILE, Kept.ROW]
            assert (here.store / "spool" / "2" / "0").read_bytes() == PAGES
        async with here.engine() as engine:
            await here.sign_in(engine)
            assert states(engine) == ["sent"] * 3


@pytest.mark.manual("S33")
@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("octets", [PAGES, SMALL], ids=["large", "small"])
async def test_s33_what_is_handed_over_is_gone_from_where_it_was(
    tmp_path: Path, seal: bool, octets: bytes
) -> None:
    async with office(tmp_path, spool={"seal": seal}) as here, here.engine() as engine:
        path = scan(tmp_path, octets)
        path.chmod(0o666)
        inode = path.stat().st_ino
        await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert not path.exists()
        assert here.kept(engine, 1) == [octets]
        if not seal and octets is PAGES:
            kept = (here.store / "spool" / "1" / "0").stat()
            assert kept.st_ino == inode, "it was not copied"
            assert kept.st_mode & 0o777 == 0o600, "nobody else opens it"
        lent = scan(tmp_path, octets)
        await engine.submit(to_office(lent))
        assert lent.read_bytes() == octets
        first, second = files_of(engine, 1), files_of(engine, 2)
        assert first == second, "with the same digest"


@pytest.mark.manual("S33")
async def test_s33_what_is_handed_over_and_refused_stays_where_it_was(tmp_path: Path) -> None:
    async with office(tmp_path, spool={"seal": False}) as here, here.engine() as engine:
        path = scan(tmp_path)
        with full(engine), pytest.raises(StoreFailed):
            await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert (path.read_bytes(), on_disk(here)) == (PAGES, [])


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    async def commit(batch: Batch) -> None:
        raise StoreFailed("database or disk is full", full=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.store, "commit", commit)
        yield


@pytest.mark.parametrize("error", [18, 1, 31], ids=["another file system", "not allowed", "too many names"])
async def test_what_cannot_be_linked_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def link(*names: object, **more: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", link)
    async with office(tmp_path, spool={"seal": False}) as here, here.engine() as engine:
        path = scan(tmp_path)
        await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert (here.kept(engine, 1), path.exists()) == ([PAGES], False)


async def test_another_users_file_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fchmod(descriptor: int, mode: int) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(os, "fchmod", fchmod)
    async with office(tmp_path, spool={"seal": False}) as here, here.engine() as engine:
        path = scan(tmp_path)
        inode = path.stat().st_ino
        await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert (here.kept(engine, 1), path.exists()) == ([PAGES], False)
        assert (here.store / "spool" / "1" / "0").stat().st_ino != inode


async def test_a_new_file_under_the_name_of_one_that_was_handed_over_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        path, take = scan(tmp_path), engine.scans.take

        async def meanwhile(*what: object) -> object:
            taken = await take(*what)  # type: ignore[arg-type]
            scan(tmp_path, b"the next scan", "next").replace(path)
            return taken

        monkeypatch.setattr(engine.scans, "take", meanwhile)
        await engine.submit(to_office(path), given=Given.HANDED_OVER)
        assert (path.read_bytes(), here.kept(engine, 1)) == (b"the next scan", [PAGES])


async def test_where_the_file_system_shares_blocks_nothing_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ext4 does not; a call that does what FICLONE promises stands for one that does."""

    def ioctl(target: int, request: int, source: int) -> int:
        assert request == FICLONE
        os.pwrite(target, os.pread(source, 1 << 20, 0), 0)
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    monkeypatch.setattr("franking.engine.spool.write_all", None)
    async with office(tmp_path, spool={"seal": False}) as here, here.engine() as engine:
        await here.scan(engine)
        assert here.kept(engine, 1) == [PAGES]


# User boxes


@pytest.mark.manual("S33b", "S20")
async def test_s33b_a_document_lies_sealed_and_goes_by_mail_without_another_copy(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_documents("kim", [scan(tmp_path)])
        assert anywhere(here.store, MARK) == []
        await engine.submit(FromUserBox(user="kim", to=(OFFICE,), documents=(1,)))
        box, spool = here.store / "boxes" / "1", here.store / "spool" / "1" / "0"
        assert box.stat().st_ino == spool.stat().st_ino
        await engine.delete_documents("kim")
        await engine.settle()
        assert (box.exists(), here.kept(engine, 1)) == (False, [PAGES])
        await here.sign_in(engine)
        assert here.kit.mailbox.messages[0].attachments() == [("scan.pdf", PAGES)]
