"""From the command line to an open engine: which file, whether its settings can be, what stands in the way.

Rule: everything that can be found wrong without starting anything is found first and told at once (78).
"""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ...machines.rules import Look, Rule, Verdict, broken
from ..engine import Engine, state_folder
from ..ports import Screen
from ..settings import CredentialError, FileCredentials, Mistake, Settings

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

    def __init__(self, source: str, mistakes: tuple[Mistake, ...], rules: tuple[Rule, ...]) -> None:
        super().__init__(
            f"{source}: " + ", ".join([*(each.key for each in mistakes), *(rule.code for rule in rules)])
        )
        self.source, self.mistakes, self.rules = source, mistakes, rules


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
    found = given or next(filter(Path.is_file, places(os.environ)), None)
    if found is None:
        raise NoConfigurationError(places(os.environ))
    settings = Settings.load(found)
    mistakes, rules = tuple(outside(settings)), forbidden(settings)
    if mistakes or rules:
        raise WrongSettingsError(str(found), mistakes, rules)
    return settings


def forbidden(settings: Settings) -> tuple[Rule, ...]:
    found = broken(settings, Look.SET)
    return tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.CANNOT_BE_SET)


def outside(settings: Settings) -> list[Mistake]:
    """What the settings name and is not there: provider, authorities, secrets."""
    from ..oauth.providers import UnknownProviderError, provider_data

    found = []
    try:
        provider_data(settings.oauth.provider).at(settings.oauth.authority, settings.oauth.tenant)
    except UnknownProviderError as error:
        found.append(Mistake("oauth.provider", "str", f"one of {', '.join(error.known)} is wanted"))
    except ValueError as error:
        found.append(Mistake("oauth.authority", "str", f"{error}"))
    if settings.tls.trust is not None:
        found += untrusted(settings.tls.trust)
    credentials = FileCredentials(folder_of(settings) / "credentials")
    references = {"oauth.client_credential": settings.oauth.client_credential}
    references["smtp.user_credential"] = settings.smtp.user_credential
    for key, reference in references.items():
        if reference is not None:
            found += unreadable(credentials, key, reference)
    return found


def untrusted(trust: Path) -> list[Mistake]:
    """Reads the file as a TLS context would: what is wrong is known before the first connection."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=trust)
    except ssl.SSLError:
        return [Mistake("tls.trust", "file", "the file holds no certificate in PEM form")]
    except OSError as error:
        return [Mistake("tls.trust", "path", f"the file cannot be read: {error.strerror}")]
    return []


def unreadable(credentials: FileCredentials, key: str, reference: str) -> list[Mistake]:
    try:
        credentials.read(reference)
    except (CredentialError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, CredentialError) else "its file is not UTF-8"
        return [Mistake(key, "reference", why)]
    except OSError as error:
        return [Mistake(key, "reference", f"its file cannot be read: {error.strerror}")]
    return []


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
