"""From the command line to an open engine: which file, whether its settings can be, what stands in the way.

Rule: everything that can be found wrong without starting anything is found first and told at once (78).
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ...machines.rules import Look, Rule, Verdict, broken
from ..engine import Engine, state_folder
from ..outside import outside
from ..ports import Screen
from ..settings import FileCredentials, Mistake, Settings
from ..words import Words, words

NAME = "franking.toml"
SYSTEM = Path("/etc/franking") / NAME
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="FRANKING_CONFIG",
        show_default=False,
        help="The settings, a TOML file. Without it: ./franking.toml, else franking/franking.toml of the XDG "
        "folder, else /etc/franking/franking.toml.",
    ),
]


class NoConfigurationError(Exception):
    """There is no file with settings."""

    def __init__(self, looked_at: tuple[Path, ...]) -> None:
        places = ", ".join(map(str, looked_at))
        super().__init__(
            f"there is no file with settings. Looked for: {places}. "
            "Write one of these, or name another with --config or FRANKING_CONFIG"
        )
        self.looked_at = looked_at


class WrongSettingsError(Exception):
    """These settings cannot be: every mistake and every broken rule."""

    def __init__(
        self, source: str, mistakes: tuple[Mistake, ...], rules: tuple[Rule, ...], words: Words
    ) -> None:
        super().__init__(
            f"{source}: " + ", ".join([*(each.key for each in mistakes), *(rule.code for rule in rules)])
        )
        self.source, self.mistakes, self.rules, self.words = source, mistakes, rules, words


class StoreUnreachableError(Exception):
    """The store's folder or a file in it cannot be used."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"{folder}: the store is not available ({error.strerror or type(error).__name__}). "
            "Give this user the right to write there, or name another folder in `store.path`"
        )
        self.folder = folder


class OAuthOffError(Exception):
    """A sign-in was asked for, and [OAuth 2.0] is OFF."""

    def __init__(self) -> None:
        super().__init__(
            "[OAuth 2.0] is OFF, so there is no token to acquire. Set `enabled = true` in `[oauth]` first"
        )


def places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the settings may lie, in this order."""
    xdg = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return (Path(NAME), xdg / "franking" / NAME, SYSTEM)


def configured(given: Path | None) -> Settings:
    """The settings of this command. Raises NoConfigurationError, SettingsError, WrongSettingsError."""
    return checked(*loaded(given))


def loaded(given: Path | None) -> tuple[Path, Settings]:
    """The file, and what it says, whether that can be or not. Raises NoConfigurationError, SettingsError."""
    found = given or next(filter(Path.is_file, places(os.environ)), None)
    if found is None:
        raise NoConfigurationError(places(os.environ))
    return found, Settings.load(found)


def checked(found: Path, settings: Settings) -> Settings:
    """Who may not look into the store can only use the engine that runs, which has checked them. Raises
    WrongSettingsError.
    """
    if closed(folder_of(settings)):
        return settings
    credentials = FileCredentials(folder_of(settings) / "credentials")
    from ..oauth.providers.profile import beside

    mistakes = outside(settings, credentials, beside(folder_of(settings)))
    rules = forbidden(settings)
    if mistakes or rules:
        raise WrongSettingsError(str(found), mistakes, rules, words(settings.device.language))
    return settings


def closed(folder: Path) -> bool:
    """Whether this user may not look into it."""
    try:
        (folder / "lock").lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(folder, os.X_OK)


def forbidden(settings: Settings) -> tuple[Rule, ...]:
    found = broken(settings, Look.SET)
    return tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.CANNOT_BE_SET)


def folder_of(settings: Settings) -> Path:
    return settings.store.path or state_folder(os.environ)


@asynccontextmanager
async def opened(settings: Settings, screen: Screen | None = None) -> AsyncIterator[Engine]:
    """The engine, for as long as the command runs.

    Raises StoreInUse, StoreUnusable, StoreUnreachableError, StoreFailed.
    """
    async with AsyncExitStack() as stack:
        try:
            engine = await stack.enter_async_context(Engine.open(settings, screen=screen))
        except OSError as error:
            raise StoreUnreachableError(folder_of(settings), error) from error
        yield engine
