"""`franking replay`: the journal played into fresh machines, line by line, up to a moment or to its end (B5).

The store is looked into, not opened: an engine may use it meanwhile. At the end of the store's own journal
the machines are compared with what the store holds.

Rule: nothing is written, and nothing is sent.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.text import Text

from ...events.base import Event
from ..export import read
from ..happenings import Happening, shown, told
from ..happenings import journal as whole
from ..journal import Entry, entry
from ..play import Instance, Name
from ..replay import Replayed, begun, differences, steps
from ..store.looking import seen
from . import times
from .exits import Exit
from .happened import as_json, rows
from .opening import Config, folder_of, loaded
from .terminal import DONE, FAILED, Terminal, put, say, terminal

SHOWN = 20
"Instances of one machine that are listed; `--json` has all."


class NoSuchMomentError(ValueError):
    """What `--until` says is neither a line nor a moment."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"--until {given} is neither the number of a line nor a moment, such as 120 or '2026-11-02 08:30'"
        )
        self.given = given


class Played(NamedTuple):
    lines: tuple[Happening, ...]
    world: Replayed
    differs: tuple[str, ...] | None
    "What the store holds otherwise; None: it was not compared."


def replay(
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            show_default=False,
            help="A journal that `franking history --export` wrote; else the store's.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(show_default=False, help="Up to this line, or to this moment (ISO 8601, local time)."),
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter after each line.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")] = False,
    config: Config = None,
) -> None:
    """Plays the journal into fresh machines from its last checkpoint on, and tells how they stand then."""
    on, end = terminal(), end_of(until)
    if source is not None:
        found = played([entry(line) for line in read(source)], end)
    else:
        _, settings = loaded(config)
        with seen(folder_of(settings)) as store:
            found = played(whole(store), end)
            if end is None:
                found = found._replace(differs=differences(found.world, store))
    if json:
        on.out.print_json(data=in_json(found))
    else:
        show(found, on, step=step)
    raise typer.Exit(Exit.IO if found.differs else Exit.OK)


def end_of(until: str | None) -> int | datetime | None:
    """Raises NoSuchMomentError."""
    if until is None or until.isdecimal():
        return until if until is None else int(until)
    try:
        return times.read(until)
    except ValueError:
        raise NoSuchMomentError(until) from None


def played(entries: Sequence[Entry], end: int | datetime | None) -> Played:
    """Raises Diverged, AnotherDefinition, BeginningLost."""
    world = Replayed()
    wanted = [each for each in entries if end is None or not is_behind(each, end)]
    lines = tuple(map(told, steps(world, begun(world, wanted))))
    return Played(lines, world, None)


def is_behind(line: Entry, end: int | datetime) -> bool:
    if isinstance(end, int):
        return line.sequence > end
    return isinstance(line.event, Event) and line.event.at > end


def show(found: Played, on: Terminal, *, step: bool) -> None:
    if step and sys.stdin.isatty() and on.out.is_terminal:
        for each in found.lines:
            put(on.out, rows([each], {}))
            on.err.input("Enter: the next line ")
    elif found.lines:
        put(on.out, rows(found.lines, {}))
        put(on.out, Text())
    put(on.out, Text("Then", style="bold"))
    for title, states in stand(found.world):
        put(on.out, Text(f"  {title}: ", style="dim").append(states))
    put(on.out, Text())
    if found.differs is None:
        say(on.out, DONE, f"{len(found.lines)} lines played.")
    elif found.differs:
        say(on.err, FAILED, "The store holds otherwise.", [("", each) for each in found.differs[:SHOWN]])
    else:
        say(on.out, DONE, f"{len(found.lines)} lines played; the store holds the same.")


def stand(world: Replayed) -> Iterator[tuple[str, str]]:
    """By machine, how its instances stand; what nothing has happened to is not there."""
    by_machine: dict[str, list[str]] = {}
    for (title, key), instance in sorted(world.instances.items(), key=in_order):
        state = shown(instance.state).replace("_", " ")
        by_machine.setdefault(title, []).append(f"{key} {state}".strip())
    for title, found in by_machine.items():
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        yield title, ", ".join(found[:SHOWN]) + more


def in_order(named: tuple[Name, Instance]) -> tuple[str, int, str]:
    """Job 9 before job 10."""
    title, key = named[0]
    return title, int(key) if key.isdecimal() else 0, key


def in_json(found: Played) -> dict[str, object]:
    """What `--json` prints: `lines`, each as `happened.as_json` says; `instances`, each: `machine`, `key`,
    `state`, `entered`; `differs`: what the store holds otherwise, null where it was not compared.
    """
    return {
        "lines": [as_json(each) for each in found.lines],
        "instances": [
            {
                "machine": title,
                "key": key,
                "state": shown(instance.state),
                "entered": instance.entered.isoformat() if instance.entered else None,
            }
            for (title, key), instance in sorted(found.world.instances.items(), key=in_order)
        ],
        "differs": found.differs if found.differs is None else list(found.differs),
    }
