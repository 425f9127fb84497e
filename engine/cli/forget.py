"""`franking forget USER`: everything of one person leaves the device (B14)."""

import asyncio
from typing import Annotated

import typer

from ..control import requests
from ..leaving import Forgotten
from ..settings import Settings
from .confirming import Yes, ask
from .exits import Exit
from .opening import Config, configured
from .reaching import reached
from .terminal import DONE, plain, say, terminal


def forget(
    user: Annotated[str, typer.Argument(help="The login.", show_default=False)],
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Erases a person's sign-in, jobs, documents, login and address; mail that waits is not sent."""
    settings = configured(config)
    if not yes:
        ask(f"Erase everything of {plain(user)}, with mail that was not sent yet?")
    found = asyncio.run(forgotten(settings, user))
    rows = [
        ("Sign-in", "erased" if found.sign_in else "there was none"),
        ("Jobs", f"{found.jobs}, of which {found.cancelled} were not sent"),
        ("Documents", str(found.documents)),
    ]
    if places := still_named(settings, user):
        rows.append(("Do", f"Take {plain(user)} out of the settings, too: {', '.join(places)}"))
    say(terminal().out, DONE, f"Nothing of {plain(user)} is here any more.", rows)
    raise typer.Exit(Exit.OK)


async def forgotten(settings: Settings, user: str) -> Forgotten:
    async with reached(settings) as device:
        return await device.ask(requests.forget, user=user)


def still_named(settings: Settings, user: str) -> list[str]:
    """The sections that name him: they are the administrator's."""
    found = []
    if user in settings.users:
        found.append("[users]")
    if user in settings.aliases:
        found.append("[aliases]")
    if any(user in logins for logins in settings.shared_mailboxes.values()):
        found.append("[shared_mailboxes]")
    return found
