"""`franking settings`: what is set, what may stand there and where people find it; and changes of the file.

A change is checked with all the others before anything is written, and the file keeps its comments and its
order. An engine that runs takes it first: what it refuses is not written.

Rule: what is shown are settings, never secrets: those stand elsewhere, and settings name them.
"""

import asyncio
import errno
import os
import tomllib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...events.about import Setting, every, value_of, written
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
Key = Annotated[str, typer.Argument(metavar="KEY", show_default=False, help="Such as `smtp.server`.")]


class UnknownSettingError(LookupError):
    """There is no such setting."""

    def __init__(self, key: str) -> None:
        near = ", ".join(each for each in every() if key.rpartition(".")[2] in each)
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
    on, found = terminal(), [each for each in every().values() if everything or differs(each, now)]
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
    """Takes one setting out of the file, so that it is as it comes."""
    rewrite(known(key), None, config, yes=yes)


def rewrite(one: Setting, value: str | None, config: Path | None, *, yes: bool) -> None:
    """Raises SettingsError, WrongSettingsError, StoreInUse, NotConfirmedError, OSError."""
    import tomlkit

    path, before = loaded(config)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    put_into(document, one.key, None if value is None else toml(value))
    given = taken(path, before, tomlkit.dumps(document), one, yes=yes)
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
    *sections, name = (one.key if one.key in every() else one.key.partition(".")[0]).split(".")
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
        put_into(document, key, toml(text) if text else None)
    written_whole(path, tomlkit.dumps(document))


def put_into(document: MutableMapping[str, Any], key: str, value: object) -> None:
    """None: it is taken out."""
    *sections, name = key.split(".")
    at = document
    for section in sections:
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


def known(key: str) -> Setting:
    """Of a table such as `users` a name in it can be meant, too. Raises UnknownSettingError."""
    table, _, name = key.partition(".")
    found = every().get(key)
    if found is None and name and table in every():
        found = replace(every()[table], key=key) if isinstance(every()[table].default, Mapping) else None
    if found is None:
        raise UnknownSettingError(key)
    return found


def set_to(one: Setting, now: Settings) -> object:
    """As it holds now; of a name in a table what stands with it."""
    table, _, name = one.key.partition(".")
    found = value_of(now, one.key if one.key in every() else table)
    return found.get(name) if isinstance(found, Mapping) and one.key not in every() else found


def differs(one: Setting, now: Settings) -> bool:
    return bool(set_to(one, now) != one.default)


def table(found: list[Setting], now: Settings) -> Table:
    made = columns()
    for title in ("Setting", "Value", "As it comes"):
        made.add_column(title, overflow="fold")
    for each in found:
        value = written(set_to(each, now))
        made.add_row(
            each.key, Text(plain(value), "bold" if differs(each, now) else "dim"), written(each.default)
        )
    return made


def put_setting(one: Setting, now: Settings, said_in: Words, out: Console) -> None:
    value = written(set_to(one, now)) or "not set"
    put(
        out,
        Text(f"{one.key}  ", style="bold").append(plain(value), style="green" if differs(one, now) else ""),
    )
    rows = [
        ("Means", one.help),
        ("Takes", said_in.said(one.takes)),
        ("As it comes", written(one.default) or "not set"),
        ("Found at", said_in.place(one.key)),
    ]
    detail(out, rows)


def as_json(one: Setting, now: Settings) -> dict[str, object]:
    """`key`, `value` and `default` (as the file has them, null where they are not set), `set` (it is
    otherwise than it comes), `takes`, `choices`, `means`, `found_at` (the manual's menu path), `numbers` (of
    the requirements that it meets).
    """
    said_in = words(now.device.language)
    return {
        "key": one.key,
        "value": written(set_to(one, now)) or None,
        "default": written(one.default) or None,
        "set": differs(one, now),
        "takes": said_in.said(one.takes),
        "choices": list(one.choices),
        "means": one.help or None,
        "found_at": said_in.place(one.key),
        "numbers": list(one.numbers),
    }
