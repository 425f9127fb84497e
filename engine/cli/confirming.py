"""Asks before something is done that nobody can take back.

Rule: where nobody can be asked, nothing is done unless `--yes` says so.
"""

import sys
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


class NotConfirmedError(Exception):
    """The person declined."""

    def __init__(self) -> None:
        super().__init__("nothing was changed")


class NobodyToAskError(Exception):
    """There is no terminal to ask at."""

    def __init__(self) -> None:
        super().__init__("this cannot be taken back, and nobody is here to be asked: say --yes")


def ask(*questions: str) -> None:
    """Each must be answered with yes. Raises NotConfirmedError, NobodyToAskError."""
    if not sys.stdin.isatty():
        raise NobodyToAskError
    for question in questions:
        try:
            agreed = typer.confirm(question, err=True)
        except typer.Abort:
            agreed = False
        if not agreed:
            raise NotConfirmedError
