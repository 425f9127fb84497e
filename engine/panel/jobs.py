"""Jobs as lists, one job with its story, and what may be done with it.

Rule: what the viewer may not see of a job is not looked up for him.
"""

from datetime import datetime
from typing import Any, NamedTuple

from ...machines.roles import Act
from ..history import Step
from ..status import JobContent, JobStatus
from ..words import capital
from .forms import Form
from .here import Answer, Here, NothingThere
from .sizes import of, size
from .tones import JOBS, STORY

A_PAGE = 20
OVER = frozenset({"sent", "ended"})
MOVES = frozenset({"sending", "delivering"})
DOES = {
    "waiting": ("hold", "retry", "cancel"),
    "held": ("release", "cancel"),
    "sending": ("cancel",),
}
"What may be tapped in which state."
DEEDS = {
    "hold": "panel.deed.hold",
    "release": "panel.deed.release",
    "cancel": "panel.deed.cancel",
    "retry": "panel.deed.retry",
}
SHOWN_RECIPIENTS = 2


class Listed(NamedTuple):
    """A line of a list."""

    job: int
    title: str
    "The files' names; for who may not see them, the function."
    to: str
    who: str
    state: str
    tone: str
    word: str
    reason: str
    at: str
    "When it was submitted."
    percent: int | None
    "How far its message has come; None: it is not under way."
    progress: str


def listed(here: Here, job: JobStatus) -> Listed:
    content = here.view.content(job)
    files = ", ".join(file.name for file in content.files) if content else ""
    percent, progress = how_far(here, job)
    submitted = datetime.fromisoformat(job.submitted_at)
    return Listed(
        job.job,
        files or (content.subject if content else "") or job.function,
        recipients(here, content),
        job.owner,
        job.state,
        JOBS.get(job.state, "idle"),
        capital(here.words.state(job.state)),
        capital(job.reason),
        here.dates.moment(submitted),
        percent,
        progress,
    )


def recipients(here: Here, content: JobContent | None) -> str:
    addresses = [each.address for each in content.recipients] if content else []
    more = len(addresses) - SHOWN_RECIPIENTS
    shown = ", ".join(addresses[:SHOWN_RECIPIENTS])
    return here.say("panel.and-more", shown=shown, more=more) if more > 0 else shown


def how_far(here: Here, job: JobStatus) -> tuple[int | None, str]:
    signal = here.transfers.get(job.job)
    if job.state not in MOVES or signal is None or not signal.of:
        return None, ""
    part = here.say("panel.part-of", part=of(signal.octets, signal.of), whole=size(signal.of))
    return round(100 * signal.octets / signal.of), part


def newest(here: Here, before: int | None, limit: int) -> tuple[JobStatus, ...]:
    """The newest first."""
    return tuple(reversed(here.view.jobs(before, limit)))


def list_shown(here: Here) -> dict[str, Any]:
    asked = here.query.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    found = newest(here, before, A_PAGE + 1)
    return {
        "title": here.say("panel.jobs"),
        "jobs": [listed(here, job) for job in found[:A_PAGE]],
        "older": found[A_PAGE - 1].job if len(found) > A_PAGE else None,
        "first": before is None,
    }


class Told(NamedTuple):
    """A step of a job's story."""

    at: str
    iso: str
    title: str
    tone: str
    reason: str
    server: str
    recipients: tuple[tuple[str, str, str], ...]
    "Address, tone, the server's words."


def step_told(here: Here, step: Step) -> Told:
    recipients = tuple(
        (each.address, {True: "good", False: "bad", None: "idle"}[each.accepted], each.outcome)
        for each in step.recipients
    )
    return Told(
        here.dates.moment(step.at),
        here.dates.iso(step.at),
        here.words.table(f"story.{step.fact}", STORY.get(step.fact, step.fact)),
        JOBS.get(step.state, "idle"),
        capital(step.reason),
        step.server,
        recipients,
    )


def one_shown(here: Here) -> dict[str, Any]:
    """Raises UnknownJob."""
    seen = here.view.job(here.number("job"))
    job, story = seen.status, here.view.history(seen.status.job)
    can = DOES.get(job.state, ()) if here.view.may(Act.CHANGE_JOBS, job.owner) else ()
    return {
        "title": here.say("panel.job", job=job.job),
        "job": listed(here, job),
        "content": seen.content,
        "advice": seen.advice if job.state != "sent" and (seen.advice or job.reason) else None,
        "who_acts": here.words.actor(seen.advice.actor) if seen.advice else "",
        "function": job.function,
        "size": size(job.size),
        "retry_at": here.dates.moment(job.retry_at) if job.retry_at and job.state not in OVER else "",
        "attempts": job.attempts,
        "steps": [step_told(here, step) for step in story.steps],
        "whole_story": story.whole,
        "can": [(deed, here.say(DEEDS[deed])) for deed in can],
    }


async def changed(here: Here, form: Form) -> Answer:
    """Raises UnknownJob, NotAllowed, NothingThere, StoreFailed."""
    job = here.number("job")
    deeds = {
        "hold": here.view.hold,
        "release": here.view.release,
        "cancel": here.view.cancel,
        "retry": here.view.retry,
    }
    if here.path["deed"] not in deeds:
        raise NothingThere
    await deeds[here.path["deed"]](job)
    return f"/jobs/{job}"
