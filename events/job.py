"""Facts about one job. Recipients, subject and file names stand in the job's row in the store, never here."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from .base import OfIdentity, OfJob
from .request import Function, Notify


class JobSubmitted(OfJob, OfIdentity):
    """A job is in the spool, durably (S33); or was refused, when `broken` says so, and nothing was
    spooled.
    """

    function: Function
    broken: tuple[str, ...] = ()
    "Codes of the rules that refuse this job (S15)."
    look_at: AwareDatetime | None = None
    "When to look whether its user still has to sign in (S18); None: it waits for no user's sign-in."
    left_out: tuple[int, ...] = ()
    "Numbers of the lines that a TX Result Report was given and does not send: of mail that failed (S21)."
    notify: tuple[Notify, ...] = ()
    """Of what its owner is told by mail (RFC 3461). Empty: of an end without success, and the device can
    write its header anew.
    """
    about: int = 0
    "Of a report: number of the job that it tells of."
    refused: str = ""
    """Why it never came into the spool although its program ended with success: a code. Its owner is told as
    of a job that ended. Empty: it is in the spool, or a rule says why.
    """


class JobTaken(OfJob):
    """The dispatcher gives this job a place on a connection."""

    broken: tuple[str, ...] = ()


class BodyStarted(OfJob):
    """The message may leave from here on: this is durable before the first octet of the body goes. It is
    asked for beside the envelope, so that the server may still refuse the sender or every recipient; its
    answer after the final dot decides alone (RFC 5321 section 3.3).
    """


class JobSent(OfJob, OfIdentity):
    """Every recipient has been taken by the server, in this try or an earlier one. Its words and each
    recipient's outcome stand in the job's row (S33c).
    """


class JobPartlySent(OfJob, OfIdentity):
    """The server took the message for some, and refused others for now: it goes to those alone (S33c)."""

    retry_at: AwareDatetime
    code: str
    "What the server said of the first that waits."
    taken: int
    "How many recipients it was taken for, in this try and before."
    waiting: int
    "How many it is still to go to."
    give_up_after: timedelta | None = None
    "As in `JobDeferred`."


class JobEndedInPart(OfJob, OfIdentity):
    """The server took the message for some, and refused the others for good: nobody waits any more
    (S33c).
    """

    taken: int
    refused: int


class JobDeferred(OfJob):
    """Not now: the job waits."""

    retry_at: AwareDatetime
    code: str
    counted: bool
    "It counts as an attempt: the submission server answered (B2)."
    give_up_after: timedelta | None = None
    "So long a server that answers is asked again and again (B2); None: without end."


class OutcomeUnknown(OfJob):
    """The connection was lost after the final dot (RFC 1047): the job goes again with the same Message-ID,
    but not without end.
    """

    retry_at: AwareDatetime


class JobFailed(OfJob):
    """Refused for good: the job ends with this reason."""

    code: str


class JobSettled(OfJob):
    """It came to an end of which its owner may have to be told by mail: without success, or with success
    where its program asked for that.
    """

    notify: tuple[Notify, ...]


class JobLate(OfJob):
    """It has waited for so long that its program, which asked for that, is told (RFC 3461 section 4.1)."""


class JobReported(OfJob):
    """Its owner was told by mail what became of it, or is not."""

    occasion: Notify
    report: int = 0
    "Number of the report's job; 0: there is none."
    why: str = ""
    "Why there is none: a code."


class JobRetryDue(OfJob):
    """The time of the next try has come."""


class JobRetryWanted(OfJob):
    """Somebody asked for the next try now."""


class JobHeld(OfJob):
    """[Hold]; or it lies in a copied store, and the other device sends it, too."""

    reason: str = ""
    "A code; empty: somebody's [Hold]."


class JobReleased(OfJob):
    """[Release]."""


class Ending(StrEnum):
    """Why a job was cancelled, as its owner reads it."""

    CANCELLED = "cancelled"
    DISCARDED = "discarded at the sign-in"
    "The person's choice when the sign-in was cancelled (S18)."
    REVOKED = "cancelled by the administrator"
    LEFT = "the sign-in was deleted"
    "Its user left, and jobs that are left behind are cancelled (S28)."


class JobCancelled(OfJob):
    """[Cancel]; or the person chose to discard it when the sign-in was cancelled (S18); or its user's sign-in
    was deleted (S28).
    """

    why: Ending = Ending.CANCELLED


class JobRevoked(OfJob):
    """The administrator cancelled it, and it has ended: its owner, who did not, is told."""

    code: ClassVar[str] = Ending.REVOKED
    notify: tuple[Notify, ...]


class SignInLookDue(OfJob):
    """It is time to look whether the job's user still has to sign in (S18)."""


class SignInLookedAt(OfJob):
    """The job goes on waiting: its user has signed in, or has time left."""

    look_at: AwareDatetime
    "When to look again."


class JobGivenUp(OfJob, OfIdentity):
    """Its user did not sign in within the time that jobs wait for that (S18)."""

    waited_since: AwareDatetime


class JobLeftAlone(OfJob):
    """It cannot be looked at: its record, a rule of the program or the directory is at fault, and the log
    names the place. It waits.
    """


class JobLookedAt(OfJob):
    """It can be looked at again, or is over."""


class LeftJobsCancelled(OfIdentity):
    """Some of the jobs that a user left behind were cancelled; there may be more (S28)."""

    jobs: int


class LeftJobsSettled(OfIdentity):
    """What was chosen for the jobs that a user left behind is carried out (S28)."""

    cancelled: int
    "How many were cancelled since his sign-in was deleted."
    waiting: int
    "How many wait for his next sign-in."


class JobsDiscarded(OfIdentity):
    """A person discarded what waited for his sign-in (S18)."""

    jobs: int
