"""The mailbox reads back what a message carries, whatever its form."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

import pytest

from franking.testing.clock import VirtualClock
from franking.testing.mailbox import Envelope, Mailbox

ENVELOPE = Envelope(
    "kim@example.com", ("lee@example.com",), "kim@example.com", "XOAUTH2", "TLSv1.3", "device"
)
CONTENT = bytes(range(256)) * 40


def words() -> EmailMessage:
    message = EmailMessage()
    message.set_content("The toner is low.\n")
    return message


def scan_alone() -> EmailMessage:
    message = EmailMessage()
    message.set_content(CONTENT, maintype="application", subtype="pdf", filename="scan.pdf")
    return message


def scan_with_words() -> EmailMessage:
    message = words()
    message.add_attachment(CONTENT, maintype="application", subtype="pdf", filename="scan.pdf")
    return message


@pytest.mark.parametrize(
    ("message", "attachments"),
    [(words(), []), (scan_alone(), [("scan.pdf", CONTENT)]), (scan_with_words(), [("scan.pdf", CONTENT)])],
    ids=["words", "scan alone", "scan with words"],
)
def test_attachments_are_read_back(
    message: EmailMessage, attachments: list[tuple[str, bytes]], clock: VirtualClock, tmp_path: Path
) -> None:
    delivered = Mailbox(tmp_path).store(ENVELOPE, message.as_bytes(), clock.now())
    assert delivered.attachments() == attachments


async def test_waits_for_messages_that_another_task_stores(clock: VirtualClock, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    waiting = asyncio.create_task(mailbox.wait_for(2))
    mailbox.store(ENVELOPE, b"", clock.now())
    await asyncio.sleep(0)
    assert not waiting.done()
    mailbox.store(ENVELOPE, b"", clock.now())
    await waiting


def test_only_finished_files_count(clock: VirtualClock, tmp_path: Path) -> None:
    (tmp_path / "000001.eml").write_bytes(b"")
    (tmp_path / "000002.part").write_bytes(b"half")
    assert Mailbox(tmp_path).store(ENVELOPE, b"", clock.now()).path.name == "000002.eml"
