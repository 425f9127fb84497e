"""`franking init`: a set-up by questions, that ends with a settings file that was checked.

It asks what nobody can know but who sits there, says what has to be done at the provider with the values of
this very configuration, and writes the file whole. What an option says is not asked.

Rule: nothing is written before all of it was found right, and a file that is there is not overwritten without
a question. A secret is typed without being shown, and lies in a file of its own (0600).
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...events.settings import DeviceSettings
from ..settings import Settings, SettingsError
from ..words import words
from .confirming import ask
from .exits import Exit
from .opening import SYSTEM, Config, folder_of
from .provision import default_target, put_whole, whole, write
from .terminal import DONE, Terminal, plain, put, say, terminal

if TYPE_CHECKING:
    from ..oauth.providers import ProviderData

SERVICE = "/var/lib/franking"
"The store of the system's service: a command without its service manager's variables finds it, too."
CREDENTIAL = "client"
"Name of the file with the client's secret."
NEXT = (
    ("franking acquire", "signs the device in"),
    ("franking check", "walks the whole way of a mail, and names what stands in it"),
    ("franking run", "runs the engine as a service"),
)


def init(
    provider: Annotated[
        str | None, typer.Option(show_default=False, help="Such as Microsoft or Google; else it is asked.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(show_default=False, help="The device's own e-mail address.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option("--client-id", show_default=False, help="Of the registered application.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(show_default=False, help="Microsoft: the directory (tenant) ID.")
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--from",
            show_default=False,
            help="A file of the device's maker with settings, such as his client ID; the rest is asked.",
        ),
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Only say what has to be done at the provider.")
    ] = False,
    config: Config = None,
) -> None:
    """Sets a device up by questions; ends with a settings file that was checked."""
    on = terminal()
    known: dict[str, Any] = {} if given is None else made_by(given)
    asking = Asking(on)
    data = chosen(asking, provider or known.get("oauth", {}).get("provider"))
    known = laid(known, "administrator", address=address or known.get("administrator", {}).get("address"))
    known = laid(known, "oauth", enabled=True, provider=data.name)
    known = laid(known, "http", version="HTTP/2,HTTP/1.1")
    if not known["administrator"]["address"]:
        known = asking.setting(known, "administrator", "address", "The device's own e-mail address")
    if steps or not (known["oauth"].get("client_id") or client_id):
        told(data, checked(known), on.out)
    if steps:
        raise typer.Exit(Exit.OK)
    known = laid(known, "oauth", client_id=client_id or known["oauth"].get("client_id"))
    if not known["oauth"]["client_id"]:
        known = asking.setting(known, "oauth", "client_id", "Client ID of the registered application")
    if "{tenant}" in data.authorize and not (tenant or known["oauth"].get("tenant")):
        known = asking.setting(known, "oauth", "tenant", "Directory (tenant) ID", default="organizations")
    elif tenant:
        known = laid(known, "oauth", tenant=tenant)
    finished(known, data, asking, config or default_target(), on)
    raise typer.Exit(Exit.OK)


def finished(
    known: dict[str, Any], data: "ProviderData", asking: "Asking", target: Path, on: Terminal
) -> None:
    """Checks and writes all of it. Raises SettingsError, WrongSettingsError, NotConfirmedError, OSError."""
    from ..oauth.providers.registration import consent_link, wants_secret

    secret = ""
    if wants_secret(data) and not known["oauth"].get("client_credential"):
        secret = asking.secret("Client secret")
        known = laid(known, "oauth", client_credential=f"credential:{CREDENTIAL}")
    if target == SYSTEM and known.get("store", {}).get("path") is None:
        known = laid(known, "store", path=SERVICE)
    text = toml(known)
    settings = whole(target, text, "").settings
    if target.exists():
        ask(f"Put these settings in the place of {target}?")
    folder = folder_of(settings)
    if secret:
        kept(folder / "credentials", secret)
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, text)
    link = consent_link(data, settings)
    rows = [
        ("Settings", str(target)),
        ("Asked", f"{asking.questions} questions"),
        *((command, does) for command, does in NEXT),
    ]
    say(on.out, DONE, "The device is set up.", rows)
    if link:
        put(on.out, Text("\nWhere people may not allow it themselves, their administrator does it for all:"))
        on.out.print(Text(f"  {link}", style="cyan"), soft_wrap=True)


class NobodyAnswersError(Exception):
    """There is no terminal to ask at, and no option says it."""

    def __init__(self, question: str) -> None:
        super().__init__(
            f"nobody is here to be asked for: {question}. Say it by an option, see `franking init --help`"
        )


class Asking:
    """Questions at a terminal, each until its answer can stand. Raises NobodyAnswersError."""

    def __init__(self, on: Terminal) -> None:
        self.on, self.questions = on, 0

    def line(self, question: str, default: str | None = None, *, hidden: bool = False) -> str:
        if not sys.stdin.isatty():
            raise NobodyAnswersError(question)
        self.questions += 1
        try:
            answer: str = typer.prompt(question, default=default, hide_input=hidden, err=True)
        except typer.Abort:
            raise KeyboardInterrupt from None
        return answer.strip()

    def setting(
        self, known: dict[str, Any], section: str, name: str, question: str, default: str | None = None
    ) -> dict[str, Any]:
        """Asked anew while it cannot be set."""
        while True:
            found = laid(known, section, **{name: self.line(question, default)})
            try:
                checked(found)
            except SettingsError as error:
                for each in error.mistakes:
                    put(self.on.err, Text(f"  {each.told(words())}", style="red"))
                continue
            return found

    def secret(self, question: str) -> str:
        """A line of the standard input where that is no terminal."""
        if sys.stdin.isatty():
            return self.line(question, hidden=True)
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise NobodyAnswersError(question)
        return given

    def one_of(self, question: str, names: list[str]) -> str:
        for number, name in enumerate(names, 1):
            put(self.on.err, Text(f"  {number}  {name}"))
        while True:
            answer = self.line(question, "1")
            if answer.isdecimal() and 1 <= int(answer) <= len(names):
                return names[int(answer) - 1]
            if answer in names:
                return answer


def chosen(asking: Asking, given: str | None) -> "ProviderData":
    """Raises BadParameter."""
    from ..oauth.providers import BUILT_IN

    by_name = {data.name: data for data in BUILT_IN.values()}
    name = given or asking.one_of("Provider", list(by_name))
    found = next((data for each, data in by_name.items() if each.casefold() == name.casefold()), None)
    if found is None:
        raise typer.BadParameter(
            f"--provider takes one of {', '.join(by_name)}; others come with `provision`"
        )
    return found


def made_by(file: Path) -> dict[str, Any]:
    """Settings of the device's maker. Raises SettingsError."""
    import tomllib

    from .provision import read

    text = read(file)
    Settings.checked(str(file), tomllib.loads(text))
    return tomllib.loads(text)


def laid(known: Mapping[str, Any], section: str, **values: object) -> dict[str, Any]:
    """Over what is known; what is None is left out."""
    said = {name: value for name, value in values.items() if value is not None}
    return {**known, section: {**known.get(section, {}), **dict.fromkeys(values), **said}}


def checked(known: Mapping[str, Any]) -> DeviceSettings:
    """Raises SettingsError."""
    return Settings.checked("settings", bare(known))


def bare(known: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known yet."""
    return {
        section: {name: value for name, value in values.items() if value is not None}
        for section, values in known.items()
    }


def told(data: "ProviderData", settings: DeviceSettings, out: Console) -> None:
    """What has to be done at the provider."""
    from ..oauth.providers.registration import steps as of_provider

    put(out, Text(f"At the provider ({data.name})", style="bold"))
    for number, step in enumerate(of_provider(data, settings), 1):
        put(
            out,
            Padding(Text(f"{number}. ", style="dim").append(plain(step.does), style="default"), (0, 0, 0, 2)),
        )
        for value in step.values:
            out.print(Text(f"     {value}", style="cyan"), soft_wrap=True)
    put(out, Text())


def toml(known: Mapping[str, Any]) -> str:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Made by `franking init`; every setting: `franking settings list --all`."))
    for section, values in bare(known).items():
        table = tomlkit.table()
        for name, value in values.items():
            table.add(name, value)
        document.add(section, table)
    return tomlkit.dumps(document)


def kept(folder: Path, secret: str) -> None:
    """As a file of whose the store is. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    whose = folder.parent.stat() if os.geteuid() == 0 else None
    if whose is not None:
        os.chown(folder, whose.st_uid, whose.st_gid)
    put_whole(folder / CREDENTIAL, secret, 0o600, whose)
