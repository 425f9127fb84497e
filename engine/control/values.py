"""What requests bring, and what they are answered with where the engine's own values do not fit.

Rule: rules go over the socket as they are shown.
"""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from ...events.information import Info
from ...events.request import Request
from ...events.values import Address, Line
from ..information import Warning
from ..mailboxes import MailboxStatus
from ..status import IdentityStatus, JobStatus
from .shapes import RuleTold


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Submitted(Body):
    """A job. Its files are named as `upload:NUMBER`; who speaks for the device may name paths as well."""

    request: Request
    place: Line | None = Field(None, description="Where the person stands, for the sign-in screen.")
    handed_over: bool = Field(
        False, description="The files are the device's from now on; only of who speaks for the device."
    )


class Person(Body):
    user: Line = Field(description="Login name.")


class LogIn(Person):
    address: Address | None = Field(None, description="The user's, where nothing else says it.")


class Pasted(Body):
    address: str = Field(description="At which the browser on another machine ended.", max_length=16_384)


class Changes(Body):
    settings: dict[str, Any] = Field(description='By section, such as `{"smtp": {"port": 465}}`.')
    ends: tuple[str, ...] = Field((), description="Whose sign-ins may end by it (S26a).")


SECRET_MOST = 65_536
"Characters."


class SecretGiven(Body):
    secret: str = Field(min_length=1, max_length=SECRET_MOST, repr=False)


class Read(Body):
    code: Info
    subject: str = Field("", description="As the warning names it; empty: the device.")


class Kept(Body):
    files: Annotated[tuple[str, ...], Field(min_length=1, description="As in a job: `upload:NUMBER`.")]


class StatusTold(NamedTuple):
    """As much of it as the caller may see."""

    validation: str
    "Off, Available or Not available."
    broken: tuple[str, ...]
    "Codes of the rules because of which it is not available."
    identities: tuple[IdentityStatus, ...]
    jobs: tuple[JobStatus, ...]
    information: tuple[Warning, ...]
    mailboxes: tuple[MailboxStatus, ...]
    "Those that are not open."
    warns: tuple[RuleTold, ...]
    "Rules that the settings break and that only warn (S3, S5)."
    credential_ends_at: datetime | None
    "When the application's client secret or certificate ends, where that is known (B1)."


class AppliedTold(NamedTuple):
    """A change of settings that took effect."""

    changed: tuple[str, ...]
    "The keys that differ now."
    offers_sign_in: bool
    "The administrator's sign-in screen is to be offered (S23a)."
    warns: tuple[RuleTold, ...]
    "Rules that these settings break and that only warn (S3, S5)."


class Held(NamedTuple):
    held: int
    "How many a deletion would delete."


class Deleted(NamedTuple):
    deleted: int
    "How many there were."


class Discarded(NamedTuple):
    jobs: int


class Exchanged(NamedTuple):
    sealed_anew: int


class Here(NamedTuple):
    """Who the caller is to the device."""

    role: str
    "controller, administrator or user."
    login: str
    "Of a user."
    store: str
    "Folder of the store of the engine that answers."
