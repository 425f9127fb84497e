"""Each function composes its real message."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import ValidationError

from franking.engine.contents import OnDisk
from franking.engine.functions import COMPOSERS, Header, Link, compose, media_type
from franking.engine.ports import Attachment
from franking.engine.smtp.compose import Sendable, blocks
from franking.engine.smtp.fields import Unencodable
from franking.events.request import EmailNotification, Function, ScanToEmail, ScanToUrl

MOMENT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HEADER = Header("device@example.com", "<job-1@device.example.com>", MOMENT, "Copier 3rd floor", "Copier 3")


def parsed(message: Sendable) -> EmailMessage:
    octets = b"".join(blocks(message))
    assert len(octets) == message.size
    return message_from_bytes(octets, policy=policy.default)


def scan(path: Path, content: bytes) -> Attachment:
    path.write_bytes(content)
    return Attachment(OnDisk(path, len(content)), path.name, media_type(path.name))


@pytest.mark.manual("S20", "S22")
def test_s22_scan_to_email_carries_every_file(tmp_path: Path) -> None:
    files = [scan(tmp_path / "one.pdf", b"%PDF-1.7 one"), scan(tmp_path / "two.TIFF", b"II*\0two")]
    request = ScanToEmail(
        user="kim", to=("lee@example.com",), text="Here it is.", files=(Path("one.pdf"), Path("two.TIFF"))
    )
    mail = parsed(compose(request, HEADER, files))
    assert [
        (part.get_content_type(), part.get_filename(), part.get_content()) for part in mail.iter_attachments()
    ] == [
        ("application/pdf", "one.pdf", b"%PDF-1.7 one"),
        ("image/tiff", "two.TIFF", b"II*\0two"),
    ]
    body = mail.get_body()
    assert body is not None
    assert body.get_content().strip() == "Here it is."


def test_the_header_tells_who_and_when(tmp_path: Path) -> None:
    request = ScanToEmail(
        user="kim",
        to=("lee@example.com", "ann@example.com"),
        cc=("boss@example.com",),
        bcc=("hidden@example.com",),
        files=(Path("one.pdf"),),
    )
    message = compose(request, HEADER, [scan(tmp_path / "one.pdf", b"%PDF")])
    mail = parsed(message)
    assert mail["From"].addresses[0].display_name == "Copier 3rd floor"
    assert [each.addr_spec for each in mail["To"].addresses] == ["lee@example.com", "ann@example.com"]
    assert [each.addr_spec for each in mail["Cc"].addresses] == ["boss@example.com"]
    assert (mail["Date"].datetime, mail["Message-ID"]) == (MOMENT, "<job-1@device.example.com>")
    assert b"hidden@example.com" not in b"".join(blocks(message))


@pytest.mark.parametrize(("given", "sent"), [("", "Scan to E-mail"), ("Invoice für Lee", "Invoice für Lee")])
def test_a_scan_has_a_subject(tmp_path: Path, given: str, sent: str) -> None:
    request = ScanToEmail(user="kim", to=("lee@example.com",), subject=given, files=(Path("one.pdf"),))
    assert parsed(compose(request, HEADER, [scan(tmp_path / "one.pdf", b"%PDF")]))["Subject"] == sent


def test_one_scan_without_words_is_the_message_itself(tmp_path: Path) -> None:
    request = ScanToEmail(user="kim", to=("lee@example.com",), files=(Path("one.pdf"),))
    mail = parsed(compose(request, HEADER, [scan(tmp_path / "one.pdf", b"%PDF")]))
    assert not mail.is_multipart()
    assert (mail.get_content_type(), mail.get_content()) == ("application/pdf", b"%PDF")


@pytest.mark.manual("S21", "S22")
def test_s21_a_notification_says_what_happened_and_that_a_device_says_it() -> None:
    request = EmailNotification(to=("admin@example.com",), event="Paper tray 2 is empty", happened_at=MOMENT)
    mail = parsed(compose(request, HEADER, []))
    assert mail["Subject"] == "Copier 3: Paper tray 2 is empty"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "Paper tray 2 is empty" in text
    assert "Copier 3" in text
    assert "2026-11-02 08:00:00+00:00" in text


def test_every_function_has_a_composer() -> None:
    assert set(COMPOSERS) == set(Function)


def test_a_composer_refuses_another_functions_request() -> None:
    request = EmailNotification(to=("admin@example.com",), event="x")
    with pytest.raises(TypeError):
        COMPOSERS[Function.SCAN_TO_EMAIL](request, HEADER, [])


def test_a_file_counts_with_the_size_that_was_accepted(tmp_path: Path) -> None:
    """What became of it meanwhile is looked at when it is sent."""
    request = ScanToEmail(user="kim", to=("lee@example.com",), files=(Path("gone.pdf"),))
    gone = Attachment(OnDisk(tmp_path / "gone.pdf", 1_000), "gone.pdf", "application/pdf")
    message = compose(request, HEADER, [gone])
    assert [file.content.octets for file in message.files] == [1_000]
    with pytest.raises(FileNotFoundError):
        message.files[0].check()


def test_an_address_that_no_header_can_carry_is_no_request() -> None:
    with pytest.raises(ValidationError):
        EmailNotification(to=("a(b@exam(ple.com",), event="x")


def test_a_from_that_no_header_can_carry_is_refused_when_it_is_composed() -> None:
    request = EmailNotification(to=("a@example.com",), event="x")
    with pytest.raises(Unencodable):
        compose(request, replace(HEADER, from_address="a(b@exam(ple.com"), [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pdf", "application/pdf"),
        ("a.PDF", "application/pdf"),
        ("a.tif", "image/tiff"),
        ("a.b.jpeg", "image/jpeg"),
        ("a.xps", "application/vnd.ms-xpsdocument"),
        ("a.oxps", "application/oxps"),
        ("a", "application/octet-stream"),
        ("a.exe", "application/octet-stream"),
    ],
)
def test_a_media_type_comes_from_the_ending(name: str, expected: str) -> None:
    assert media_type(name) == expected


LURE = "Your password has expired"


def lines(mail: EmailMessage) -> list[str]:
    """Of its text, as a reader splits them that knows every line end of Unicode."""
    body = mail.get_body()
    assert body is not None
    return [line for line in body.get_content().splitlines() if line]


@pytest.mark.manual("S22")
@pytest.mark.parametrize("end", ["\n\n", "\r", "\x85", "\u2028"])
def test_s22_a_file_name_says_nothing_in_a_line_of_its_own(end: str) -> None:
    name = f"inv.pdf{end}{LURE}{end}x.pdf"
    link = Link(name, "https://printer.example.com/d/A/x", 1, datetime(2026, 11, 9, tzinfo=UTC))
    request = ScanToUrl(user="kim", to=("lee@example.com",), files=(Path("scan.pdf"),))
    found = lines(parsed(compose(request, replace(HEADER, links=(link,)), [])))
    (named,) = [line for line in found if LURE in line]
    assert named.startswith("inv.pdf_")
    assert "x.pdf" in named


@pytest.mark.manual("S22")
@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
def test_s22_no_field_of_a_request_begins_a_line_in_the_mail(end: str) -> None:
    request = EmailNotification(to=("lee@example.com",), event=f"Toner is low{end}{LURE}")
    header = replace(HEADER, device_name=f"Printer{end}{LURE}")
    found = lines(parsed(compose(request, header, [])))
    assert [line for line in found if line.startswith(LURE)] == []
    assert f"Toner is low {LURE}" in found
