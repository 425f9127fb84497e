"""State diagrams and tables for the documents, generated from the machines and tables that run (B6).

The files of `drawn/` and those of the checkout's `docs/` are committed, so that they are read where the code
is read; `stale()` finds those that no longer say what the definitions say. Where the package is installed
without a checkout there is no `docs/`: its tables are written into a folder that is named.
"""

from pathlib import Path

DRAWN = Path(__file__).parent / "drawn"
DOCS = Path(__file__).parent.parent / "docs"


def wanted(folder: Path | None) -> dict[Path, str]:
    """Every file with its content: pictures in `drawn/` and tables in `docs/`, or all in one folder."""
    from .documents import documents
    from .pages import pages

    drawn, docs = folder or DRAWN, folder or (DOCS if DOCS.is_dir() else None)
    files = {drawn / name: text for name, text in pages().items()}
    return files | ({docs / name: text for name, text in documents().items()} if docs else {})


def write(folder: Path | None = None) -> list[Path]:
    """Writes every file, deletes generated ones that are no longer wanted, and gives the paths that changed.

    A file of somebody else's is left alone. Raises OSError.
    """
    files = wanted(folder)
    changed = stale(folder)
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def stale(folder: Path | None = None) -> list[Path]:
    """Files that differ from the definitions, are missing, or are left over from a machine that is gone."""
    files = wanted(folder)
    wrong = [path for path, text in files.items() if read(path) != text]
    beside = {path for each in {path.parent for path in files} for path in each.glob("*")} - files.keys()
    left = [path for path in beside if path.suffix in (".md", ".mmd") and generated(read(path) or "")]
    return sorted([*wrong, *left])


def generated(text: str) -> bool:
    first = text.partition("\n")[0]
    return (
        first.startswith(("<!-- generated from ", "%% generated from ")) and "by `franking diagrams`" in first
    )


def read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
