"""One step of a machine beside the same table on a stock `transitions.Machine`, on its `AsyncMachine`, and on
python-statemachine.

Rule: all get the same events in the same order and must end in the same states; only the stepping is timed.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from time import perf_counter
from typing import Any

import statemachine
import transitions
from transitions.extensions.asyncio import AsyncMachine

from ..events.base import Event
from ..events.token import GrantRefused, GrantRotated, RenewalDue, SignInSucceeded, TokenDeleted
from ..machines.definition import Row
from ..machines.refresh_token import REFRESH_TOKEN
from .measure import Figures, compared

EVENTS = 10_000
ROUNDS = 9
NOW = datetime(2026, 11, 24, tzinfo=UTC)
WHO = "user:1"


def events() -> list[Event]:
    """What a refresh token meets, good news and bad, in a fixed order."""
    chance = random.Random(1)  # noqa: S311 - the same events for both sides
    makers = (
        lambda: SignInSucceeded(
            at=NOW, identity=WHO, place="panel", right=chance.random() < 0.7, renew_at=NOW, stale_at=NOW
        ),
        lambda: GrantRotated(at=NOW, identity=WHO, of=chance.randrange(4), renew_at=NOW),
        lambda: GrantRefused(at=NOW, identity=WHO, of=chance.randrange(4), code="invalid_grant"),
        lambda: RenewalDue(at=NOW, identity=WHO),
        lambda: TokenDeleted(at=NOW, identity=WHO),
    )
    return [chance.choice(makers)() for _ in range(EVENTS)]


class Model:
    """Carries the state and the data, as a program does that uses the library as it comes."""

    state: Any

    def __init__(self) -> None:
        self.data: object = REFRESH_TOKEN.begins
        self.effects: tuple[object, ...] = ()


def stock(kind: type[transitions.Machine] = transitions.Machine) -> tuple[transitions.Machine, Model]:
    """The same rows, guards, changes of data and effects, by the library's own means."""
    model = Model()
    machine = kind(
        model, states=list(REFRESH_TOKEN.blocks), initial=REFRESH_TOKEN.first, auto_transitions=False
    )
    for state, table in REFRESH_TOKEN.table.items():
        for event, rows in table.items():
            for row in rows:
                machine.add_transition(
                    event.__name__,
                    state,
                    row.to,
                    conditions=guarded(model, row.when),
                    unless=[guarded(model, guard) for guard in row.unless],
                    after=changing(model, row),
                )
    return machine, model


def guarded(model: Model, guard: Any) -> Any:
    return guard and (lambda event: guard(model.data, event))


def changing(model: Model, row: Row[Any]) -> Any:
    def after(event: Event) -> None:
        if row.data:
            model.data = row.data(model.data, event)
        model.effects = (*row.tell, *row.ask)

    return after


Ended = tuple[object, object]


def ours(all_of_them: Sequence[Event]) -> tuple[float, Ended]:
    """Steps a second, and where they led."""
    state, data, step = REFRESH_TOKEN.first, REFRESH_TOKEN.begins, REFRESH_TOKEN.step
    began = perf_counter()
    for event in all_of_them:
        state, _, data, _, _ = step(state, data, event)
    return len(all_of_them) / (perf_counter() - began), (state, data)


def theirs(all_of_them: Sequence[Event]) -> tuple[float, Ended]:
    """The same by the library."""
    machine, model = stock()
    triggers = {name: event.trigger for name, event in machine.events.items()}
    began = perf_counter()
    for event in all_of_them:
        triggers[type(event).__name__](model, event)
    return len(all_of_them) / (perf_counter() - began), (model.state, model.data)


def theirs_async(all_of_them: Sequence[Event]) -> tuple[float, Ended]:
    """By its `AsyncMachine`, which looks at each guard in a task's turn of its own."""

    async def run() -> tuple[float, Ended]:
        machine, model = stock(AsyncMachine)
        triggers: dict[str, Any] = {name: event.trigger for name, event in machine.events.items()}
        began = perf_counter()
        for event in all_of_them:
            await triggers[type(event).__name__](model, event)
        return len(all_of_them) / (perf_counter() - began), (model.state, model.data)

    return asyncio.run(run())


def another() -> type[statemachine.StateMachine]:
    """The same table as a class of python-statemachine."""
    first = REFRESH_TOKEN.first
    states = {state: statemachine.State(state.name, initial=state is first) for state in REFRESH_TOKEN.blocks}
    arrows: dict[str, list[Any]] = {}
    for state, table in REFRESH_TOKEN.table.items():
        for event, rows in table.items():
            for row in rows:
                stays = row.to is None
                made = states[state].to(
                    states[row.to or state],
                    internal=stays,
                    cond=[asked(row.when)] if row.when else None,
                    unless=[asked(guard) for guard in row.unless] or None,
                    on=done(row),
                )
                arrows.setdefault(event.__name__, []).append(made)
    named = {state.name.lower(): each for state, each in states.items()}
    return type(
        "Another", (statemachine.StateMachine,), named | {k: reduce(or_, v) for k, v in arrows.items()}
    )


def asked(guard: Any) -> Any:
    return lambda machine, fact: guard(machine.data, fact)


def done(row: Row[Any]) -> Any:
    def on(machine: Any, fact: Event) -> None:
        if row.data:
            machine.data = row.data(machine.data, fact)
        machine.effects = (*row.tell, *row.ask)

    return on


ANOTHER = another()


def theirs_other(all_of_them: Sequence[Event]) -> tuple[float, Ended]:
    """By python-statemachine."""
    machine: Any = ANOTHER()
    machine.data = REFRESH_TOKEN.begins
    began = perf_counter()
    for event in all_of_them:
        machine.send(type(event).__name__, fact=event)
    rate = len(all_of_them) / (perf_counter() - began)
    (state,) = machine.configuration
    ended = next(each for each in REFRESH_TOKEN.blocks if each.name == state.name)
    return rate, (ended, machine.data)


OTHERS = {
    "step_vs_transitions": theirs,
    "step_vs_async": theirs_async,
    "step_vs_pysm": theirs_other,
}


def steps() -> Figures:
    """Raises AssertionError where the sides did not do the same work."""
    all_of_them = events()
    found = ours(all_of_them)[1]
    for name, other in OTHERS.items():
        if other(all_of_them)[1] != found:
            raise AssertionError(f"{name}: the two sides did not do the same work")
    return {
        name: compared(ROUNDS, "steps/s", lambda: ours(all_of_them)[0], lambda: other(all_of_them)[0])  # noqa: B023 - called at once
        for name, other in OTHERS.items()
    }
