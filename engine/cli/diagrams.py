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
    """Draws every machine, and prints the tables of settings, rules, identity, roles and functions."""
    from ...diagrams import stale, write

    where, on = f" in {folder}" if folder else "", terminal()
    if not check:
        changed = write(folder)
        say(
            on.out,
            DONE,
            f"Drawings and tables are of today{where}.",
            [("Changed", str(path)) for path in changed],
        )
        raise typer.Exit(Exit.OK)
    old = stale(folder)
    if old:
        rows = [("Stale", str(path)) for path in old] + [("Do", "franking diagrams")]
        say(on.err, FAILED, f"Drawings or tables{where} are stale.", rows)
        raise typer.Exit(Exit.DATA)
    say(on.out, DONE, f"Drawings and tables are of today{where}.")
    raise typer.Exit(Exit.OK)
