"""`franking tokens` and `franking delete`: who is signed in, and the end of a sign-in (S24, S27).

Rule: a deletion cannot be taken back, and it is asked for first, with the number of tokens that it ends.
"""

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from ...events.base import ADMINISTRATOR
from ...machines.refresh_token import ACQUIRED
from ..at_the_panel import UnknownUser
from ..settings import Settings
from ..status import IdentityStatus
from .confirming import Yes, ask
from .exits import Exit
from .opening import Config, configured, opened
from .running import Running, check_known, now, running
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
    """Raises what `opened` raises."""
    if (remote := running(settings)) is not None:
        return remote.tokens(), now()
    async with opened(settings) as engine:
        with spinning(err, LOOKING):
            await engine.settle()
        return engine.status().identities, engine.clock.now()


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
    NobodyToAskError, and what `opened` raises.
    """
    if (remote := running(settings)) is not None:
        return ended_there(remote, user, yes=yes)
    async with opened(settings) as engine:
        held = engine.tokens_held()
        if user is not None:
            person = engine.people.find(user)
            if person is None and user != ADMINISTRATOR:
                raise UnknownUser(user)
            held = int(engine.holds(person.identity if person else ADMINISTRATOR))
        agreed(held, user, yes=yes)
        await (engine.delete_tokens() if user is None else engine.delete_token(user))
        await engine.settle()
        return held


def ended_there(remote: Running, user: str | None, *, yes: bool) -> int:
    """By the engine that runs. Raises UnknownUser, NotConfirmedError, NobodyToAskError."""
    found = remote.tokens()
    if user is not None:
        check_known(user, found)
    wanted = [each for each in found if (each.login == user if user else each.identity != ADMINISTRATOR)]
    held = sum(each.refresh_token == ACQUIRED.value for each in wanted)
    agreed(held, user, yes=yes)
    remote.delete_token(user)
    return held


def agreed(held: int, user: str | None, *, yes: bool) -> None:
    """Raises NotConfirmedError, NobodyToAskError."""
    if held and not yes:
        whose = "of every user" if user is None else f"of {plain(user)}"
        ask(f"Delete {held} refresh token{'s' * (held != 1)} {whose}? Mail then waits for a new sign-in.")
