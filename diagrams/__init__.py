"""State diagrams and tables for the documents, generated from the machines that run (B6).

The files of `drawn/` are committed, so that they are read where the code is read; `stale()` finds those that
no longer say what the definitions say.
"""

from pathlib import Path

DRAWN = Path(__file__).parent / "drawn"


def write(folder: Path = DRAWN) -> list[Path]:
    """Writes every file, deletes generated ones that are no longer wanted, and gives the paths that changed.

    A file of somebody else's is left alone. Raises OSError.
    """
    from .pages import pages

    files = pages()
    changed = stale(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path.name in files:
            path.write_text(files[path.name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def stale(folder: Path = DRAWN) -> list[Path]:
    """Files that differ from the definitions, are missing, or are left over from a machine that is gone."""
    from .pages import MARK, pages

    files = pages()
    wrong = [folder / name for name, text in files.items() if read(folder / name) != text]
    others = [path for path in folder.glob("*") if path.suffix in (".md", ".mmd") and path.name not in files]
    return sorted([*wrong, *(path for path in others if MARK in (read(path) or "").partition("\n")[0])])


def read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
