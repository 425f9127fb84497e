"""The example of a scan button, with the test scanner of SANE: a feeder, jams and open covers."""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pytest

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.examples import scan_button
from franking.examples.scan_button import AGAIN, MISSING, TROUBLE, NotScanned, ScanButton, workplace
from franking.tests.engine.device import KIM, OFFICE, PRINTER, Office, office, states
from franking.tests.examples.test_controller import CONFIGURATION

EXAMPLE = Path(__file__).parents[2] / "examples/scan_button.py"
SCANIMAGE = shutil.which("scanimage")
needed = pytest.mark.skipif(
    SCANIMAGE is None, reason="scanimage is not installed: apt-get install sane-utils"
)
TESTING = ("-d", "test", "--test-picture", "Grid")
FEEDS = 10
"So many pages lie in the feeder of SANE's test scanner."
SQUARE_MM, WIDTH_MM, HEIGHT_MM = 10, 80, 100
"Of its picture, and of its page."
SLOW = "--read-delay=yes --read-delay-duration=200000"
PATIENCE_S = 30


@dataclass(slots=True)
class Device:
    here: Office
    engine: Engine
    button: ScanButton
    lines: list[str]

    async def nothing_came_of(self, told: str) -> None:
        """A press of which nobody but the person at the display learns."""
        await self.button.press("kim", OFFICE)
        await self.engine.settle()
        assert self.lines == [f"{told} {AGAIN}"]
        assert states(self.engine) == []
        assert self.here.spooled() == []
        assert list(self.button.folder.iterdir()) == []
        assert self.here.kit.mailbox.messages == []


@asynccontextmanager
async def device(folder: Path, *options: str, **sections: object) -> AsyncIterator[Device]:
    """kim's mail can go."""
    async with office(folder) as here, here.engine() as engine:
        await here.sign_in(engine)
        await engine.apply(engine.settings.changed(**sections))
        (pages := folder / "pages").mkdir()
        lines: list[str] = []
        yield Device(here, engine, ScanButton(engine, lines.append, pages, options or TESTING), lines)


@pytest.fixture
def instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a test writes here runs in place of scanimage, which it knows as `$SCANIMAGE`."""
    (programs := tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("SCANIMAGE", SCANIMAGE or "")
    (program := programs / "scanimage").touch(0o755)
    os.mkfifo(programs / "begun")
    return program


def script(program: Path, *lines: str) -> None:
    program.write_text("\n".join(("#!/bin/sh", *lines, "")))


def squares(page: pypdfium2.PdfPage) -> list[list[bool]]:
    """Which squares of the grid are dark, row for row."""
    picture = page.render(scale=1).to_pil().convert("L")
    step = picture.width * SQUARE_MM / WIDTH_MM
    return [
        [
            picture.getpixel((int((column + 0.5) * step), int((row + 0.5) * step))) < 128
            for column in range(WIDTH_MM // SQUARE_MM)
        ]
        for row in range(HEIGHT_MM // SQUARE_MM)
    ]


@needed
async def test_all_that_lies_in_the_feeder_arrives_as_one_pdf(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.button.press("kim", OFFICE)
        await it.engine.settle()
        assert it.lines == [f"Pages: {FEEDS}. Job 1 is taken.", "Job 1 was sent."]
        assert list(it.button.folder.iterdir()) == []
        (message,) = it.here.kit.mailbox.messages
        assert (message.mail_from, message.rcpt_tos) == (KIM, (OFFICE,))
        ((name, content),) = message.attachments()
        assert name == "Scan.pdf"
        with closing(pypdfium2.PdfDocument(content)) as document:
            assert len(document) == FEEDS
            for page in document:
                millimetres = [round(points / 72 * 25.4) for points in page.get_size()]
                assert millimetres == [WIDTH_MM, HEIGHT_MM]
                found = squares(page)
                first = found[0][0]
                assert found == [[first ^ bool((x + y) % 2) for x in range(8)] for y in range(10)]


@needed
@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("CANCELLED", "The scan was stopped at the scanner."),
        ("DEVICE_BUSY", "The scanner is busy with something else. Wait until it is ready."),
        ("JAMMED", "A page is jammed in the feeder. Take it out."),
        ("NO_DOCS", "No page lies in the feeder."),
        ("COVER_OPEN", "A cover of the scanner is open. Close it."),
        ("IO_ERROR", TROUBLE["Error during device I/O"]),
        ("NO_MEM", TROUBLE["Out of memory"]),
        ("ACCESS_DENIED", TROUBLE["Access to resource has been denied"]),
        ("INVAL", "The scanner cannot be used: sane_read: Invalid argument."),
    ],
)
async def test_what_is_wrong_at_the_scanner_is_told_in_words(tmp_path: Path, status: str, told: str) -> None:
    async with device(tmp_path, *TESTING, "--read-return-value", f"SANE_STATUS_{status}") as it:
        await it.nothing_came_of(told)


@needed
async def test_a_jam_behind_three_pages_sends_none_of_them(
    tmp_path: Path, instead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(
        instead,
        '"$SCANIMAGE" "$@" --batch-count=3 2>words &&',
        'exec "$SCANIMAGE" "$@" --batch-start=4 --read-return-value=SANE_STATUS_JAMMED',
    )
    bound, bind = [], scan_button.bind

    def seen(page: Path, document: Path) -> None:
        bound.append(page.name)
        bind(page, document)

    monkeypatch.setattr(scan_button, "bind", seen)
    async with device(tmp_path) as it:
        await it.nothing_came_of("A page is jammed in the feeder. Take it out.")
    assert bound == ["1.png", "2.png", "3.png"]


@needed
async def test_a_page_that_is_not_whole_is_told(tmp_path: Path, instead: Path) -> None:
    script(
        instead,
        '"$SCANIMAGE" "$@" --batch-count=2 >names 2>words',
        "head -c 100 2.png >cut && mv cut 2.png && cat names",
    )
    async with device(tmp_path) as it:
        await it.nothing_came_of("Page 2 cannot be used: image file is truncated.")


@needed
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-d", "nothing"), MISSING),
        (("-d", "test", "--source", "Tray"), "setting of option --source failed (Invalid argument)."),
        (("-d", "test", "--crop"), "unrecognized option '--crop'."),
    ],
)
async def test_a_scanner_that_is_missing_or_otherwise_is_told(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    async with device(tmp_path, *options) as it:
        await it.nothing_came_of(told if told == MISSING else f"The scanner cannot be used: {told}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("open of device epson2:libusb:001:004 failed: Device busy", TROUBLE["Device busy"]),
        ("open of device epson2:libusb:001:004 failed: Invalid argument", MISSING),
        ("sane_start: Document feeder jammed", TROUBLE["Document feeder jammed"]),
        ("sane_start: Invalid argument", "The scanner cannot be used: sane_start: Invalid argument."),
        ("sane_start: Document feeder out of documents", None),
        ("sane_read: Document feeder out of documents", None),
    ],
)
def test_opening_starting_and_reading_fail_in_the_same_words(words: str, told: str | None) -> None:
    said = ["Scanning page 4", f"scanimage: {words}", "Batch terminated, 3 pages scanned"]
    assert scan_button.told(said) == told


async def test_a_scanimage_that_hangs_behind_a_jam_is_ended(
    tmp_path: Path, instead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jam is told all the same, and long before patience is at an end."""
    monkeypatch.setattr(scan_button, "STOP_S", 0.1)
    script(
        instead,
        "trap '' INT",
        "echo 'scanimage: sane_read: Document feeder jammed'",
        "echo 'Batch terminated, 1 page scanned'",
        f"read line <{instead.parent}/begun",
    )
    async with device(tmp_path) as it:
        await it.nothing_came_of(TROUBLE["Document feeder jammed"])


async def test_a_system_without_scanimage_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with device(tmp_path) as it:
        monkeypatch.setenv("PATH", str(tmp_path))
        await it.nothing_came_of("scanimage is not installed: apt-get install sane-utils.")


@needed
async def test_what_the_rules_refuse_is_told_and_erased(tmp_path: Path) -> None:
    async with device(tmp_path, tls={"minimum": "TLSv1.3"}) as it:
        await it.button.press("kim", OFFICE)
        (told,) = it.lines
        assert "S12-tls" in told
        assert told.endswith(AGAIN)
        assert (it.here.spooled(), list(it.button.folder.iterdir())) == ([], [])


async def test_a_wrong_address_is_told_before_a_page_moves(tmp_path: Path, instead: Path) -> None:
    script(instead, f": >{tmp_path}/moved")
    async with device(tmp_path) as it:
        await it.button.press("kim", "office")
        assert it.lines == ["office is no e-mail address."]
        assert not os.access(tmp_path / "moved", os.F_OK)


@needed
async def test_a_scanner_that_is_silent_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(NotScanned, match="does not answer"):
        await scan_button.scan(tmp_path / "Scan.pdf", (*TESTING, *SLOW.split()), patience_s=0.1)
    assert not (tmp_path / "Scan.pdf").exists()


def test_a_scanimage_that_does_not_stop_is_ended(
    tmp_path: Path, instead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_button, "STOP_S", 0.1)
    script(instead, "trap '' INT", f"echo $$ >{tmp_path}/number", f"read line <{instead.parent}/begun")
    with pytest.raises(NotScanned, match="does not answer"):
        asyncio.run(scan_button.scan(tmp_path / "Scan.pdf", TESTING, patience_s=1.0))
    assert not Path("/proc", (tmp_path / "number").read_text().strip()).exists()


def test_the_folder_is_one_programs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with workplace() as folder:
        assert (folder.parent, folder.stat().st_mode & 0o777) == (tmp_path, 0o700)
        with pytest.raises(BlockingIOError), workplace():
            pass
    with workplace() as again:
        assert again == folder


def test_another_folder_under_its_name_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    (papers := tmp_path / "papers").mkdir()
    (papers / "letter").touch()
    (tmp_path / f"franking-scan-{os.geteuid()}").symlink_to(papers)
    with pytest.raises(OSError, match="franking-scan"), workplace():
        pass
    assert list(papers.iterdir()) == [papers / "letter"]


# As a program


@contextmanager
def program(folder: Path, configuration: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-u", str(EXAMPLE), str(configuration), "kim", OFFICE, *TESTING]
    (runtime := folder / "run").mkdir(exist_ok=True)
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "RUNTIME_DIRECTORY": str(runtime)},
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def left(folder: Path) -> list[str]:
    """What lies in the folder of pages, at any depth."""
    pages = folder / "run" / f"franking-scan-{os.geteuid()}"
    assert pages.is_dir()
    return sorted(path.name for path in pages.rglob("*") if path.is_file())


@needed
@pytest.mark.manual("S33")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_s33_a_program_that_ends_in_the_middle_of_a_scan_leaves_nothing_half(
    tmp_path: Path, instead: Path, how: signal.Signals
) -> None:
    begun = instead.parent / "begun"
    script(
        instead,
        '"$SCANIMAGE" "$@" --batch-count=2 2>/dev/null || exit',
        f"echo $$ >{begun}",
        f'exec "$SCANIMAGE" "$@" --batch-start=3 {SLOW}',
    )
    (configuration := tmp_path / "franking.toml").write_text(f'[store]\npath = "{tmp_path}/store"\n')
    with program(tmp_path, configuration) as running:
        assert (running.stdin, running.stdout) != (None, None)
        running.stdin.write("\n")  # type: ignore[union-attr]
        running.stdin.flush()  # type: ignore[union-attr]
        scanner = os.pidfd_open(int(begun.read_text()))
        running.send_signal(how)
        assert running.wait(PATIENCE_S) == (-how if how is signal.SIGKILL else 0)
    scans_on = not select.select([scanner], [], [], 0)[0]
    if scans_on:
        signal.pidfd_send_signal(scanner, signal.SIGKILL)
    os.close(scanner)
    assert scans_on is (how is signal.SIGKILL)
    assert bool(left(tmp_path)) is (how is signal.SIGKILL)
    with program(tmp_path, configuration) as next_one:
        said, _ = next_one.communicate(timeout=PATIENCE_S)
        assert (said, next_one.returncode) == ("Ready. Enter is the button.\n", 0)
    assert left(tmp_path) == []
    assert [path for path in (tmp_path / "store/spool").rglob("*") if path.is_file()] == []
    async with Engine.open(Settings.load(configuration)) as engine:
        assert states(engine) == []


@needed
async def test_the_example_runs_as_a_program(tmp_path: Path) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        configuration = tmp_path / "franking.toml"
        made = CONFIGURATION.format(
            client=here.provider.client_id,
            authority=here.provider.base,
            administrator=PRINTER,
            port=here.server.port,
            trust=here.kit.ca_file,
            store=here.store,
        )
        own = f'[from_address]\nsetting = "Login User Address"\n[users]\nkim = "{KIM}"\n'
        configuration.write_text(made + own, encoding="utf-8")
        with program(tmp_path, configuration) as running:
            said, _ = await asyncio.to_thread(running.communicate, "\n", PATIENCE_S)
        assert said.splitlines() == [
            "Ready. Enter is the button.",
            f"Pages: {FEEDS}. Job 1 waits for an access token.",
            "Job 1 was sent.",
        ]
        assert running.returncode == 0
        assert left(tmp_path) == []
        assert [name for name, _ in here.kit.mailbox.messages[0].attachments()] == ["Scan.pdf"]
