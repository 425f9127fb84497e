"""`franking secret set|list|remove`: what settings name as `vault:NAME`, sealed in the store.

Rule: a secret is never an argument, for those are seen by everybody on the machine: it is typed without being
shown, or read from standard input to its end, without the line's end that stands there.
"""

import asyncio
import sys
from typing import Annotated

import typer

from ..control import requests
from ..control.values import SECRET_MOST, SecretGiven
from ..secret import Secret
from ..settings import Settings
from .exits import Exit
from .opening import Config, configured
from .reaching import reached
from .terminal import DONE, say, terminal

Name = Annotated[str, typer.Argument(help="As settings name it: `vault:NAME`.", show_default=False)]


class NoSecretGivenError(Exception):
    """Nothing was typed, and nothing stands on standard input."""

    def __init__(self) -> None:
        super().__init__("no secret was given: type it, or hand it over on standard input")


class SecretUnfitError(ValueError):
    """What stands on standard input is none."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this secret cannot be kept: {why}")


def secret() -> None:
    """Secrets that the store keeps for the settings."""


def keep(name: Name, config: Config = None) -> None:
    """Keeps a secret, sealed; it is typed, or read whole from standard input."""
    settings = configured(config)
    given = asked()
    asyncio.run(kept(settings, name, given))
    say(terminal().out, DONE, f"The secret is kept; settings name it `vault:{name}`.")
    raise typer.Exit(Exit.OK)


def remove(name: Name, config: Config = None) -> None:
    """Erases a secret."""
    settings = configured(config)
    asyncio.run(removed(settings, name))
    say(terminal().out, DONE, f"The secret `vault:{name}` is erased.")
    raise typer.Exit(Exit.OK)


def names(config: Config = None) -> None:
    """Names the secrets that are kept; it shows none."""
    settings, on = configured(config), terminal()
    for name in asyncio.run(listed(settings)):
        on.out.print(f"vault:{name}")
    raise typer.Exit(Exit.OK)


def asked() -> Secret:
    """Raises NoSecretGivenError, SecretUnfitError."""
    if sys.stdin.isatty():
        typed = typer.prompt("Secret", hide_input=True, default="", show_default=False, err=True)
    else:
        typed = read()
    if not typed:
        raise NoSecretGivenError
    return Secret(typed)


def read() -> str:
    """A certificate with its key has many lines. Raises SecretUnfitError."""
    try:
        found = sys.stdin.read().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretUnfitError("it is no text (UTF-8); give a certificate as PEM") from None
    if len(found) > SECRET_MOST:
        raise SecretUnfitError(f"it is longer than {SECRET_MOST} characters")
    return found


async def kept(settings: Settings, name: str, given: Secret) -> None:
    async with reached(settings) as device:
        await device.ask(requests.keep_secret, SecretGiven(secret=given.reveal()), name=name)


async def removed(settings: Settings, name: str) -> None:
    async with reached(settings) as device:
        await device.ask(requests.erase_secret, name=name)


async def listed(settings: Settings) -> tuple[str, ...]:
    async with reached(settings) as device:
        return await device.ask(requests.secrets)
