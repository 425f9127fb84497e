"""Mail that is at its limits, and files of the spool that change under it: a correct message, or words."""

import os
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path

import pytest
from pydantic import ValidationError

from franking.engine.contents import SealedOnDisk
from franking.engine.engine import Engine
from franking.engine.pieces import PIECE_OCTETS
from franking.engine.smtp.compose import File
from franking.engine.spool import ScanUnreadable
from franking.events.information import Info
from franking.events.request import ScanToEmail

from ..engine.device import KIM, LEE, PAGES, Office, office, signed_in, states

LARGE = b"%PDF-1.7 a page of a large scan\n" * (PIECE_OCTETS // 8)
"Several pieces of the spool, and many blocks of the writer."
RECIPIENTS_MANY = 10_000
SUBJECT_MAX = 10_240
EXCHANGED = "Job 1 ended without success (file-changed). A file changed after the job was accepted."
UNREADABLE = "Job 1 ended without success (file). A file of the job cannot be read."


def vanishes(path: Path) -> None:
    path.unlink()


def shrinks(path: Path) -> None:
    os.truncate(path, len(LARGE) - 1)


def grows(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"another page")


async def large(here: Office, engine: Engine) -> Path:
    """A job of kim's; where its scan lies in the spool."""
    path = here.folder / "large.pdf"
    path.write_bytes(LARGE)
    receipt = await engine.submit(ScanToEmail(user="kim", to=(LEE,), files=(path,)))
    return here.store / "spool" / str(receipt.job) / "0"


def path_of(file: File) -> Path:
    assert isinstance(file.content, SealedOnDisk)
    return file.content.path


def told(engine: Engine) -> list[tuple[Info, str, str]]:
    return [(each.code, each.cause, each.remedy) for each in engine.information()]


@pytest.mark.manual("S33", "B9")
@pytest.mark.parametrize(
    ("changes", "cause"), [(vanishes, UNREADABLE), (shrinks, EXCHANGED), (grows, EXCHANGED)]
)
async def test_s33_a_scan_that_changed_in_the_spool_is_not_sent(
    tmp_path: Path, changes: Callable[[Path], None], cause: str
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        changes(await large(here, engine))
        await here.sign_in(engine)
        assert states(engine) == ["ended"]
        assert told(engine) == [(Info.JOB_ENDED, cause, "Scan again.")]
        assert (here.spooled(), here.kit.mailbox.messages) == ([], [])


@pytest.mark.manual("S33", "B9")
@pytest.mark.parametrize("changes", [shrinks, grows])
async def test_s33_a_scan_that_changes_while_it_is_sent_ends_unsent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Callable[[Path], None]
) -> None:
    """The connection is dropped before the final dot: nobody gets a part of a scan."""
    blocks = File.blocks

    def changing(file: File) -> Iterator[bytes]:
        each = blocks(file)
        yield next(each)
        changes(path_of(file))
        yield from each

    monkeypatch.setattr(File, "blocks", changing)
    async with signed_in(tmp_path) as (here, engine):
        await large(here, engine)
        await engine.settle()
        assert states(engine) == ["ended"]
        assert told(engine) == [(Info.JOB_ENDED, EXCHANGED, "Scan again.")]
        assert (here.spooled(), here.kit.mailbox.messages) == ([], [])


async def test_a_scan_that_vanishes_while_it_is_sent_arrives_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is open: what loses its name keeps its octets until it is closed."""
    blocks = File.blocks

    def vanishing(file: File) -> Iterator[bytes]:
        each = blocks(file)
        yield next(each)
        vanishes(path_of(file))
        yield from each

    monkeypatch.setattr(File, "blocks", vanishing)
    async with signed_in(tmp_path) as (here, engine):
        await large(here, engine)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert here.kit.mailbox.messages[0].attachments() == [("large.pdf", LARGE)]


@pytest.mark.parametrize("letter", ["x", "ü", "合", "🖨", '"', "x ", "=?"])
async def test_a_subject_of_10_kb_arrives(tmp_path: Path, letter: str) -> None:
    subject = (letter * SUBJECT_MAX)[: SUBJECT_MAX - 1] + "."
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(PAGES)
    async with signed_in(tmp_path) as (here, engine):
        await engine.submit(ScanToEmail(user="kim", to=(LEE,), subject=subject, files=(scan,)))
        await engine.settle()
        [mail] = here.kit.mailbox.messages
        assert mail.message()["Subject"] == subject
        assert max(map(len, mail.raw().split(b"\r\n"))) <= 78


def test_a_longer_subject_is_refused_and_says_how_long_it_may_be() -> None:
    with pytest.raises(ValidationError) as refused:
        ScanToEmail(user="kim", to=(LEE,), subject="x" * (SUBJECT_MAX + 1), files=(Path("scan.pdf"),))
    [mistake] = refused.value.errors()
    assert (mistake["loc"], mistake["msg"]) == (
        ("subject",),
        f"String should have at most {SUBJECT_MAX} characters",
    )


async def test_ten_thousand_recipients_get_one_correct_message(tmp_path: Path) -> None:
    """Where the server takes so many: the limits that a provider documents are a rule's."""
    to = tuple(f"person.number.{number}@example.com" for number in range(RECIPIENTS_MANY))
    async with signed_in(tmp_path) as (here, engine):
        await here.scan(engine, to=to)
        await engine.settle()
        assert states(engine) == ["sent"]
        [mail] = here.kit.mailbox.messages
        assert mail.rcpt_tos == to
        named = message_from_bytes(mail.raw())["To"]  # the newer parser needs ten seconds for it
        assert tuple(address for _, address in getaddresses([named])) == to
        assert max(map(len, mail.raw().split(b"\r\n"))) <= 78


def misnamed(folder: Path) -> Path:
    """As another machine names a file in Latin-1."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/r\xe9sum\xe9.pdf"))
    path.write_bytes(PAGES)
    return path


@pytest.mark.manual("S33")
async def test_s33_a_file_whose_name_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    path = misnamed(tmp_path)
    with pytest.raises(ValidationError, match="its name is not in UTF-8; rename the file"):
        ScanToEmail(user="kim", to=(LEE,), files=(path,))
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(ScanUnreadable, match=r"r\\xe9sum\\xe9.pdf: .*its name is not in UTF-8"):
            await engine.keep_documents("kim", (path,))
        assert engine.documents("kim") == ()


@pytest.mark.parametrize(
    "name", ["Übersicht – 合同 🖨️.pdf", "two  spaces.pdf", 'a "b";c=d,e.pdf', "n" * 251 + ".pdf"]
)
async def test_a_file_arrives_under_its_own_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PAGES)
    async with signed_in(tmp_path) as (here, engine):
        await engine.submit(ScanToEmail(user="kim", to=(LEE,), files=(tmp_path / name,)))
        await engine.settle()
        assert here.kit.mailbox.messages[0].attachments() == [(name, PAGES)]


@pytest.mark.parametrize(
    "name", ['Copier "3"', "Kopierer (3. Stock), Büro", "合同 🖨️", "x" * 900, "=?utf-8?q?x?="]
)
async def test_the_device_is_named_in_its_mail_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    async with office(tmp_path, device={"name": name}) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.notice(engine)
        await engine.settle()
        mail = here.kit.mailbox.messages[0].message()
        assert mail["Subject"] == f"{name}: Toner is low"
        [sender] = mail["From"].addresses
        assert sender.display_name.replace(" ", "") == name.replace(" ", "")


@pytest.mark.parametrize(
    "address", [f"{KIM}\r\nBcc: {LEE}", f"{KIM}>\r\nRCPT TO:<{LEE}", f"a\x00{KIM}", f'"{KIM}']
)
@pytest.mark.parametrize("field", ["to", "cc", "bcc", "from_address"])
def test_an_address_with_more_in_it_is_no_address(field: str, address: str) -> None:
    value: object = address if field == "from_address" else (LEE, address)
    with pytest.raises(ValidationError) as refused:
        ScanToEmail.model_validate({"user": "kim", "to": (LEE,), "files": (Path("scan.pdf"),), field: value})
    assert [mistake["loc"][0] for mistake in refused.value.errors()] == [field]
