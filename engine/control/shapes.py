"""What goes over the socket, as JSON and as its description: from the same values that Python callers get.

Rule: a value has one shape. Moments are ISO 8601 in UTC, durations seconds, what does not apply is null.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from ...events.about import docstrings, meaning_of
from ...machines.rules import Rule

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:franking:problem:"


class RuleTold(BaseModel):
    """A rule that is broken, as it is shown."""

    code: str
    sentence: str
    remedy: str
    who: str = Field(description="Who must act: one of the values of `Actor`.")
    settings: tuple[str, ...] = Field(description="The settings involved, by their keys.")


class WrongField(BaseModel):
    where: str = Field(description="The field, such as `request.to.0`.")
    wrong: str = Field(description="What may stand there.")


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="`urn:franking:problem:` and a code that does not change.")
    status: int
    detail: str = Field(description="Cause and remedy, in the device's language.")
    rules: tuple[RuleTold, ...] = Field((), description="Every broken rule.")
    fields: tuple[WrongField, ...] = Field((), description="Every wrong field.")
    ends: tuple[str, ...] = Field(
        (), description="Whose sign-ins a change of settings ends; named in its `ends`, it is made."
    )


def told(rule: Rule) -> RuleTold:
    """`rule`: as it is shown."""
    return RuleTold(
        code=rule.code,
        sentence=rule.sentence,
        remedy=rule.act,
        who=rule.actor.value,
        settings=rule.settings,
    )


def shaped(value: object) -> Any:
    """As JSON has it."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Path():
            return str(value)
        case Rule():
            return told(value).model_dump(mode="json")
        case BaseModel():
            return value.model_dump(mode="json")
        case tuple() if hasattr(value, "_asdict"):
            return {name: shaped(each) for name, each in value._asdict().items()}
        case Mapping():
            return {str(name): shaped(each) for name, each in value.items()}
        case Iterable():
            return [shaped(each) for each in value]
        case _:
            raise TypeError(type(value).__name__)


@cache
def modelled(hint: Any) -> Any:
    """The same kind of value for pydantic, which describes it: a named tuple is an object of its fields."""
    if hint is Rule:
        return RuleTold
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        meanings, hints = docstrings(hint), get_type_hints(hint)
        fields: dict[str, Any] = {
            name: (modelled(hints[name]), Field(description=meanings.get(name))) for name in hint._fields
        }
        said = meaning_of(hint)
        shown = said if not said.startswith(f"{hint.__name__}(") else None
        return create_model(hint.__name__, __config__=ConfigDict(extra="forbid"), __doc__=shown, **fields)
    parts = get_args(hint)
    if not parts:
        return hint
    made = tuple(each if each in (Ellipsis, NoneType) else modelled(each) for each in parts)
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return Union[made]  # noqa: UP007 - made of what is known only here
    return origin[made]
