"""`franking man FOLDER`: a manual page for each command, made from the commands themselves (man(7)).

Rule: a page says what `--help` says, and nothing that the command does not.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from ...events.about import docstrings
from ..programs import places
from ..programs.options import HELP
from .exits import IN_SHORT, Exit
from .terminal import DONE, say, terminal

FILES = (
    ("./franking.toml, $XDG_CONFIG_HOME/franking/franking.toml, /etc/franking/franking.toml", "the settings"),
    ("$STATE_DIRECTORY, $XDG_STATE_HOME/franking", "the store, unless the settings name another folder"),
    ("$RUNTIME_DIRECTORY/franking.sock", "the control socket of franking run"),
    ("$CREDENTIALS_DIRECTORY", "secrets that the service manager hands over"),
)
SENDMAIL_FILES = (
    (places.SERVICE, "the control socket of the service"),
    (places.SERVICE_DROP, "the folder for mail that comes while the engine is away"),
)


def man(
    folder: Annotated[Path, typer.Argument(show_default=False, help="Where the pages go, as NAME.1.")],
) -> None:
    """Writes the manual pages."""
    from .app import command

    folder.mkdir(parents=True, exist_ok=True)
    written = {**pages(command()), "franking-sendmail": "\n".join(sendmail_page()) + "\n"}
    for name, text in written.items():
        (folder / f"{name}.1").write_text(text, encoding="utf-8")
    say(terminal().out, DONE, f"{len(written)} manual pages are in {folder}.")
    raise typer.Exit(Exit.OK)


def pages(command: Any) -> dict[str, str]:
    """By name, without the section."""
    return {name: "\n".join(page(name, each)) + "\n" for name, each in of(command, "franking")}


def of(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for below, each in getattr(command, "commands", {}).items():
        yield from of(each, f"{name}-{below}")


def page(name: str, command: Any) -> Iterator[str]:
    about = escaped(sentence(command.help or ""))
    yield f'.TH {name.upper().replace("-", chr(92) + "-")} 1 "" "franking {release()}" "User Commands"'
    yield from (".SH NAME", f"{escaped(name)} \\- {about.rstrip('.')}")
    yield from (".SH SYNOPSIS", f".B {escaped(name.replace('-', ' '))}", escaped(usage(command)))
    yield from (".SH DESCRIPTION", escaped(" ".join((command.help or "").split())))
    commands = getattr(command, "commands", {})
    if commands:
        yield ".SH COMMANDS"
        for below, each in commands.items():
            yield from tagged(f"\\fB{escaped(below)}\\fR", sentence(each.help or ""))
    options = [each for each in command.params if each.param_type_name == "option"]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    if arguments:
        yield ".SH ARGUMENTS"
        for each in arguments:
            yield from tagged(f"\\fI{escaped(shown(each))}\\fR", each.help or "")
    if options:
        yield ".SH OPTIONS"
        for each in options:
            value = "" if each.is_flag else f" \\fI{escaped(shown(each))}\\fR"
            names = ", ".join(f"\\fB{escaped(one)}\\fR" for one in each.opts)
            yield from tagged(names + value, each.help or "")
    yield ".SH EXIT STATUS"
    said = docstrings(Exit)
    for code in Exit:
        yield from tagged(f"\\fB{code.value}\\fR", said.get(code.name, IN_SHORT[code]))
    yield ".SH FILES"
    for path, meaning in FILES:
        yield from tagged(f"\\fI{escaped(path)}\\fR", meaning)


def sendmail_page() -> Iterator[str]:
    """Of the program that others call as sendmail: what its own `--help` says."""
    begin, _, rest = HELP.partition("\n\n")
    does, _, ends = rest.partition("\n\nIt ends with ")
    yield f'.TH FRANKING\\-SENDMAIL 1 "" "franking {release()}" "User Commands"'
    yield from (".SH NAME", "franking\\-sendmail \\- hands mail of programs to the engine of this machine")
    yield from (".SH SYNOPSIS", escaped(begin.removeprefix("usage: ")), ".SH DESCRIPTION", ".nf")
    yield from map(escaped, does.splitlines())
    yield from (".fi", ".SH EXIT STATUS", escaped(" ".join(ends.split())), ".SH FILES")
    for path, meaning in SENDMAIL_FILES:
        yield from tagged(f"\\fI{escaped(path)}\\fR", meaning)


def release() -> str:
    try:
        return version("franking")
    except PackageNotFoundError:
        return ""


def tagged(tag: str, text: str) -> Iterator[str]:
    yield from (".TP", tag, escaped(" ".join(text.split())))


def usage(command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    parts = [shown(each) if each.required else f"[{shown(each)}]" for each in arguments]
    below = ["COMMAND"] if getattr(command, "commands", None) else []
    return " ".join(["[OPTIONS]", *below, *parts])


def shown(parameter: Any) -> str:
    """What stands for its value."""
    return str(parameter.metavar or parameter.name.upper()).strip("[]")


def sentence(text: str) -> str:
    """The first one, without its line ends."""
    return re.split(r"(?<=\.)\s|\n\n", " ".join(text.split()) or "")[0]


def escaped(text: str) -> str:
    """As roff takes it: no dash is a hyphen, and no line begins a request."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
