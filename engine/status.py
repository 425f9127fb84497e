"""The state of everything that a person may ask about, as values."""

import logging
from datetime import datetime
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.registry import MalformedRecord
from ..machines.access_token import ACCESS_TOKEN, BACKING_OFF, FRESH, REFUSED
from ..machines.job import ENDED, JOB, SENT, WAITING, Progress
from ..machines.refresh_token import ACQUIRED, EXPIRED, REFRESH_TOKEN
from ..machines.rules import Look, Rule, Verdict, broken
from ..machines.validation import NOT_AVAILABLE, OFF, VALIDATION
from .information import Raised, Warning, warning
from .journal import Unreadable, entry
from .people import People
from .play import Instance, Machine
from .records import JobMoved, JobRow
from .runtime import Runtime, code_of

UNREADABLE = "its record cannot be read"
log = logging.getLogger("franking")


class IdentityStatus(NamedTuple):
    identity: str
    login: str
    address: str
    refresh_token: str
    "Required, Acquired or Expired (S23); or that its record cannot be read."
    access_token: str
    renew_at: datetime | None


class JobStatus(NamedTuple):
    job: int
    owner: str
    "Login name of who submitted it; `administrator` where the device did (S33a)."
    signer: str
    "The identity whose sign-in sends it (S17)."
    function: str
    state: str
    reason: str
    submitted_at: str
    attempts: int
    retry_at: datetime | None
    unknown: int
    "How often the outcome stayed unknown, so that the message may have gone out twice (RFC 1047)."


class Status(NamedTuple):
    validation: str
    broken: tuple[str, ...]
    identities: tuple[IdentityStatus, ...]
    jobs: tuple[JobStatus, ...]
    information: tuple[Warning, ...]
    warns: tuple[Rule, ...]
    "Rules that the settings break and that only warn (S3, S5)."


class Reader:
    def __init__(self, runtime: Runtime, people: People, rules: tuple[Rule, ...]) -> None:
        self.runtime, self.people, self.store = runtime, people, runtime.store
        self.rules = rules

    def status(self) -> Status:
        sending = self.runtime.instance(VALIDATION, "")
        identities = [(ADMINISTRATOR, ADMINISTRATOR)] + [
            (r.identity, r.login) for r in self.people.rows.values()
        ]
        return Status(
            sending.state.value,
            sending.data.broken,
            tuple(self.identity(identity, login) for identity, login in identities),
            tuple(self.of_job(row, moved) for row, moved in self.store.jobs()),
            self.information(),
            self.warns(),
        )

    def warns(self) -> tuple[Rule, ...]:
        found = broken(self.people.settings(), Look.SET, rules=self.rules)
        return tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.WARN)

    def found(self, machine: Machine, key: str) -> Instance | None:
        """None: its record cannot be read. Everything else is still told."""
        try:
            return self.runtime.instance(machine, key)
        except MalformedRecord as error:
            log.error("%s", error)
            return None

    def identity(self, identity: str, login: str) -> IdentityStatus:
        refresh, access = self.found(REFRESH_TOKEN, identity), self.found(ACCESS_TOKEN, identity)
        return IdentityStatus(
            identity,
            login,
            self.people.address(identity),
            refresh.state.value if refresh else UNREADABLE,
            access.state.name.lower().replace("_", " ") if access else UNREADABLE,
            refresh.data.renew_at if refresh else None,
        )

    def job(self, job: int) -> JobStatus | None:
        row = self.store.job(job)
        found = self.store.job_moved(job)
        return self.of_job(row, found) if row and found else None

    def of_job(self, row: JobRow, moved: JobMoved) -> JobStatus:
        job = self.found(JOB, str(row.job))
        progress = job.data if job else Progress()
        waits = self.why(row.identity) if moved.state == WAITING.name and moved.ready else ""
        return JobStatus(
            row.job,
            self.people.name(row.owner),
            row.identity,
            row.function,
            moved.state.lower(),
            UNREADABLE if job is None else waits or moved.reason,
            row.submitted_at,
            progress.attempts,
            progress.retry_at,
            progress.unknown,
        )

    def why(self, identity: str) -> str:
        """Why a job waits that waits for nothing of its own: read from the machines, stored nowhere."""
        sending = self.runtime.instance(VALIDATION, "")
        if sending.state is OFF:
            return ""
        if sending.state is NOT_AVAILABLE:
            return "not available: " + ", ".join(sending.data.broken)
        token, request = self.found(REFRESH_TOKEN, identity), self.found(ACCESS_TOKEN, identity)
        if token is None or request is None:
            return UNREADABLE
        refresh, access = token.state, request.state
        if refresh is not ACQUIRED:
            return "the sign-in has expired" if refresh is EXPIRED else "waits for a sign-in"
        if access is BACKING_OFF:
            return "the provider cannot be reached"
        if access is REFUSED:
            return "the provider wants somebody to act"
        return "" if access is FRESH else "waits for an access token"

    def information(self) -> tuple[Warning, ...]:
        found = []
        for row in self.store.information():
            if (code := code_of(row)) is None:
                continue
            line = self.store.line(row.because)
            because = entry(line).event if line else Unreadable("", "")
            if not isinstance(because, Unreadable):
                raised = Raised(row.subject, because, row.detail, self.rules)
                try:
                    found.append(warning(code, datetime.fromisoformat(row.at), raised))
                except ValueError:
                    log.error("information %s of %r cannot be read: its moment or words", code, row.subject)
        return tuple(found)


OVER = frozenset({SENT.name, ENDED.name})
"States of jobs whose scan is not needed any more; one in a state that is not known here keeps it."
