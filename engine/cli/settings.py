"""`franking settings`: what is set, what may stand there and where people find it; and changes of the file.

A change is checked with all the others before anything is written, and the file keeps its comments and its
order. An engine that runs takes it first: what it refuses is not written.

Rule: what is shown are settings, never secrets: those stand elsewhere, and settings name them.
"""

import asyncio
import errno
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...events.about import Setting, every, fields_of_entries, value_of, written
from ..control import requests
from ..control.client import ProblemTold
from ..control.values import Changes
from ..settings import Settings
from ..store.lock import StoreLock
from ..words import Words, words
from .confirming import Yes, ask
from .exits import Exit
from .opening import Config, folder_of, loaded
from .provision import Given, ending, whole
from .provision import write as written_whole
from .reaching import running
from .terminal import DONE, columns, detail, plain, put, say, terminal

Json = Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")]
Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY", show_default=False, help="Such as `smtp.server`, or an entry of a table: `users.kim`."
    ),
]
BARE = re.compile(r"[A-Za-z0-9_-]+")
"A name that TOML takes without quotes."


class One(NamedTuple):
    """A setting, or what stands in one that is a table."""

    setting: Setting
    path: tuple[str, ...]
    "In the file."

    @property
    def key(self) -> str:
        return ".".join(name if BARE.fullmatch(name) else json.dumps(name) for name in self.path)

    @property
    def is_entry(self) -> bool:
        return len(self.path) > len(self.setting.key.split("."))


class UnknownSettingError(LookupError):
    """There is no such setting."""

    def __init__(self, key: str) -> None:
        name = key.rpartition(".")[2]
        near = ", ".join(each for each in every() if name and name in each)
        likely = f" Did you mean {near}?" if near else " `franking settings list --all` names them all."
        super().__init__(f"there is no setting {key}.{likely}")
        self.key = key


def settings() -> None:
    """What is set, what may stand there, and changes of it."""


def listed(
    everything: Annotated[bool, typer.Option("--all", help="Those too that are as they come.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Lists what is set otherwise than it comes."""
    path, now = loaded(config)
    found = [each for each in map(whole_of, every().values()) if everything or differs(each, now)]
    on = terminal()
    if json:
        on.out.print_json(data=[as_json(each, now) for each in found])
    else:
        put(on.out, Text(plain(str(path)), style="dim"))
        put(on.out, table(found, now))
    raise typer.Exit(Exit.OK)


def show(key: Key, json: Json = False, config: Config = None) -> None:
    """Shows one setting: its value, what may stand there, what it means and where it is found."""
    _, now = loaded(config)
    on, one = terminal(), known(key)
    if json:
        on.out.print_json(data=as_json(one, now))
    else:
        put_setting(one, now, words(now.device.language), on.out)
    raise typer.Exit(Exit.OK)


def change(
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", show_default=False, help="As in the file.")],
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Sets one setting in the file. Asks before sign-ins end by it."""
    rewrite(known(key), value, config, yes=yes)


def unset(key: Key, yes: Yes = False, config: Config = None) -> None:
    """Takes one setting, or an entry of a table, out of the file, so that it is as it comes."""
    rewrite(known(key), None, config, yes=yes)


def rewrite(one: One, value: str | None, config: Path | None, *, yes: bool) -> None:
    """Raises SettingsError, WrongSettingsError, StoreInUse, NotConfirmedError, OSError."""
    import tomlkit

    path, before = loaded(config)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    put_into(document, one.path, None if value is None else toml(value))
    given = taken(path, before, tomlkit.dumps(document), one.setting, yes=yes)
    shown = written(set_to(one, given.settings)) or "not set"
    to_do = [("Do", each) for each in given.to_do]
    say(terminal().out, DONE, f"{one.key} is {shown}.", [("File", str(path)), *to_do])
    raise typer.Exit(Exit.OK)


def taken(path: Path, before: Settings, text: str, one: Setting, *, yes: bool) -> Given:
    """The file's new text, once an engine that runs has taken this setting of it. Raises what `rewrite`
    raises.
    """
    given = whole(path, text, "")
    if not os.access(path.resolve().parent, os.W_OK):  # before an engine has changed
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if asyncio.run(taken_there(before, given.settings, one, yes=yes)):
        written_whole(path, text)
    else:
        folder = folder_of(given.settings)
        if ends := ending(given, folder):
            confirmed(ends, yes=yes)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with StoreLock(folder):
            written_whole(path, text)
    return given


async def taken_there(before: Settings, after: Settings, one: Setting, *, yes: bool) -> bool:
    """By the engine that runs; False: none does. Raises ProblemTold, Refused, NotConfirmedError."""
    async with running(before) as there:
        if there is None:
            return False
        wanted = Changes(settings=as_change(one, after), ends=())
        try:
            await there.ask(requests.change, wanted)
        except ProblemTold as problem:
            if not problem.ends:
                raise
            confirmed(problem.ends, yes=yes)
            await there.ask(requests.change, wanted.model_copy(update={"ends": problem.ends}))
    return True


def as_change(one: Setting, after: Settings) -> dict[str, Any]:
    """The setting by its sections, as it is afterwards; a table such as `users` as a whole."""
    *sections, name = one.key.split(".")
    value: Any = after.model_dump(mode="json")
    for each in (*sections, name):
        value = value[each]
    changed = {name: value}
    for section in reversed(sections):
        changed = {section: changed}
    return changed


def confirmed(ends: Sequence[str], *, yes: bool) -> None:
    """Raises NotConfirmedError, NobodyToAskError."""
    if not yes:
        ask(f"This ends the sign-in of {', '.join(ends)}: it has to be made anew. Go on?")


def keep(path: Path, settings: Settings, keys: Iterable[str]) -> None:
    """Writes what an engine has taken into its file. Raises OSError, ValueError where the file is no TOML."""
    import tomlkit

    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    for key in keys:
        text = written(value_of(settings, key))
        put_into(document, key.split("."), toml(text) if text else None)
    written_whole(path, tomlkit.dumps(document))


def put_into(document: MutableMapping[str, Any], path: Sequence[str], value: object) -> None:
    """None: it is taken out."""
    *sections, name = path
    at = document
    for section in sections:
        if value is None and section not in at:
            return
        at = at.setdefault(section, {})
    if value is None:
        at.pop(name, None)
    else:
        at[name] = value


def toml(text: str) -> object:
    """As in the file where it can stand there: `true`, `587`, `["lp"]`; else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def whole_of(setting: Setting) -> One:
    return One(setting, tuple(setting.key.split(".")))


def known(key: str) -> One:
    """Of a table such as `users` a name in it can be meant, too: what stands behind the table's own. Raises
    UnknownSettingError.
    """
    if key in every():
        return whole_of(every()[key])
    for setting in every().values():
        behind = key.removeprefix(f"{setting.key}.")
        if isinstance(setting.default, Mapping) and behind not in ("", key):
            return One(setting, (*setting.key.split("."), *names_in(setting, behind, key)))
    raise UnknownSettingError(key)


def names_in(table: Setting, behind: str, key: str) -> tuple[str, ...]:
    """The name of an entry, and of what stands in it where it is a table, too. Raises UnknownSettingError."""
    fields = fields_of_entries(table.key)
    names: tuple[str, ...] = (behind,)
    if behind.startswith(("'", '"')):
        names = quoted(behind)
    elif (parts := behind.rpartition("."))[0] and parts[2] in fields:
        names = (parts[0], parts[2])
    if not names or len(names) > 2 or not set(names[1:]) <= fields:
        raise UnknownSettingError(key)
    return names


def quoted(key: str) -> tuple[str, ...]:
    """The names of a key as TOML has it; none: it is no key."""
    try:
        found: object = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    names = []
    while isinstance(found, dict):
        ((name, found),) = found.items()
        names.append(name)
    return tuple(names)


def set_to(one: One, now: Settings) -> object:
    """As it holds now; None: a table has no such entry."""
    found = value_of(now, one.setting.key)
    for name in one.path[len(one.setting.key.split(".")) :]:
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    return found


def comes(one: One) -> object:
    return None if one.is_entry else one.setting.default


def differs(one: One, now: Settings) -> bool:
    return bool(set_to(one, now) != comes(one))


def table(found: list[One], now: Settings) -> Table:
    made = columns()
    for title in ("Setting", "Value", "As it comes"):
        made.add_column(title, overflow="fold")
    for each in found:
        value = written(set_to(each, now))
        made.add_row(
            each.key, Text(plain(value), "bold" if differs(each, now) else "dim"), written(comes(each))
        )
    return made


def put_setting(one: One, now: Settings, said_in: Words, out: Console) -> None:
    value = written(set_to(one, now)) or "not set"
    put(
        out,
        Text(f"{one.key}  ", style="bold").append(plain(value), style="green" if differs(one, now) else ""),
    )
    rows = [
        ("Means", one.setting.help),
        ("Takes", said_in.said(one.setting.takes)),
        ("As it comes", written(comes(one)) or "not set"),
        ("Found at", said_in.place(one.setting.key)),
    ]
    if isinstance(one.setting.default, Mapping) and not one.is_entry:
        rows.append(("One entry", f"`franking settings set {one.setting.key}.NAME VALUE`, or `unset`"))
    detail(out, rows)


def as_json(one: One, now: Settings) -> dict[str, object]:
    """`key`, `value` and `default` (as the file has them, null where they are not set), `set` (it is
    otherwise than it comes), `takes`, `choices`, `means`, `found_at` (the manual's menu path), `numbers` (of
    the requirements that it meets).
    """
    said_in = words(now.device.language)
    return {
        "key": one.key,
        "value": written(set_to(one, now)) or None,
        "default": written(comes(one)) or None,
        "set": differs(one, now),
        "takes": said_in.said(one.setting.takes),
        "choices": list(one.setting.choices),
        "means": one.setting.help or None,
        "found_at": said_in.place(one.setting.key),
        "numbers": list(one.setting.numbers),
    }
