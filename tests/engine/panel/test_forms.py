"""A form is the same however it is cut on its way, and a broken one brings nothing (RFC 7578)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from franking.engine.control.uploads import NoPlace, Uploads, WrongName
from franking.engine.panel import forms
from franking.engine.panel.forms import (
    FIELDS_MOST,
    FIELDS_OCTETS_MOST,
    FILES_MOST,
    FormForeign,
    FormUnreadable,
    Takes,
)
from franking.machines.roles import Role, Viewer

KIM = Viewer(Role.USER, "kim")
RIGHT = "right"
FORM = "multipart/form-data; boundary=b"
URLENCODED = "application/x-www-form-urlencoded"
Found = tuple[dict[str, list[str]], list[tuple[str, bytes]]]


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


def file(name: str, value: bytes, field: str = "files") -> bytes:
    return part(field, value, f'; filename="{name}"')


GUARD, END = part("guard", RIGHT.encode()), b"--b--\r\n"
PDF = b"%PDF\0\r\n--\r\n--a\r\n-\xff\r\n--"
WHOLE = b"".join([
    *(GUARD, part("to", b"a@example.com"), part("to", "\u00e4\r\n\r\n--b\n--bb".encode()), part("text", b"")),
    *(file("", b""), file("C:\\x\\\u00fc.pdf", PDF), END, b"what comes after"),
])  # fmt: skip


def request(blocks: Sequence[bytes], kind: str = FORM, *, breaks_off: bool = False) -> Request:
    left = list(blocks)

    async def receive() -> Message:
        if left:
            block = left.pop(0)
            return {"type": "http.request", "body": block, "more_body": bool(left) or breaks_off}
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode("latin-1"))]}
    return Request(scope, receive)


async def read(folder: Path, asked: Request, guards: Callable[[str], bool] = RIGHT.__eq__) -> Found:
    """Fields, and names and octets of files; nothing of it is left."""
    uploads = Uploads(folder / "uploads")
    try:
        form = await forms.read(asked, guards, Takes(uploads, KIM))
        files = [(each.name, uploads.kept[each.upload].path.read_bytes()) for each in form.files]
        forms.forget(form, Takes(uploads, KIM))
        return form.fields, files
    finally:
        assert uploads.held == {}
        assert uploads.kept == {}
        uploads.close()


WANTED: Found = (
    {"guard": [RIGHT], "to": ["a@example.com", "\u00e4\r\n\r\n--b\n--bb"], "text": [""]},
    [("\u00fc.pdf", PDF)],
)


async def test_a_form_is_the_same_wherever_it_is_cut(tmp_path: Path) -> None:
    assert await read(tmp_path, request([WHOLE])) == WANTED
    assert await read(tmp_path, request([WHOLE[at : at + 1] for at in range(len(WHOLE))])) == WANTED
    for at in range(1, len(WHOLE)):
        assert await read(tmp_path, request([WHOLE[:at], WHOLE[at:]])) == WANTED, at


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=12).map(sorted))
def test_a_form_is_the_same_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    blocks = [WHOLE[at:to] for at, to in zip([0, *cuts], [*cuts, len(WHOLE)], strict=True)]
    assert asyncio.run(read(tmp_path_factory.getbasetemp(), request(blocks))) == WANTED


async def test_a_form_that_ends_too_soon_brings_nothing_wherever_it_ends(tmp_path: Path) -> None:
    """Its end is the last hyphen."""
    body = WHOLE[: WHOLE.index(END) + len(END) - 2]
    assert await read(tmp_path, request([body])) == WANTED
    for at in range(len(body)):
        breaks_off = at % 2 == 1
        with pytest.raises(ClientDisconnect if breaks_off else FormUnreadable):
            await read(tmp_path, request([body[:at]], breaks_off=breaks_off))


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "another boundary": WHOLE.replace(b"--b", b"--c"),
    "no name": GUARD + b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
    "no disposition": GUARD + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" + END,
    "a name without end": GUARD + part("x" * 101, b"") + END,
    "a field without end": GUARD + part("x", b"y" * (FIELDS_OCTETS_MOST + 1)) + END,
    "many fields that are long together": GUARD + part("x", b"y" * (FIELDS_OCTETS_MOST // 4)) * 5 + END,
    "fields without end": GUARD + part("x", b"") * (FIELDS_MOST + 1) + END,
    "files that were not chosen without end": GUARD + file("", b"") * (FIELDS_MOST + 1) + END,
    "files without end": GUARD + file("a.pdf", b"x") * (FILES_MOST + 1) + END,
    "a header without end": GUARD + b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\n\r\n" + END,
    "headers without end": GUARD + b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\n\r\n" + END,
    "a broken header": GUARD + b"--b\r\nX\0: y\r\n\r\n\r\n" + END,
    "text that is none": GUARD + part("x", b"\xff") + END,
    "a surrogate": GUARD + part("x", "\ud800".encode("utf-8", "surrogatepass")) + END,
    "a name that is no text": GUARD + b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n' + END,
    "a file's name that is no text": GUARD + file("\u00fc", b"").replace(b"\xbc", b"\xff") + END,
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_broken_form_brings_nothing_and_is_not_quoted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    caplog.set_level(logging.DEBUG)
    for blocks in ([BROKEN[broken]], [BROKEN[broken][:200], BROKEN[broken][200:]]):
        with pytest.raises(FormUnreadable):
            await read(tmp_path, request(blocks))
    assert [each.message for each in caplog.records if each.name != "asyncio"] == []


@pytest.mark.parametrize("boundary", ["", "x" * 300, '"b', "b; boundary=c", "\u00e4"])
async def test_a_boundary_that_is_none_is_no_fault(tmp_path: Path, boundary: str) -> None:
    with pytest.raises(FormUnreadable):
        await read(tmp_path, request([WHOLE], f"multipart/form-data; boundary={boundary}"))


@pytest.mark.parametrize("name", ["..", ".", "a\0b", "x" * 256, "a/..", "\u00fc" * 128])
async def test_a_file_that_cannot_be_called_so_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises((WrongName, FormUnreadable)):
        await read(tmp_path, request([GUARD + file("a.pdf", b"x") + file(name, b"x") + END]))


@pytest.mark.parametrize(
    "body",
    [
        file("a.pdf", b"x") + GUARD + END,
        part("guard", b"wrong") + file("a.pdf", b"x") + END,
        GUARD + file("a.pdf", b"x") + part("guard", b"wrong") + END,
        GUARD + part("guard", b"wrong") + file("a.pdf", b"x") + END,
        file("a.pdf", b"x", "guard") + END,
        part("to", b"x") + END,
    ],
)
async def test_no_file_is_kept_of_who_does_not_have_the_forms_token(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(FormForeign):
        await read(tmp_path, request([body]))


async def test_more_than_one_person_may_leave_here_is_refused_whole(tmp_path: Path) -> None:
    block = b"x" * (1 << 20)

    async def blocks() -> AsyncIterator[bytes]:
        yield GUARD + file("small.pdf", b"x") + file("big.pdf", b"")[:-2]
        for _ in range(40):
            yield block
        yield b"\r\n" + END

    taken = [each async for each in blocks()]
    with pytest.raises(NoPlace):
        await read(tmp_path, request(taken))


async def test_whoever_sends_without_end_after_a_refusal_is_not_read_without_end(tmp_path: Path) -> None:
    read_so_far = 0

    async def receive() -> Message:
        nonlocal read_so_far
        read_so_far += 1 << 20
        return {"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", FORM.encode())]}
    with pytest.raises(FormUnreadable):
        await read(tmp_path, Request(scope, receive))
    assert read_so_far < 2 * forms.REST_OCTETS_MOST


@pytest.mark.parametrize("kind", [FORM, URLENCODED])
async def test_whoever_does_not_go_on_makes_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(forms, "COMES_S", 0.01)
    begun = [WHOLE[:200] if kind == FORM else b"guard=right&"]

    async def receive() -> Message:
        if not begun:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": begun.pop(), "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    with pytest.raises(FormUnreadable):
        await read(tmp_path, Request(scope, receive))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"guard=right&a=" + b"b" * FIELDS_OCTETS_MOST),
        (URLENCODED, b"guard=right" + b"&a=b" * FIELDS_MOST),
        (URLENCODED, b"guard=right&a=%ff"),
        (URLENCODED, b"guard=right&a=%ed%a0%80"),
        (URLENCODED, b"guard=right&a=\xff"),
        ("text/plain", b"guard=right"),
        ("application/json", b'{"guard": "right"}'),
        ("", b"guard=right"),
    ],
)
async def test_what_is_no_form_of_ours_is_not_read(tmp_path: Path, kind: str, body: bytes) -> None:
    with pytest.raises(FormUnreadable):
        await read(tmp_path, request([body], kind))


async def test_a_form_that_brings_no_files_is_not_read_as_one(tmp_path: Path) -> None:
    with pytest.raises(FormUnreadable):
        await forms.read(request([WHOLE]), RIGHT.__eq__)
    asked = request([b"guard=right&a=1&a=2&b=+%2b&c"], f"{URLENCODED}; charset=utf-8")
    assert (await forms.read(asked, RIGHT.__eq__)).fields == {
        "guard": [RIGHT], "a": ["1", "2"], "b": [" +"], "c": [""],
    }  # fmt: skip
