"""The submission server answers again after it could not be reached: what waits for its next try because of
that goes now, and not up to an hour later (B2).

The first message that the server answers shows that the network is back. Where very many wait, each of those
that are taken brings the next ones.

Rule: what the server itself put off keeps its time. Nothing is stored of it: the jobs' reasons tell it.
"""

from ..events.job import JobDeferred, JobEndedInPart, JobPartlySent, JobRetryDue, JobSent
from .runtime import Runtime
from .saying import Saying
from .watchers import Unit

UNREACHED = ("dns", "refused", "unreachable", "timeout", "lost", "tls", "certificate", "clock")
"Reasons of a job whose last try the server did not answer."
TAKEN = (JobSent, JobPartlySent, JobEndedInPart)
AT_ONCE = 100
"Jobs that one answer brings."


class ServerBack:
    def __init__(self, runtime: Runtime, saying: Saying) -> None:
        self.store, self.saying = runtime.store, saying
        self.may_wait = True
        "Some may wait for that: after a start, too."
        runtime.watchers.add(self.watch, *TAKEN, JobDeferred)

    def watch(self, unit: Unit) -> None:
        for fact in unit.played.lines:
            if isinstance(fact, JobDeferred) and not fact.counted:
                self.may_wait = self.may_wait or fact.code in UNREACHED
            elif isinstance(fact, (*TAKEN, JobDeferred)) and self.may_wait:
                self.bring()

    def bring(self) -> None:
        """Raises StoreFailed."""
        found = self.store.waiting_because(UNREACHED, AT_ONCE)
        self.may_wait = len(found) == AT_ONCE
        if found:
            self.saying.begin(*(JobRetryDue(job=job) for job in found))
