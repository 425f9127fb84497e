"""`franking provision FILE`: settings, and the data of a provider that is not built in, in one file (B14).

Rule: the file is checked as a whole before anything is written, each part is written whole or not at all, and
what is no setting is refused: a sign-in cannot be brought along, each device has its own.
"""

import asyncio
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ...events.said import said
from ..foreseen import sign_ins_that_end
from ..outside import outside
from ..settings import FileCredentials, Mistake, Settings, SettingsError
from ..settings import Given as Kind
from ..store.keys import sync
from ..store.lock import StoreLock
from ..words import words
from .confirming import Yes, ask
from .exits import Exit
from .opening import SYSTEM, Config, WrongSettingsError, closed, folder_of, forbidden, places
from .terminal import DONE, say, terminal

if TYPE_CHECKING:
    from ..oauth.providers import ProviderData

HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")
LATER = Kind.REFERENCE
"A mistake of this kind is a secret that is still to be put there."


class Given(NamedTuple):
    """What the file holds."""

    settings: Settings
    providers: Mapping[str, "ProviderData"]
    later: tuple[Mistake, ...]
    "What is still to be put there."

    @property
    def to_do(self) -> list[str]:
        """The same, in the device's words."""
        spoken = words(self.settings.device.language)
        return [f"{each.named(spoken)}: {each.told(spoken)}" for each in self.later]


def provision(
    file: Annotated[Path, typer.Argument(help="A TOML file.", show_default=False)],
    yes: Yes = False,
    json: Annotated[bool, typer.Option("--json", help="Tell the result as JSON.")] = False,
    config: Config = None,
) -> None:
    """Takes settings and a provider's data from a file; never a sign-in. Asks before sign-ins end by it."""
    from ..oauth.providers.profile import FILE

    text = read(file)
    settings_text, provider_text = split(file, text)
    given = whole(file, settings_text, provider_text)
    target = config or default_target()
    folder = folder_of(given.settings)
    ends = ending(given, folder)
    questions = []
    if target.exists() and target.read_text() != settings_text:
        questions.append(f"Put these settings in the place of {target}?")
    if ends:
        questions.append(f"They end the sign-in of {', '.join(ends)}: it has to be made anew. Go on?")
    if questions and not yes:
        ask(*questions)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with StoreLock(folder):  # a running engine would not see it
        if provider_text:
            write(folder / FILE, provider_text)
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, settings_text)
    provider = str(folder / FILE) if provider_text else ""
    to_do = given.to_do
    if json:
        told = {"settings": str(target), "provider": provider or None, "to_do": to_do, "ends": list(ends)}
        terminal().out.print_json(data=told)
    else:
        rows = [("Settings", str(target)), ("Provider", provider), *(("Do", each) for each in to_do)]
        if ends:
            rows.append(("Sign-ins", f"that end with the next start: {', '.join(ends)}"))
        say(terminal().out, DONE, "The device is provisioned.", rows)
    raise typer.Exit(Exit.OK)


def ending(given: Given, folder: Path) -> tuple[str, ...]:
    """Whose sign-ins do not fit these settings. Raises StoreInUse."""
    if not folder.exists():
        return ()
    with StoreLock(folder):
        return asyncio.run(sign_ins_that_end(given.settings, folder, given.providers))


def read(file: Path) -> str:
    """Raises SettingsError."""
    try:
        return file.read_text()
    except OSError as error:
        why = said("settings.unreadable", why=error.strerror)
    except UnicodeDecodeError:
        why = said("settings.no-utf-8")
    raise SettingsError(str(file), (Mistake("(file)", None, why),))


def split(file: Path, text: str) -> tuple[str, str]:
    """The settings and the tables of `[provider]`, each as it was written, with its comments. Raises
    SettingsError.
    """
    parts: dict[bool, list[str]] = {False: [], True: []}
    own, remarks = False, []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):  # belongs to what follows
            remarks.append(line)
            continue
        if header := HEADER.match(line):
            own = header[1].split(".")[0].strip(" \"'") == "provider"
        parts[own] += [*remarks, line]
        remarks = []
    settings_text, provider_text = "".join([*parts[False], *remarks]), "".join(parts[True])
    try:
        tree, settings = tomllib.loads(text), tomllib.loads(settings_text)
        parted = {**settings, **tomllib.loads(provider_text)}
    except tomllib.TOMLDecodeError as error:
        why = said("settings.no-toml", why=str(error))
        raise SettingsError(str(file), (Mistake("(file)", None, why),)) from None
    if parted != tree or "provider" in settings:
        raise SettingsError(str(file), (Mistake("provider", None, said("settings.provider-tables")),))
    return settings_text, provider_text


def whole(file: Path, settings_text: str, provider_text: str) -> Given:
    """Raises SettingsError, WrongSettingsError."""
    from ..oauth.providers.profile import SECTION, beside, profile

    wrong: list[Mistake] = []
    providers: Mapping[str, ProviderData] = {}
    if provider_text:
        try:
            data = profile(str(file), tomllib.loads(provider_text)[SECTION]).data()
            providers = {data.name: data}
        except SettingsError as error:
            wrong += error.mistakes
    try:
        settings = Settings.checked(str(file), tomllib.loads(settings_text))
    except SettingsError as error:
        raise SettingsError(str(file), (*error.mistakes, *wrong)) from None
    if wrong:
        raise SettingsError(str(file), tuple(wrong))
    folder = folder_of(settings)
    credentials = FileCredentials(folder / "credentials")
    unseen = closed(folder)  # the engine that runs looks there
    providers = providers or ({} if unseen else beside(folder))
    found = () if unseen else outside(settings, credentials, providers)
    later = tuple(each for each in found if each.given == LATER)
    rules = forbidden(settings)
    if len(later) < len(found) or rules:
        mistakes = tuple(each for each in found if each not in later)
        raise WrongSettingsError(str(file), mistakes, rules, words(settings.device.language))
    return Given(settings, providers, later)


def default_target() -> Path:
    """The settings that hold now, else the system's or the person's place for them; never the working
    folder's by itself.
    """
    _, xdg, system = places(os.environ)
    found = next(filter(Path.is_file, (xdg, system)), None)
    return found or (SYSTEM if os.geteuid() == 0 else xdg)


def write(path: Path, text: str) -> None:
    """Whole or not at all; it stays whose it is, with who may read it, and where a link leads. Raises
    OSError.
    """
    path = path.resolve()
    if not path.exists():
        put_whole(path, text, 0o666)
        return
    before = path.stat()
    put_whole(path, text, stat.S_IMODE(before.st_mode), before)


def put_whole(path: Path, text: str, mode: int, whose: os.stat_result | None = None) -> None:
    """`whose`: the file gets its owner and group, and exactly this mode. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(unfinished, flags, mode), "w") as file:
        if whose is not None:
            unfinished.chmod(mode)
            if (whose.st_uid, whose.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(file.fileno(), whose.st_uid, whose.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync(path.parent)
