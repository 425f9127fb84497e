"""Instances of machines to and from the rows of the store.

Rule: what cannot be read raises MalformedRecord with the record's name, and is left as it is.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..events.base import Event
from ..events.registry import MalformedRecord, dump
from .play import Instance, Machine
from .records import Line, Stored

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRED: TypeAdapter[tuple[tuple[int, datetime], ...]] = TypeAdapter(
    tuple[tuple[int, datetime], ...], config={"defer_build": True}
)


ADAPTERS: dict[str, TypeAdapter[Any]] = {}


def adapter(machine: Machine) -> TypeAdapter[Any]:
    """Of the machine's data; made when first needed."""
    found = ADAPTERS.get(machine.title)
    if found is None:
        found = ADAPTERS[machine.title] = TypeAdapter(machine.data_type)
    return found


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment(us: int) -> datetime:
    return EPOCH + us * MICROSECOND


def line_of(sequence: int, event: Event) -> Line:
    return Line(sequence, event.at.isoformat(), type(event).__name__, event.schema_version, dump(event))


def stored(machine: Machine, key: str, instance: Instance) -> Stored:
    return Stored(
        machine.title,
        key,
        instance.state.name,
        adapter(machine).dump_json(instance.data).decode(),
        instance.entered.isoformat() if instance.entered else None,
        FIRED.dump_json(instance.fired).decode() if instance.fired else "[]",
        None if instance.due is None else microseconds(instance.due),
        instance.version,
    )


def instance_of(machine: Machine, row: Stored) -> Instance:
    record = f"the stored {machine.title} {row.key}".rstrip()
    found = [state for state in machine.blocks if state.name == row.state]
    if not found:
        raise MalformedRecord(record, f"no state is called {row.state}")
    try:
        data = adapter(machine).validate_json(row.data)
        fired = FIRED.validate_json(row.fired) if row.fired != "[]" else ()
        entered = row.entered and datetime.fromisoformat(row.entered)
    except (ValidationError, ValueError) as error:
        why = (
            error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        )
        raise MalformedRecord(record, why) from None
    due = None if row.due_us is None else moment(row.due_us)
    return Instance(found[0], data, entered or None, fired, due, row.version)
