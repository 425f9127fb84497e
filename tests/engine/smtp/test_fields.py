"""Header fields survive the way to the reader's program, and no value makes a second one."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.smtp.fields import (
    LINE,
    Mailbox,
    Mailboxes,
    Structured,
    Text,
    Unencodable,
    addr_spec,
    date,
    fold,
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NAME = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]) | st.just(" "), max_size=120)


def read(octets: bytes, name: str) -> str:
    parsed = message_from_bytes(octets + b"\r\nbody\r\n", policy=policy.default)
    assert parsed.keys() == [name]
    assert parsed.get_payload() == "body\r\n"
    return str(parsed[name])


@given(ANY_TEXT)
def test_a_subject_is_read_as_it_was_written(text: str) -> None:
    octets = Text("Subject", text).octets
    assert octets.isascii()
    assert all(len(line) <= LINE for line in octets.split(b"\r\n"))
    # The library's reader takes a few control characters out of decoded words; they cannot be typed.
    if text.isprintable():
        assert read(octets, "Subject") == text


@given(ANY_TEXT)
def test_a_subject_is_one_field_whatever_it_holds(text: str) -> None:
    lines = Text("Subject", text).octets.split(b"\r\n")
    assert lines[0].startswith(b"Subject:")
    assert all(line.startswith(b" ") for line in lines[1:-1])
    assert lines[-1] == b""
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)


@pytest.mark.parametrize(
    "text",
    ["=?utf-8?q?not_ours?=", "two  spaces", " lead", "trail ", "tab\there", "x" * 900, "line\u2028end"],
)
def test_what_a_reader_would_change_is_encoded(text: str) -> None:
    assert read(Text("Subject", text).octets, "Subject") == text


def test_plain_words_stay_readable() -> None:
    assert Text("Subject", "Scan to E-mail").octets == b"Subject: Scan to E-mail\r\n"


def test_plain_text_is_folded_between_words() -> None:
    octets = Text("Subject", " ".join(["word"] * 40)).octets
    assert octets.count(b"\r\n") > 2
    assert read(octets, "Subject") == " ".join(["word"] * 40)


@given(NAME)
def test_a_display_name_is_read_as_it_was_written(name: str) -> None:
    octets = Mailboxes("From", (Mailbox("kim@example.com", name),)).octets
    # The library's new parser puts spaces between encoded words of a phrase (RFC 2047 section 6.2 says none).
    phrase, address = parseaddr(octets.removeprefix(b"From:").replace(b"\r\n", b"").decode())
    assert address == "kim@example.com"
    assert str(make_header(decode_header(phrase))) == name


def test_many_recipients_are_folded() -> None:
    people = tuple(Mailbox(f"person.number.{number}@example.com") for number in range(100))
    octets = Mailboxes("To", people).octets
    assert all(len(line) <= LINE for line in octets.split(b"\r\n"))
    parsed = message_from_bytes(octets + b"\r\n", policy=policy.default)["To"]
    assert [each.addr_spec for each in parsed.addresses] == [each.address for each in people]


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("kim@example.com", "kim@example.com"),
        ("first.last+tag@example.com", "first.last+tag@example.com"),
        ("kim(x)@example.com", '"kim(x)"@example.com'),
        ("a\\b@example.com", '"a\\\\b"@example.com'),
        (".kim@example.com", '".kim"@example.com'),
        ("kim..lee@example.com", '"kim..lee"@example.com'),
        ("käthe@example.com", "käthe@example.com"),
        ("kim@[192.0.2.1]", "kim@[192.0.2.1]"),
    ],
)
def test_a_local_part_is_quoted_where_it_must_be(address: str, on_the_wire: str) -> None:
    assert addr_spec(address) == on_the_wire


@pytest.mark.parametrize(
    "address",
    [
        "kim",
        "@example.com",
        "kim@",
        "a b@example.com",
        "k@example.com>\r\nRCPT TO:<x@example.com",
        "kim@example.com\n",
        "kim@exa(mple).com",
        "<kim@example.com",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Unencodable) as refused:
        addr_spec(address)
    assert address not in str(refused.value)


@pytest.mark.parametrize("word", ["<a@b>\r\nBcc: x@example.com", "a\nb", "ä", ""])
def test_a_finished_value_cannot_smuggle_a_field(word: str) -> None:
    with pytest.raises(Unencodable):
        _ = Structured("Message-ID", (word,)).octets


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(Unencodable):
        fold("Subject: x\r\nBcc", ["y"])


def test_a_word_longer_than_a_line_is_refused() -> None:
    with pytest.raises(Unencodable):
        _ = Mailboxes("To", (Mailbox("k" * 1000 + "@example.com"),)).octets


def test_a_moment_without_a_time_zone_is_refused() -> None:
    from datetime import datetime

    with pytest.raises(Unencodable):
        date(datetime(2026, 11, 2))  # noqa: DTZ001 - the mistake itself
