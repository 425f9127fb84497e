"""What docs/troubleshooting.md says that people see is what they see: in the engine's own words."""

import re

from franking.engine.words import FOLDER
from franking.tests.documents.blocks import DOCS

SEEN = re.compile(r"^\| \*([^*|]+)\* \|", re.MULTILINE)
"The first cell of a row, in italics."


def test_what_is_seen_are_the_engines_words() -> None:
    quoted = SEEN.findall((DOCS / "troubleshooting.md").read_text(encoding="utf-8"))
    assert len(quoted) > 10
    told = (FOLDER / "en.po").read_text(encoding="utf-8") + (DOCS / "errors.md").read_text(encoding="utf-8")
    assert [each for each in quoted if each.lower() not in told.lower()] == []
