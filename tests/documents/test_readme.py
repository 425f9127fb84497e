"""What the README says is so: it is short, its picture is the one that is drawn, its commands exist."""

import re

from franking.diagrams import wanted
from franking.tests.documents.blocks import ROOT, blocks

PATH = ROOT / "README.md"
README = PATH.read_text(encoding="utf-8")
LINES_MOST = 15


def test_the_example_is_short() -> None:
    (example,) = [block for block in blocks(PATH) if block.language == "python"]
    assert len([line for line in example.text.splitlines() if line.strip()]) <= LINES_MOST


def test_the_picture_is_the_one_that_is_drawn() -> None:
    (picture,) = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    assert (ROOT / picture).resolve() in {path.resolve() for path in wanted()}


def test_its_two_commands_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}\n" in README
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
