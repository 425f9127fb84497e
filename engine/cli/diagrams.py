"""`franking diagrams`: draws machines and prints tables as they run, or checks that they are current (B6).

Machines of a program's own, plain ones of the library `transitions` as well, are named as
`package.module:NAME`, and drawn into a folder of their own; see docs/diagrams.md.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...diagrams import Form
from .exits import Exit
from .terminal import DONE, FAILED, say, terminal

if TYPE_CHECKING:
    import transitions

ALL_FORMS = list(Form)


class NoMachineError(LookupError):
    """What was named is no machine that can be drawn."""

    def __init__(self, named: str, why: str) -> None:
        super().__init__(
            f"{named}: {why}. Name a machine as package.module:NAME, and the folder for its drawings"
        )
        self.named = named


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
    machine: Annotated[
        list[str] | None,
        typer.Option(
            show_default=False, help="A machine of your own, as package.module:NAME; may be repeated."
        ),
    ] = None,
    form: Annotated[
        list[Form] | None, typer.Option(show_default=False, help="Only this form of it; may be repeated.")
    ] = None,
) -> None:
    """Draws every machine, and prints the tables that decide: settings, rules, roles, answers and others."""
    from ...diagrams import stale, write

    where, on = f" in {folder}" if folder else "", terminal()
    own = found(machine, folder) if machine else None
    printed = {} if own else tables(folder)
    if not check:
        changed = [*write(folder, own, form or ALL_FORMS), *outdated(printed)]
        for path in outdated(printed):
            path.write_text(printed[path], encoding="utf-8")
        say(
            on.out,
            DONE,
            f"Drawings and tables are of today{where}.",
            [("Changed", str(path)) for path in changed],
        )
        raise typer.Exit(Exit.OK)
    old = [*stale(folder, own, form or ALL_FORMS), *outdated(printed)]
    if old:
        rows = [("Stale", str(path)) for path in old] + [("Do", "franking diagrams")]
        say(on.err, FAILED, f"Drawings or tables{where} are stale.", rows)
        raise typer.Exit(Exit.DATA)
    say(on.out, DONE, f"Drawings and tables are of today{where}.")
    raise typer.Exit(Exit.OK)


def found(named: Sequence[str], folder: Path | None) -> "list[transitions.Machine]":
    """From the working folder's modules, too. Raises NoMachineError."""
    import transitions

    if folder is None:
        raise NoMachineError(named[0], "drawings of your own machines need a folder of their own")
    sys.path.insert(0, str(Path.cwd()))
    machines = []
    for each in named:
        module, _, name = each.partition(":")
        try:
            one = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise NoMachineError(each, str(error)) from error
        if not isinstance(one, transitions.Machine):
            raise NoMachineError(each, f"it is of the kind {type(one).__name__}, not a transitions.Machine")
        machines.append(one)
    return machines


def tables(folder: Path | None) -> dict[Path, str]:
    """The documents that are printed from the engine's own tables, which drawings do not know."""
    from ...diagrams import DOCS
    from .documents import documents

    docs = folder or (DOCS if DOCS.is_dir() else None)
    return {docs / name: text for name, text in documents().items()} if docs else {}


def outdated(printed: dict[Path, str]) -> list[Path]:
    from ...diagrams import read

    return [path for path, text in printed.items() if read(path) != text]
