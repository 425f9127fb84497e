"""`franking tokens` and `franking delete`: who is signed in, and the end of a sign-in (S24, S27).

Rule: a deletion cannot be taken back, and it is asked for first, with the number of tokens that it ends.
"""

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from ..clock import SystemClock
from ..control import requests
from ..settings import Settings
from ..status import IdentityStatus
from .confirming import Yes, ask
from .exits import Exit
from .opening import Config, configured
from .reaching import reached
from .status import LOOKING, of_identity
from .status import tokens as grid
from .terminal import DONE, plain, put, say, spinning, terminal

Json = Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")]


def tokens(json: Json = False, config: Config = None) -> None:
    """Lists refresh tokens: Required, Acquired or Expired, and the days that are left of each."""
    settings, on = configured(config), terminal()
    found, now = asyncio.run(looked_at(settings, on.err))
    if json:
        on.out.print_json(data=[of_identity(each, now) for each in found])
    else:
        put(on.out, grid(found, now))
    raise typer.Exit(Exit.OK)


async def looked_at(settings: Settings, err: Console) -> tuple[tuple[IdentityStatus, ...], datetime]:
    """Raises what `reached` raises."""
    async with reached(settings) as device:
        with spinning(err, LOOKING):
            await device.settle()
        return await device.ask(requests.tokens), SystemClock().now()


def delete(
    user: Annotated[
        str | None, typer.Argument(show_default=False, help="The login name, or `administrator`.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every user's.")] = False,
    yes: Yes = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Deletes a refresh token here and, where it can, at the provider; mail waits for the next sign-in."""
    if (user is None) is not everybody:
        raise typer.BadParameter("name a login, or say --all")
    deleted = asyncio.run(ended(configured(config), user, yes=yes))
    on = terminal()
    if json:
        on.out.print_json(data={"deleted": deleted})
    else:
        whose = "every user" if user is None else plain(user)
        say(on.out, DONE, f"No refresh token of {whose} is here any more.", [("Deleted", str(deleted))])
    raise typer.Exit(Exit.OK)


async def ended(settings: Settings, user: str | None, *, yes: bool) -> int:
    """How many there were. `--json` tells it as `deleted`. Raises UnknownUser, NotConfirmedError,
    NobodyToAskError, and what `reached` raises.
    """
    async with reached(settings) as device:
        if user is None:
            held = (await device.ask(requests.tokens_held)).held
        else:
            held = (await device.ask(requests.token_held, user=user)).held
        if held and not yes:
            whose = "of every user" if user is None else f"of {plain(user)}"
            ask(f"Delete {held} refresh token{'s' * (held != 1)} {whose}? Mail then waits for a new sign-in.")
        if user is None:
            await device.ask(requests.delete_tokens)
        else:
            await device.ask(requests.delete_token, user=user)
        await device.settle()
        return held
