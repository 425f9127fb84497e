"""Every function's message, read by parsers that were not written here: Python's, and mblaze's in C."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from franking.engine.content_port import Content
from franking.engine.functions import compose
from franking.engine.ports import Attachment
from franking.engine.smtp.compose import blocks
from franking.engine.smtp.fields import LINE
from franking.events.request import COMPOSED, Function

from .examples import HEADER, SENT, TEXT, attachments

STRICT = policy.strict + policy.SMTP
CARRYING = {
    Function.SCAN_TO_EMAIL,
    Function.SCAN_TO_ME,
    Function.USER_BOX,
    Function.APPLICATION,
    Function.FORWARD_TX,
    Function.TSI_ROUTING,
}
"They send the files that they are given."
PART = re.compile(r' +(?P<number>\d+): (?P<type>\S+) size=\d+(?: name="(?P<name>.*)")?')
every_function = pytest.mark.parametrize("function", COMPOSED, ids=lambda each: each.name)


class Read(NamedTuple):
    """What a parser found in one part; of its content the size and a digest."""

    name: str
    media_type: str
    octets: int
    sha256: str


def read(name: str, media_type: str, content: bytes) -> Read:
    return Read(name, media_type, len(content), sha256(content).hexdigest())


def octets_of(function: Function, files: Sequence[Attachment]) -> bytes:
    message = compose(SENT[function], HEADER, files)
    found = b"".join(blocks(message))
    assert len(found) == message.size
    return found


def by_python(octets: bytes) -> EmailMessage:
    """Raises the first defect."""
    found = message_from_bytes(octets, policy=STRICT)
    for part in found.walk():
        assert not part.defects
        assert [(name, value.defects) for name, value in part.items() if value.defects] == []
    return found


def parts(message: EmailMessage) -> list[Read]:
    found = []
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            assert part.get_content_disposition() == ("attachment" if part.get_filename() else "inline")
            found.append(read(part.get_filename() or "", part.get_content_type(), content))
    return found


def mblaze(*command: str) -> bytes:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, check=True, capture_output=True, env=environment).stdout  # noqa: S603


def parts_by_mblaze(path: Path) -> list[Read]:
    listed = [PART.fullmatch(line) for line in mblaze("mshow", "-t", str(path)).decode().splitlines()[1:]]
    assert None not in listed
    return [
        read(part["name"] or "", part["type"], mblaze("mshow", "-O", str(path), part["number"]))
        for part in listed
        if part is not None and not part["type"].startswith("multipart/")
    ]


def octets(content: Content) -> bytes:
    with closing(content.open()) as opened:
        return b"".join(opened.pieces())


def expected(files: Sequence[Attachment]) -> list[Read]:
    return [read(each.name, each.media_type, octets(each.content)) for each in files]


@pytest.mark.manual("S22")
@every_function
def test_s22_python_reads_every_message_without_a_defect(tmp_path: Path, function: Function) -> None:
    wire = octets_of(function, attachments(tmp_path))
    # A media type is one word, and the longest that are registered fill a line alone.
    lines = [line for line in wire.split(b"\r\n") if not line.startswith(b"Content-Type: application/vnd.")]
    assert max(map(len, lines)) <= LINE
    mail = by_python(wire)
    assert tuple(each.addr_spec for each in mail["To"].addresses) == SENT[function].to
    body = mail.get_body(("plain",))
    assert body is not None
    assert TEXT in "\n".join(body.get_content().splitlines())


@pytest.mark.manual("S22")
@pytest.mark.parametrize("function", sorted(CARRYING), ids=lambda each: each.name)
def test_s22_every_file_arrives_under_its_name(tmp_path: Path, function: Function) -> None:
    files = attachments(tmp_path)
    text, *attached = parts(by_python(octets_of(function, files)))
    assert text.media_type == "text/plain"
    assert attached == expected(files)


@pytest.mark.manual("S22")
@pytest.mark.skipif(shutil.which("mshow") is None, reason="mblaze is not installed: apt-get install mblaze")
@every_function
def test_s22_a_parser_in_c_reads_the_same(tmp_path: Path, function: Function) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(octets_of(function, attachments(tmp_path)))
    mail = by_python(path.read_bytes())
    assert parts_by_mblaze(path) == parts(mail)
    subject = mblaze("mhdr", "-d", "-h", "subject", str(path)).decode().removesuffix("\n")
    assert subject == mail["Subject"]
