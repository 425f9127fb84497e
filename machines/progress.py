"""How far one job has come, and what counts towards giving it up.

Rule: giving up counts no time but the waits between two tries which the submission server answered, each as
long as it was planned (B2); where the outcome stays unknown, the tries are counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.job import JobDeferred, JobPartlySent, OutcomeUnknown
from ..events.request import Notify

UNKNOWN_MOST = 2
"With so many unknown outcomes it ends: a recipient may have as many copies of it."
CUT_SHORT_MOST = 5
"The same for power cuts: most of them come before its last line was written, and then nobody has it."


class Wish(StrEnum):
    """What a person wants of a message that is under way."""

    HOLD = "hold"
    CANCEL = "cancel"
    REVOKE = "revoke"
    "A cancel that is not its owner's, who has to be told."


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
    wish: Wish | None = None
    "Said while the body was under way."
    notify: tuple[Notify, ...] = ()
    "Of what its owner is told by mail, as in `JobSubmitted`."
    late_at: datetime | None = None
    "When to tell its program, which asked for that, that it still waits."


Later = JobDeferred | JobPartlySent | OutcomeUnknown
LATER: tuple[type[Later], ...] = (JobDeferred, JobPartlySent, OutcomeUnknown)


def may_have_reached(progress: Progress) -> bool:
    """Somebody has its message, or may have it."""
    return bool(progress.taken or progress.unknown)


def unknown_too_often(progress: Progress, event: object) -> bool:
    """With this one."""
    return progress.unknown + 1 >= UNKNOWN_MOST


def cut_too_often(progress: Progress, event: object) -> bool:
    """With this one."""
    return progress.unknown + 1 >= CUT_SHORT_MOST


def counts(event: Later) -> bool:
    """The submission server answered (B2)."""
    return isinstance(event, JobPartlySent) or (isinstance(event, JobDeferred) and event.counted)


def answered_for(progress: Progress, event: Later) -> timedelta:
    """With the wait that this answer ends: never longer than it was planned, whatever the clock did."""
    began, planned = progress.answered_at, progress.planned_until
    if began is None or planned is None or not counts(event):
        return progress.answered_for
    return progress.answered_for + max(min(event.at, planned) - began, timedelta())


def tried_enough(progress: Progress, event: Later) -> bool:
    if isinstance(event, OutcomeUnknown):
        return unknown_too_often(progress, event)
    limit = event.give_up_after
    return limit is not None and counts(event) and answered_for(progress, event) >= limit
