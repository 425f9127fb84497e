"""Which rows of the machines a test run fired, and a drawing that shows it (B6).

Rule: a row counts when the engine stepped it; a row that no test fires is shown as such, never left out.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..diagrams import Form, MissingLibrary, draw
from ..diagrams.chart import Pair, chart, file_name, key
from ..events.base import Event
from ..machines import MACHINES
from ..machines.definition import Definition, Step

Fired = Mapping[str, set[Pair]]
"By the machine's title."


@contextmanager
def watched(machines: Iterable[Definition[Any]] = MACHINES) -> Iterator[Fired]:
    """What these machines step until the block ends."""
    found: dict[str, set[Pair]] = {}
    watching = list(machines)
    for machine in watching:
        vars(machine)["step"] = watching_step(machine, found.setdefault(machine.title, set()))
    try:
        yield found
    finally:
        for machine in watching:
            del vars(machine)["step"]


def watching_step(machine: Definition[Any], fired: set[Pair]) -> Callable[[StrEnum, Any, Event], Step[Any]]:
    steps = machine.step

    def step(state: StrEnum, data: Any, event: Event) -> Step[Any]:
        chain = machine.table[state][type(event)]
        number = next(n for n, row in enumerate(chain) if row.when is None or row.when(data, event))
        fired.add(Pair(key(state), type(event).__name__, number))
        return steps(state, data, event)

    return step


def write_down(fired: Fired, path: Path) -> None:
    """For another process to read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({title: sorted(pairs) for title, pairs in fired.items()}), encoding="utf-8")


def read(path: Path) -> Fired:
    found = json.loads(path.read_text(encoding="utf-8"))
    return {title: {Pair(*pair) for pair in pairs} for title, pairs in found.items()}


def together(all_of_them: Iterable[Fired]) -> Fired:
    found: dict[str, set[Pair]] = {}
    for each in all_of_them:
        for title, pairs in each.items():
            found.setdefault(title, set()).update(pairs)
    return found


def drawn(fired: Fired, folder: Path, machines: Iterable[Definition[Any]] = MACHINES) -> tuple[int, int]:
    """A picture and a table of each machine in this folder; how many rows fired, and of how many. Without
    the extra `diagrams` the tables alone. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    came = whole = 0
    for machine in machines:
        pairs, name = fired.get(machine.title, set()), file_name(machine.title)
        known = set(chart(machine).pairs)
        came, whole = came + len(known & pairs), whole + len(known)
        (folder / f"{name}.md").write_text(draw(machine, Form.MATRIX, pairs), encoding="utf-8")
        try:
            (folder / f"{name}.svg").write_text(draw(machine, Form.SVG, pairs), encoding="utf-8")
        except MissingLibrary:
            continue
    return came, whole
