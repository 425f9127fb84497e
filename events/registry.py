"""Every fact by its name, and the one way to write it into the journal and read it back.

Rule: a stored line that cannot be read is an error that names the record; it is never guessed at, and it
never keeps anyone from the lines after it.
"""

from types import ModuleType

from pydantic import ValidationError

from . import box, device, information, job, mailbox, sign_in, token
from .base import UNPUBLISHED, Event

BASES = frozenset({"Availability", "GrantFact", "PacedFact", "TokenAnswer"})
"Shared fields only: nobody publishes one of these."


class MalformedRecord(ValueError):
    """A stored fact that cannot be read."""

    def __init__(self, record: str, why: str) -> None:
        super().__init__(f"{record} cannot be read: {why}")
        self.record = record
        "Where it stands, such as `journal line 17`."
        self.why = why


def facts(module: ModuleType) -> dict[str, type[Event]]:
    """The facts that a module defines, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Event)
        and value.__module__ == module.__name__
        and name not in BASES
    }


REGISTRY: dict[str, type[Event]] = {
    name: fact
    for module in (device, token, sign_in, job, mailbox, box, information)
    for name, fact in facts(module).items()
}


def dump(event: Event) -> str:
    """The fact's fields as JSON; its name, version and time have columns of their own."""
    return event.__pydantic_serializer__.to_json(event, exclude={"at"}).decode()


def load(record: str, name: str, version: int, at: str, fields: str) -> Event:
    """Raises MalformedRecord, naming `record`."""
    kind = REGISTRY.get(name)
    if kind is None:
        raise MalformedRecord(record, f"no fact is called {name}")
    if version > kind.schema_version:
        raise MalformedRecord(
            record, f"{name} has version {version}, this program knows {kind.schema_version}"
        )
    try:
        event = kind.model_validate_json(fields)
        stamped = kind.model_validate({**event.__dict__, "at": at})
    except ValidationError as error:
        why = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise MalformedRecord(record, f"{name}: {why}") from None
    if stamped.at == UNPUBLISHED:
        raise MalformedRecord(record, f"{name} has no time")
    return stamped
