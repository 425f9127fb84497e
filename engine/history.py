"""The story of one job: what happened to it, when, and what the submission server said at each try (B5).

It is read from the journal and stepped again by the job's own machine, so that it tells the states that the
job was in; the server's words stand in rows of their own, for they may name addresses. What the journal does
not hold any more is missing at the beginning, and that is said.

Rule: reading changes nothing; a line that cannot be read is told by its name.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..events.base import Event, NewLife
from ..events.job import (
    JobCancelled,
    JobDeferred,
    JobEndedInPart,
    JobFailed,
    JobPartlySent,
    JobReported,
    JobRevoked,
    JobSent,
    JobSettled,
    JobSubmitted,
    JobTaken,
    OutcomeUnknown,
)
from ..machines.job import JOB, WAITING, Stage
from ..machines.progress import Progress
from .addressees import ADDRESSEES
from .journal import entry
from .records import JobTry, Line
from .status import JobStatus, Reader, RecipientStatus, of_recipient
from .words import Words

ENDS_TRY = JobSent | JobPartlySent | JobEndedInPart | JobFailed | JobDeferred | OutcomeUnknown


class Step(NamedTuple):
    """One thing that happened."""

    at: datetime
    fact: str
    "The name of the fact, as the journal has it."
    state: str
    "Of the job after it, in lower case."
    code: str
    "Why it waits or has ended since then; empty: nothing of that kind."
    reason: str
    "The same in the language of the device."
    server: str = ""
    "What the submission server said, with its codes; for the owner alone."
    phase: str = ""
    "Where in the dialogue it said that."
    recipients: tuple[RecipientStatus, ...] = ()
    "Whom this try went to, as they were after it; for the owner alone."

    @property
    def public(self) -> "Step":
        """Without what only the owner sees (S33a)."""
        return self._replace(server="", recipients=())


class Story(NamedTuple):
    job: JobStatus
    steps: tuple[Step, ...]
    whole: bool
    "False: the journal does not hold its beginning any more."

    @property
    def public(self) -> "Story":
        """Without what only the owner sees (S33a)."""
        return self._replace(steps=tuple(step.public for step in self.steps))


def story(reader: Reader, job: JobStatus) -> Story:
    lines = reader.store.lines_of_job(job.job)
    tries = {each.number: each for each in reader.store.tries(job.job)}
    whole = bool(lines) and lines[0].name == JobSubmitted.__name__
    return Story(job, tuple(told(reader, job, lines, tries, whole)), whole)


def told(
    reader: Reader, job: JobStatus, lines: Sequence[Line], tries: dict[int, JobTry], whole: bool
) -> list[Step]:
    state, progress = (JOB.first, JOB.begins) if whole else (WAITING, begun_before(reader, job, lines))
    steps = []
    for line in lines:
        event, at = entry(line).event, datetime.fromisoformat(line.at)
        if isinstance(event, JobSettled | JobRevoked):
            continue  # the line before it says that
        if not isinstance(event, Event) or type(event) not in JOB.hears:
            steps.append(Step(at, line.name, state.name.lower(), "", of_report(event, reader.words)))
            continue
        before, number = (state, progress), progress.number
        step = JOB.step(state, progress, event)
        state, progress = step.state, step.data
        if isinstance(event, NewLife) and (state, progress) == before:
            continue  # the device was restarted, and the job lay safe on the disk
        code = code_of(event, state, progress)
        reason = reader.reason(code) if code else of_report(event, reader.words)
        steps.append(Step(at, line.name, state.name.lower(), code, reason))
        if isinstance(event, ENDS_TRY) and (said := tries.get(number)) is not None:
            steps[-1] = with_words(steps[-1], said)
    return steps


def begun_before(reader: Reader, job: JobStatus, lines: Sequence[Line]) -> Progress:
    """As it was before the first line that is left, as far as the numbers of its tries need it."""
    found = reader.found(JOB, str(job.job))
    now = found.data.number if found else 0
    return Progress(number=max(now - sum(line.name == JobTaken.__name__ for line in lines), 0))


def code_of(event: Event, state: object, progress: Progress) -> str:
    if isinstance(event, JobCancelled):
        return event.why.value if state is Stage.ENDED else ""
    return progress.reason if isinstance(event, ENDS_TRY | NewLife) or state is Stage.ENDED else ""


def of_report(event: Event | object, words: Words) -> str:
    """Which report tells of a job, or of which one it tells; empty: it is about none."""
    if isinstance(event, JobReported):
        return words.say("history.reported", job=event.report) if event.report else untold(event.why, words)
    if isinstance(event, JobSubmitted) and event.about:
        return words.say("history.about", job=event.about)
    return ""


def untold(why: str, words: Words) -> str:
    """A newer program may have another reason."""
    return words.table(why, why)


def with_words(step: Step, said: JobTry) -> Step:
    recipients = tuple(map(of_recipient, ADDRESSEES.validate_json(said.recipients)))
    return step._replace(server=f"{said.code} {said.reply}".rstrip(), phase=said.phase, recipients=recipients)
