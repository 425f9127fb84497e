"""No value of a request adds, ends or hides a header field, whatever it holds and whoever made it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from franking.engine.functions import Header, compose
from franking.engine.ports import Attachment
from franking.engine.smtp.compose import Sendable, blocks
from franking.engine.smtp.fields import Unencodable
from franking.events.request import COMPOSED, Function, Request

from .examples import HEADER, SENT, attachments

SMUGGLED = (
    "\r\nBcc: evil@example.com",
    "\nBcc: evil@example.com",
    "\rBcc: evil@example.com",
    "\r\n\r\nanother body",
    "\x00",
    "\x0bx",
    "\x1b[2J",
    "\x7f",
)
PIECES = (
    *SMUGGLED,
    "\r\n ",
    "\x85",
    "\u2028Bcc: evil@example.com",
    "=?utf-8?q?=0D=0ABcc=3A_evil=40example=2Ecom?=",
    "=?utf-8?b?DQpCY2M6IHhAZXhhbXBsZS5jb20=?=",
    '"',
    "\\",
    ">, <evil@example.com",
    ";",
    "(",
    "%0D%0A",
    "*0*=utf-8''",
    "ü",
    "合同",
    "\U0001f5a8",
    "a" * 1_000,
    " ",
    "\t",
    ".",
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(min_size=1, max_size=20), min_size=1, max_size=6).map(
    "".join
)
FIELDS = {"Date", "From", "To", "Cc", "Subject", "Message-ID", "MIME-Version"} | {
    "Auto-Submitted",
    "Disposition-Notification-To",
}
OF_A_PART = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
BODY = "text"
"The one field of a request that is no header field and no name."

Change = Callable[[str, str], str]
"The field's path, as `counters.0.name`, and its value, to another value."


def changed(value: object, change: Change, path: str = "") -> object:
    """`value` with each of its strings changed, unchecked: what a damaged row or a bug could bring."""
    if isinstance(value, BaseModel):
        fields = {
            name: changed(getattr(value, name), change, f"{path}.{name}") for name in value.model_fields_set
        }
        return value.model_copy(update=fields)
    if isinstance(value, tuple):
        return tuple(changed(each, change, f"{path}.{number}") for number, each in enumerate(value))
    return change(path.removeprefix("."), value) if type(value) is str else value


def strings(request: Request) -> Iterator[str]:
    """Paths of all strings of a request."""
    found: list[str] = []

    def note(path: str, value: str) -> str:
        found.append(path)
        return value

    changed(request, note)
    return iter(found)


def smuggling(wrong: str, smuggled: str, path: str, value: str) -> str:
    return value + smuggled if path == wrong else value


def wire_of(message: Sendable) -> bytes:
    return b"".join(blocks(message))


def header_names(wire: bytes) -> list[list[str]]:
    """Of the message and of each of its parts, as a reader of plain lines finds them."""
    assert b"\r" not in wire.replace(b"\r\n", b"")
    assert b"\n" not in wire.replace(b"\r\n", b"")
    found = [part.keys() for part in message_from_bytes(wire).walk()]
    lines = wire.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    assert [line.split(b":")[0].decode() for line in lines if not line.startswith(b" ")] == found[0]
    return found


def composed(request: object, header: Header, files: list[Attachment]) -> bytes | None:
    """None: it was refused in words."""
    try:
        return wire_of(compose(request, header, files))  # type: ignore[arg-type] # unchecked on purpose
    except Unencodable:
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.mark.manual("S22")
@pytest.mark.parametrize("function", COMPOSED, ids=lambda each: each.name)
@settings(max_examples=50)
@given(data=st.data())
def test_no_value_makes_a_header_field(folder: Path, function: Function, data: st.DataObject) -> None:
    files = attachments(folder, ("a.pdf", "b.pdf"))
    wanted = header_names(wire_of(compose(SENT[function], HEADER, files)))
    assert set(wanted[0]) <= FIELDS | OF_A_PART
    every = list(strings(SENT[function]))
    bad = data.draw(st.sets(st.sampled_from(every), max_size=3))
    request = changed(SENT[function], lambda path, value: data.draw(HOSTILE) if path in bad else value)
    names = data.draw(st.lists(HOSTILE, min_size=2, max_size=2))
    links = [link._replace(name=data.draw(HOSTILE), url=data.draw(HOSTILE)) for link in HEADER.links]
    header = replace(HEADER, from_name=data.draw(HOSTILE), device_name=data.draw(HOSTILE), links=tuple(links))
    hostile = [each._replace(name=name) for each, name in zip(files, names, strict=True)]
    wire = composed(request, header, hostile)
    if wire is not None:
        assert header_names(wire) == wanted


@pytest.mark.parametrize("smuggled", SMUGGLED, ids=ascii)
@pytest.mark.parametrize("function", SENT, ids=lambda each: each.name)
def test_a_request_takes_no_control_character_outside_its_text(function: Function, smuggled: str) -> None:
    for wrong in strings(SENT[function]):
        request = changed(SENT[function], partial(smuggling, wrong, smuggled))
        assert isinstance(request, BaseModel)
        raw = request.model_dump(warnings=False)
        if wrong == BODY:
            type(request).model_validate(raw)
        else:
            with pytest.raises(ValidationError) as refused:
                type(request).model_validate(raw)
            [mistake] = refused.value.errors()
            assert ".".join(map(str, mistake["loc"])) == wrong


@pytest.mark.parametrize("field", ["from_address", "message_id"])
@pytest.mark.parametrize("smuggled", SMUGGLED, ids=ascii)
def test_what_the_engine_adds_is_checked_too(field: str, smuggled: str) -> None:
    header = replace(HEADER, **{field: getattr(HEADER, field) + smuggled})
    assert composed(SENT[Function.EMAIL_NOTIFICATION], header, []) is None
