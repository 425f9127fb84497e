"""What the README says is so: its example runs, its picture is the one that is drawn, its commands exist."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from franking.diagrams import wanted
from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.testing.clock import VirtualClock
from franking.testing.kit import playing
from franking.testing.screen import PersonAtTheScreen

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADMINISTRATOR = "printer@example.com"
LINES_MOST = 15

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


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.manual("S33", "S26")
async def test_the_example_sends_a_scan(tmp_path: Path) -> None:
    assert len([line for line in block("python").splitlines() if line.strip()]) <= LINES_MOST
    clock = VirtualClock(SystemClock().now())
    async with playing(clock, tmp_path / "kit", ("microsoft",)) as kit:
        kit.add_account(ADMINISTRATOR, "password")
        configuration = tmp_path / "franking.toml"
        configuration.write_text(
            CONFIGURATION.format(
                client=kit.microsoft.client_id,
                authority=kit.microsoft.base,
                administrator=ADMINISTRATOR,
                port=kit.submissions["microsoft"].port,
                trust=kit.ca_file,
                store=tmp_path / "store",
            ),
            encoding="utf-8",
        )
        (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7 a scan")
        screen = PersonAtTheScreen(kit.person(), {ADMINISTRATOR: "password"})
        async with Engine.open(Settings.load(configuration), screen=screen) as engine:
            await engine.acquire("page")
            await engine.settle()
        example = await asyncio.create_subprocess_exec(
            sys.executable, "-c", block("python"), cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await example.communicate()
        assert printed.decode() == "job 1: sent\n"
        assert [name for message in kit.mailbox.messages for name, _ in message.attachments()] == ["scan.pdf"]


def test_the_picture_is_the_one_that_is_drawn() -> None:
    (picture,) = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    assert (ROOT / picture).resolve() in {path.resolve() for path in wanted()}


def test_its_two_commands_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}\n" in README
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
