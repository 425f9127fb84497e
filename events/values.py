"""The kinds of values that settings and requests have, and how what is made of them is written.

Rule: a kind says what a value looks like, never what it is for.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Reference = Annotated[str, StringConstraints(pattern=r"^(credential|vault):[A-Za-z0-9_.-]+$")]
Host = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$")
]
HttpsUrl = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https://[^\s/?#]+[^\s?#]*$")]
"Others are made from it by adding to its path, so nothing may stand behind that."

Original = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]+;([!-*,-<>-~]|\+[0-9A-F]{2})+$", max_length=500)
]
"What a recipient was called before: a type, and an address as xtext (RFC 3461 section 4.2)."


def in_seconds(value: object) -> object:
    """A number is seconds, also where every value is text, as in the environment."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


Duration = Annotated[timedelta, BeforeValidator(in_seconds)]
Kept = Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=3650))]


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
