"""What docs/diagrams.md shows is done as it stands there (B6)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from franking.diagrams import DOCS

TEXT = (DOCS / "diagrams.md").read_text(encoding="utf-8")
MACHINE, FROM_PYTHON, SPHINX, MKDOCS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"^\$ franking (.*)$", TEXT, re.MULTILINE)
FILES = ["door.md", "door.mmd", "door.puml", "door.svg", "door.xstate.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "door.py").write_text(MACHINE)
    return tmp_path


def runs(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.manual("B6")
def test_b6_a_programs_own_machine_is_drawn_from_the_command_line(folder: Path) -> None:
    for command in COMMANDS:
        runs(folder, "-m", "franking.engine.cli.main", *command.split())
    assert sorted(path.name for path in (folder / "drawings").iterdir()) == FILES


@pytest.mark.manual("B6")
def test_b6_and_from_python_sphinx_and_mkdocs(folder: Path) -> None:
    assert "stateDiagram-v2" in runs(folder, "-c", f"from door import DOOR\n{FROM_PYTHON}")
    runs(folder, "-c", SPHINX)
    runs(folder, "-c", f"{MKDOCS}\non_pre_build({{'docs_dir': 'docs'}})")
    assert (folder / "docs" / "drawings" / "door.svg").is_file()
    assert "door-locked" in (folder / "drawings" / "door.svg").read_text()


@pytest.mark.parametrize("named", ["door:WINDOW", "no.module:DOOR", "door", "door:Machine"])
def test_what_is_no_machine_is_said(folder: Path, named: str) -> None:
    command = [sys.executable, "-m", "franking.engine.cli.main", "diagrams", "drawings", "--machine", named]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 64
    assert f"{named}: " in done.stderr
    assert not (folder / "drawings").exists()
