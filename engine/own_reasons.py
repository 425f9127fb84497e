"""Why a job waits or has ended, where the engine itself says so and not the server: sentences by the code.

Rule: every code that `sending.py`, `outcomes.py` and the machine of jobs give has its row; the sentences
stand in `words/`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..events.information import Actor
from ..machines.job import COPIED, DROPPED, GIVEN_UP, IN_PART, UNKNOWN, UNKNOWN_TOO_OFTEN, WITHDRAWN
from ..machines.mailbox import PACE, QUOTA

LEFT_ALONE = "it cannot be looked at"
"Code of a job that waits until somebody mends what is wrong with it, or with a rule of the program."
UNREADABLE = "its record is damaged"
"The same where its own record cannot be read."

OURS: Mapping[str, tuple[str, str, Actor]] = MappingProxyType({
    UNKNOWN: ("waits.unknown.cause", "waits.unknown.remedy", Actor.NOBODY),
    WITHDRAWN: ("waits.withdrawn.cause", "waits.remedy", Actor.NOBODY),
    "no access token": ("waits.token-ended.cause", "waits.remedy", Actor.NOBODY),
    "no server": ("waits.server.cause", "waits.server.remedy", Actor.ADMIN),
    "store unavailable": ("waits.store.cause", "waits.remedy", Actor.NOBODY),
    "seal": ("waits.seal.cause", "waits.seal.remedy", Actor.ADMIN),
    "fault of the program": ("waits.fault.cause", "waits.fault.remedy", Actor.NOBODY),
    LEFT_ALONE: ("waits.left-alone.cause", "waits.left-alone.remedy", Actor.ADMIN),
    UNREADABLE: ("waits.unreadable.cause", "waits.unreadable.remedy", Actor.ADMIN),
    "its row is missing": ("ended.row.cause", "ended.scan.remedy", Actor.PERSON),
    "a document that it links to is gone": ("ended.document.cause", "ended.scan.remedy", Actor.PERSON),
    "it cannot be composed": ("ended.composed.cause", "ended.composed.remedy", Actor.PERSON),
    GIVEN_UP: ("ended.tried.cause", "I201.tried.remedy", Actor.PERSON),
    UNKNOWN_TOO_OFTEN: ("ended.unknown.cause", "I201.unknown.remedy", Actor.PERSON),
    IN_PART: ("ended.in-part.cause", "I201.in-part.remedy", Actor.PERSON),
    "given up: nobody signed in": ("ended.given-up.cause", "I201.given-up.remedy", Actor.PERSON),
    DROPPED: ("ended.dropped.cause", "ended.dropped.remedy", Actor.PERSON),
    "the sign-in was deleted": ("ended.left.cause", "I201.given-up.remedy", Actor.PERSON),
    "discarded at the sign-in": ("ended.discarded.cause", "ended.nothing.remedy", Actor.NOBODY),
    COPIED: ("waits.copied.cause", "waits.copied.remedy", Actor.PERSON),
    "cancelled by the administrator": ("ended.revoked.cause", "ended.revoked.remedy", Actor.PERSON),
    "cancelled": ("ended.cancelled.cause", "ended.nothing.remedy", Actor.NOBODY),
})  # fmt: skip
"Cause, remedy and who must act, by the code that stands with the job."

PAUSES: Mapping[str, tuple[str, str]] = MappingProxyType({
    PACE: ("reason.pace", "waits.pace.cause"),
    QUOTA: ("reason.quota", "waits.quota.cause"),
})  # fmt: skip
"What a list of jobs says, and the cause of one job, by why the mailbox waits although no server said so."
PAUSED = ("reason.paused", "waits.paused.cause")
"The same where its server said so."
