"""The documents show every picture that is there, and no other; each is small enough for a page."""

import re

from franking.diagrams import DOCS

SHOWN = re.compile(r"\]\(pictures/([a-z-]+\.png)\)")
OCTETS_MOST = 80_000


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    shown = {name for path in DOCS.glob("*.md") for name in SHOWN.findall(path.read_text(encoding="utf-8"))}
    assert shown == {path.name for path in (DOCS / "pictures").iterdir()}


def test_a_picture_is_small() -> None:
    assert [each.name for each in (DOCS / "pictures").iterdir() if each.stat().st_size > OCTETS_MOST] == []
