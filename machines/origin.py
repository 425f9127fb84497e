"""Whose the store is: one that was copied from another device holds jobs that that device sends, too.

Rule: this machine says what people see; what becomes of the held jobs is theirs to say.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..events.base import OfDevice
from ..events.device import HeldJobsDecided, StoreCopied
from ..events.information import Info
from .definition import Definition, ignore, on, state
from .effects import Clear, Inform

Origin = StrEnum("Origin", ["OWN", "COPY"])
OWN, COPY = Origin


@dataclass(frozen=True, slots=True)
class Nothing:
    """It remembers nothing."""


def unfinished(nothing: Nothing, event: StoreCopied) -> bool:
    return event.jobs > 0


NO_JOBS = "nothing was to be sent from the other store"

ORIGIN = Definition(
    "origin", Nothing,
    state(OWN, "What waits in the store is this device's.",
        on(StoreCopied, when=unfinished, to=COPY, ask=[Inform(Info.JOBS_HELD)]),
        ignore(StoreCopied, unless=unfinished, why=NO_JOBS),
        ignore(HeldJobsDecided, why="nothing was held")),
    state(COPY, "Another device's jobs are held until a person decides.",
        on(StoreCopied, when=unfinished, ask=[Inform(Info.JOBS_HELD)]),
        ignore(StoreCopied, unless=unfinished, why=NO_JOBS),
        on(HeldJobsDecided, to=OWN, ask=[Clear(Info.JOBS_HELD)])),
    per=OfDevice,
)  # fmt: skip
