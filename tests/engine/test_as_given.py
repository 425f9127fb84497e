"""A message as a program wrote it: what arrives is what was given, but for what had to be changed (B13)."""

from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from franking.engine import incoming
from franking.engine.header import SHOWN, GivenField, decoded
from franking.engine.incoming import MessageUnfit
from franking.engine.refusal import Refused
from franking.engine.spool import SMALL_OCTETS, ScanUnreadable
from franking.events.request import ByProgram, FromProgram, Given
from franking.testing.mailbox import Delivered

from .device import KIM, LEE, OFFICE, PRINTER, Office, office, signed_in, states

HEADER = b"From: Kim <kim@example.com>\r\nTo: office@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
WHOLE = (
    HEADER + b"Date: Mon, 02 Nov 2026 08:00:00 +0000\r\nMessage-ID: <one@kim.example>\r\nX-Odd:  kept \r\n"
)
BODY = b"\r\nHello\r\n.\r\n..a dot\r\n\tend \r\n"


def given(folder: Path, octets: bytes) -> Path:
    path = folder / "given"
    path.write_bytes(octets)
    return path


async def arrived(here: Office) -> Delivered:
    await here.kit.mailbox.wait_for(1)
    (delivered,) = here.kit.mailbox.messages
    return delivered


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    "octets",
    [
        WHOLE + BODY,
        WHOLE + b"\r\n",
        WHOLE.replace(b"Subject:", b"Subject: folded\r\n over lines,\r\n\tand odd:") + BODY,
        WHOLE + b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe \xff\xfe\r\n",
        WHOLE + b"\r\n" + b"Line of a long body.\r\n" * 200_000,
        WHOLE + b"\r\n" + b"x" * 998 + b"\r\n",
    ],
    ids=["dots", "no body", "folded", "eight bits", "4 MB", "longest line"],
)
async def test_b13_it_arrives_octet_for_octet(tmp_path: Path, octets: bytes) -> None:
    async with signed_in(tmp_path) as (here, engine):
        receipt = await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=given(tmp_path, octets)))
        assert receipt.message_id == "<one@kim.example>"
        assert bool(here.spooled()) is (len(octets) > SMALL_OCTETS)
        assert WHOLE not in b"".join(path.read_bytes() for path in here.store.rglob("*") if path.is_file())
        await engine.settle()
        assert states(engine) == ["sent"]
        delivered = await arrived(here)
        assert (delivered.mail_from, delivered.rcpt_tos) == (KIM, (OFFICE,))
        assert delivered.raw() == octets
        assert here.spooled() == []


@pytest.mark.manual("B13")
async def test_b13_what_is_missing_is_added_and_bcc_is_not_told(tmp_path: Path) -> None:
    octets = HEADER + b"Bcc: lee@example.com,\r\n boss@example.com\r\nbcc: x@example.com\r\n" + BODY
    async with signed_in(tmp_path) as (here, engine):
        path = given(tmp_path, octets)
        receipt = await engine.submit(FromProgram(user="kim", to=(OFFICE, LEE), message=path))
        await engine.settle()
        delivered = await arrived(here)
        assert delivered.rcpt_tos == (OFFICE, LEE)
        added = delivered.raw().removeprefix(HEADER).removesuffix(BODY)
        assert added == (
            b"Date: Mon, 02 Nov 2026 08:00:00 +0000\r\n" + f"Message-ID: {receipt.message_id}\r\n".encode()
        )
        content = engine.content(receipt.job)
        assert content is not None
        assert content.subject == "Grüße"


OWN, NAMED = "printer@example.com", '"<boss@example.com>" <printer@example.com>'
LINES: Mapping[str, tuple[bytes, bytes]] = {
    "LF": (b"From: kim@example.com\nX: y\n\none\ntwo\n", b"one\r\ntwo\r\n"),
    "CR": (b"From: kim@example.com\rX: y\r\rone\rtwo", b"one\r\ntwo\r\n"),
    "mixed": (b"From: kim@example.com\r\nX: y\n\r\none\r\rtwo\n\n", b"one\r\n\r\ntwo\r\n\r\n"),
    "no end": (b"From: kim@example.com\r\nX: y\r\n\r\none", b"one\r\n"),
    "no empty line": (b"From: kim@example.com\nX: y\none two\nthree", b"one two\r\nthree\r\n"),
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
async def test_b13_lines_end_with_crlf_whatever_they_ended_with(
    tmp_path: Path, name: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("franking.engine.bringing.STEP_OCTETS", step)
    octets, wanted = LINES[name]
    async with signed_in(tmp_path) as (here, engine):
        await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=given(tmp_path, octets)))
        await engine.settle()
        header, _, body = (await arrived(here)).raw().partition(b"\r\n\r\n")
        assert body == wanted
        assert header.startswith(b"From: kim@example.com\r\nX: y\r\nDate: ")


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("From: root (Cron Daemon)", "Cron Daemon <printer@example.com>"),
        ("From: =?utf-8?q?J=C3=BCrgen?= <root@nas>", "Jürgen <printer@example.com>"),
        ("From: PRINTER@example.com", "PRINTER@example.com"),
        ("X-None: 1", "printer@example.com"),
        ("From: a@example.net, b@example.net\r\nFrom: c@example.net", "printer@example.com"),
        ("From: printer@example.com\r\nFrom: Boss <boss@example.com>", "printer@example.com"),
        ("From: printer@example.com, Boss <boss@example.com>", "printer@example.com"),
        ("Sender: boss@example.com\r\nFrom: printer@example.com", "printer@example.com"),
        ("Sender: Boss <boss@example.com>\r\nFrom: NAS <root@nas>", "NAS <printer@example.com>"),
        ("From: " + ("(" * 900 + "\r\n ") * 6, "printer@example.com"),
        ("From: printer@example.com(<boss@example.com>", NAMED),
        ("From: printer@example.com ((<boss@example.com>)", NAMED),
        ("From: NAS: printer@example.com;", "printer@example.com"),
        ("From: <@boss.example,@a:printer@example.com>", "printer@example.com"),
        (
            "From: \N{LATIN SMALL LETTER P}rinter@exampl\N{FULLWIDTH LATIN SMALL LETTER E}.com",
            "printer@example.com",
        ),
        (
            "Sender: printer@example.com(<boss@example.com>\r\nFrom: printer@example.com",
            "printer@example.com",
        ),
        ("From root Mon Nov  2\r\nFrom: printer@example.com", "printer@example.com"),
    ],
)
async def test_b13_a_from_that_the_mailbox_cannot_send_as_is_its_own(
    tmp_path: Path, line: str, wanted: str
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        octets = f"{line}\r\nSubject: backup\r\n\r\ndone\r\n".encode()
        await engine.submit(ByProgram(to=(OFFICE,), message=given(tmp_path, octets)))
        await engine.settle()
        delivered = await arrived(here)
        assert delivered.mail_from == PRINTER
        mail = message_from_bytes(delivered.raw(), policy=policy.default)
        assert mail.get_all("From") == [wanted]
        assert mail["Sender"] is None
        assert mail["Subject"] == "backup"


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    "line",
    [
        'From: "NAS, (third floor)" (its name) <PRINTER@example.com> (here)',
        "From: =?utf-8?q?J=C3=BCrgen?= NAS <printer@example.com>",
        "From: Jürgen <printer@example.com>",
        "From: NAS\r\n <printer@example.com>",
        "From: Scans <scans@example.com>",
    ],
)
async def test_b13_a_from_that_is_the_mailbox_stays_as_it_is_written(tmp_path: Path, line: str) -> None:
    aliases = {"administrator": ["scans@example.com"]}
    async with office(tmp_path, aliases=aliases) as here, here.engine() as engine:
        await here.acquire(engine)
        octets = f"{line}\r\nSubject: backup\r\n\r\ndone\r\n".encode()
        await engine.submit(ByProgram(to=(OFFICE,), message=given(tmp_path, octets)))
        await engine.settle()
        assert (await arrived(here)).raw().startswith(f"{line}\r\nSubject: backup\r\n".encode())


def test_a_mailbox_of_a_long_header_is_found_or_not_in_no_time() -> None:
    """A pattern that goes back and forth would not end."""
    for text in ("a " * 40_000, "(a" * 40_000, '"a" ' * 40_000 + "<", "() " * 40_000 + "x"):
        assert GivenField("from", f"From: {text}\r\n".encode()).mailbox == ""


@pytest.mark.manual("B13")
async def test_b13_a_sender_that_is_the_mailbox_stays(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        octets = b"Sender: PRINTER@example.com\r\nFrom: printer@example.com\r\n\r\ndone\r\n"
        await engine.submit(ByProgram(to=(OFFICE,), message=given(tmp_path, octets)))
        await engine.settle()
        assert (await arrived(here)).raw().startswith(octets[: octets.index(b"\r\n\r\n")])


UNFIT = {
    "message.nul": b"From: kim@example.com\r\n\r\na\0b\r\n",
    "message.line": b"From: kim@example.com\r\n\r\n" + b"x" * 999 + b"\r\n",
    "message.header": b"X: y\r\n" * 50_000 + b"\r\n",
    "message.empty": b"",
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("meaning", UNFIT)
async def test_b13_what_no_server_takes_is_refused_in_words_and_nothing_of_it_stays(
    tmp_path: Path, meaning: str
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        large = UNFIT[meaning].replace(b"\r\n\r\n", b"\r\n\r\n" + b"fill\r\n" * 40_000)
        for octets in {UNFIT[meaning], large}:
            path = given(tmp_path, octets)
            with pytest.raises(MessageUnfit) as caught:
                await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=path))
            assert caught.value.meaning == meaning
            assert str(caught.value).endswith(".")
        assert (engine.jobs(), here.spooled()) == ((), [])
        assert engine.scans.room.promised == 0


def test_of_a_subject_no_more_is_decoded_than_is_shown() -> None:
    """Words that are broken cost the decoder the square of their length."""
    assert len(decoded("=?a?q?x" * 40_000)) == 4 * SHOWN


async def test_a_long_line_that_comes_in_pieces_is_noticed(tmp_path: Path) -> None:
    lines = incoming.Lines()
    for _ in range(998):
        assert lines.fed(b"x") == b"x"
    with pytest.raises(MessageUnfit):
        lines.fed(b"x")


@pytest.mark.manual("B13")
async def test_b13_rules_are_those_of_every_job(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        path = given(tmp_path, WHOLE + b"\r\n" + b"fill\r\n" * 40_000)
        for request in (
            FromProgram(user="kim", to=(OFFICE,), message=path, from_address=LEE),
            FromProgram(user="kim", message=path),
        ):
            with pytest.raises(Refused):
                await engine.submit(request)
        with pytest.raises(ScanUnreadable):
            await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=tmp_path / "gone"))
        assert here.spooled() == []


@pytest.mark.manual("B13", "S33")
async def test_b13_a_file_that_is_handed_over_is_gone_with_the_receipt(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        path = given(tmp_path, WHOLE + BODY)
        await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=path))
        assert path.exists()
        await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=path), given=Given.HANDED_OVER)
        assert not path.exists()
