"""Composing: what is parsed is what was put in, and the promised size is the size on the wire."""

import sys
import tracemalloc
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from franking.engine.content_port import FileChanged
from franking.engine.contents import OnDisk
from franking.engine.smtp import compose
from franking.engine.smtp.compose import (
    BLOCK,
    Encoding,
    File,
    Message,
    Part,
    base64_lines,
    blocks,
)
from franking.engine.smtp.fields import Mailbox, Mailboxes, Structured, Unencodable

BORDERS = sorted(
    {0, 1, 2, 3, 56, 57, 58, 113, 114, 115} | {k * BLOCK + d for k in (1, 2) for d in (-1, 0, 1, 57)}
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\\u2028\u2029"), min_size=1
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000)
MANY = settings(max_examples=150, deadline=None)


def message_of(*parts: Part) -> Message:
    fields = (
        Mailboxes("From", (Mailbox("kim@example.com"),)),
        Structured("Message-ID", ("<one@example.com>",)),
    )
    return Message("<one@example.com>", fields, parts)


def octets(message: Message) -> bytes:
    return b"".join(blocks(message))


def parsed(message: Message) -> EmailMessage:
    return message_from_bytes(octets(message), policy=policy.default)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scans")


@pytest.mark.manual("S22")
@MANY
@given(
    sizes=st.lists(st.sampled_from(BORDERS) | st.integers(0, 3 * BLOCK), min_size=1, max_size=3), text=TEXTS
)
@example(sizes=[0], text="")
@example(sizes=[BLOCK, 0, 2 * BLOCK], text="x")
def test_files_arrive_byte_for_byte_and_the_size_is_exact(folder: Path, sizes: list[int], text: str) -> None:
    contents = [bytes((position * 31 + size) % 251 for position in range(size)) for size in sizes]
    parts = [Part.text(text)] if text else []
    for number, content in enumerate(contents):
        path = folder / f"{number}.bin"
        path.write_bytes(content)
        parts.append(
            Part.attachment(File(OnDisk(path, path.stat().st_size)), f"{number}.bin", "application/pdf")
        )
    message = message_of(*parts)
    written = list(blocks(message))
    assert sum(map(len, written)) == message.size
    assert all(block.endswith(b"\r\n") for block in written)
    assert max(map(len, b"".join(written).split(b"\r\n"))) <= 78
    mail = message_from_bytes(b"".join(written), policy=policy.default)
    assert not mail.defects
    found = [mail] if not mail.is_multipart() else list(mail.iter_attachments())
    assert [part.get_payload(decode=True) for part in found] == contents


@MANY
@given(TEXTS)
@example("From here\nFrom there")
@example("trailing \nspaces\t\n")
@example("." + "x" * 200 + "\n.\n..")
@example("\r\rmixed\nends\r\n")
def test_text_arrives_as_it_was_written(text: str) -> None:
    message = message_of(Part.text(text))
    wire = octets(message)
    assert len(wire) == message.size
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    body = message_from_bytes(wire, policy=policy.default).get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode() == (lines.replace("\n", "\r\n") + "\r\n" if text else "")


@MANY
@given(NAMES)
@example("Übersicht 2026 – Teil 1.pdf")
@example('quote".pdf')
@example("=?utf-8?q?trap?=.pdf")
@example("x" * 400 + ".pdf")
@example("100%.pdf")
@example("it's*odd.pdf")
@example("two  spaces.pdf")
@example("長" * 300 + ".pdf")
def test_a_file_name_arrives_as_it_was_written(name: str) -> None:
    message = message_of(Part.attachment(b"x", name, "application/pdf"))
    wire = octets(message)
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    for rules in (policy.default, policy.compat32):
        sent = name.strip() if name.strip().strip(".") else "_"
        assert message_from_bytes(wire, policy=rules).get_filename() == sent


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("a/b\\c.pdf", "a_b_c.pdf"),
        ("x\r\nBcc: y", "x__Bcc: y"),
        ("\udcff.pdf", "_.pdf"),
        ("", "_"),
        ("\0", "_"),
        (".", "_"),
        (" .. ", "_"),
    ],
)
def test_a_name_that_no_file_may_have_is_made_safe(name: str, sent: str) -> None:
    mail = parsed(message_of(Part.attachment(b"x", name, "application/pdf")))
    assert mail.get_filename() == sent
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", Encoding.SEVEN_BIT),
        ("long " * 40, Encoding.QUOTED_PRINTABLE),
        ("Grüße aus dem Büro, alles gut", Encoding.QUOTED_PRINTABLE),
        ("日本語の本文です", Encoding.BASE64),
        ("From me", Encoding.QUOTED_PRINTABLE),
    ],
)
def test_text_takes_the_lightest_encoding_that_a_seven_bit_server_leaves_alone(
    text: str, encoding: Encoding
) -> None:
    assert Part.text(text).encoding is encoding


def test_the_same_message_has_the_same_octets() -> None:
    first, again = (message_of(Part.text("a"), Part.attachment(b"b", "b", "image/tiff")) for _ in range(2))
    assert octets(first) == octets(again)


def test_a_boundary_in_the_text_is_not_taken_for_one() -> None:
    probe = parsed(message_of(Part.text("a"), Part.text("b"))).get_boundary()
    text = f"--{probe}\n--{probe}--\nend"
    mail = parsed(message_of(Part.text(text), Part.attachment(b"b", "b", "image/tiff")))
    assert mail.get_boundary() != probe
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


def test_base64_lines_are_the_same_by_the_block_and_by_the_line() -> None:
    content = bytes(range(256)) * 47
    block = content[:BLOCK]
    by_line = b"".join(base64_lines(block[at : at + 57]) for at in range(0, BLOCK, 57))
    assert base64_lines(block) == by_line


@pytest.mark.parametrize("after", [b"", b"x" * 99, b"x" * 101, b"x" * (BLOCK + 100)])
def test_a_file_of_another_size_breaks_the_promise(tmp_path: Path, after: bytes) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * 100)
    file = File(OnDisk(path, path.stat().st_size))
    path.write_bytes(after)
    with pytest.raises(FileChanged) as changed:
        octets(message_of(Part.attachment(file, "scan.pdf", "application/pdf")))
    assert (changed.value.name, changed.value.octets) == ("scan.pdf", 100)
    with pytest.raises(FileChanged):
        file.check()


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x")
    file = File(OnDisk(path, path.stat().st_size))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file.check()


@pytest.mark.parametrize("media_type", ["application/pdf\r\nBcc: x", "pdf", "", "text/plain; charset=utf-8"])
def test_a_malformed_media_type_is_refused(media_type: str) -> None:
    with pytest.raises(Unencodable):
        Part.attachment(b"x", "x", media_type)


def test_a_message_without_parts_is_none() -> None:
    with pytest.raises(Unencodable):
        message_of()


def test_an_address_beyond_ascii_needs_smtputf8() -> None:
    fields = (Mailboxes("From", (Mailbox("käthe@example.com"),)),)
    assert Message("<one@example.com>", fields, (Part.text("x"),)).needs_smtputf8
    assert not message_of(Part.text("Grüße")).needs_smtputf8


def test_the_writer_never_holds_the_message(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(25 * 1024 * 1024)
    message = message_of(
        Part.attachment(File(OnDisk(path, path.stat().st_size)), "large.pdf", "application/pdf")
    )
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        total = sum(map(len, blocks(message)))
        grown = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert total == message.size > 33_000_000
    assert grown < 512 * 1024


def test_both_encoders_write_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra `fast` and without it."""
    octets = bytes(range(256)) * (BLOCK // 256 + 1)
    blocks_of = [octets[:BLOCK], octets[: BLOCK - 1], octets[:1], b""]
    fast = [base64_lines(block) for block in blocks_of]
    monkeypatch.setitem(sys.modules, "pybase64", None)
    monkeypatch.setattr(compose, "_encoded", compose._encoder())
    assert [base64_lines(block) for block in blocks_of] == fast
