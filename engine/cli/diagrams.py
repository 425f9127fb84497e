"""`franking diagrams`: draws machines and prints tables as they run, or checks that they are current (B6)."""

from pathlib import Path
from typing import Annotated

import typer

from .exits import Exit
from .terminal import DONE, FAILED, say, terminal


def diagrams(
    folder: Annotated[
        Path | None,
        typer.Argument(
            show_default=False, help="Where all of them lie; else drawn/ and docs/ of the package."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 65 if one of them is stale.")
    ] = False,
) -> None:
    """Draws every machine, and prints the tables that decide: settings, rules, roles, answers and others."""
    from ...diagrams import stale, write

    where, on, printed = f" in {folder}" if folder else "", terminal(), tables(folder)
    if not check:
        changed = [*write(folder), *outdated(printed)]
        for path in outdated(printed):
            path.write_text(printed[path], encoding="utf-8")
        say(
            on.out,
            DONE,
            f"Drawings and tables are of today{where}.",
            [("Changed", str(path)) for path in changed],
        )
        raise typer.Exit(Exit.OK)
    old = [*stale(folder), *outdated(printed)]
    if old:
        rows = [("Stale", str(path)) for path in old] + [("Do", "franking diagrams")]
        say(on.err, FAILED, f"Drawings or tables{where} are stale.", rows)
        raise typer.Exit(Exit.DATA)
    say(on.out, DONE, f"Drawings and tables are of today{where}.")
    raise typer.Exit(Exit.OK)


def tables(folder: Path | None) -> dict[Path, str]:
    """The documents that are printed from the engine's own tables, which drawings do not know."""
    from ...diagrams import DOCS
    from .documents import documents

    docs = folder or (DOCS if DOCS.is_dir() else None)
    return {docs / name: text for name, text in documents().items()} if docs else {}


def outdated(printed: dict[Path, str]) -> list[Path]:
    from ...diagrams import read

    return [path for path, text in printed.items() if read(path) != text]
