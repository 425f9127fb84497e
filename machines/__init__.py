"""The explicit state machines, as data. `MACHINES` is their order: each fact is stepped through them from
first to last.
"""

from types import MappingProxyType
from typing import Any

from .access_token import ACCESS_TOKEN
from .clock import CLOCK
from .credential import CREDENTIAL
from .definition import Definition
from .disk import DISK
from .document import DOCUMENT
from .job import JOB
from .left_alone import LEFT_ALONE
from .left_jobs import LEFT_JOBS
from .lifetime import LIFETIME
from .mailbox import MAILBOX
from .origin import ORIGIN
from .refresh_token import REFRESH_TOKEN
from .report import REPORT
from .session import SESSION
from .sign_in import SIGN_IN
from .validation import VALIDATION

MACHINES: tuple[Definition[Any], ...] = (
    CLOCK,
    DISK,
    ORIGIN,
    VALIDATION,
    SESSION,
    SIGN_IN,
    REFRESH_TOKEN,
    ACCESS_TOKEN,
    LIFETIME,
    CREDENTIAL,
    MAILBOX,
    JOB,
    REPORT,
    LEFT_ALONE,
    LEFT_JOBS,
    DOCUMENT,
)

SUBSCRIBERS_ONLY = MappingProxyType({
    "GrantRevoked": "nothing here waits for it: the grant was erased when it was asked for",
    "PersonErased": "what was his ends by words of its own",
    "SecretKept": "whoever needs it reads it when it is needed",
    "SecretErased": "whoever needs it finds it missing",
    "CheckpointTaken": "it says how the machines stand, and moves none",
    "KeyExchanged": "nothing ends by it: what was sealed is sealed again",
    "InformationRaised": "said by the machines, for people",
    "InformationCleared": "said by the machines, for people",
    "InformationAcknowledged": "said by a person, for the screen",
})  # fmt: skip
"""Facts that no machine hears, each with its reason."""
