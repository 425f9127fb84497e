"""What is still to be told by mail of one job: that it waits for long, or that it is over (S21, RFC 3461).

The want is the state: the commit that ends the job enters it, the commit that brings the report's job leaves
it, and a start in between asks again. So no report is lost, and none is sent twice.

A program's message stays until then, for its header goes back with the report; what the device scanned or
wrote is gone at once (S33b).

Rule: what the device sends by itself is reported to nobody, but for what a program sent for it; and no report
causes another one.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..events.base import OfJob
from ..events.device import DeviceResumed, EngineStarted
from ..events.information import Info
from ..events.job import JobLate, JobReported, JobRevoked, JobSettled
from ..events.request import REPORTS, REQUESTS, AsGiven, Function, Notify, Request
from .definition import Definition, always, ignore, on, state
from .effects import DropScan, EraseScan, Inform, Report

Telling = StrEnum("Telling", ["NOTHING", "LATE", "OVER"])
NOTHING, LATE, OVER = Telling
TOLD = frozenset(
    function
    for function, kind in REQUESTS.items()
    if function not in REPORTS and (not kind.by_device or function is Function.DEVICE_PROGRAM)
)
"Functions whose owner learns by mail what became of it."
LIVES = (EngineStarted, DeviceResumed)


@dataclass(frozen=True, slots=True)
class Nothing:
    """It remembers nothing."""


def notify_of(request: Request) -> tuple[Notify, ...]:
    """Of what the owner of its job is told by mail, as `JobSubmitted` says it."""
    if request.function not in TOLD:
        return (Notify.NEVER,)
    if isinstance(request, AsGiven):
        return request.notify or (Notify.FAILURE,)
    return ()


def notify_about(request: Request, recipient: str) -> tuple[Notify, ...]:
    """The same of one recipient."""
    apart = request.notify_each.get(recipient) if isinstance(request, AsGiven) else None
    return notify_of(request) if apart is None else apart or (Notify.FAILURE,)


def untold(nothing: Nothing, event: JobSettled | JobRevoked) -> bool:
    return Notify.NEVER in event.notify


def composed(nothing: Nothing, event: JobSettled | JobRevoked) -> bool:
    """The device can write its header anew."""
    return not event.notify


def of_delay(nothing: Nothing, event: JobReported) -> bool:
    return event.occasion is Notify.DELAY


GONE = (DropScan(), EraseScan())

REPORT = Definition(
    "report", Nothing,
    always(
        ignore(*LIVES, why="nobody is to be told anything"),
        ignore(JobReported, why="that was told already"),
        on(JobSettled, when=untold, ask=GONE),
        on(JobSettled, when=composed, unless=untold, to=OVER, ask=[*GONE, Report()]),
        on(JobSettled, unless=[untold, composed], to=OVER, ask=[Report()]),
        on(JobRevoked, when=untold, ask=[Inform(Info.JOB_ENDED), *GONE]),
        on(JobRevoked, when=composed, unless=untold, to=OVER,
           ask=[Inform(Info.JOB_ENDED), *GONE, Report()]),
        on(JobRevoked, unless=[untold, composed], to=OVER, ask=[Inform(Info.JOB_ENDED), Report()]),
    ),
    state(NOTHING, "Nobody is to be told anything.",
        on(JobLate, to=LATE, ask=[Report()])),
    state(LATE, "Its owner is to be told that it still waits.",
        ignore(JobLate, why="that is being told"),
        on(JobReported, to=NOTHING),
        on(*LIVES, ask=[Report()])),
    state(OVER, "Its owner is to be told how it ended.",
        ignore(JobSettled, JobRevoked, why="that is being told"),
        ignore(JobLate, why="it does not wait any more"),
        ignore(JobReported, when=of_delay, why="that it waited is no news any more"),
        on(JobReported, unless=of_delay, to=NOTHING, ask=GONE),
        on(*LIVES, ask=[Report()])),
    per=OfJob,
)  # fmt: skip
