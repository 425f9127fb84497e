"""Each setting as one value that can be asked for: where it is found, what may stand there, what it means.

Screens list what belongs to them (S0), errors name the place in the menus and what is wanted, and the
documents print all of it. Nothing is written down twice: names, kinds, limits and defaults are those of the
models in `settings.py`, and the meaning is the docstring under a field, read from the source when it is first
asked for.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from .menu import At, Offered
from .page import Colour
from .programs import Client, Network, Writer
from .said import Said, filled, said
from .settings import MENU, DeviceSettings
from .values import Address, Host, HttpsUrl, Line, Reference
from .watching import HookUrl

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `choices` is what a list on a screen offers; empty: it is typed."""

    key: str
    "As the errors and the facts of a change name it: `tls.minimum`."
    at: At
    default: object
    choices: tuple[str, ...]
    takes: Said
    "What may stand there."
    help: str
    "Its meaning, for people; empty where the program was shipped without its source."
    numbers: tuple[str, ...]
    "Of the requirements that it meets: `S8`."

    @property
    def allowed(self) -> str:
        """What may stand there, in English."""
        return filled(self.takes)

    @property
    def section(self) -> str:
        """Its table in the settings file: `browser.proxy` of `browser.proxy.host`."""
        above, dot, _ = self.key.rpartition(".")
        return above if dot else self.key

    def shown(self, now: DeviceSettings) -> bool:
        """Whether a screen shows it while these settings hold (S4)."""
        return not self.at.only_while or value_of(now, self.at.only_while) is True


@cache
def every() -> Mapping[str, Setting]:
    """All settings by their key, in the order of the settings file."""
    return MappingProxyType({each.key: each for each in settings_of(DeviceSettings)})


def about(key: str) -> Setting:
    """Raises KeyError where there is no such setting."""
    return every()[key]


def at_the_panel(now: DeviceSettings) -> tuple[Setting, ...]:
    """What the Control Panel shows while these settings hold (S0)."""
    return tuple(each for each in every().values() if each.at.panel and each.shown(now))


def in_web_connection(now: DeviceSettings) -> tuple[Setting, ...]:
    """What the page shows while these settings hold (S0, S4)."""
    return tuple(each for each in every().values() if each.at.web and each.shown(now))


def value_of(now: DeviceSettings, key: str) -> object:
    """What is set. Raises AttributeError where there is no such setting."""
    found: object = now
    for name in key.split("."):
        found = getattr(found, name)
    return found


def settings_of(values: type[BaseModel], above: str = "") -> Iterator[Setting]:
    meanings, hints = docstrings(values), get_type_hints(values, include_extras=True)
    for name, field in values.model_fields.items():
        key, kind = above + name, field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{key}.")
            continue
        meaning = meanings.get(name, "")
        yield Setting(
            key,
            MENU.get(key, At("")),
            field.get_default(call_default_factory=True),
            choices_of(hints[name]),
            taken(hints[name]),
            NUMBERS.sub("", meaning),
            tuple(number for found in NUMBERS.findall(meaning) for number in found.split(", ")),
        )


@cache
def fields_of_entries(key: str) -> frozenset[str]:
    """What stands in each entry of this table; nothing: an entry is one value."""
    kind: object = DeviceSettings
    for name in key.split("."):
        kind = kind.model_fields[name].annotation if isinstance(kind, type(BaseModel)) else kind
    value = get_args(kind)[-1]
    return frozenset(value.model_fields if isinstance(value, type(BaseModel)) else ())


@cache
def docstrings(kind: type) -> dict[str, str]:
    """The text under each field of a model or each member of an enumeration, in one line."""
    try:
        tree = ast.parse(inspect.getsource(kind))
    except OSError:  # compiled files alone
        return {}
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    return {
        name: " ".join(text.value.value.split())
        for field, text in pairwise(body)
        for name in named(field)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }


def named(field: ast.stmt) -> list[str]:
    targets = field.targets if isinstance(field, ast.Assign) else [getattr(field, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def meaning_of(kind: type) -> str:
    """Its own docstring, in one line."""
    return " ".join((vars(kind).get("__doc__") or "").split())


def section_words(section: str) -> list[str]:
    """What a table of the settings file is for: its model's docstring, and what stands under its field."""
    kind: object = DeviceSettings
    beside = ""
    for name in section.split("."):
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        beside, kind = docstrings(kind).get(name, ""), kind.model_fields[name].annotation
    if not isinstance(kind, type) or not issubclass(kind, BaseModel):
        return []  # a table of the person's own names: it says what it is for as a setting
    return [words for words in (meaning_of(kind), beside) if words]


def bare(hint: object) -> tuple[object, tuple[object, ...]]:
    """A kind without what is noted beside it, and the notes."""
    notes: tuple[object, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            hint, *beside = get_args(hint)
            notes = (*beside, *notes)
        elif get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint):
            hint = next(each for each in get_args(hint) if each is not NoneType)
        else:
            return hint, notes


def choices_of(hint: object) -> tuple[str, ...]:
    kind, notes = bare(hint)
    if get_origin(kind) is tuple:
        return choices_of(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return tuple(each.value for each in kind)
    return next((note.choices for note in notes if isinstance(note, Offered)), ())


def taken(hint: object) -> Said:
    """What may stand there."""
    kind, notes = bare(hint)
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        return said("takes.list", each=taken(parts[0]))
    if get_origin(kind) is dict:
        name, value = (without_example(taken(part)) for part in parts)
        return said("takes.table", name=name, value=value)
    if choices := choices_of(hint):
        listed = ", ".join(f"`{each}`" for each in choices)
        others = next((note.others for note in notes if isinstance(note, Offered)), "")
        return (
            said("takes.one-or", choices=listed, others=said(others))
            if others
            else said("takes.one", choices=listed)
        )
    if kind is str:
        patterns = (note.pattern for note in notes if isinstance(note, StringConstraints))
        return said(next((WANTED[str(each)] for each in patterns if each is not None), "takes.text"))
    if kind is int:
        lowest, highest = limits(notes, int)
        return said("takes.number", least=lowest, most=highest)
    if kind is timedelta:
        least, most = limits(notes, duration)
        return said("takes.time", least=least, most=most)
    return said(KINDS[kind])


def without_example(takes: Said) -> Said:
    """For a place in the middle of a sentence."""
    fields = {
        name: without_example(field) if isinstance(field, Said) else field
        for name, field in takes.fields.items()
    }
    return said(takes.code.removesuffix(SUCH), **fields)


def limits(notes: tuple[object, ...], say: Callable[..., T]) -> tuple[T, T]:
    """The least and the most that is allowed."""
    found = [each for note in notes if isinstance(note, FieldInfo) for each in note.metadata]
    least = next(each.ge for each in found if hasattr(each, "ge"))
    most = next(each.le for each in found if hasattr(each, "le"))
    return say(least), say(most)


def duration(value: timedelta) -> Said:
    """In the greatest unit that gives a whole number: `3 days`."""
    seconds = int(value.total_seconds())
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    unit, size = next(each for each in units if seconds % each[1] == 0 and (seconds or each[1] == 1))
    return said(f"time.one-{unit}") if seconds == size else said(f"time.{unit}", number=seconds // size)


def written(value: object) -> str:
    """As the settings file has it; empty: the line is left out."""
    if value is None:
        return ""
    if isinstance(value, BaseModel):
        return written({name: each for name, each in value if name in value.model_fields_set})
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written(name)} = {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return json.dumps(str(value), ensure_ascii=False)


def pattern_of(kind: object) -> str:
    _, notes = bare(kind)
    (constraints,) = (note for note in notes if isinstance(note, StringConstraints))
    return str(constraints.pattern)


NUMBERS = re.compile(r" \(((?:[SB]\d+[a-z]?(?:, )?)+)\)")
SUCH = "-such"
"Ends the code of a sentence that has an example."
KINDS: Mapping[object, str] = {
    bool: "takes.switch",
    Path: "takes.path",
    date: "takes.day",
    Client: "takes.client",
}
WANTED: Mapping[str, str] = {
    pattern_of(Reference): "takes.reference",
    pattern_of(Host): "takes.host",
    pattern_of(Colour): "takes.colour",
    pattern_of(HttpsUrl): "takes.https",
    pattern_of(HookUrl): "takes.hook",
    pattern_of(Address): f"takes.address{SUCH}",
    pattern_of(Line): "takes.line",
    pattern_of(Writer): "takes.writer",
    pattern_of(Network): "takes.network",
}
"What a pattern stands for, as a code."
