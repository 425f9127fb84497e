"""The journal as a file for a report of a fault: what happened, to be replayed elsewhere, without names (B5).

One JSON object a line: first what wrote it and how the device is set, then the lines of the journal. A line
holds ids and codes only; the places where people stand are the embedding program's names, so they are
numbered here, and of the settings a text is told as set or not set.

Rule: no address, login, file name, place, server or secret stands in it.
"""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..events.base import OfPlace
from ..events.settings import GOOGLE, MICROSOFT
from ..machines import MACHINES
from ..machines.effects import Clear, Inform
from .checkpoints import definition
from .journal import AT_ONCE
from .records import Line
from .settings import Settings
from .store_port import Reading

FORMAT = 1
BUILT_IN = (MICROSOFT, GOOGLE)
"Providers whose names everybody knows."
OF_PLACES = frozenset(machine.title for machine in MACHINES if machine.per is OfPlace)
CODES_OF_PLACES = frozenset(
    effect.code.value
    for machine in MACHINES
    if machine.title in OF_PLACES
    for rows in machine.table.values()
    for chain in rows.values()
    for row in chain
    for effect in row.ask
    if isinstance(effect, Inform | Clear)
)
"Of information whose subject is a place."


class NotExported(ValueError):
    """The file is no journal that was exported, or not all of it."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(
            f"{path}: line {line} is not of a journal that `franking history --export` wrote. Export it again"
        )
        self.path, self.line = path, line


def exported(store: Reading, settings: Settings) -> Iterator[str]:
    """Lines of JSON. Raises StoreFailed."""
    yield json.dumps(
        {
            "format": FORMAT,
            "franking": release(),
            "definition": definition(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "settings": without_texts(settings),
        }
    )
    places = Places()
    for line in lines(store):
        yield json.dumps({**line._asdict(), "fields": places.numbered(line)})


def lines(store: Reading) -> Iterator[Line]:
    after = 0
    while found := store.lines(after, AT_ONCE):
        yield from found
        after = found[-1].sequence


def read(path: Path) -> list[Line]:
    """Raises NotExported, OSError."""
    found = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            try:
                told = json.loads(text)
                if number > 1:
                    found.append(Line(**{**told, "fields": json.dumps(told["fields"])}))
                elif told["format"] != FORMAT:
                    raise NotExported(path, number)
            except (ValueError, TypeError, KeyError):
                raise NotExported(path, number) from None
    if not found:
        raise NotExported(path, 1)
    return found


def release() -> str:
    try:
        return version("franking")
    except PackageNotFoundError:
        return "(not installed)"


class Places:
    """Each gets a number, the same wherever it stands."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}

    def number(self, place: str) -> str:
        return self.numbers.setdefault(place, f"place {len(self.numbers) + 1}")

    def numbered(self, line: Line) -> dict[str, Any]:
        """The fields of a line, to be given to anybody. One that cannot be read is left out."""
        try:
            fields: dict[str, Any] = json.loads(line.fields)
        except ValueError:
            return {}
        if isinstance(fields.get("place"), str):
            fields["place"] = self.number(fields["place"])
        if fields.get("code") in CODES_OF_PLACES and isinstance(fields.get("subject"), str):
            fields["subject"] = self.number(fields["subject"])
        if isinstance(fields.get("reference"), str):
            fields["reference"] = fields["reference"].partition(":")[0]
        if line.name == "CheckpointTaken":
            fields["instances"] = [self.instance(each) for each in fields.get("instances", ())]
            fields["raised"] = [self.raised(*each) for each in fields.get("raised", ())]
        return fields

    def instance(self, row: list[Any]) -> list[Any]:
        title, key, *rest = row
        return [title, self.number(key) if title in OF_PLACES else key, *rest]

    def raised(self, code: str, subject: str) -> list[str]:
        return [code, self.number(subject) if code in CODES_OF_PLACES else subject]


def without_texts(settings: BaseModel) -> dict[str, Any]:
    """Switches, choices, numbers and durations as they are; of a text or a list only whether it is set."""
    return {name: value_of(getattr(settings, name)) for name in type(settings).model_fields}


def value_of(value: object) -> object:
    match value:
        case BaseModel():
            return without_texts(value)
        case None | bool() | int() | float():
            return value
        case timedelta():
            return value.total_seconds()
        case StrEnum():
            return value.value
        case str() if value in BUILT_IN:
            return value
        case Mapping() | Iterable() if not isinstance(value, str | bytes):
            return f"{sum(1 for _ in value)} set"
        case _:
            return "set" if value else "not set"
