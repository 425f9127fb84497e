"""`franking keys rotate`: another key seals from now on, and everything is sealed anew (S26)."""

import asyncio

import typer

from ..control import requests
from ..settings import Settings
from .exits import Exit
from .opening import Config, configured, folder_of
from .reaching import reached
from .terminal import DONE, say, terminal


def keys() -> None:
    """The key that seals sign-ins, links and secrets."""


def rotate(config: Config = None) -> None:
    """Makes another key and seals everything anew with it; a power cut in between costs nothing."""
    settings = configured(config)
    resealed = asyncio.run(rotated(settings))
    rows = [("Sealed anew", f"{resealed}"), ("Key", str(folder_of(settings) / "key"))]
    say(terminal().out, DONE, "Another key seals from now on; the former one is gone.", rows)
    raise typer.Exit(Exit.OK)


async def rotated(settings: Settings) -> int:
    async with reached(settings) as device:
        return (await device.ask(requests.exchange_key)).sealed_anew
