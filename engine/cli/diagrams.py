"""`franking diagrams`: draws the machines that run, or checks that the drawings are of today (B6)."""

from pathlib import Path
from typing import Annotated

import typer

from .exits import Exit
from .terminal import DONE, FAILED, say, terminal


def diagrams(
    folder: Annotated[
        Path | None,
        typer.Argument(show_default=False, help="Where the drawings lie; else where the package has them."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 65 if a drawing is stale.")
    ] = False,
) -> None:
    """Draws every machine from its definition."""
    from ...diagrams import DRAWN, stale, write

    where, on = folder or DRAWN, terminal()
    if not check:
        changed = write(where)
        say(
            on.out,
            DONE,
            f"The drawings are of today in {where}.",
            [("Changed", str(path)) for path in changed],
        )
        raise typer.Exit(Exit.OK)
    old = stale(where)
    if old:
        rows = [("Stale", str(path)) for path in old] + [("Do", "franking diagrams")]
        say(on.err, FAILED, f"The drawings in {where} are stale.", rows)
        raise typer.Exit(Exit.DATA)
    say(on.out, DONE, f"The drawings are of today in {where}.")
    raise typer.Exit(Exit.OK)
