"""A hook of MkDocs: what a page of `docs/` links outside of that folder comes onto the site as well.

The documents are written for whoever reads them in the checkout, so they link drawings, examples and units by
their places there. On the site these lie beneath `repository/`; pages among them are pages of the site.

Rule: no link is written for the site. One that leads nowhere in the checkout is a warning of the build.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS, OUTSIDE = "docs/", "repository/"
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOLDED = "<details>"
"Markdown in it is read as such only where it says so, which it need not elsewhere."


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Brings what the pages link, what those link, and so on."""
    to_read = [page.src_uri for page in files.documentation_pages()]
    for page in to_read:
        for linked in sorted(linked_by(page)):
            if files.get_file_from_path(linked) is None and (place := in_checkout(linked)).is_file():
                brought = File.generated(config, linked, abs_src_path=str(place))
                files.append(brought)
                to_read += [linked] if brought.is_documentation_page() else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    here = page.file.src_uri
    text = LINK.sub(lambda link: relative(here, uri_of(here, link[1])), markdown)
    return text.replace(FOLDED, "<details markdown>")


def linked_by(page: str) -> set[str]:
    text = CODE.sub("", in_checkout(page).read_text(encoding="utf-8"))
    return {uri_of(page, link) for link in LINK.findall(text)}


def in_checkout(uri: str) -> Path:
    """Where a file of the site comes from. No folder of the site is hidden, for hosts leave those out."""
    if not uri.startswith(OUTSIDE):
        return ROOT / DOCS / uri
    place = uri.removeprefix(OUTSIDE)
    return ROOT / (f".{place}" if place.startswith("github/") else place)


def uri_of(page: str, link: str) -> str:
    """Where the target of a page's link lies on the site."""
    folder = in_checkout(page).parent.relative_to(ROOT).as_posix()
    place = posixpath.normpath(posixpath.join(folder, link))
    return place.removeprefix(DOCS) if place.startswith(DOCS) else OUTSIDE + place.removeprefix(".")


def relative(page: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page))
