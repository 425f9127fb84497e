"""`franking-sendmail` hands mail to an engine that runs (B13)."""

import asyncio
import fcntl
import os
import socket
import subprocess
import sys
import termios
from array import array
from pathlib import Path

import pytest

from franking.engine.control.peers import Peer
from franking.engine.parsed import request_of
from franking.engine.programs.options import Options, UsageError, parsed
from franking.engine.programs.outgoing import from_line, has_from
from franking.events.request import ByProgram
from franking.tests.engine.control.asking import KIM, LEE, Socket, at_socket
from franking.tests.engine.device import KIM as KIMS
from franking.tests.engine.device import OFFICE, PRINTER

from .sending import Done, sendmail, surroundings

ROOT = Peer(0, "root")
PEOPLE = {"users": {"kim": KIMS}}
MAIL = b"From: root (Cron Daemon)\nTo: office@example.com\nSubject: news\n\nIt is done.\n"


async def sent(at: Socket, *options: str, octets: bytes = MAIL, peer: Peer = ROOT) -> Done:
    with at.peer(peer):
        return await sendmail(surroundings(at.path, at.here.folder / "no"), *options, octets=octets)


@pytest.mark.manual("B13")
async def test_b13_it_arrives_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert await sent(at, "-i", OFFICE, octets=MAIL + b".\n" + b"x" * 70 + b"\n") == Done(0, "", "")
        (job,) = at.engine.jobs()
        assert (job.owner, job.function) == ("administrator", "E-mail sending from a program of the device")
        (octets,) = at.here.kept(at.engine, job.job)
        assert octets == (MAIL + b".\n" + b"x" * 70 + b"\n").replace(b"\n", b"\r\n")


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("options", "octets", "stored", "recipients"),
    [
        (("-t",), MAIL, MAIL, (OFFICE,)),
        (("-t", "-oi", "root"), MAIL, MAIL, (PRINTER, OFFICE)),
        ((OFFICE,), MAIL + b".\nmore\n", MAIL, (OFFICE,)),
        ((OFFICE,), b"From root Mon Nov  2\n" + MAIL, MAIL, (OFFICE,)),
        (
            ("-Fa b", "-froot", OFFICE),
            b"Subject: x\n\ny\n",
            b'From: "a b" <root>\nSubject: x\n\ny\n',
            (OFFICE,),
        ),
        (("-Fa", "-f", PRINTER, "--", OFFICE), b"y\n", f'From: "a" <{PRINTER}>\ny\n'.encode(), (OFFICE,)),
        (("-i", OFFICE), MAIL + b"f\n" * 900_000, MAIL + b"f\n" * 900_000, (OFFICE,)),
    ],
    ids=["-t", "-t and named", "dot", "mailbox line", "-F", "-f", "large"],
)
async def test_b13_options_do_what_sendmail_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    octets: bytes,
    stored: bytes,
    recipients: tuple[str, ...],
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert await sent(at, *options, octets=octets) == Done(0, "", "")
        (job,) = at.engine.jobs()
        assert at.here.kept(at.engine, job.job) == [stored.replace(b"\n", b"\r\n")]
        content = at.engine.content(job.job)
        assert content is not None
        assert tuple(each.address for each in content.recipients) == recipients


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("code", "options", "octets", "peer", "said"),
    [
        (0, ("-q",), b"", ROOT, ""),
        (0, ("--help",), b"", ROOT, ""),
        (64, (), MAIL, ROOT, "recipient"),
        (64, ("-bs",), MAIL, ROOT, "--listen"),
        (64, ("-N", "always", OFFICE), MAIL, ROOT, "never"),
        (64, ("-V", "x" * 101, OFFICE), MAIL, ROOT, "envid"),
        (64, ("-f", "kim\nBcc: lee@example.com", OFFICE), b"\n", ROOT, "-f 'kim\\nBcc:"),
        (65, (OFFICE,), MAIL + b"\0", ROOT, "NUL"),
        (65, (OFFICE,), b"From: root\n\n\0", ROOT, "Line 3 of the message"),
        (65, (OFFICE,), b"Subject: s\n\n\0", ROOT, "Line 3 of the message"),
        (65, ("-F", "\u0439" * 40, OFFICE), b"Subject: s\n\n\0", ROOT, "Line 3 of the message"),
        (65, (OFFICE,), b"From nas Mon\nFrom: root\n\n\0", ROOT, "Line 4 of the message"),
        (65, (OFFICE,), b"Subject: s\n\n" + b"x" * 999, ROOT, "Line 3 of the message"),
        (67, ("stranger",), MAIL, ROOT, "[programs.recipients]"),
        (64, ("-t",), b"From: root\n\nTo: nobody\n", ROOT, "(whoever runs the program; S33-recipients)"),
        (67, ("a@b@c",), MAIL, ROOT, "a@b@c is no e-mail address. Correct it in the program"),
        (77, (OFFICE,), b"From: kim@example.com\n\n", LEE, "[programs.senders] whose mail"),
        (65, (OFFICE,), b"From: office@example.com\n\n", KIM, "From"),
        (65, (OFFICE,), b'From: "a b"@example.com\n\n', KIM, "no e-mail address that a mailbox could have"),
        (77, (OFFICE,), b"From: nas@example.com\n\n", KIM, "the user kim's, as whom"),
    ],
)
async def test_b13_the_exit_code_says_what_became_of_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    options: tuple[str, ...],
    octets: bytes,
    peer: Peer,
    said: str,
) -> None:
    programs = {"senders": {"nas@example.com": "lee"}}
    async with at_socket(tmp_path, monkeypatch, **PEOPLE, programs=programs) as at:
        done = await sent(at, *options, octets=octets, peer=peer)
        assert (done.code, said in done.err) == (code, True), done
        assert bool(done.err) is bool(code)
        assert at.engine.jobs() == ()
        assert at.engine.information() == ()


@pytest.mark.manual("B13")
async def test_b13_what_waits_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert (await sent(at, "-bp")).out == "Mail queue is empty\n"
        assert (await sent(at, "-v", OFFICE)).err == "sendmail: the engine has it\n"
        assert (await sent(at, "-bp")).out.startswith("1\t")


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("options", "notify", "returns"),
    [
        (("-N", "success,delay", "-R", "FULL"), ("SUCCESS", "DELAY"), "FULL"),
        (("-Nnever", "-Rhdrs"), ("NEVER",), "HDRS"),
        ((), (), "HDRS"),
    ],
)
async def test_b13_what_is_asked_of_notices_is_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    notify: tuple[str, ...],
    returns: str,
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert await sent(at, *options, "-V", "QQ1", OFFICE) == Done(0, "", "")
        row = at.engine.store.job(1)
        assert row is not None
        request = request_of(row)
        assert isinstance(request, ByProgram)
        assert (request.notify, request.returns, request.envelope_id) == (notify, returns, "QQ1")


CRON = ("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (CRON, Options(dots=True, name="CronDaemon", recipients=("root",))),
        (("-ti",), Options(dots=True, of_header=True)),
        (("-oi", "-oem", "-t"), Options(dots=True, of_header=True)),
        (("-fa@b.c", "x, <y>", "Kim <k@b.c>"), Options(sender="a@b.c", recipients=("x", "y", "k@b.c"))),
        (("-itfa", "-v"), Options(dots=True, of_header=True, sender="a", verbose=True)),
        (("-f", "<>", "--", "-x"), Options(sender="", recipients=("-x",))),
        (("-N", "success,delay", "-V", "1", "-R", "hdrs", "b"),
         Options(notify="success,delay", envelope_id="1", returns="hdrs", recipients=("b",))),
        (("-bm", "-G", "-U", "-O", "IgnoreDots", "-p", "x", "b"), Options(dots=True, recipients=("b",))),
        (("-q15m",), Options(mode="run")),
    ],
)  # fmt: skip
def test_options_as_programs_give_them(arguments: tuple[str, ...], wanted: Options) -> None:
    assert parsed(arguments) == wanted


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("-f", ("-f", "kim\nBcc: lee@example.com", OFFICE)),
        ("-r", ("-rkim\r", OFFICE)),
        ("-V", ("-V", "1\r\nRCPT TO:<lee@example.com>", OFFICE)),
        ("recipient", ("a@example.com\nb@example.com",)),
        ("recipient", ("-t", "a@example.com,\tb@example.com")),
        ("recipient", (os.fsdecode(b"a\xff@example.com"),)),
    ],
)
def test_what_would_end_a_line_of_header_or_envelope_is_refused(
    option: str, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as found:
        parsed(arguments)
    text = str(found.value)
    assert text.startswith(option)
    assert "one line of printable characters" in text
    assert text.isprintable()


@pytest.mark.parametrize("word", ["-f", "-Z", "-bz", "-bi", "-bd", "-N", "-Rall"])
def test_what_no_sendmail_takes_is_said(word: str) -> None:
    with pytest.raises(UsageError):
        parsed([word])


@pytest.mark.parametrize(
    ("begin", "found"),
    [
        (b"FROM : a\n", True),
        (b"To: a\n b\nfrom:\n", True),
        (b"To: a\n\nFrom: b\n", False),
        (b"Dear all\nFrom: b\n", False),
        (b"To: a\r\n\r\nFrom: b\r\n", False),
        (b"", False),
    ],
)
def test_a_from_is_found_in_the_header_alone(begin: bytes, found: bool) -> None:
    assert has_from(begin) is found


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", b"From: kim\n"),
        ('a "b" \\c', b'From: "a \\"b\\" \\\\c" <kim>\n'),
        ("J\u00fcrgen", b"From: =?utf-8?b?SsO8cmdlbg==?= <kim>\n"),
    ],
)
def test_a_from_that_is_added_is_one_that_everybody_reads(name: str, line: bytes) -> None:
    assert from_line(name, "kim") == line


async def hangs_up(path: Path, octets: int) -> asyncio.Server:
    """What an engine looks like that is killed when so much of a request has come."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(octets)
        writer.transport.abort()

    return await asyncio.start_unix_server(connected, path)


@pytest.mark.manual("B13", "S33")
@pytest.mark.parametrize("octets", [0, 10, 500])
@pytest.mark.parametrize("folder", ["drop", "none"])
async def test_b13_an_engine_that_ends_in_the_middle_has_it_or_the_folder_has(
    tmp_path: Path, octets: int, folder: str
) -> None:
    (tmp_path / "drop").mkdir()
    server = await hangs_up(tmp_path / "s", octets)
    mail = MAIL + b"a line\n" * 100_000
    done = await sendmail(surroundings(tmp_path / "s", tmp_path / folder), "-i", OFFICE, octets=mail)
    server.close()
    kept = [each.read_bytes() for each in (tmp_path / "drop").iterdir()]
    if folder == "drop":
        assert done == Done(0, "", "")
        assert [each.partition(b"\n")[2].partition(b"\n")[2] for each in kept] == [mail]
    else:
        assert (done.code, kept) == (75, [])
        assert "ended before it answered" in done.err


def refuses_unread(listening: socket.socket, octets: int) -> None:
    """In a thread. Answers when all has come, and reads nothing of it: behind the answer the caller finds the
    end of a connection with octets that nobody wants.
    """
    with listening.accept()[0] as there:
        waiting = array("i", [0])
        while waiting[0] < octets:
            fcntl.ioctl(there, termios.FIONREAD, waiting)
        body = b'{"type": "urn:franking:problem:message-unfit", "detail": "Line 1 is too long."}'
        there.sendall(b"HTTP/1.1 422 x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.manual("B13")
async def test_b13_who_is_refused_before_all_was_read_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    mail = MAIL + b"a line\n" * 5_000
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        refusing = asyncio.to_thread(refuses_unread, listening, len(mail))
        sending = sendmail(surroundings(tmp_path / "s", tmp_path / "drop"), "-i", OFFICE, octets=mail)
        _, done = await asyncio.gather(refusing, sending)
    assert (done.code, list((tmp_path / "drop").iterdir())) == (65, [])
    assert "Line 1 is too long." in done.err


def test_it_loads_nothing_that_a_message_would_wait_for() -> None:
    script = (
        "import sys; from franking.engine.programs.sendmail import main; main(['-q']); print(*sys.modules)"
    )
    checkout = {"PYTHONPATH": str(Path(sys.prefix) / "checkout")}  # without the site's own ways to it
    command = [sys.executable, "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | checkout)  # noqa: S603
    found = set(done.stdout.split())
    heavy = {"pydantic", "typer", "rich", "httpx2", "asyncio", "logging", "json", "pathlib", "email", "http"}
    assert found & heavy == set()
    ours = sorted(each for each in found if each.startswith("franking"))
    assert ours == [
        "franking",
        "franking.engine",
        "franking.engine.programs",
        "franking.engine.programs.handing",
        "franking.engine.programs.options",
        "franking.engine.programs.outgoing",
        "franking.engine.programs.places",
        "franking.engine.programs.sendmail",
    ]
