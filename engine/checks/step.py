"""What a check is made of: steps that stand in a table, and what each of them found.

Rule: a step whose ground is missing is not looked at, and says which one it lacks, so that one fault is told
once. Nothing of a finding is a secret.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from ...events.information import Actor
from ..clock import Clock

G = TypeVar("G")


class Name(StrEnum):
    """Of the steps; the value is the code in the catalogues."""

    SETTINGS = "check.step.settings"
    DNS = "check.step.dns"
    PROXY = "check.step.proxy"
    CLOCK = "check.step.clock"
    TLS = "check.step.tls"
    ENDPOINT = "check.step.endpoint"
    HTTP = "check.step.http"
    CLIENT = "check.step.client"
    CONSENT = "check.step.consent"
    GREETING = "check.step.greeting"
    STARTTLS = "check.step.starttls"
    MECHANISM = "check.step.mechanism"
    SIGN_IN = "check.step.sign-in"
    SEND_AS = "check.step.send-as"
    PACE = "check.step.pace"
    MAIL = "check.step.mail"

    @property
    def key(self) -> str:
        """As programs know it."""
        return self.value.rpartition(".")[2]


class Mark(StrEnum):
    OK = "ok"
    WARNS = "warns"
    "Mail can go, and somebody should look."
    FAILED = "failed"
    NOT_NEEDED = "not needed"
    "As this device is set, no mail needs it."
    NOT_LOOKED_AT = "not looked at"


class Ends(StrEnum):
    """What a failure comes to for whoever asked."""

    CONFIG = "config"
    "Somebody must put something right."
    TEMPORARY = "temporary"
    "It passes by itself."
    UNREACHABLE = "unreachable"
    "Nobody answers there."


@dataclass(frozen=True, slots=True)
class Finding:
    """In the language of the device."""

    mark: Mark
    found: str = ""
    cause: str = ""
    remedy: str = ""
    actor: Actor | None = None
    ends: Ends = Ends.CONFIG
    "Of one that failed."
    because: Name | None = None
    "The step for want of which this one was not looked at."


@dataclass(frozen=True, slots=True)
class Step(Generic[G]):
    name: Name
    needs: tuple[Name, ...]
    "Those that must have given ground; they stand before this one."
    how: Callable[[G], Awaitable[Finding]]


class Looked(NamedTuple):
    name: Name
    finding: Finding
    seconds: float
    "That this step took; what it shares with others, the first of them."


async def run(steps: Sequence[Step[G]], ground: G, clock: Clock) -> AsyncIterator[Looked]:
    """Each step's finding, as soon as it is there."""
    blocked: dict[Name, Name] = {}
    "Steps that give no ground, and the one that is to blame."
    for step in steps:
        blame = next((blocked[need] for need in step.needs if need in blocked), None)
        begun = clock.monotonic()
        if blame is not None:
            finding = Finding(Mark.NOT_LOOKED_AT, because=blame)
        else:
            finding = await step.how(ground)
        if finding.mark in (Mark.FAILED, Mark.NOT_LOOKED_AT):
            blocked[step.name] = finding.because or step.name
        yield Looked(step.name, finding, clock.monotonic() - begun)
