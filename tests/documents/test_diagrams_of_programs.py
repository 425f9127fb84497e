"""What docs/diagrams.md shows for other programs is done as it stands there (B6): in a browser, in Sphinx."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from franking.diagrams import DRAWN
from franking.engine.cli.main import main
from franking.tests.documents.blocks import DOCS, blocks

SHOWN = blocks(DOCS / "diagrams.md")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (machine,) = [block for block in SHOWN if block.title == "door.py"]
    (tmp_path / "door.py").write_text(machine.text, encoding="utf-8")
    return tmp_path


def block(language: str) -> str:
    (found,) = [block for block in SHOWN if block.language == language]
    return found.text


@pytest.mark.manual("B6")
def test_b6_a_page_lights_the_state_that_is(tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    drawing = (DRAWN / "refresh-token.svg").read_text(encoding="utf-8").partition("-->")[2]
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html>{drawing}<script>{block('js')}</script>", encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", profile, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - found above
    (lit,) = re.findall(r"<g\b[^>]*\blit\b[^>]*>", done.stdout)
    assert 'id="refresh-token-acquired"' in lit


@pytest.mark.manual("B6")
def test_b6_the_image_of_a_page_in_sphinx_is_drawn_by_its_configuration(folder: Path) -> None:
    (configuration,) = [block for block in SHOWN if block.title == "conf.py"]
    subprocess.run([sys.executable, "-c", configuration.text], cwd=folder, check=True)  # noqa: S603 - ours
    (image,) = re.findall(r"^\.\. image:: (\S+)$", block("rst"), re.MULTILINE)
    assert (folder / image).is_file()


@pytest.mark.parametrize("named", ["door:WINDOW", "no.module:DOOR", "door", "door:Machine"])
def test_what_is_no_machine_is_said(
    folder: Path, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "door", raising=False)
    assert main(["diagrams", "drawings", "--machine", named]) == 64
    assert f"{named}: " in capsys.readouterr().err
    assert not (folder / "drawings").exists()
    sys.modules.pop("door", None)
