"""Reports about mail, as tests look at them: read strictly, and held against RFC 6522 and RFC 3464."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from franking.engine.engine import Engine
from franking.engine.submitting import Receipt
from franking.events.job import JobReported
from franking.events.request import FromProgram

from .device import OFFICE, Office, history, office

HEADER = (
    b"From: Kim <kim@example.com>\r\nTo: office@example.com\r\nX-Odd: kept\r\n"
    b"Subject: =?utf-8?q?Sicherung_f=C3=BCr_heute?=\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\n"
    b"Message-ID: <one@kim.example>\r\n"
)
MAIL = HEADER + b"Bcc: boss@example.com\r\n\r\nThe backup failed.\r\n"
UNKNOWN = "550 5.1.1 User unknown"
OK = "250 2.1.5 OK"
BY_MAIL = {"by_mail": True}
STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
ONCE = {"reporting-mta", "original-envelope-id", "arrival-date"}
"Of the whole message (RFC 3464 section 2.2)."
OF_EACH = {"final-recipient", "action", "status"}
"That each recipient has (section 2.3)."
MAY = {"original-recipient", "remote-mta", "diagnostic-code", "last-attempt-date", "will-retry-until"}


@asynccontextmanager
async def reporting(folder: Path, **sections: Any) -> AsyncIterator[tuple[Office, Engine]]:
    """kim and the device have signed in."""
    async with office(folder) as here, here.engine(**{"reports": BY_MAIL, **sections}) as engine:
        await here.sign_in(engine)
        await here.acquire(engine)
        yield here, engine


def without_dsn(here: Office) -> None:
    """The submission server tells nobody what becomes of a message."""
    replies = here.server.replies
    left = tuple(each for each in replies.extensions if each != "DSN")
    here.server.replies = replace(replies, extensions=left)


async def brought(here: Office, engine: Engine, *to: str, octets: bytes = MAIL, **fields: object) -> Receipt:
    """By kim's program."""
    path = here.folder / "given"
    path.write_bytes(octets)
    values = {"user": "kim", "to": to or (OFFICE,), "message": path, **fields}
    receipt = await engine.submit(FromProgram.model_validate(values))
    await engine.settle()
    return receipt


def reports(here: Office) -> list[EmailMessage]:
    """Those that arrived, each checked against the RFCs."""
    found = []
    for each in here.kit.mailbox.messages:
        mail = message_from_bytes(each.raw(), policy=policy.strict)
        if mail["Auto-Submitted"] == "auto-replied":
            assert isinstance(mail, EmailMessage)
            assert each.rcpt_tos == tuple(address.addr_spec for address in mail["To"].addresses)
            check(mail)
            found.append(mail)
    return found


def check(mail: EmailMessage) -> None:
    """RFC 6522 section 3, RFC 3464 section 2."""
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    people, status, original = mail.iter_parts()
    assert people.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    assert original.get_content_type() in ("text/rfc822-headers", "message/rfc822")
    once, *each = blocks(mail)
    assert {"reporting-mta", "arrival-date"} <= set(names(once)) <= ONCE
    assert re.fullmatch(r"dns; [A-Za-z0-9.-]+", once["Reporting-MTA"])
    assert parsedate_to_datetime(once["Arrival-Date"]).tzinfo is not None
    assert each, "somebody is reported"
    for block in each:
        assert OF_EACH <= set(names(block)) <= OF_EACH | MAY
        assert len(names(block)) == len(set(names(block))), "no field comes twice"
        assert re.match(r"(rfc822|utf-8); \S+@\S+$", block["Final-Recipient"])
        assert block["Action"] in ("failed", "delayed", "relayed")
        assert STATUS.fullmatch(block["Status"])
        for name in ("Last-Attempt-Date", "Will-Retry-Until"):
            assert name not in block or parsedate_to_datetime(block[name]).tzinfo is not None
        assert ("Will-Retry-Until" in block) <= (block["Action"] == "delayed")


def names(block: "Message[str, str]") -> list[str]:
    return [name.lower() for name in block.keys()]  # noqa: SIM118 - a field may come twice


def blocks(mail: EmailMessage) -> list["Message[str, str]"]:
    """What stands there for programs: of the message, then of each recipient."""
    status = list(mail.iter_parts())[1].get_payload()
    assert isinstance(status, list)
    return [each for each in status if isinstance(each, Message)]


def actions(mail: EmailMessage) -> list[tuple[str, str, str]]:
    return [
        (block["Final-Recipient"].partition("; ")[2], block["Action"], block["Status"])
        for block in blocks(mail)[1:]
    ]


def words(mail: EmailMessage) -> str:
    found = next(iter(mail.iter_parts()))
    assert isinstance(found, EmailMessage)
    text = found.get_content()
    assert isinstance(text, str)
    return text


def returned(mail: EmailMessage) -> bytes:
    part = list(mail.iter_parts())[2]
    if part.get_content_type() == "message/rfc822":
        (mail_back,) = part.iter_parts()
        return mail_back.as_bytes(policy=policy.SMTP)
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


def why_not(engine: Engine, job: int) -> list[str]:
    """Why there is no report by mail."""
    return [each.why for each in history(engine) if isinstance(each, JobReported) and each.job == job]
