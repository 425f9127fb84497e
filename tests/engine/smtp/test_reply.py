"""Replies are read strictly, however they are cut into pieces."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.smtp.reply import LINE_MAX, LINES_MAX, Malformed, Reader, Reply

STREAM = b"220 ready\r\n250-first\r\n250-5.1.1 second\r\n250 last\r\n535-5.7.8 No\r\n535 5.7.8 way\r\n354\r\n"


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=12))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = Reader()
    replies = [reply for at, end in pairwise(edges) for reply in reader.feed(STREAM[at:end])]
    assert [reply.code for reply in replies] == [220, 250, 535, 354]
    assert replies[1].lines == ("first", "5.1.1 second", "last")


def test_codes_and_words_are_told_apart() -> None:
    reply = next(Reader().feed(b"535-5.7.8 Not accepted. Learn\r\n535 5.7.8  more\r\n"))
    assert (reply.status, reply.enhanced, reply.words) == ("535 5.7.8", "5.7.8", "Not accepted. Learn more")
    assert str(reply) == "535 5.7.8 Not accepted. Learn more"


@pytest.mark.parametrize("text", ["no code", "4.7.0 of another class", "5.7 short", "5.7.3x glued"])
def test_an_enhanced_code_must_be_one(text: str) -> None:
    assert Reply.of(535, text).enhanced == ""


def test_words_hold_no_control_character() -> None:
    reply = next(Reader().feed(b"550 a\x1b[2Jb\x00c\xc2\x85d\xff\r\n"))
    assert reply.words.isprintable()


@pytest.mark.parametrize(
    "octets",
    [
        b"hello\r\n", b"25 x\r\n", b"2500 x\r\n", b"199 x\r\n", b"600 x\r\n", b"250-a\r\n251 b\r\n", b"\r\n",
        b"250_x\r\n",
        b"2" * (LINE_MAX + 1), b"250 " + b"x" * LINE_MAX + b"\r\n", b"250-x\r\n" * (LINES_MAX + 1),
    ],
)  # fmt: skip
def test_what_is_no_reply_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        list(Reader().feed(octets))


@given(
    st.lists(
        st.sampled_from([b"250 a", b"250-b", b"\r", b"\n", b"\r\n", b"\x00", b"354 go", b"\x85", b".", b" "])
    )
)
def test_no_line_end_but_lf_ends_a_reply_and_none_is_left_in_it(pieces: list[bytes]) -> None:
    """Whatever else a server takes for one: a reply stands in lines of the stream, each used once."""
    stream = b"".join(pieces)
    reader = Reader()
    found: list[Reply] = []
    with contextlib.suppress(Malformed):
        found += reader.feed(stream)
    assert sum(len(reply.lines) for reply in found) <= stream.count(b"\n")
    assert all(line.isprintable() for reply in found for line in reply.lines)


@pytest.mark.parametrize("code", [-1, 0, 25, 199, 600, 999])
def test_a_code_that_is_none_is_no_reply_whoever_read_it(code: int) -> None:
    with pytest.raises(Malformed):
        Reply.read(code, "Fine")
