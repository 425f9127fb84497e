"""The manual pages, shell completion, and the demonstration that is left up."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from franking.engine.cli.app import command
from franking.engine.cli.manual import pages, sendmail_page
from franking.engine.settings import Settings

from .conftest import Device

PATIENCE_S = 60


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages(command())


def test_every_command_has_its_page(written: dict[str, str]) -> None:
    assert {"franking", "franking-send", "franking-jobs-hold", "franking-check"} <= written.keys()
    assert all(".SH NAME\n" in text and ".SH EXIT STATUS\n" in text for text in written.values())


def test_the_formatter_has_nothing_to_say(written: dict[str, str]) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed: apt-get install groff-base")
    for name, text in (*written.items(), ("franking-sendmail", "\n".join(sendmail_page()) + "\n")):
        done = subprocess.run(  # noqa: S603 - ours
            [groff, "-man", "-ww", "-Tutf8", "-K", "utf8"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "", name
        assert "EXIT STATUS" in re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)


def test_they_are_written_into_a_folder(device: Device, tmp_path: Path) -> None:
    assert device.franking("man", tmp_path / "man1").code == 0
    assert (tmp_path / "man1" / "franking-send.1").read_text().startswith(".TH FRANKING")


def test_the_shell_completes_commands() -> None:
    asked = {"_FRANKING_COMPLETE": "complete_bash", "COMP_WORDS": "franking se", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "franking.engine.cli.main"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(done.stdout.split()) >= {"send", "secret", "settings"}


def test_a_text_on_standard_input_is_sent(device: Device) -> None:
    device.acquire()
    command = [sys.executable, "-m", "franking.engine.cli.main", "send", "--user", "kim"]
    done = subprocess.run(  # noqa: S603 - ours
        [*command, "--to", "text@example.com", "--subject", "Backup"],
        input="All is well.\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = [each for each in device.kit.mailbox.messages if "text@example.com" in each.rcpt_tos]
    assert (found.message()["Subject"], found.message().get_content().strip()) == ("Backup", "All is well.")
    assert "was sent" in done.stdout


def test_the_demonstrations_servers_are_left_up_until_somebody_ends_them(
    device: Device, tmp_path: Path
) -> None:
    with device.start("demo", "--interactive", "--folder", tmp_path / "demo") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Sign in as" in line:
                break
        settings = Settings.load(tmp_path / "demo" / "franking.toml")
        assert settings.oauth.authority is not None
        whose = ("--config", tmp_path / "demo" / "franking.toml", "--user", "kim")
        sent = device.franking(
            "send", *whose, "--to", "office@example.com", tmp_path / "demo" / "Contract.pdf"
        )
        assert (sent.code, "has not signed in" in sent.err) == (75, True), sent.err
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
