"""One job: from the spool to the server's 250, or to an end with a reason (S33).

A job is in the spool before this machine hears of it. It waits for whatever it waits for without knowing it:
the dispatcher takes it when its token is fresh and the rules hold; only the time of a next try is the job's
own, and when to look how long its user stays away (S18). While sending, the envelope is under way and a
cancel drops it; while delivering, the body is, and only the server's answer decides. The step between the two
is durable before the body may end, so that after a power cut it is known which messages may have been sent:
they go again with the same Message-ID, and it is written down (RFC 1047).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import OfJob
from ..events.device import DeviceResumed, EngineStarted
from ..events.information import Info
from ..events.job import (
    BodyStarted,
    JobCancelled,
    JobDeferred,
    JobFailed,
    JobGivenUp,
    JobHeld,
    JobReleased,
    JobRetryDue,
    JobRetryWanted,
    JobSent,
    JobSubmitted,
    JobTaken,
    OutcomeUnknown,
    SignInLookDue,
    SignInLookedAt,
)
from ..events.request import REQUESTS
from .definition import Definition, always, ignore, lasts, on, state
from .effects import DeleteShared, EraseScan, Inform, LookAtSignIn, Transmit

Stage = StrEnum("Stage", ["NEW", "WAITING", "HELD", "SENDING", "DELIVERING", "SENT", "ENDED"])
NEW, WAITING, HELD, SENDING, DELIVERING, SENT, ENDED = Stage
LATE = "a late word about a transfer that is over"
DECIDES = "after the body has begun only the server's answer decides"
OVER = "the job is over"
COPIED = "the store is a copy"
"Why it is held where the device that it was submitted to sends it, too."
TURNED_OFF = "S20-off"
"The rule that says so."
LOOK_AGAIN = timedelta(hours=1)
"Should a power cut take the answer of a look."


@dataclass(frozen=True, slots=True)
class Progress:
    attempts: int = 0
    "Tries that the submission server answered (B2)."
    unknown: int = 0
    "How often the outcome stayed unknown, so that a message may have gone out twice."
    tries: int = 0
    "Tries that came to nothing, answered or not: each makes the next one wait longer (B11)."
    retry_at: datetime | None = None
    since: datetime | None = None
    "When it was submitted, or released."
    look_at: datetime | None = None
    "When to look whether its user still has to sign in; None: it waits for no user's sign-in."
    reason: str = ""
    "Why it waits, or why it ended: a code."


def broken(progress: Progress, event: JobSubmitted | JobTaken) -> bool:
    return bool(event.broken)


def device_broken(progress: Progress, event: JobSubmitted) -> bool:
    """Nobody stands there whom the refusal could be told (S21). That a function does not send which somebody
    turned off is no news.
    """
    return bool(event.broken) and REQUESTS[event.function].by_device and TURNED_OFF not in event.broken


def in_lines(progress: Progress, event: JobSubmitted) -> bool:
    return bool(event.left_out)


def everybody(progress: Progress, event: JobSent) -> bool:
    return event.refused == 0


def by_rule(progress: Progress, event: JobSubmitted | JobTaken) -> Progress:
    return replace(progress, reason=", ".join(event.broken), retry_at=None)


def keep(progress: Progress, event: JobSubmitted) -> Progress:
    return Progress(since=event.at, look_at=event.look_at)


def defer(progress: Progress, event: JobDeferred) -> Progress:
    attempts, tries = progress.attempts + event.counted, progress.tries + 1
    return replace(progress, attempts=attempts, tries=tries, retry_at=event.retry_at, reason=event.code)


def outcome_unknown(progress: Progress, event: OutcomeUnknown) -> Progress:
    return replace(
        progress,
        attempts=progress.attempts + 1,
        unknown=progress.unknown + 1,
        tries=progress.tries + 1,
        retry_at=event.retry_at,
        reason="outcome unknown",
    )


def cut_short(progress: Progress, event: object) -> Progress:
    return replace(progress, unknown=progress.unknown + 1, reason="outcome unknown")


def ready(progress: Progress, event: object) -> Progress:
    return replace(progress, retry_at=None)


def says_why(progress: Progress, event: JobHeld) -> bool:
    return bool(event.reason)


def held(progress: Progress, event: JobHeld) -> Progress:
    return replace(progress, reason=event.reason or progress.reason)


def released(progress: Progress, event: JobReleased) -> Progress:
    return replace(progress, retry_at=None, since=event.at, reason="")


def look_later(progress: Progress, event: SignInLookDue) -> Progress:
    return replace(progress, look_at=event.at + LOOK_AGAIN)


def looked_at(progress: Progress, event: SignInLookedAt) -> Progress:
    return replace(progress, look_at=event.look_at)


def given_up(progress: Progress, event: JobGivenUp) -> Progress:
    return replace(progress, retry_at=None, reason="given up: nobody signed in")


def fail(progress: Progress, event: JobFailed) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, reason=event.code)


def sent(progress: Progress, event: JobSent) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, reason="")


def in_part(progress: Progress, event: JobSent) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, reason="sent in part")


def cancelled(progress: Progress, event: JobCancelled) -> Progress:
    return replace(progress, retry_at=None, reason=event.why.value)


UNSENT = (EraseScan(), DeleteShared())
TOLD = (*UNSENT, Inform(Info.JOB_ENDED))
NEWS = (JobSent, JobFailed, JobDeferred, OutcomeUnknown, BodyStarted)
LIVES = (EngineStarted, DeviceResumed)

JOB = Definition(
    "job", Progress,
    always(
        ignore(JobSubmitted, why="it is known already"),
        ignore(*NEWS, why=LATE),
        ignore(JobTaken, why="it is not waiting"),
        ignore(JobRetryDue, JobRetryWanted, JobReleased, why="it does not wait for that"),
        ignore(SignInLookDue, SignInLookedAt, JobGivenUp, why="it does not wait for a sign-in"),
        ignore(*LIVES, why="it is safe on the disk"),
    ),
    state(NEW, "Nothing is known of it.",
        on(JobSubmitted, when=device_broken, to=ENDED, data=by_rule, ask=[Inform(Info.JOB_ENDED)]),
        on(JobSubmitted, when=broken, unless=device_broken, to=ENDED, data=by_rule),
        on(JobSubmitted, when=in_lines, unless=[device_broken, broken], to=WAITING, data=keep,
           ask=[Inform(Info.REPORT_IN_PART)]),
        on(JobSubmitted, unless=[device_broken, broken, in_lines], to=WAITING, data=keep),
        ignore(JobHeld, JobCancelled, why="there is no such job")),
    state(WAITING, "In the spool; it goes by itself when what it waits for has come.",
        lasts(until="retry_at", then=JobRetryDue),
        lasts(until="look_at", then=SignInLookDue),
        on(JobRetryDue, JobRetryWanted, data=ready),
        on(SignInLookDue, data=look_later, ask=[LookAtSignIn()]),
        on(SignInLookedAt, data=looked_at),
        on(JobGivenUp, to=ENDED, data=given_up, ask=TOLD),
        on(JobTaken, when=broken, to=ENDED, data=by_rule, ask=TOLD),
        on(JobTaken, unless=broken, to=SENDING),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT)),
    state(HELD, "A person holds it until [Release].",
        on(JobHeld, when=says_why, data=held),
        ignore(JobHeld, unless=says_why, why="it is held"),
        on(JobReleased, to=WAITING, data=released),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT)),
    state(SENDING, "The envelope is under way; a cancel drops it.",
        on(BodyStarted, to=DELIVERING),
        on(JobDeferred, to=WAITING, data=defer),
        on(JobFailed, to=ENDED, data=fail, ask=TOLD),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT),
        on(*LIVES, to=WAITING),
        during=[Transmit()]),
    state(DELIVERING, "The body is under way; the server's answer decides.",
        on(JobSent, when=everybody, to=SENT, data=sent, ask=[EraseScan()]),
        on(JobSent, unless=everybody, to=ENDED, data=in_part,
           ask=[EraseScan(), Inform(Info.JOB_ENDED)]),
        on(JobDeferred, to=WAITING, data=defer),
        on(OutcomeUnknown, to=WAITING, data=outcome_unknown),
        on(JobFailed, to=ENDED, data=fail, ask=TOLD),
        ignore(JobHeld, JobCancelled, why=DECIDES),
        on(*LIVES, to=WAITING, data=cut_short),
        during=[Transmit()]),
    state(SENT, "The server took it for every recipient.",
        ignore(JobHeld, JobCancelled, why=OVER), final=True),
    state(ENDED, "It ended without success, with a reason that its owner sees.",
        ignore(JobHeld, JobCancelled, why=OVER), final=True),
    per=OfJob,
)  # fmt: skip
