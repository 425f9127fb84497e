"""The documents as a site: it is built without a warning, and its pages fetch nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from franking.diagrams import DRAWN

ROOT = Path(__file__).resolve().parent.parent
FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?([^\"'\s>]+)|<link\b([^>]*)>")
"What a page loads by itself; what it links is fetched when somebody wants it."
HREF = re.compile(r"\bhref=[\"']?([^\"'\s>]+)")
NO_LOADS = re.compile(r"\brel=[\"']?(?:canonical|next|prev)\b")
IMPORTED = re.compile(r"url\([\"']?(https?:)?//|@import")
DRAWN_BY_MERMAID = re.compile(r"<pre class=[\"']?mermaid\b")
"For such a block the theme would load a library from elsewhere."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(  # noqa: S603 - this interpreter
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=quiet
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return target


def fetched(page: str) -> list[str]:
    found = []
    for source, link in FETCHED.findall(page):
        if source or not NO_LOADS.search(link):
            found += [source] if source else HREF.findall(link)
    return found


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        page = path.read_text(encoding="utf-8")
        loads = fetched(page)
        assert loads
        assert [each for each in loads if re.match(r"(https?:)?//", each)] == [], path
        assert not DRAWN_BY_MERMAID.search(page), path
    for path in site.rglob("*.css"):
        assert not IMPORTED.search(path.read_text(encoding="utf-8")), path


def test_every_drawing_is_on_the_site_and_every_link_of_it_leads_somewhere(site: Path) -> None:
    for drawing in set(DRAWN.glob("*.svg")) - set(DRAWN.glob("*.brief.svg")):
        assert (site / "repository/diagrams/drawn" / drawing.name).read_bytes() == drawing.read_bytes()
    for path in site.rglob("*.html"):
        for href in HREF.findall(path.read_text(encoding="utf-8")):
            place = href.partition("#")[0].partition("?")[0]
            if place and not re.match(r"[a-z]+:|/", place):
                assert (path.parent / place).exists(), f"{path.relative_to(site)}: {href}"


def test_the_navigation_leads_through_the_guides_first(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    guides = ("start", "embedding", "administrator", "troubleshooting", "testing", "diagrams", "how-it-works")
    places = [start.index(f'href="{name}.html" class="md-nav__link"') for name in guides]
    assert places == sorted(places)
    assert places[-1] < start.index('href="settings.html" class="md-nav__link"')
