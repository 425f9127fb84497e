"""One job: from the spool to the server's 250, or to an end with a reason (S33).

A job is in the spool before this machine hears of it. It waits for whatever it waits for without knowing it:
the dispatcher takes it when its token is fresh and the rules hold; only the time of a next try is the job's
own, and when to look how long its user stays away (S18). While sending, the envelope is under way and a
cancel drops it; while delivering, the body is, and only the server's answer decides. The step between the two
is durable before the body may end, so that after a power cut it is known which messages may have been sent:
they go again with the same Message-ID, and it is written down (RFC 1047). A message that was taken for some
recipients goes to the others alone (S33c).

Giving up counts no time but the waits that lay between two tries which the submission server answered, each
as long as it was planned: a network, a sign-in or a mailbox that is away for weeks costs no job (B2).
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
    JobEndedInPart,
    JobFailed,
    JobGivenUp,
    JobHeld,
    JobPartlySent,
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
from .effects import DeleteShared, DropScan, EraseScan, Inform, LookAtSignIn, Transmit

Stage = StrEnum("Stage", ["NEW", "WAITING", "HELD", "SENDING", "DELIVERING", "SENT", "ENDED"])
NEW, WAITING, HELD, SENDING, DELIVERING, SENT, ENDED = Stage
LATE = "a late word about a transfer that is over"
DECIDES = "after the body has begun only the server's answer decides"
OVER = "the job is over"
COPIED = "the store is a copy"
"Why it is held where the device that it was submitted to sends it, too."
TURNED_OFF = "S20-off"
"The rule that says so."
IN_PART = "sent in part"
GIVEN_UP = "given up: the server does not take it"
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
    number: int = 0
    "How many tries were begun."
    taken: int = 0
    "How many recipients have it, while others wait (S33c)."
    answered_for: timedelta = timedelta()
    "How long it waited between tries that the submission server answered (B2)."
    answered_at: datetime | None = None
    "When the last try ended, if the server answered that; None: the wait is not counted."
    planned_until: datetime | None = None
    "When the next try was to be."


Later = JobDeferred | JobPartlySent | OutcomeUnknown


def broken(progress: Progress, event: JobSubmitted | JobTaken) -> bool:
    return bool(event.broken)


def device_broken(progress: Progress, event: JobSubmitted) -> bool:
    """Nobody stands there whom the refusal could be told (S21). That a function does not send which somebody
    turned off is no news.
    """
    return bool(event.broken) and REQUESTS[event.function].by_device and TURNED_OFF not in event.broken


def in_lines(progress: Progress, event: JobSubmitted) -> bool:
    return bool(event.left_out)


def counts(event: Later) -> bool:
    """The submission server answered (B2)."""
    return not isinstance(event, JobDeferred) or event.counted


def answered_for(progress: Progress, event: Later) -> timedelta:
    """With the wait that this answer ends: never longer than it was planned, whatever the clock did."""
    began, planned = progress.answered_at, progress.planned_until
    if began is None or planned is None or not counts(event):
        return progress.answered_for
    return progress.answered_for + max(min(event.at, planned) - began, timedelta())


def tried_enough(progress: Progress, event: Later) -> bool:
    limit = event.give_up_after
    return limit is not None and counts(event) and answered_for(progress, event) >= limit


def by_rule(progress: Progress, event: JobSubmitted | JobTaken) -> Progress:
    return replace(progress, reason=", ".join(event.broken), retry_at=None)


def keep(progress: Progress, event: JobSubmitted) -> Progress:
    return Progress(since=event.at, look_at=event.look_at)


def begun(progress: Progress, event: JobTaken) -> Progress:
    return replace(progress, number=progress.number + 1)


def waits(progress: Progress, event: Later) -> Progress:
    """Until the next try."""
    answered = counts(event)
    return replace(
        progress,
        attempts=progress.attempts + answered,
        tries=progress.tries + 1,
        retry_at=event.retry_at,
        answered_for=answered_for(progress, event),
        answered_at=event.at if answered else None,
        planned_until=event.retry_at if answered else None,
    )


def defer(progress: Progress, event: JobDeferred) -> Progress:
    return replace(waits(progress, event), reason=event.code)


def partly_sent(progress: Progress, event: JobPartlySent) -> Progress:
    """Something was reached: the tries for the others begin anew."""
    return replace(waits(progress, event), reason=event.code, taken=event.taken, tries=0)


def outcome_unknown(progress: Progress, event: OutcomeUnknown) -> Progress:
    return replace(waits(progress, event), unknown=progress.unknown + 1, reason="outcome unknown")


def give_up(progress: Progress, event: Later) -> Progress:
    taken = event.taken if isinstance(event, JobPartlySent) else progress.taken
    return replace(
        waits(progress, event),
        retry_at=None,
        unknown=progress.unknown + isinstance(event, OutcomeUnknown),
        taken=taken,
        reason=IN_PART if taken else GIVEN_UP,
    )


def cut_short(progress: Progress, event: object) -> Progress:
    return replace(progress, unknown=progress.unknown + 1, reason="outcome unknown")


def ready(progress: Progress, event: object) -> Progress:
    return replace(progress, retry_at=None)


def says_why(progress: Progress, event: JobHeld) -> bool:
    return bool(event.reason)


def held(progress: Progress, event: JobHeld) -> Progress:
    reason = event.reason or progress.reason
    return replace(progress, answered_at=None, planned_until=None, reason=reason)


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


def in_part(progress: Progress, event: JobEndedInPart) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, taken=event.taken, reason=IN_PART)


def cancelled(progress: Progress, event: JobCancelled) -> Progress:
    return replace(progress, retry_at=None, reason=event.why.value)


UNSENT = (DropScan(), EraseScan(), DeleteShared())
TOLD = (*UNSENT, Inform(Info.JOB_ENDED))
IN_PART_TOLD = (DropScan(), EraseScan(), Inform(Info.JOB_ENDED))
"Somebody has it: what it links to stays."
NEWS = (JobSent, JobPartlySent, JobEndedInPart, JobFailed, JobDeferred, OutcomeUnknown, BodyStarted)
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
        on(JobTaken, unless=broken, to=SENDING, data=begun),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT)),
    state(HELD, "A person holds it until [Release].",
        on(JobHeld, when=says_why, data=held),
        ignore(JobHeld, unless=says_why, why="it is held"),
        on(JobReleased, to=WAITING, data=released),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT)),
    state(SENDING, "The envelope is under way; a cancel drops it.",
        on(BodyStarted, to=DELIVERING),
        on(JobDeferred, when=tried_enough, to=ENDED, data=give_up, ask=TOLD),
        on(JobDeferred, unless=tried_enough, to=WAITING, data=defer),
        on(JobEndedInPart, to=ENDED, data=in_part, ask=IN_PART_TOLD),
        on(JobFailed, to=ENDED, data=fail, ask=TOLD),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, to=ENDED, data=cancelled, ask=UNSENT),
        on(*LIVES, to=WAITING),
        during=[Transmit()]),
    state(DELIVERING, "The body is under way; the server's answer decides.",
        on(JobSent, to=SENT, data=sent, ask=[DropScan(), EraseScan()]),
        on(JobPartlySent, when=tried_enough, to=ENDED, data=give_up, ask=IN_PART_TOLD),
        on(JobPartlySent, unless=tried_enough, to=WAITING, data=partly_sent),
        on(JobEndedInPart, to=ENDED, data=in_part, ask=IN_PART_TOLD),
        on(JobDeferred, when=tried_enough, to=ENDED, data=give_up, ask=TOLD),
        on(JobDeferred, unless=tried_enough, to=WAITING, data=defer),
        on(OutcomeUnknown, when=tried_enough, to=ENDED, data=give_up, ask=IN_PART_TOLD),
        on(OutcomeUnknown, unless=tried_enough, to=WAITING, data=outcome_unknown),
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
