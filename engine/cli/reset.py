"""`franking reset --factory`: everything that people and the device have left here is erased (B14).

Rule: what stands in the way of sending (wrong settings, a lost key, a damaged store) does not stand in the
way of this; only the provider cannot be told then.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ..control import requests
from ..leaving import Reset
from ..records import SealFailed, StoreFailed
from ..refusal import Refused
from ..settings import Settings, SettingsError
from ..store.erasure import factory_reset
from ..store.opening import StoreUnusable
from .confirming import Yes, ask
from .exits import Exit
from .opening import Config, StoreUnreachableError, WrongSettingsError, checked, folder_of, loaded
from .reaching import reached
from .terminal import DONE, say, terminal

CANNOT_TELL = (
    Refused, SettingsError, WrongSettingsError, StoreUnreachableError, StoreUnusable, SealFailed, StoreFailed,
)  # fmt: skip


class NotSaidError(Exception):
    """What is to be reset was not said."""

    def __init__(self) -> None:
        super().__init__("say --factory: it erases sign-ins, spool, user boxes, journal and key")


def reset(
    factory: Annotated[
        bool, typer.Option("--factory", help="Erase sign-ins, spool, user boxes, journal and key.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Erases everything that was stored, and tells the provider where it can; settings stay."""
    if not factory:
        raise NotSaidError
    source, settings = loaded(config)
    folder = folder_of(settings)
    if not yes:
        ask(
            f"Erase sign-ins, mail that was not sent, user boxes, journal and key in {folder}?",
            "Nobody can bring any of it back. Erase everything?",
        )
    try:
        told = asyncio.run(engines(source, settings))
    except CANNOT_TELL:
        told = None
        erased(folder)
    sign_ins = (
        "erased; the provider could not be told"
        if told is None
        else f"{told.grants} erased; the provider was told of {told.revoked}"
    )
    rows = [("Sign-ins", sign_ins), ("Stays", f"{source} and {folder / 'credentials'}")]
    say(terminal().out, DONE, f"Everything in {folder} was erased.", rows)
    raise typer.Exit(Exit.OK)


async def engines(source: Path, settings: Settings) -> Reset:
    """The way with an engine, which knows the provider; one that runs ends by it. Raises what CANNOT_TELL
    says, and StoreInUse.
    """
    checked(source, settings)
    async with reached(settings) as device:
        return await device.ask(requests.reset)


def erased(folder: Path) -> None:
    """Raises StoreInUse, StoreUnreachableError."""
    try:
        factory_reset(folder)
    except OSError as error:
        raise StoreUnreachableError(folder, error) from error
