"""The kinds of values that settings and requests have, and how what is made of them is written.

Rule: a kind says what a value looks like, never what it is for.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

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


UNSEEN = r"\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"They show an address otherwise than it is, and none may stand in a domain (RFC 5892)."
NEVER = rf"\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f{UNSEEN}"
"What is special in a header field (RFC 5322 section 3.2.3), controls, and what nobody sees."
ADDR_SPEC = rf"^[^{NEVER}]+@[^{NEVER}.]+(\.[^{NEVER}.]+)*$"
"The parts of a domain stand between single dots (RFC 5321 section 4.1.2)."
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=ADDR_SPEC, max_length=254),
]
"An addr-spec without quoting or route (RFC 5321 section 4.1.2); non-ASCII goes with SMTPUTF8 (RFC 6531)."
ONE_LINE = r"^[^\x00-\x08\x0a-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=900)]
"Text of one line: no line end can smuggle a header field."
Subject = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=10_240)]
"Folded over as many lines as it needs; a header field has no limit (RFC 5322 section 2.2.3), servers have."


def named_in_text(path: Path) -> Path:
    """Raises ValueError for a name that was written in another encoding: no mail could say it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError("its name is not in UTF-8; rename the file") from None
    return path


ScanPath = Annotated[Path, AfterValidator(named_in_text)]


def in_seconds(value: object) -> object:
    """A number is seconds, also where every value is text, as in the environment."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


Duration = Annotated[timedelta, BeforeValidator(in_seconds)]
Kept = Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=3650))]


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
