"""State diagrams and tables for the documents, generated from the machines and tables that run (B6).

The files of `drawn/` and those of the checkout's `docs/` are committed, so that they are read where the code
is read; `stale()` finds those that no longer say what the definitions say. Where the package is installed
without a checkout there is no `docs/`: its tables are written into a folder that is named.

A page shows one of ours with `shipped`, in brief or whole, and the rules of `style` in its stylesheet: both
are there without Graphviz and without the extra `diagrams`.

A program draws machines of its own, plain ones of the library `transitions` as well: `draw` gives one drawing
as text, `write` and `stale` keep a folder of them; see docs/diagrams.md.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import transitions

from .cards import Fired
from .forms import SUFFIXES, TOGETHER, Form
from .placing import MissingLibrary
from .seal import Sealed

__all__ = ["Form", "MissingLibrary", "draw", "shipped", "stale", "style", "write"]
DRAWN = Path(__file__).parent / "drawn"
DOCS = Path(__file__).parent.parent / "docs"
Machines = Sequence[transitions.Machine]
OWN_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
HEAD_CHARACTERS = 400
"Of a file: there it says that it is generated."


def draw(machine: transitions.Machine, form: Form = Form.SVG, fired: Fired | None = None) -> str:
    """`fired`: rows that did, to be marked in SVG and in the matrix.

    Raises ValueError for a plain machine that cannot be drawn, MissingLibrary for SVG without the extra
    `diagrams`.
    """
    from .chart import chart
    from .forms import said

    return said(chart(machine), form, fired)


def shipped(name: str) -> str:
    """The drawing of one of our machines as an `<svg>` element without style of its own, such as
    `refresh-token`, or `refresh-token.brief` for a small screen. The element with the id
    `refresh-token-acquired` is that state, and the class `lit` lights it. Raises FileNotFoundError.
    """
    text = (DRAWN / f"{name}.svg").read_text(encoding="utf-8")
    return OWN_STYLE.sub("", text[text.index("<svg") : text.index("</svg>")]) + "</svg>"


def style() -> str:
    """The rules of all drawings, for a stylesheet. Each colour is a variable beneath `.fk`; a page that is
    marked with `data-theme`, `light` or `dark`, has those colours, whatever the browser prefers.
    """
    from .look import STYLE, THEMES

    return STYLE + THEMES


def wanted(
    folder: Path | None = None, machines: Machines | None = None, forms: Collection[Form] = tuple(Form)
) -> dict[Path, str | Sealed]:
    """Every file with its content: of these machines; or ours, with the tables in `docs/` or all in a folder.

    Raises ValueError for machines without a folder, and for two machines of one name.
    """
    from .documents import documents
    from .pages import pages

    if machines is not None:
        if folder is None:
            raise ValueError("drawings of your own machines need a folder of their own")
        return {folder / name: each for name, each in of_machines(machines, forms).items()}
    drawn, docs = folder or DRAWN, folder or (DOCS if DOCS.is_dir() else None)
    files = {drawn / name: each for name, each in pages().items()}
    return files | ({docs / name: each for name, each in documents().items()} if docs else {})


def of_machines(machines: Machines, forms: Collection[Form]) -> dict[str, str | Sealed]:
    from .chart import chart
    from .forms import of_chart, together
    from .tells import tellings

    charts = [chart(machine) for machine in machines]
    twice = {each.name for each in charts if [other.name for other in charts].count(each.name) > 1}
    if twice:
        raise ValueError(f"two machines are called {', '.join(sorted(twice))}: give each a name of its own")
    files = {name: each for drawn in charts for name, each in of_chart(drawn, forms).items()}
    tell = any(one != other for one, other in tellings(charts))
    return files | ({TOGETHER: together(charts)} if tell and Form.SVG in forms else {})


def write(
    folder: Path | None = None, machines: Machines | None = None, forms: Collection[Form] = tuple(Form)
) -> list[Path]:
    """Writes every file that is stale, deletes generated ones that are no longer wanted, and gives the paths
    that changed. Without `machines`: ours, and the tables of `docs/`.

    A file of somebody else's is left alone. Raises OSError; MissingLibrary when all but the SVG are written,
    and one of those is stale.
    """
    files = wanted(folder, machines, forms)
    changed = outdated(files)
    for path in sorted(changed, key=lambda path: isinstance(files.get(path), Sealed)):
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(files[path]), encoding="utf-8")
        else:
            path.unlink()
    return changed


def stale(
    folder: Path | None = None, machines: Machines | None = None, forms: Collection[Form] = tuple(Form)
) -> list[Path]:
    """Files that differ from the definitions, are missing, or are left over from a machine that is gone."""
    return outdated(wanted(folder, machines, forms))


def outdated(files: dict[Path, str | Sealed]) -> list[Path]:
    wrong = [path for path, each in files.items() if not current(each, read(path))]
    beside = {path for each in {path.parent for path in files} for path in each.glob("*")} - files.keys()
    ours = tuple(SUFFIXES.values())
    left = [path for path in beside if path.name.endswith(ours) and generated(read(path) or "")]
    return sorted([*wrong, *left])


def text_of(wanted: str | Sealed) -> str:
    return wanted.text() if isinstance(wanted, Sealed) else wanted


def current(wanted: str | Sealed, text: str | None) -> bool:
    if isinstance(wanted, Sealed):
        return text is not None and wanted.is_current(text)
    return text == wanted


def generated(text: str) -> bool:
    head = text[:HEAD_CHARACTERS]
    return "generated from " in head and "by `franking diagrams`" in head


def read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
