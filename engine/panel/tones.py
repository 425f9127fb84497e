"""Which state is shown in which tone: one table for chips, lists and timelines.

Rule: a tone never stands alone; beside it stands the word.
"""

from collections.abc import Mapping
from types import MappingProxyType

JOBS: Mapping[str, str] = MappingProxyType({
    "waiting": "idle",
    "held": "warn",
    "sending": "go",
    "delivering": "go",
    "sent": "good",
    "ended": "bad",
})  # fmt: skip
TOKENS: Mapping[str, str] = MappingProxyType({"Required": "warn", "Acquired": "good", "Expired": "bad"})
STORY: Mapping[str, str] = MappingProxyType({
    "JobSubmitted": "Submitted",
    "JobTaken": "A try begins",
    "BodyStarted": "The message is handed over",
    "JobSent": "Sent",
    "JobPartlySent": "Sent to some; the others are tried again",
    "JobEndedInPart": "Sent in part",
    "JobDeferred": "Put off",
    "JobFailed": "Failed",
    "OutcomeUnknown": "The connection broke off after the message: it may have arrived",
    "JobRetryDue": "It is time for the next try",
    "JobRetryWanted": "Somebody asked for a try now",
    "JobHeld": "Held",
    "JobReleased": "Released",
    "JobCancelled": "Cancelled",
    "JobGivenUp": "Given up",
    "EngineStarted": "The device was started again",
    "DeviceResumed": "The device woke up",
    "SignInLookDue": "How long it waits for the sign-in is looked at anew",
    "SignInLookedAt": "It waits for the sign-in",
    "JobLate": "It waits for hours already",
    "JobReported": "Told",
})  # fmt: skip
"A job's facts, as its story tells them."
