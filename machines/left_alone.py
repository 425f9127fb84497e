"""Whether a job of the spool can be looked at: its record, a rule of the program or the directory may be at
fault (B9). It waits meanwhile, and the others' mail goes.

It is not the job's own machine, for the job's own record may be what cannot be read.

Rule: this machine decides nothing about the job; it says what people see.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..events.base import OfJob
from ..events.information import Info
from ..events.job import JobLeftAlone, JobLookedAt
from .definition import Definition, ignore, on, state
from .effects import Clear, Inform

Looked = StrEnum("Looked", ["LOOKED_AT", "ALONE"])
LOOKED_AT, ALONE = Looked


@dataclass(frozen=True, slots=True)
class Nothing:
    """It remembers nothing."""


LEFT_ALONE = Definition(
    "job left alone", Nothing,
    state(LOOKED_AT, "Nothing keeps it from being looked at.",
        on(JobLeftAlone, to=ALONE, ask=[Inform(Info.JOB_LEFT_ALONE)]),
        ignore(JobLookedAt, why="it could be looked at")),
    state(ALONE, "It waits until somebody mends what is at fault, or ends it.",
        on(JobLookedAt, to=LOOKED_AT, ask=[Clear(Info.JOB_LEFT_ALONE)]),
        ignore(JobLeftAlone, why="it is known")),
    per=OfJob,
)  # fmt: skip
