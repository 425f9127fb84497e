"""What tests of the user boxes and of Scan to URL share: files, requests, the links of a mail."""

import os
import re
from contextlib import closing
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from franking.engine.boxes import Document
from franking.engine.engine import Engine
from franking.engine.submitting import Receipt
from franking.events.request import ScanToUrl
from franking.tests.engine.device import OFFICE, PAGES, Office

PUBLIC = "https://printer.example.com"
LINK = re.compile(rf"{re.escape(PUBLIC)}/d/[A-Za-z0-9_-]{{22}}/\S+")
BOX: dict[str, object] = {"public_url": PUBLIC}


def written(here: Office, *names: str, content: bytes = PAGES) -> tuple[Path, ...]:
    paths = tuple(here.folder / name for name in names)
    for path in paths:
        path.write_bytes(content + os.fsencode(path.name))
    return paths


async def to_url(
    here: Office, engine: Engine, *names: str, user: str = "kim", keep: timedelta | None = None
) -> Receipt:
    files = written(here, *(names or ("scan.pdf",)))
    return await engine.submit(ScanToUrl(user=user, to=(OFFICE,), files=files, keep=keep))


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content


def links(here: Office) -> list[str]:
    """Of the last mail that arrived."""
    return LINK.findall(text(here.kit.mailbox.messages[-1].message()))


def boxed(here: Office) -> list[str]:
    """Files in the boxes, on the disk."""
    return sorted(path.name for path in (here.store / "boxes").iterdir())


def in_box(engine: Engine, document: int) -> bytes:
    """What the document is."""
    row = engine.store.document(document)
    assert row is not None
    with closing(engine.boxes.content(row).open()) as opened:
        return b"".join(opened.pieces())


def numbers(documents: tuple[Document, ...]) -> list[int]:
    return [document.number for document in documents]
