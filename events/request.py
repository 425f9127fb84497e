"""Job requests: what a caller submits. Each function has its typed model; `Request` is any of them.

A request is a value: files are paths, an address is text, nothing is opened or looked up here.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ADDR_SPEC = r"^[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+$"
"No character that is special in a header field (RFC 5322 section 3.2.3)."
Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=ADDR_SPEC, max_length=254),
]
"An addr-spec without quoting or route (RFC 5321 section 4.1.2); non-ASCII goes with SMTPUTF8 (RFC 6531)."
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$", max_length=900)]
"Text of one line: no line end can smuggle a header field."


class Function(StrEnum):
    """In the manual's words (S20, S21)."""

    SCAN_TO_EMAIL = "Scan to E-mail"
    EMAIL_NOTIFICATION = "E-mail Notification"


class JobRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    by_device: ClassVar[bool] = False
    "The device sends it by itself, as administrator (S21)."

    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: Line = ""
    text: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every envelope recipient once, in order."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


class ScanToEmail(JobRequest):
    """One scan, one or several files, sent on a user's behalf (S20)."""

    function: Literal[Function.SCAN_TO_EMAIL] = Function.SCAN_TO_EMAIL
    user: Line
    "Login name of the person."
    from_address: Address | None = None
    "The From chosen by the person, where [Allow User Changes] lets them."
    files: Annotated[tuple[Path, ...], Field(min_length=1)]


class EmailNotification(JobRequest):
    """What the device has to tell: sent as administrator (S21)."""

    by_device: ClassVar[bool] = True

    function: Literal[Function.EMAIL_NOTIFICATION] = Function.EMAIL_NOTIFICATION
    event: Line
    "What happened, in a few words: `Paper tray 2 is empty`."
    happened_at: datetime | None = None


Request = Annotated[ScanToEmail | EmailNotification, Field(discriminator="function")]
