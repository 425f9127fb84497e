"""One job: from the spool to the server's 250, or to an end with a reason (S33).

A job is in the spool before this machine hears of it. It waits for whatever it waits for without knowing it:
the dispatcher takes it when its token is fresh and the rules hold; only the time of a next try is the job's
own, and when to look how long its user stays away (S18). While sending, a cancel or a hold drops the
envelope. The step to delivering is durable before the body may end, so that after a power cut it is known
which messages may have been sent: they go again with the same Message-ID, and it is written down (RFC 1047).
While delivering, a wish is remembered: the message is dropped unless its final dot has gone, and from then on
the server's answer decides; where that is no end, the wish does. A message that was taken for some recipients
goes to the others alone (S33c).

Giving up counts no time but the waits that lay between two tries which the submission server answered, each
as long as it was planned: a network, a sign-in or a mailbox that is away for weeks costs no job (B2). Where
the outcome stays unknown, each try may be one more copy: it ends after a few.
"""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from ..events.base import OfJob
from ..events.device import DeviceResumed, EngineStarted
from ..events.information import Info
from ..events.job import (
    BodyStarted,
    Ending,
    JobCancelled,
    JobDeferred,
    JobEndedInPart,
    JobFailed,
    JobGivenUp,
    JobHeld,
    JobLate,
    JobPartlySent,
    JobReleased,
    JobRetryDue,
    JobRetryWanted,
    JobRevoked,
    JobSent,
    JobSettled,
    JobSubmitted,
    JobTaken,
    OutcomeUnknown,
    SignInLookDue,
    SignInLookedAt,
)
from ..events.request import REQUESTS, Notify
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, DeleteShared, DropScan, EraseScan, Inform, LookAtSignIn, Transmit, Withdraw
from .progress import (
    LATER,
    Later,
    Progress,
    Wish,
    answered_for,
    counts,
    cut_too_often,
    tried_enough,
)

Stage = StrEnum("Stage", ["NEW", "WAITING", "HELD", "SENDING", "DELIVERING", "SENT", "ENDED"])
NEW, WAITING, HELD, SENDING, DELIVERING, SENT, ENDED = Stage
LATE = "a late word about a transfer that is over"
CANCELLED = "it is cancelled already"
OVER = "the job is over"
COPIED = "the store is a copy"
"Why it is held where the device that it was submitted to sends it, too."
TURNED_OFF = "S20-off"
"The rule that says so."
IN_PART = "sent in part"
GIVEN_UP = "given up: the server does not take it"
NOT_SIGNED_IN = "given up: nobody signed in"
WITHDRAWN = "dropped before its end: nothing was delivered"
DROPPED = "refused when its program had ended"
UNKNOWN = "outcome unknown"
UNKNOWN_TOO_OFTEN = "given up: the outcome stays unknown"
LATE_AFTER = timedelta(hours=4)
"As servers do (RFC 5321 section 4.5.4.1 leaves it open)."
LOOK_AGAIN = timedelta(hours=1)
"Should a power cut take the answer of a look."


def broken(progress: Progress, event: JobSubmitted | JobTaken) -> bool:
    return bool(event.broken)


def unheard(progress: Progress, event: JobSubmitted) -> bool:
    """Nobody is there whom the refusal could be told (S21). That a function does not send which somebody
    turned off is no news.
    """
    return bool(event.broken) and not REQUESTS[event.function].hears and TURNED_OFF not in event.broken


def program_ended(progress: Progress, event: JobSubmitted) -> bool:
    """It cannot be told any more that its mail is refused."""
    return bool(event.refused)


def in_lines(progress: Progress, event: JobSubmitted) -> bool:
    return bool(event.left_out)


def revoked(progress: Progress, event: JobCancelled) -> bool:
    """Not by its owner."""
    return event.why is Ending.REVOKED


def revoke_wanted(progress: Progress, event: object) -> bool:
    return progress.wish is Wish.REVOKE


def cancel_wanted(progress: Progress, event: object) -> bool:
    return progress.wish in (Wish.CANCEL, Wish.REVOKE)


def hold_wanted(progress: Progress, event: object) -> bool:
    return progress.wish is Wish.HOLD


def success_asked(progress: Progress, event: JobSent) -> bool:
    return Notify.SUCCESS in progress.notify


def by_rule(progress: Progress, event: JobSubmitted | JobTaken) -> Progress:
    return replace(progress, reason=", ".join(event.broken), retry_at=None)


def untaken(progress: Progress, event: JobSubmitted) -> Progress:
    return replace(progress, reason=event.refused)


def keep(progress: Progress, event: JobSubmitted) -> Progress:
    late_at = event.at + LATE_AFTER if Notify.DELAY in event.notify else None
    return Progress(since=event.at, look_at=event.look_at, notify=event.notify, late_at=late_at)


def late(progress: Progress, event: JobLate) -> Progress:
    return replace(progress, late_at=None)


def begun(progress: Progress, event: JobTaken) -> Progress:
    return replace(progress, number=progress.number + 1)


def waits(progress: Progress, event: Later) -> Progress:
    """Until the next try. Where the server took it for some, the tries for the others begin anew."""
    answered, partly = counts(event), isinstance(event, JobPartlySent)
    return replace(
        progress,
        attempts=progress.attempts + answered,
        unknown=progress.unknown + isinstance(event, OutcomeUnknown),
        tries=0 if partly else progress.tries + 1,
        taken=event.taken if isinstance(event, JobPartlySent) else progress.taken,
        retry_at=event.retry_at,
        reason=UNKNOWN if isinstance(event, OutcomeUnknown) else event.code,
        answered_for=answered_for(progress, event),
        answered_at=event.at if answered else None,
        planned_until=event.retry_at if answered else None,
    )


def give_up(progress: Progress, event: Later) -> Progress:
    after = replace(waits(progress, event), retry_at=None, wish=None)
    if after.taken:
        return replace(after, reason=IN_PART)
    return replace(after, reason=UNKNOWN_TOO_OFTEN if isinstance(event, OutcomeUnknown) else GIVEN_UP)


def ended_as_wished(progress: Progress, event: Later) -> Progress:
    return replace(waits(progress, event), retry_at=None, wish=None, reason=progress.reason)


def held_as_wished(progress: Progress, event: Later) -> Progress:
    after = waits(progress, event)
    return replace(after, retry_at=None, answered_at=None, planned_until=None, wish=None)


def cut_short(progress: Progress, event: object) -> Progress:
    return replace(progress, unknown=progress.unknown + 1, wish=None, reason=UNKNOWN)


def end_cut_short(progress: Progress, event: object) -> Progress:
    cut = cut_short(progress, event)
    return replace(cut, reason=IN_PART if progress.taken else UNKNOWN_TOO_OFTEN)


def cut_as_wished(progress: Progress, event: object) -> Progress:
    return replace(cut_short(progress, event), reason=progress.reason)


def wants_hold(progress: Progress, event: JobHeld) -> Progress:
    return replace(progress, wish=Wish.HOLD)


def wants_cancel(progress: Progress, event: JobCancelled) -> Progress:
    wish = Wish.REVOKE if event.why is Ending.REVOKED else Wish.CANCEL
    return replace(progress, wish=wish, reason=event.why.value)


def wants_nothing(progress: Progress, event: JobReleased) -> Progress:
    return replace(progress, wish=None)


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
    return replace(progress, retry_at=None, reason=NOT_SIGNED_IN)


def fail(progress: Progress, event: JobFailed) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, reason=event.code)


def sent(progress: Progress, event: JobSent) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, reason="")


def in_part(progress: Progress, event: JobEndedInPart) -> Progress:
    return replace(progress, attempts=progress.attempts + 1, taken=event.taken, reason=IN_PART)


def cancelled(progress: Progress, event: JobCancelled) -> Progress:
    return replace(progress, retry_at=None, reason=event.why.value)


GONE = (DropScan(), EraseScan(), Clear(Info.JOB_LATE))
UNSENT = (*GONE, DeleteShared())
"What it links to stays where somebody has the message, or may have it."
TAKEN_AWAY = (DeleteShared(), Clear(Info.JOB_LATE))
"How its owner is told, and what becomes of its files then, the report's machine says."
TOLD = (*TAKEN_AWAY, Inform(Info.JOB_ENDED))
"Of what its owner is told; what becomes of its files then, the report's machine says."
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
        ignore(JobLate, why="it does not wait"),
        ignore(*LIVES, why="it is safe on the disk"),
    ),
    state(NEW, "Nothing is known of it.",
        on(JobSubmitted, when=program_ended, to=ENDED, data=untaken, tell=[JobSettled],
           ask=[Inform(Info.JOB_ENDED)]),
        on(JobSubmitted, when=unheard, unless=program_ended, to=ENDED, data=by_rule,
           ask=[Inform(Info.JOB_ENDED)]),
        on(JobSubmitted, when=broken, unless=[program_ended, unheard], to=ENDED, data=by_rule),
        on(JobSubmitted, when=in_lines, unless=[program_ended, unheard, broken], to=WAITING, data=keep,
           ask=[Inform(Info.REPORT_IN_PART)]),
        on(JobSubmitted, unless=[program_ended, unheard, broken, in_lines], to=WAITING, data=keep),
        ignore(JobHeld, JobCancelled, why="there is no such job")),
    state(WAITING, "In the spool; it goes by itself when what it waits for has come.",
        lasts(until="retry_at", then=JobRetryDue),
        lasts(until="look_at", then=SignInLookDue),
        lasts(until="late_at", then=JobLate),
        on(JobRetryDue, JobRetryWanted, data=ready),
        on(SignInLookDue, data=look_later, ask=[LookAtSignIn()]),
        on(SignInLookedAt, data=looked_at),
        on(JobLate, data=late, ask=[Inform(Info.JOB_LATE)]),
        on(JobGivenUp, to=ENDED, data=given_up, tell=[JobSettled], ask=TOLD),
        on(JobTaken, when=broken, to=ENDED, data=by_rule, tell=[JobSettled], ask=TOLD),
        on(JobTaken, unless=broken, to=SENDING, data=begun),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, when=revoked, to=ENDED, data=cancelled, tell=[JobRevoked], ask=TAKEN_AWAY),
        on(JobCancelled, unless=revoked, to=ENDED, data=cancelled, ask=UNSENT)),
    state(HELD, "A person holds it until [Release].",
        on(JobHeld, when=says_why, data=held),
        ignore(JobHeld, unless=says_why, why="it is held"),
        on(JobReleased, to=WAITING, data=released),
        on(JobCancelled, when=revoked, to=ENDED, data=cancelled, tell=[JobRevoked], ask=TAKEN_AWAY),
        on(JobCancelled, unless=revoked, to=ENDED, data=cancelled, ask=UNSENT)),
    state(SENDING, "The envelope is under way; a cancel drops it.",
        on(BodyStarted, to=DELIVERING),
        on(JobDeferred, when=tried_enough, to=ENDED, data=give_up, tell=[JobSettled], ask=TOLD),
        on(JobDeferred, unless=tried_enough, to=WAITING, data=waits),
        on(JobEndedInPart, to=ENDED, data=in_part, tell=[JobSettled], ask=TOLD),
        on(JobFailed, to=ENDED, data=fail, tell=[JobSettled], ask=TOLD),
        on(JobHeld, to=HELD, data=held),
        on(JobCancelled, when=revoked, to=ENDED, data=cancelled, tell=[JobRevoked], ask=TAKEN_AWAY),
        on(JobCancelled, unless=revoked, to=ENDED, data=cancelled, ask=UNSENT),
        on(*LIVES, to=WAITING),
        during=[Transmit()]),
    state(DELIVERING, "The body is under way; after its final dot the server's answer decides.",
        on(JobSent, when=success_asked, to=SENT, data=sent, tell=[JobSettled], ask=[Clear(Info.JOB_LATE)]),
        on(JobSent, unless=success_asked, to=SENT, data=sent, ask=GONE),
        on(JobEndedInPart, to=ENDED, data=in_part, tell=[JobSettled], ask=TOLD),
        on(JobFailed, to=ENDED, data=fail, tell=[JobSettled], ask=TOLD),
        on(*LATER, when=revoke_wanted, to=ENDED, data=ended_as_wished, tell=[JobRevoked], ask=TAKEN_AWAY),
        on(*LATER, when=cancel_wanted, unless=revoke_wanted, to=ENDED, data=ended_as_wished, ask=UNSENT),
        on(*LATER, when=tried_enough, unless=[revoke_wanted, cancel_wanted], to=ENDED, data=give_up,
           tell=[JobSettled], ask=TOLD),
        on(*LATER, when=hold_wanted, unless=[revoke_wanted, cancel_wanted, tried_enough], to=HELD,
           data=held_as_wished),
        on(*LATER, unless=[revoke_wanted, cancel_wanted, tried_enough, hold_wanted], to=WAITING, data=waits),
        on(JobCancelled, data=wants_cancel, ask=[Withdraw()]),
        ignore(JobHeld, when=cancel_wanted, why=CANCELLED),
        on(JobHeld, unless=cancel_wanted, data=wants_hold, ask=[Withdraw()]),
        on(JobReleased, when=hold_wanted, data=wants_nothing),
        ignore(JobReleased, unless=hold_wanted, why="it is not to be held"),
        on(*LIVES, when=revoke_wanted, to=ENDED, data=cut_as_wished, tell=[JobRevoked], ask=TAKEN_AWAY),
        on(*LIVES, when=cancel_wanted, unless=revoke_wanted, to=ENDED, data=cut_as_wished, ask=UNSENT),
        on(*LIVES, when=cut_too_often, unless=[revoke_wanted, cancel_wanted], to=ENDED, data=end_cut_short,
           tell=[JobSettled], ask=TOLD),
        on(*LIVES, when=hold_wanted, unless=[revoke_wanted, cancel_wanted, cut_too_often], to=HELD,
           data=cut_short),
        on(*LIVES, unless=[revoke_wanted, cancel_wanted, cut_too_often, hold_wanted], to=WAITING,
           data=cut_short),
        during=[Transmit()]),
    state(SENT, "The server took it for every recipient.",
        ignore(JobHeld, JobCancelled, why=OVER), final=True),
    state(ENDED, "It ended without success, with a reason that its owner sees.",
        ignore(JobHeld, JobCancelled, why=OVER), final=True),
    per=OfJob,
)  # fmt: skip
