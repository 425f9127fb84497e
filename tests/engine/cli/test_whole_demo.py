"""The demonstration as a whole: every claim checked, everything delivered, and its last line says so."""

import io
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from franking.engine.cli.demo import run

LAST = re.compile(r"demo: ok, (\d+) messages delivered, attachments identical")


@pytest.mark.manual("S12", "S13", "S14", "S18", "S23", "S23a", "S24", "S25", "S28", "S29", "B10")
@pytest.mark.parametrize("scanner", ["SANE's", "none"])
def test_the_demonstration_runs_from_sign_in_to_the_mailbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scanner: str
) -> None:
    if scanner == "none":
        monkeypatch.setenv("PATH", str(tmp_path / "no programs"))
    elif shutil.which("scanimage") is None:
        pytest.skip("scanimage is not installed: apt-get install sane-utils")
    shown = io.StringIO()
    assert run(tmp_path, Console(file=shown, width=200)) == 0
    assert ("scanimage gave 4 pages" in shown.getvalue()) is (scanner == "SANE's")
    assert ("A page is jammed" in shown.getvalue()) is (scanner == "SANE's")
    last = LAST.fullmatch(shown.getvalue().splitlines()[-1])
    assert last is not None
    assert int(last[1]) == len(list((tmp_path / "kit/mailbox").glob("*.eml")))
