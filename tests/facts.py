"""Facts made up from the fields of their models: a new fact is tested without being written down here.

Rule: values come from small pools, so that versions, attempts and identities meet as often as they miss.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import AwareDatetime

from franking.events.base import Event
from franking.events.request import Notify

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
IDENTITIES = ("administrator", "user:1", "user:2")
PLACES = ("panel", "page:1")
CODES = ((), ("S12-tls",), ("S14-vlan", "S13-http"))
ANSWERS = {"of": "version", "attempt": "attempt", "ends_at": "ends_at"}
"Fields of an answer, and the machine's data that they are compared with."
E = TypeVar("E", bound=Event)
UNKNOWN = object()
Make = Callable[[random.Random], object]


def a_moment(chance: random.Random) -> datetime:
    return START + timedelta(minutes=chance.randrange(100_000))


BY_NAME: Mapping[str, Make] = {
    "identity": lambda chance: chance.choice(IDENTITIES),
    "place": lambda chance: chance.choice(PLACES),
}
BY_TYPE: Mapping[object, Make] = {
    bool: lambda chance: chance.random() < 0.5,
    int: lambda chance: chance.randrange(4),
    str: lambda chance: chance.choice(("AADSTS50173", "451 4.7.0", "")),
    datetime: a_moment,
    AwareDatetime: a_moment,
    AwareDatetime | None: lambda chance: a_moment(chance) if chance.random() < 0.5 else None,
    timedelta: lambda chance: timedelta(seconds=chance.choice((chance.randrange(10, 3600), 10**6))),
    timedelta | None: lambda chance: chance.choice((None, timedelta(minutes=20), timedelta(days=2))),
    tuple[str, ...]: lambda chance: chance.choice(CODES),
    tuple[tuple[str, str, str, str, str | None, str, int], ...]: lambda chance: (),
    tuple[tuple[str, str], ...]: lambda chance: (),
    tuple[int, ...]: lambda chance: chance.choice(((), (2, 5))),
    tuple[Notify, ...]: lambda chance: chance.choice(((), (Notify.NEVER,), tuple(Notify)[:3])),
}


def made_up(kind: type[E], chance: random.Random) -> E:
    """Raises KeyError for a field of a type that nobody has thought of yet."""
    values: dict[str, object] = {}
    for name, field in kind.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            values[name] = chance.choice(list(annotation))
        else:
            values[name] = (BY_NAME.get(name) or BY_TYPE[annotation])(chance)
    return kind.model_validate(values)


def aimed(event: Event, data: object, chance: random.Random) -> Event:
    """Every second answer is one to the present question."""
    if chance.random() < 0.5:
        return event
    present = {
        field: getattr(data, own)
        for field, own in ANSWERS.items()
        if field in type(event).model_fields and hasattr(data, own)
    }
    return event.model_copy(update=present)


def jumbled(data: Any, chance: random.Random) -> Any:
    """A machine's data, of which now and then some are others."""
    if chance.random() < 0.8:
        return data
    hints = hints_of(type(data))
    other = {
        field.name: value
        for field in fields(data)
        if chance.random() < 0.5 and (value := another(hints[field.name], chance)) is not UNKNOWN
    }
    return replace(data, **other)


HINTS: dict[object, dict[str, Any]] = {}
"Of the data that were met."


def hints_of(kind: type) -> dict[str, Any]:
    if kind not in HINTS:
        HINTS[kind] = get_type_hints(kind)
    return HINTS[kind]


def another(hint: Any, chance: random.Random) -> object:
    """A value of this type; UNKNOWN: nobody has thought of it."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] or [hint]
    if NoneType in get_args(hint) and chance.random() < 0.3:
        return None
    (kind,) = kinds if len(kinds) == 1 else (None,)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return chance.choice(list(kind))
    make = BY_TYPE.get(kind)
    return UNKNOWN if make is None else chance.randrange(7) if kind is int else make(chance)
