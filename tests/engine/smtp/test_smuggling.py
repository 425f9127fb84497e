"""SMTP smuggling: what leaves for the server ends its lines with CRLF alone, and no message ends too early.

Rule: the octets are those of the wire, as a server got them; a reader that takes a lone CR or LF for the end
of a line, or `<LF>.<LF>` for the end of a message, finds neither.
"""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franking.engine.functions import compose
from franking.engine.ports import Verdict
from franking.engine.smtp.compose import Part, Sendable, blocks
from franking.engine.smtp.fields import Unencodable
from franking.engine.smtp.transaction import stuffed
from franking.events.request import COMPOSED, Function
from franking.testing.scripted_submission import Script
from franking.tests.engine.functions.examples import HEADER, SENT, attachments
from franking.tests.engine.functions.test_injection import changed, strings
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import KIM, LEE, message_of

ENDS = (
    "\n.\n",
    "\r.\r",
    "\r\n.\r\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\n",
    "\r\n.\r",
    "\r\r\n.\r\r\n",
    "\n.\r",
    "\x00\n.\n",
)
SMUGGLED = tuple(f"{end}MAIL FROM:<evil@example.com>\r\nRCPT TO:<{LEE}>\r\nDATA\r\n" for end in ENDS)
HOSTILE = st.lists(
    st.sampled_from(
        (*ENDS, *SMUGGLED, "\r", "\n", "\r\n", ".", "..", "\x0b", "\x0c", "\x85", "\u2028", "ü", "x" * 80)
    )
    | st.text(max_size=10),
    min_size=1,
    max_size=6,
).map("".join)
LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def on_the_wire(message: Sendable) -> bytes:
    """As the transaction writes it, with its end."""
    return b"".join(map(stuffed, blocks(message))) + b".\r\n"


def clean(wire: bytes) -> bool:
    """Lines end with CRLF alone, and only the last one is a dot."""
    return LONE.search(wire) is None and (b"\r\n" + wire).find(b"\r\n.\r\n") == len(wire) - len(b".\r\n")


def test_the_check_finds_what_it_looks_for() -> None:
    assert clean(b"a\r\n..b\r\n.\r\n")
    assert not any(clean(f"a{end}b\r\n.\r\n".encode()) for end in ENDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.mark.manual("S33")
@pytest.mark.parametrize("function", COMPOSED, ids=lambda each: each.name)
@settings(max_examples=30)
@given(data=st.data())
def test_s33_no_field_and_no_file_name_ends_a_message(
    folder: Path, function: Function, data: st.DataObject
) -> None:
    every = list(strings(SENT[function]))
    bad = data.draw(st.sets(st.sampled_from(every), max_size=3))
    request = changed(SENT[function], lambda path, value: data.draw(HOSTILE) if path in bad else value)
    names = data.draw(st.lists(HOSTILE, min_size=2, max_size=2))
    files = [
        each._replace(name=name)
        for each, name in zip(attachments(folder, ("a.pdf", "b.pdf")), names, strict=True)
    ]
    links = tuple(link._replace(name=data.draw(HOSTILE)) for link in HEADER.links)
    header = replace(HEADER, from_name=data.draw(HOSTILE), device_name=data.draw(HOSTILE), links=links)
    try:
        message = compose(request, header, files)  # type: ignore[arg-type] # unchecked on purpose
    except Unencodable:
        return
    assert clean(on_the_wire(message))


@given(text=HOSTILE, name=HOSTILE)
def test_no_text_and_no_name_of_a_part_ends_a_message(text: str, name: str) -> None:
    attached = Part.attachment(text.encode("utf-8", "replace"), name, "application/octet-stream")
    assert clean(on_the_wire(message_of(Part.text(text), attached)))


@pytest.mark.parametrize("end", ENDS, ids=ascii)
async def test_a_text_with_an_end_in_it_arrives_as_one_message(playing: Playing, end: str) -> None:
    async with playing(Script()) as (server, device):
        outcome = await device.send(message_of(Part.text(f"a{end}QUIT\r\n.\r\nend")))
        again = await device.send(message_of(Part.text("another")))
    assert [each.verdict for each in (outcome, again)] == [Verdict.SENT] * 2
    assert len(server.only.bodies) == 2
    received = b"".join(server.only.chunks)
    assert LONE.search(received) is None
    assert [line.partition(" ")[0] for line in server.only.lines if line.startswith("QUIT")] == ["QUIT"]


@pytest.mark.parametrize("end", ENDS, ids=ascii)
async def test_no_address_and_no_message_id_ends_a_line(playing: Playing, end: str) -> None:
    async with playing(Script()) as (server, device):
        outcomes = await asyncio.gather(
            device.send(message_of(Part.text("x")), to=(f"lee{end}@example.com",)),
            device.send(message_of(Part.text("x")), to=(LEE, f"{LEE}{end}")),
            device.send(message_of(Part.text("x")), sender=f"{KIM}{end}"),
        )
    assert {(each.verdict, each.code) for each in outcomes} == {(Verdict.ENDED, "address")}
    assert LONE.search(b"".join(chunk for each in server.connections for chunk in each.chunks)) is None
    assert not any(line.startswith(("MAIL", "RCPT")) for each in server.connections for line in each.lines)
