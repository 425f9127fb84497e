"""The example of a device's controller, with people who read its display and act."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.examples.controller import NOBODY, Controller, TextScreen
from franking.testing.kit import playing
from franking.testing.travel import pass_time
from franking.tests.engine.device import KIM, LEE, OFFICE, PASSWORDS, PRINTER, Office, office, states

CONFIGURATION = """
[oauth]
enabled = true
client_id = "{client}"
authority = "{authority}"
[administrator]
address = "{administrator}"
[smtp]
server = "localhost"
port = {port}
[tls]
trust = "{trust}"
[store]
path = "{store}"
"""
EXAMPLE = Path(__file__).parents[2] / "examples/controller.py"
ADDRESS = "Sign in with a browser on this machine: "


@dataclass(slots=True)
class Display:
    """What stands on it, line for line, for somebody who reads it."""

    lines: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    read: int = 0

    def show(self, line: str) -> None:
        self.lines.append(line)
        self.news.set()

    async def reads(self, beginning: str) -> str:
        """The rest of the next line that begins so."""
        while True:
            while self.read < len(self.lines):
                self.read += 1
                if (line := self.lines[self.read - 1]).startswith(beginning):
                    return line.removeprefix(beginning)
            self.news.clear()
            await self.news.wait()


@dataclass(slots=True)
class Device:
    here: Office
    engine: Engine
    display: Display
    controller: Controller

    async def keys(self, *lines: str) -> None:
        for line in lines:
            await self.controller.key(line)
            await self.engine.settle()

    async def signs_in(self, account: str) -> None:
        """Somebody who reads the address from the display."""
        address = await self.display.reads(ADDRESS)
        await self.here.kit.person().sign_in(address, account, PASSWORDS[account])

    def scan(self) -> str:
        """The key for a scan to the office."""
        path = self.here.folder / "scan.pdf"
        path.write_bytes(b"%PDF-1.7 a page")
        return f"scan {OFFICE} {path}"

    async def passes(self, **duration: float) -> None:
        await pass_time(self.engine, self.here.clock, **duration)  # type: ignore[arg-type]


@asynccontextmanager
async def device(folder: Path, **oauth: object) -> AsyncIterator[Device]:
    async with office(folder, oauth=oauth) as here:
        display = Display()
        screen = TextScreen(display.show, here.clock)
        async with Engine.open(here.settings, clock=here.clock, screen=screen) as engine:
            yield Device(here, engine, display, Controller(engine, display.show))


@pytest.mark.manual("S18")
async def test_s18_a_person_logs_in_scans_signs_in_and_the_job_goes(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", it.scan())
        await it.signs_in(KIM)
        await it.display.reads("You are signed in.")
        await it.display.reads("Job 1 was sent.")
        assert [message.rcpt_tos for message in it.here.kit.mailbox.messages] == [(OFFICE,)]


@pytest.mark.manual("S18", "S19a")
async def test_s18_the_display_counts_down_and_the_screen_closes(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", it.scan())
        await it.display.reads("10 min left.")
        await it.passes(minutes=1)
        await it.display.reads("9 min left.")
        await it.passes(minutes=9)
        await it.display.reads("The sign-in took too long; your mail waits.")
        assert "1 min left. [cancel] ends it." in it.display.lines
        assert states(it.engine) == ["waiting"]


@pytest.mark.manual("B3", "S18")
async def test_b3_the_display_shows_a_code_for_a_telephone(tmp_path: Path) -> None:
    async with device(tmp_path, flow="code") as it:
        await it.keys("login kim", it.scan())
        code = await it.display.reads("The code: ")
        assert any(KIM in line for line in it.display.lines)
        page = it.here.provider.verification_url
        await it.here.kit.person().enter_code(page, code, KIM, PASSWORDS[KIM])
        await it.passes(seconds=5)
        await it.display.reads("Job 1 was sent.")


@pytest.mark.manual("B3", "S18")
async def test_b3_where_another_machines_browser_ended_is_pasted(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", it.scan())
        address = await it.display.reads(ADDRESS)
        ended = await it.here.kit.person().sign_in_elsewhere(address, KIM, PASSWORDS[KIM])
        await it.keys("paste nonsense")
        await it.display.reads("this is not the address at which the sign-in ends")
        await it.keys(f"paste {ended}")
        await it.display.reads("Job 1 was sent.")


@pytest.mark.manual("S18")
async def test_s18_who_cancels_is_asked_and_discards(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", it.scan(), "cancel")
        await it.display.reads("Job 1 waits for your sign-in: keep or discard?")
        await it.keys("discard")
        await it.display.reads("Discarded, scans erased: 1.")
        assert states(it.engine) == ["ended"]
        assert it.here.spooled() == []


@pytest.mark.manual("S18")
async def test_s18_what_is_kept_is_asked_for_at_the_next_log_in(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", it.scan(), "cancel", "keep", "logout")
        await it.display.reads(NOBODY)
        assert states(it.engine) == ["waiting"]
        await it.keys("login kim")
        await it.signs_in(KIM)
        await it.display.reads("Job 1 was sent.")


async def test_what_a_person_cannot_do_is_said(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys(it.scan())
        await it.display.reads("Log in first: login USER")
        await it.keys("login kim", f"scan {OFFICE} {tmp_path}/missing.pdf")
        await it.display.reads(f"{tmp_path}/missing.pdf: the scan cannot be read")
        await it.keys(f"scan nobody {tmp_path}/missing.pdf")
        await it.display.reads("This is no e-mail address.")
        await it.keys("login administrator")
        await it.display.reads("no user may log in as 'administrator'")
        await it.keys("?")
        await it.display.reads("The keys: ")
        await it.keys("login stranger", it.scan())
        assert any("(the device's administrator" in line for line in it.display.lines), it.display.lines[-1]
        assert states(it.engine) == []


@pytest.mark.manual("S24", "S33a")
async def test_s24_information_is_of_the_device_and_of_who_stands_there(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim", "information")
        await it.display.reads("[Information] is empty.")
        await it.keys(it.scan())
        await it.signs_in(LEE)
        await it.display.reads("[Information] has news.")
        await it.keys("information")
        assert f"{LEE} instead of {KIM}" in await it.display.reads("I102 ")
        await it.keys("login lee", "information")
        await it.display.reads("[Information] is empty.")


@pytest.mark.manual("S28")
async def test_s28_nobody_is_logged_in_after_system_auto_reset(tmp_path: Path) -> None:
    async with device(tmp_path) as it:
        await it.keys("login kim")
        await it.passes(seconds=61)
        await it.display.reads(NOBODY)
        assert it.engine.who_stands_at("panel") == ""


@pytest.mark.manual("S18")
async def test_the_example_runs_as_a_program(tmp_path: Path) -> None:
    async with playing(SystemClock(), tmp_path / "kit", ["microsoft"]) as kit:
        kit.add_account(KIM, PASSWORDS[KIM])
        configuration = tmp_path / "franking.toml"
        made = CONFIGURATION.format(
            client=kit.microsoft.client_id,
            authority=kit.microsoft.base,
            administrator=PRINTER,
            port=kit.submissions["microsoft"].port,
            trust=kit.ca_file,
            store=tmp_path / "store",
        )
        own = f'[from_address]\nsetting = "Login User Address"\n[users]\nkim = "{KIM}"\n'
        configuration.write_text(made + own, encoding="utf-8")
        (tmp_path / "my  scan.pdf").write_bytes(b"%PDF-1.7 a page")
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-u", str(EXAMPLE), str(configuration))
        program = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=tmp_path)
        assert program.stdin is not None
        assert program.stdout is not None
        no_text = b"login \xff\xfe and more\n"
        program.stdin.write(no_text + f"login kim\nscan {OFFICE} my  scan.pdf\n".encode())
        shown = ""
        while "Job 1 was sent." not in shown:
            shown = (await program.stdout.readline()).decode()
            assert shown, "it has ended"
            if shown.startswith(ADDRESS):
                address = shown.removeprefix(ADDRESS).strip()
                await kit.person().sign_in(address, KIM, PASSWORDS[KIM])
        program.stdin.close()
        assert await program.wait() == 0
        assert [name for name, _ in kit.mailbox.messages[0].attachments()] == ["my  scan.pdf"]
