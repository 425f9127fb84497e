"""One step of a machine beside the same table on a stock `transitions.Machine`.

Rule: both get the same events in the same order and must end in the same states; only the stepping is timed.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import transitions

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


def stock() -> tuple[transitions.Machine, Model]:
    """The same rows, guards, changes of data and effects, by the library's own means."""
    model = Model()
    machine = transitions.Machine(
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


def steps() -> Figures:
    """Raises AssertionError where the two sides did not do the same work."""
    all_of_them = events()
    if ours(all_of_them)[1] != theirs(all_of_them)[1]:
        raise AssertionError("the two sides did not do the same work")
    rates = compared(ROUNDS, "steps/s", lambda: ours(all_of_them)[0], lambda: theirs(all_of_them)[0])
    return {"step_vs_transitions": rates}
