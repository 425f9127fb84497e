"""What the [Information] screen shows: codes, and the facts that raise and clear them.

The words, the remedy and who must act are made in one place, `engine/information.py`.
"""

from enum import StrEnum

from .base import Event


class Info(StrEnum):
    """Stable codes; a log line carries the code as its message id."""

    NOT_AVAILABLE = "I001"
    "A rule makes OAuth not available (S12-S14)."
    CLOCK_NOT_SET = "I002"
    "The clock stands before what happened already; nothing is given up meanwhile."
    DISK_FULL = "I003"
    "The store's disk is full: new jobs are refused."
    SIGN_IN_AGAIN = "I101"
    "The provider ended the grant, or it was lost: a person must sign in again (S24)."
    OTHER_ACCOUNT = "I102"
    "Another account than the wanted one signed in (S19)."
    SIGN_IN_FAILED = "I103"
    "The provider or a check refused a sign-in."
    PROVIDER_REFUSES = "I104"
    "The provider wants an act of an administrator or the application's owner."
    SERVER_REFUSES_TOKEN = "I105"  # noqa: S105 - a code
    "The submission server refuses a fresh access token for the second time (S32)."
    FLOW_REFUSED = "I106"
    "One way of signing in was refused, and another one was offered."
    SIGN_IN_ENDS = "I107"
    "A sign-in ends on a known day and cannot be renewed (B1)."
    CREDENTIAL_ENDS = "I108"
    "The client secret or certificate of the application's registration ends soon, or has ended (B1)."
    SIGN_IN_VOID = "I109"
    "The settings or the directory do not fit a sign-in any more, and so it was erased (S26a)."
    JOB_ENDED = "I201"
    "A job ended without success."
    JOBS_WAIT = "I202"
    "A user's sign-in was deleted, and his jobs wait for the next one (S28)."
    JOBS_CANCELLED = "I203"
    "A user's sign-in was deleted, and his jobs with it (S28)."
    REPORT_IN_PART = "I204"
    "A TX Result Report goes without the lines of mail that failed (S21)."
    JOBS_HELD = "I205"
    "The store is a copy of another device's, and its unfinished jobs are held."
    JOB_LEFT_ALONE = "I206"
    "A job cannot be looked at until somebody mends what is at fault; it waits."
    JOB_LATE = "I207"
    "A job has waited for hours, and its program asked to be told of that."
    MAILBOX_CLOSED = "I301"
    "The mailbox, or its organisation, must be mended before anything is sent from it (S31, B11)."
    QUOTA_NEAR = "I302"
    "What the provider lets a mailbox send in a day is nearly used up (B11)."


class Actor(StrEnum):
    """Who must act (B9)."""

    PERSON = "the person at the panel"
    PROGRAM = "whoever runs the program"
    "That sends its mail by this device."
    ADMIN = "the device's administrator"
    TENANT = "the tenant's administrator"
    "Of the organisation at the provider."
    APP = "the application's owner"
    "Of its registration at the provider."
    MAKER = "the maker of this device"
    "Of its program: nobody else can mend it."
    NOBODY = "nobody: wait"


class InformationRaised(Event):
    """A warning stands on the [Information] screen."""

    code: Info
    subject: str
    "The instance that raised it: an identity, a place, a job's number, or empty for the device."
    because: int
    "Sequence number of the fact that caused it."


class InformationCleared(Event):
    """A warning is gone: what it warned of is mended."""

    code: Info
    subject: str


class InformationAcknowledged(Event):
    """A person has read it. One that tells of what happened once is cleared with that; one that still is so
    stays, marked, until it is raised again or cleared.
    """

    code: Info
    subject: str


TOLD_ONCE = frozenset(
    {
        Info.OTHER_ACCOUNT,
        Info.SIGN_IN_FAILED,
        Info.FLOW_REFUSED,
        Info.SIGN_IN_VOID,
        Info.JOB_ENDED,
        Info.JOBS_CANCELLED,
        Info.REPORT_IN_PART,
    }
)
"They tell of what happened once; the others clear by themselves, when what they warn of is mended."
