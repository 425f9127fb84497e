"""Reading a plain machine of the library `transitions`: what it does by its own words, names of callbacks.

Rule: an event that a state has no transition for is said to be refused or let pass, as the machine does.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum

import transitions
from transitions.extensions.nesting import HierarchicalMachine

from .chart import Chart, Effects, Limit, Line, State, file_name, title

Callback = object
"A name, or a callable; so the library takes them."
Key = tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[Effects, ...]]
MOST_STATES = 1
"As many states may lack a transition that is drawn once for every state."


def of_plain(machine: transitions.Machine) -> Chart:
    """Raises ValueError for nested states, and for a machine with no first state."""
    if isinstance(machine, HierarchicalMachine):
        raise ValueError("a machine with nested states has no table of states and events: draw its parts")
    if machine.initial is None:
        raise ValueError("a machine without a first state cannot be drawn: give it `initial`")
    lines: dict[Key, Line] = {}
    table: dict[str, dict[str, tuple[Line, ...]]] = {named(name): {} for name in machine.states}
    for event in machine.events.values():
        for source, found in event.transitions.items():
            chain = [line_of(lines, event.name, each) for each in found]
            if not automatic(machine, event.name):
                table[named(source)][event.name] = tuple(chain)
    called_so = machine.name.removesuffix(": ") or "machine"
    return Chart(
        called_so,
        file_name(called_so),
        named(machine.initial),
        {named(name): state_of(machine, state) for name, state in machine.states.items()},
        table,
        tuple(line for line in lines.values() if everywhere(line, table)),
    )


def automatic(machine: transitions.Machine, event: str) -> bool:
    """`to_open()` and the like, which the library adds for every state."""
    return bool(machine.auto_transitions) and event.removeprefix("to_") in machine.states


def everywhere(line: Line, table: dict[str, dict[str, tuple[Line, ...]]]) -> bool:
    lack = [at for at, chains in table.items() if line not in chains.get(line.facts[0], ())]
    return len(table) > MOST_STATES + 1 and len(lack) <= MOST_STATES


def line_of(lines: dict[Key, Line], event: str, found: transitions.Transition) -> Line:
    """One that is the same from several states is one row."""
    when = tuple(called(check.func) for check in found.conditions if check.target)
    unless = tuple(called(check.func) for check in found.conditions if not check.target)
    calls = tuple(map(called, [*found.prepare, *found.before, *found.after]))
    effects = (Effects("calls", calls),) if calls else ()
    to = named(found.dest) if found.dest is not None else ""
    return lines.setdefault(
        (event, to, when, unless, effects), Line((event,), to, when, unless, "", effects, "")
    )


def state_of(machine: transitions.Machine, state: transitions.State) -> State:
    refuses = not (machine.ignore_invalid_triggers or state.ignore_invalid_triggers)
    return State(
        named(state.name),
        title(str(state.name)),
        " ".join(entering(state)),
        (),
        tuple(timeouts(state)),
        bool(getattr(state, "final", False)),
        "refused: MachineError" if refuses else "let pass",
    )


def entering(state: transitions.State) -> Iterator[str]:
    for verb, callbacks in (("Entering", state.on_enter), ("Leaving", state.on_exit)):
        if callbacks:
            yield f"{verb} it calls {', '.join(map(called, callbacks))}."


def timeouts(state: transitions.State) -> Iterable[Limit]:
    """Of a state with the library's feature `Timeout`: what it calls then."""
    timeout = getattr(state, "timeout", 0)
    if timeout:
        yield Limit(f"{timeout:g} s", int(timeout), ", ".join(map(called, getattr(state, "on_timeout", ()))))


def called(callback: Callback) -> str:
    if isinstance(callback, str):
        return callback.rpartition(".")[2]
    name = getattr(callback, "__name__", None) or type(callback).__name__
    return "a condition" if name == "<lambda>" else str(name)


def named(state: object) -> str:
    """Of a state, as an identifier."""
    name = state.name if isinstance(state, Enum) else str(state)
    return re.sub(r"\W+", "_", name).lower()
