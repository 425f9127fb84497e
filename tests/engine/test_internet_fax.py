"""Internet Fax TX and page-per-file scans, from the request to what arrives (S20, S22)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from franking.engine.engine import Engine
from franking.engine.functions import tiff_fx
from franking.engine.records import StoreFailed
from franking.engine.spool import ScanUnreadable
from franking.engine.spool_folders import Spool
from franking.events.request import InternetFax, Request, ScanToEmail, Separation
from franking.testing.mailbox import Delivered
from franking.tests.engine.device import BOSS, KIM, OFFICE, Office, office, signed_in, states
from franking.tests.engine.functions.scans import page, pdf_of, tiff_of

FAX = (OFFICE, BOSS)


def fax_request(*files: Path, **fields: object) -> InternetFax:
    return InternetFax.model_validate({"user": "kim", "to": FAX, "files": files, **fields})


async def arrived(here: Office, engine: Engine, request: Request) -> Delivered:
    await engine.submit(request)
    await engine.settle()
    assert states(engine) == ["sent"]
    (message,) = here.kit.mailbox.messages
    return message


@pytest.mark.manual("S20", "S22")
async def test_s22_a_fax_arrives_as_a_simple_mode_message(tmp_path: Path) -> None:
    """RFC 3965: one TIFF of all pages, the words above it."""
    scans = (pdf_of(tmp_path / "Vertrag.pdf", [page(1), page(2)]), tiff_of(tmp_path / "b.tif", [page(3)]))
    async with signed_in(tmp_path) as (here, engine):
        came = await arrived(here, engine, fax_request(*scans, text="With regards"))
        message = came.message()
        assert (message["From"], message["Subject"]) == (KIM, "Internet Fax")
        words, fax = message.iter_parts()
        assert words.get_content().strip() == "With regards"
        assert (fax.get_content_type(), fax.get_param("application")) == ("image/tiff", "faxbw")
        ((name, octets),) = came.attachments()
        assert name == "Vertrag.tif"
        (tmp_path / name).write_bytes(octets)
        with Image.open(tmp_path / name) as image:
            assert (getattr(image, "n_frames", 1), image.width, image.mode) == (3, 1728, "1")


@pytest.mark.manual("S22")
async def test_s22_a_fax_asks_what_became_of_it(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        came = await arrived(here, engine, fax_request(tiff_of(tmp_path / "a.tif", [page(1)])))
        assert came.message()["Disposition-Notification-To"] == f"<{KIM}>"
        message_id = str(came.message()["Message-ID"]).strip("<>")
        assert came.envelope.mail_parameters == ("RET=HDRS", f"ENVID={message_id}")
        assert came.envelope.rcpt_parameters == tuple(
            ("NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{each}") for each in FAX
        )


@pytest.mark.manual("S22")
async def test_s22_a_fax_asks_nothing_where_the_settings_say_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(internet_fax={"dsn": False, "mdn": False}) as engine:
        await here.sign_in(engine)
        came = await arrived(here, engine, fax_request(tiff_of(tmp_path / "a.tif", [page(1)])))
        assert came.message()["Disposition-Notification-To"] is None
        assert came.envelope.mail_parameters == ()
        assert came.envelope.rcpt_parameters == ((), ())


@pytest.mark.manual("S22")
async def test_s22_a_server_without_notifications_takes_the_fax_all_the_same(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        came = await arrived(here, engine, fax_request(tiff_of(tmp_path / "a.tif", [page(1)])))
        assert came.envelope.mail_parameters == ()
        assert came.message()["Disposition-Notification-To"] == f"<{KIM}>"


async def test_a_scan_asks_for_no_notification(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        scan = pdf_of(tmp_path / "a.pdf", [page(1)])
        came = await arrived(here, engine, ScanToEmail(user="kim", to=FAX, files=(scan,)))
        assert came.message()["Disposition-Notification-To"] is None
        assert came.envelope.rcpt_parameters == ((), ())


@pytest.mark.manual("S22")
async def test_s22_each_page_arrives_as_a_file(tmp_path: Path) -> None:
    scan = pdf_of(tmp_path / "scan.pdf", [page(1), page(2)])
    request = ScanToEmail(user="kim", to=FAX, files=(scan,), separation=Separation.PAGE_PER_FILE)
    async with signed_in(tmp_path) as (here, engine):
        came = await arrived(here, engine, request)
        assert [name for name, _ in came.attachments()] == ["scan-1.pdf", "scan-2.pdf"]
        assert all(octets.startswith(b"%PDF-") for _, octets in came.attachments())


# What is made before a job is


@pytest.mark.manual("S33", "S33b")
async def test_s33b_nothing_is_left_of_what_was_made_but_what_the_job_sends(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await engine.submit(fax_request(tiff_of(tmp_path / "a.tif", [page(1), page(2)])))
        folder = here.store / "spool"
        assert [path.name for path in folder.iterdir()] == [str(receipt.job)]
        assert here.spooled() == [f"{receipt.job}/0"]


@pytest.mark.manual("S33")
async def test_s33_no_job_comes_of_a_scan_that_is_no_fax(tmp_path: Path) -> None:
    good, bad = tiff_of(tmp_path / "a.tif", [page(1)]), tmp_path / "b.tif"
    bad.write_bytes(good.read_bytes()[:200])
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(ScanUnreadable) as refused:
            await engine.submit(fax_request(good, bad))
        assert refused.value.path == bad
        assert list((here.store / "spool").iterdir()) == []
        assert states(engine) == []


@pytest.mark.manual("S33")
async def test_s33_a_disk_that_is_full_while_a_fax_is_made_is_the_stores_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tiff_fx, "write", full)
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(StoreFailed, match="No space left on device"):
            await engine.submit(fax_request(tiff_of(tmp_path / "a.tif", [page(1)])))
        assert list((here.store / "spool").iterdir()) == []
        assert states(engine) == []


@pytest.mark.manual("S33b")
async def test_s33b_what_a_crash_left_half_made_is_swept(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            kept = await here.scan(engine)
        spool = Spool(here.store / "spool")
        with abandoned(spool, kept.job), abandoned(spool, 77):
            async with here.engine():
                assert [path.name for path in spool.folder.iterdir()] == [str(kept.job)]


@contextmanager
def abandoned(spool: Spool, job: int) -> Iterator[None]:
    """A scratch folder with a file in it, and nobody who removes it before the block ends."""
    with spool.scratch(job, seals=True) as scratch:
        with scratch.file("scan.tif") as (_, file):
            file.write(b"II*\0")
        yield
