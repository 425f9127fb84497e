"""What every fact carries, and the subjects it may have.

A fact is said in the past tense, is frozen, and is answered only by later facts. A subject is a base class:
it names the instances that the fact reaches, and a fact may have several (`class UserLoggedIn(OfPlace,
OfIdentity)`). Rule: no address, file name or secret stands in a fact; ids do. What belongs to a fact and must
not be journalled travels beside it (`Engine.publish(fact, seal=..., hold=..., row=...)`).
"""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

UNPUBLISHED = datetime(1, 1, 1, tzinfo=UTC)


class Event(BaseModel):
    """A fact. `at` is stamped when it is published, never by a caller."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    schema_version: ClassVar[int] = 1
    "Raised when a field changes its meaning; the journal keeps it with each line."
    brings_grant: ClassVar[bool] = False
    "A refresh token travels beside this fact: some machine must keep or revoke it."

    at: AwareDatetime = UNPUBLISHED


class OfDevice(Event):
    """Reaches the machines of which the device has one."""

    subject: ClassVar[str] = ""


class NewLife(OfDevice):
    """What was in memory is gone: also reaches every stored instance whose state has a row for it that
    acts.
    """


class OfPlace(Event):
    """Reaches the machines of one place: the panel, one page log-in, one command-line call."""

    subject: ClassVar[str] = "place"
    place: str


class OfIdentity(Event):
    """Reaches the machines of one identity: `administrator`, or `user:ID` (an id of the store, not a
    name).
    """

    subject: ClassVar[str] = "identity"
    identity: str


class OfAccount(Event):
    """Reaches the mailbox of one account (an id of the store, not an address)."""

    subject: ClassVar[str] = "account"
    account: str


class OfJob(Event):
    """Reaches the machine of one job, by its number."""

    subject: ClassVar[str] = "job"
    job: int


class OfDocument(Event):
    """Reaches the machine of one document in a user box, by its number."""

    subject: ClassVar[str] = "document"
    document: int


ADMINISTRATOR = "administrator"
"The identity of the device itself (S26a)."
