"""How a machine is written down, and the one function that steps it.

A definition is data: in each state, what every event does there. `Definition` is a real `transitions.Machine`
whose transitions carry three more columns (data, tell, ask), so whatever reads a Machine reads ours; the
library's trigger is the oracle of `step` in tests. What makes a definition sound is checked in
`soundness.py`.

Rule: a step is pure. It reads no clock and touches nothing but its arguments.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

import transitions

from ..events.base import Event, NewLife, OfAccount, OfDevice, OfDocument, OfIdentity, OfJob, OfPlace
from .effects import Deed, Effect

D = TypeVar("D")
E = TypeVar("E", bound=Event)
Subject = type[OfDevice] | type[OfPlace] | type[OfIdentity] | type[OfAccount] | type[OfJob] | type[OfDocument]
Guard = Callable[[D, E], bool]


class Tell(NamedTuple):
    """A fact for other machines. Its fields are found by name: in the causing fact, else in the machine's
    data.
    """

    fact: type[Event]
    from_data: bool = False
    "The machine's data come first: for a fact about somebody whom the causing fact does not name."


def remembered(fact: type[Event]) -> Tell:
    return Tell(fact, from_data=True)


class Row(NamedTuple, Generic[D]):
    events: tuple[type[Event], ...]
    to: StrEnum | None
    data: Callable[[D, Any], D] | None
    tell: tuple[Tell, ...]
    ask: tuple[Effect, ...]
    when: Guard[D, Any] | None
    unless: tuple[Guard[D, Any], ...]
    why: str = ""

    @property
    def acts(self) -> bool:
        return bool(self.to or self.data or self.tell or self.ask)


class Limit(NamedTuple):
    """How long a state may last: a duration from entry, or until the moment in a field of the data."""

    until: str | timedelta
    then: type[Event]


class Block(NamedTuple, Generic[D]):
    name: StrEnum | None
    means: str
    rows: tuple[Row[D], ...]
    limits: tuple[Limit, ...] = ()
    during: tuple[Deed, ...] = ()
    final: bool = False


class Step(NamedTuple, Generic[D]):
    state: StrEnum
    entered: bool
    "The row has a `to`: the state begins anew, even where it is the same."
    data: D
    tell: tuple[Tell, ...]
    ask: tuple[Effect, ...]


def on(
    *events: type[E],
    when: Guard[D, E] | None = None,
    unless: Guard[D, E] | Sequence[Guard[D, E]] = (),
    to: StrEnum | None = None,
    data: Callable[[D, E], D] | None = None,
    tell: Sequence[type[Event] | Tell] = (),
    ask: Sequence[Effect] = (),
) -> Row[D]:
    tells = tuple(fact if isinstance(fact, Tell) else Tell(fact) for fact in tell)
    return Row(events, to, data, tells, tuple(ask), when, (unless,) if callable(unless) else tuple(unless))


def ignore(
    *events: type[E],
    why: str,
    when: Guard[D, E] | None = None,
    unless: Guard[D, E] | Sequence[Guard[D, E]] = (),
) -> Row[D]:
    return Row(events, None, None, (), (), when, (unless,) if callable(unless) else tuple(unless), why)


def lasts(*, until: str = "", then: type[Event], **duration: float) -> Limit:
    return Limit(until or timedelta(**duration), then)


def always(*rows: Row[D]) -> Block[D]:
    """Rows of every state that does not answer the event itself."""
    return Block(None, "", rows)


def state(
    name: StrEnum, means: str, *lines: Row[D] | Limit, during: Sequence[Deed] = (), final: bool = False
) -> Block[D]:
    """`during`: deeds that begin when the state is entered and are stopped when it is left."""
    rows = tuple(line for line in lines if isinstance(line, Row))
    limits = tuple(line for line in lines if isinstance(line, Limit))
    return Block(name, means, rows, limits, tuple(during), final)


def told(tell: Tell, event: Event, before: object, subject: str, key: str) -> Event:
    """The fact that a row tells, with the time of its cause and the data as they were before the step.
    `subject`, `key`: the field that names the instance, and its own name, where neither of them has it.
    """
    first, second = (before, event) if tell.from_data else (event, before)
    values: dict[str, object] = {"at": event.at}
    for name in tell.fact.model_fields.keys() - values.keys():
        holder = first if hasattr(first, name) else second
        values[name] = key if name == subject and not hasattr(holder, name) else getattr(holder, name)
    return tell.fact.model_validate(values)


class Transition(transitions.Transition):
    """The stock transition with our columns; the subject is told which row fired."""

    def __init__(self, *args: Any, row: Row[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row

    def execute(self, event_data: transitions.EventData) -> bool:
        fired = super().execute(event_data)
        if fired:
            event_data.model.take(self.row, *event_data.args)  # type: ignore[attr-defined]
        return fired


class Subjected(Generic[D]):
    """What the library's trigger moves: one state with its data."""

    def __init__(self, state: StrEnum, data: D) -> None:
        self.state, self.data = state, data
        self.row: Row[D]

    def take(self, row: Row[D], data: D, event: Event) -> None:
        self.data, self.row = row.data(data, event) if row.data else data, row


class Definition(transitions.Machine, Generic[D]):
    transition_cls = Transition

    def __init__(self, name: str, data: type[D], *blocks: Block[D], per: Subject) -> None:
        self.title, self.data_type, self.per = name, data, per
        self.blocks = {block.name: block for block in blocks if block.name is not None}
        self.shared = tuple(row for block in blocks if block.name is None for row in block.rows)
        self.first = next(iter(self.blocks))
        self.table: dict[StrEnum, dict[type[Event], tuple[Row[D], ...]]] = {}
        super().__init__(
            None, states=list(self.blocks), initial=self.first, auto_transitions=False, name=name
        )
        known = {field.name for field in fields(data)}  # type: ignore[arg-type]
        for at, block in self.blocks.items():
            for limit in block.limits:
                if isinstance(limit.until, str) and limit.until not in known:
                    raise ValueError(f"{name}, {at}: {data.__name__} has no {limit.until}")
            self.table[at] = self.decided(block)
        self.hears = frozenset(event for rows in self.table.values() for event in rows)
        self.begins = data()
        "Data of an instance that nothing has happened to: it needs no row in the store."

    def decided(self, block: Block[D]) -> dict[type[Event], tuple[Row[D], ...]]:
        """What each event does in this state: the state's own rows, else the shared ones."""
        rows: dict[type[Event], list[Row[D]]] = {}
        own = {event for row in block.rows for event in row.events}
        answers = [(row, event) for row in block.rows for event in row.events]
        answers += [(row, event) for row in self.shared for event in row.events if event not in own]
        for row, event in answers:
            rows.setdefault(event, []).append(row)
            guards = {"conditions": row.when, "unless": list(row.unless), "row": row}
            self.add_transition(event.__name__, block.name, row.to, **guards)  # type: ignore[arg-type]
        return {event: tuple(chain) for event, chain in rows.items()}

    def step(self, state: StrEnum, data: D, event: Event) -> Step[D]:
        """The rows of one pair are a chain of guards, so the first row whose `when` holds is the only one."""
        for row in self.table[state][type(event)]:
            if row.when is None or row.when(data, event):
                after = row.data(data, event) if row.data else data
                return Step(row.to or state, row.to is not None, after, row.tell, row.ask)
        raise AssertionError("soundness.mistakes() lets no such table through")

    def stock_step(self, state: StrEnum, data: D, event: Event) -> Step[D]:
        """The same step by the library's own machinery: the oracle in tests."""
        subject = Subjected(state, data)
        self.events[type(event).__name__].trigger(subject, data, event)
        row = subject.row
        return Step(subject.state, row.to is not None, subject.data, row.tell, row.ask)

    def wakes(self, state: StrEnum, event: type[NewLife]) -> bool:
        """A new life reaches the stored instances in states where a row for it acts."""
        return any(row.acts for row in self.table[state].get(event, ()))
