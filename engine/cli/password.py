"""`franking password`: who may log in at the screens in a browser, and which program may sign in to send.

Only the hash of a password is kept, sealed in the store, and the settings file names it there.

Rule: a password is never an argument: it is typed twice without being shown, or read from standard input up
to the end of the line.
"""

import asyncio
import sys
from hashlib import sha256
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ...events.about import every
from ...events.base import ADMINISTRATOR
from ..kept_secrets import VAULT
from ..passwords import SHORTEST, hashed
from ..people import check
from ..secret import Secret
from .exits import Exit
from .opening import Config, loaded
from .secret import kept
from .settings import put_into, taken
from .terminal import DONE, say, terminal

User = Annotated[
    str, typer.Argument(metavar="[USER]", show_default=False, help="Login name; left out: the administrator.")
]


class PasswordTooShortError(Exception):
    def __init__(self) -> None:
        super().__init__(f"the password is too short: it takes {SHORTEST} characters or more")


class NotAClientError(Exception):
    def __init__(self) -> None:
        super().__init__("a password is a person's or a program's: give USER, or --client NAME with a name")


class NotTheSameError(Exception):
    def __init__(self) -> None:
        super().__init__("the two passwords that were typed are not the same. Nothing was changed")


Client = Annotated[
    str | None,
    typer.Option(
        "--client",
        metavar="NAME",
        show_default=False,
        help="Of a program in `programs.clients` that signs in to send; it is entered there.",
    ),
]


def password(user: User = "", client: Client = None, config: Config = None) -> None:
    """Sets the password with which somebody logs in at the screens, or a program signs in to send; it is
    typed, or read from standard input.
    """
    if client is not None:
        of_client(client, user, config)
    user = user or ADMINISTRATOR
    if user != ADMINISTRATOR:
        check(user)
    path, before = loaded(config)
    name = f"password-{sha256(user.encode()).hexdigest()[:12]}"
    asyncio.run(kept(before, name, hashed(asked())))
    table = "page.administrator" if user == ADMINISTRATOR else "page.passwords"
    reference = f"{VAULT}:{name}"
    now = before.page.administrator if user == ADMINISTRATOR else before.page.passwords.get(user)
    if now != reference:
        import tomlkit

        document = tomlkit.parse(path.read_text(encoding="utf-8"))
        entry = [] if user == ADMINISTRATOR else [user]
        put_into(document, [*table.split("."), *entry], reference)
        taken(path, before, tomlkit.dumps(document), every()[table], yes=True)
    whose = "the administrator" if user == ADMINISTRATOR else user
    say(terminal().out, DONE, f"The password of {whose} is set.", [("File", str(path))])
    raise typer.Exit(Exit.OK)


def of_client(client: str, user: str, config: Path | None) -> NoReturn:
    """Raises NotAClientError, PasswordTooShortError, NotTheSameError."""
    if user or not client.strip() or "\0" in client:
        raise NotAClientError
    path, before = loaded(config)
    name = f"client-{sha256(client.encode()).hexdigest()[:12]}"
    asyncio.run(kept(before, name, hashed(asked())))
    reference = f"{VAULT}:{name}"
    known = before.programs.clients.get(client)
    if known is None or known.password != reference:
        import tomlkit

        document = tomlkit.parse(path.read_text(encoding="utf-8"))
        put_into(document, ["programs", "clients", client, "password"], reference)
        taken(path, before, tomlkit.dumps(document), every()["programs.clients"], yes=True)
    say(terminal().out, DONE, f"The password of the program {client} is set.", [("File", str(path))])
    raise typer.Exit(Exit.OK)


def asked() -> Secret:
    """Raises PasswordTooShortError, NotTheSameError."""
    if sys.stdin.isatty():
        typed, again = (
            typer.prompt(text, hide_input=True, default="", show_default=False, err=True)
            for text in ("Password", "Again")
        )
        if typed != again:
            raise NotTheSameError
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if len(typed) < SHORTEST:
        raise PasswordTooShortError
    return Secret(typed)
