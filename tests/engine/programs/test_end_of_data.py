"""Where a message ends, and that no two readers can see it end at two places (RFC 5321 section 4.1.1.4)."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.programs.wire import END, Body, GoneAway, LineBare, LineTooLong, Wire

from .guest import MESSAGE, client, listening, taken

SECOND = b"MAIL FROM:<root>\r\nRCPT TO:<root>\r\nDATA\r\nFrom: root\r\n\r\nsmuggled\r\n.\r\n"
ENDS_OF_OTHERS = {
    "LF.LF": b"\n.\n",
    "CRLF.LF": b"\r\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "CRCRLF.CRCRLF": b"\r\r\n.\r\r\n",
    "NUL": b"\r\n\0.\r\n",
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", ENDS_OF_OTHERS)
@pytest.mark.parametrize("filled", [0, 60_000], ids=["small", "large"])
async def test_b13_what_others_take_for_the_end_smuggles_nothing(
    tmp_path: Path, name: str, filled: int
) -> None:
    message = b"From: root\r\n\r\n" + b"fill\r\n" * filled + b"one" + ENDS_OF_OTHERS[name] + SECOND
    async with listening(tmp_path) as (here, engine, address), client(address) as one:
        await one.begin()
        assert (await one.says(message)).startswith("554 5.6.0 ")
        assert (taken(engine), here.spooled()) == (0, [])
        assert (await one.says("NOOP")).startswith("250"), "all of it was one message"
        assert (await one.sends()).startswith("250 2.0.0 Ok: job ")


@pytest.mark.manual("B13")
@pytest.mark.parametrize("octets", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\n", b"\n", b"\r\r\n"])
async def test_b13_a_line_that_ends_otherwise_is_refused(tmp_path: Path, octets: bytes) -> None:
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        reply = await one.sends(MESSAGE + octets + b"end\r\n")
        assert reply.startswith("554 5.6.0 A line of the message ends otherwise than with CR and LF")
        assert taken(engine) == 0


async def read(octets: bytes, steps: "list[int]") -> tuple[bytes, bytes]:
    """The message and what stands behind it, as it comes in these steps."""
    reader = asyncio.StreamReader()
    wire = Wire(reader)
    body, found = Body(wire), b""

    async def feed() -> None:
        at = 0
        for step in steps:
            reader.feed_data(octets[at : at + step] or b"")
            at += step
            await asyncio.sleep(0)
        reader.feed_data(octets[at:])
        reader.feed_eof()

    feeding = asyncio.ensure_future(feed())
    try:
        while block := await body.block():
            found += block
    finally:
        await feeding
    rest = await reader.read()
    return found, bytes(wire.held) + rest


LINE = st.lists(
    st.sampled_from([b".", b"a", b"\r", b"\n", b"..", b"\r.", b".\n", b"x" * 60]), max_size=5
).map(b"".join)


@given(st.lists(LINE, max_size=8), st.lists(st.integers(1, 7), max_size=40), LINE)
def test_a_message_is_read_the_same_however_it_comes(
    lines: list[bytes], steps: list[int], behind: bytes
) -> None:
    wanted = b"".join(line + b"\r\n" for line in lines)
    stuffed = (b"\r\n" + wanted).replace(b"\r\n.", b"\r\n..")[2:]
    assert asyncio.run(read(stuffed + b".\r\n" + behind, steps)) == (wanted, behind)


async def test_a_message_without_an_end_is_none() -> None:
    for octets in (b"", b".", b".\r", b"a\r\n.\r\r\n", b"a\r\n..\r\n", b"a\r\n.\n"):
        with pytest.raises(GoneAway):
            await read(octets, [])


async def test_a_line_that_is_too_long_comes_in_parts_and_its_message_ends_where_it_ends() -> None:
    for length in (1_999, 2_000, 65_535, 300_000):
        found, behind = await read(b"x" * length + END + b"QUIT\r\n", [1_000] * 10)
        assert found.endswith(b"\r\n")
        assert len(found.strip(b"\r\n")) >= 1_999
        assert behind == b"QUIT\r\n"


async def test_commands_are_lines_and_nothing_else() -> None:
    reader = asyncio.StreamReader()
    wire = Wire(reader)
    reader.feed_data(b"NOOP\r\nA\nB\rC\r\n" + b"x" * 5_000 + b"\r\nQUIT\r\n" + b"y" * 2_000_000)
    assert await wire.line() == b"NOOP"
    for wrong in (LineBare, LineBare, LineTooLong):
        with pytest.raises(wrong):
            await wire.line()
    assert await wire.line() == b"QUIT"
    assert not wire.more_waits
    with pytest.raises(GoneAway):
        await wire.line()
