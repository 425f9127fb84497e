"""What is shipped for a system beside the program: the unit of the service, alert rules."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from franking.engine.cli.exits import Exit
from franking.engine.engine import PATIENCE_S
from franking.events.information import Info

CONTRIB = Path(__file__).resolve().parent.parent / "contrib"
UNIT = CONTRIB / "franking.service"
RULES = CONTRIB / "franking.rules.yml"


PACKAGES = {"promtool": "prometheus", "systemd-analyze": "systemd"}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    return found


def set_in_unit(name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def test_the_unit_is_exposed_below_two() -> None:
    """The limit is in tenths."""
    command = [
        program("systemd-analyze"),
        "security",
        "--offline=true",
        "--threshold=19",
        "--no-pager",
        str(UNIT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found above
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_is_one_that_systemd_reads(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    there = UNIT.read_text(encoding="utf-8").replace("/usr/bin/franking run", "/bin/true run")
    here.write_text(there, encoding="utf-8")
    command = [program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(here)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - found above
    assert (done.returncode, UNIT.name in done.stderr) == (0, False), done.stderr


def test_the_unit_knows_what_the_program_does() -> None:
    assert set_in_unit("RestartPreventExitStatus") == str(Exit.CONFIG.value)
    assert int(set_in_unit("TimeoutStopSec")) > 2 * PATIENCE_S
    assert set_in_unit("Type") == "notify"
    assert int(set_in_unit("WatchdogSec")) < int(set_in_unit("TimeoutStartSec"))


def test_the_rules_name_numbers_and_codes_that_are_given() -> None:
    text = RULES.read_text(encoding="utf-8")
    given = (CONTRIB.parent / "docs" / "alarms.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"franking_\w+", text)):
        assert f"`{name}" in given
    codes = set(re.findall(r"I\d{3}", text))
    assert codes
    assert codes <= {code.value for code in Info}


@pytest.mark.parametrize(
    "what", [("check", "rules", RULES.name), ("test", "rules", "franking.rules-test.yml")], ids=" ".join
)
def test_the_rules_alert_as_they_should(what: tuple[str, ...]) -> None:
    command = [program("promtool"), *what]
    done = subprocess.run(command, cwd=CONTRIB, capture_output=True, text=True, check=False)  # noqa: S603 - the same
    assert done.returncode == 0, done.stdout + done.stderr
