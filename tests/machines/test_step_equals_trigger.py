"""The pure step against the library's own trigger, until every row of every state has fired."""

import random
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from typing import Any

import pytest

from franking.events.base import Event
from franking.machines import MACHINES
from franking.machines.definition import Definition, Step
from franking.tests.facts import aimed, jumbled, made_up

Machine = Definition[Any]
STAY = 8
"Events until the walk goes on from another place where it was before, so that none is seldom visited."
PATIENCE = 20
"Times as many events as asked for, while a row has not fired."
Place = tuple[StrEnum, tuple[bool, ...]]
Fired = set[tuple[StrEnum, str, int]]


@pytest.fixture(params=MACHINES, ids=lambda machine: machine.title)
def machine(request: pytest.FixtureRequest) -> Machine:
    found = request.param
    assert isinstance(found, Definition)
    return found


def rows_that_hold(machine: Machine, state: StrEnum, data: object, event: Event) -> list[int]:
    """By the guards as they are written, `unless` included, and not by their order."""
    return [
        number
        for number, row in enumerate(machine.table[state][type(event)])
        if (row.when is None or row.when(data, event)) and not any(guard(data, event) for guard in row.unless)
    ]


def place(state: StrEnum, data: Any) -> Place:
    """A state, and which of the data are set: data alike in that are one place."""
    return state, tuple(bool(getattr(data, field.name)) for field in fields(data))


def rows_of(machine: Machine) -> Fired:
    return {
        (at, event.__name__, number)
        for at, chains in machine.table.items()
        for event, chain in chains.items()
        for number in range(len(chain))
    }


def unfired(machine: Machine, state: StrEnum, kind: type[Event], fired: Fired) -> bool:
    return any(
        (state, kind.__name__, number) not in fired for number in range(len(machine.table[state][kind]))
    )


def walk(machine: Machine, count: int) -> Fired:
    """Steps both ways, compares, and gives the rows that fired. Goes on past `count` while there are more."""
    chance = random.Random(machine.title)  # noqa: S311, the same walk each time
    kinds = sorted(machine.hears, key=lambda kind: kind.__name__)
    been: dict[Place, tuple[StrEnum, object]] = {}
    fired: Fired = set()
    state, data = machine.first, machine.begins
    rows = rows_of(machine)
    for number in range(count * PATIENCE):
        if number >= count and fired == rows:
            break
        been[place(state, data)] = state, data
        if number % STAY == 0:
            state, data = chance.choice(list(been.values()))
        data = jumbled(data, chance)
        hungry = [kind for kind in kinds if unfired(machine, state, kind, fired)]
        kind = chance.choice(hungry if hungry and chance.random() < 0.5 else kinds)
        event = aimed(made_up(kind, chance), data, chance)
        step: Step[Any] = machine.step(state, data, event)
        assert step == machine.stock_step(state, data, event), (state, data, event)
        (only,) = rows_that_hold(machine, state, data, event)
        row = machine.table[state][type(event)][only]
        assert (step.tell, step.ask, step.entered) == (row.tell, row.ask, row.to is not None)
        fired.add((state, type(event).__name__, only))
        state, data = step.state, step.data
    return fired


@pytest.mark.manual("B5")
def test_the_pure_step_equals_the_librarys_trigger_and_every_row_fires(
    machine: Machine, long_count: Callable[[int, int], int]
) -> None:
    assert rows_of(machine) - walk(machine, long_count(10_000, 100_000)) == set()
