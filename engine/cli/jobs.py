"""`franking jobs`: what waits in the spool, and what a person does with a job (S33, S33c).

Where an engine runs it is asked. Else one is opened for the command: what a person says of a job comes first,
and then what is due happens, as for `franking status`.

Rules: with `--user` only that user's jobs are there, and one that is not there is said not to be there. A job
that is over is not changed, and that is refused. `release` and `retry` end with what became of the job, as
`franking send` does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ...events.base import ADMINISTRATOR
from ...machines.job import ENDED, HELD, SENT
from ..control import requests
from ..control.requests import Call
from ..settings import Settings
from ..status import JobStatus, SeenJob
from ..submitting import UnknownJob
from ..words import Words, words
from .exits import Exit
from .history import to_whom
from .opening import Config, configured
from .reaching import Device, reached
from .shape import of_advice, of_job, of_recipient
from .status import LOOKING, coloured, table
from .terminal import (
    DONE,
    FAILED,
    WAITS,
    Mark,
    Terminal,
    detail,
    plain,
    put,
    say,
    spinning,
    terminal,
    whats_wrong,
)
from .times import local

Job = Annotated[int, typer.Argument(metavar="JOB", min=1, show_default=False, help="The job's number.")]
User = Annotated[
    str | None,
    typer.Option("--user", "-u", show_default=False, help="Only among the jobs of this login name."),
]
Json = Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")]
OVER = (SENT.name.lower(), ENDED.name.lower())


class Change(StrEnum):
    """What a person does with a job."""

    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    RETRY = "retry"


ACTS: Mapping[Change, Callable[[Call], Awaitable[SeenJob]]] = MappingProxyType({
    Change.HOLD: requests.hold,
    Change.RELEASE: requests.release,
    Change.CANCEL: requests.cancel,
    Change.RETRY: requests.retry,
})  # fmt: skip
WANTED = {Change.HOLD: HELD.name.lower(), Change.CANCEL: ENDED.name.lower()}
"In which state the job is then; the others want it to be sent."


class JobOverError(Exception):
    """The job is over, and nothing of it can be changed."""

    def __init__(self, job: JobStatus) -> None:
        become = "was sent" if job.state == SENT.name.lower() else "has ended"
        super().__init__(
            f"job {job.job} {become}, so it stays as it is: `franking jobs show {job.job}` tells of it"
        )
        self.job = job.job


def jobs() -> None:
    """What waits in the spool, and what is done with it."""


def listed(user: User = None, json: Json = False, config: Config = None) -> None:
    """Lists what is not over, user by user, in the order in which it will go."""
    settings, on = configured(config), terminal()
    found = asyncio.run(queued(settings, user, on.err))
    if json:
        on.out.print_json(data=[of_job(job) for job in found])
    elif found:
        put(on.out, table(list(found), words(settings.device.language)))
    else:
        put(on.out, Text("none", style="dim"))
    raise typer.Exit(Exit.OK)


def show(job: Job, user: User = None, json: Json = False, config: Config = None) -> None:
    """Shows one job: whom it is for, why it waits or has ended, what to do about it, and who must."""
    settings, on = configured(config), terminal()
    found = asyncio.run(looked_at(settings, job, user, on.err))
    if json:
        on.out.print_json(data=as_json(found))
    else:
        put_job(found, words(settings.device.language), on.out)
    raise typer.Exit(Exit.OK)


def hold(job: Job, user: User = None, json: Json = False, config: Config = None) -> None:
    """Holds a job until it is released; a message under way is dropped, unless it has gone."""
    change(Change.HOLD, job, user, json, config)


def release(job: Job, user: User = None, json: Json = False, config: Config = None) -> None:
    """Lets a held job go; ends as `send` does."""
    change(Change.RELEASE, job, user, json, config)


def cancel(job: Job, user: User = None, json: Json = False, config: Config = None) -> None:
    """Ends a job, and erases its scan; a message under way is dropped, unless it has gone. Its owner is told,
    but with `--user`.
    """
    change(Change.CANCEL, job, user, json, config)


def retry(job: Job, user: User = None, json: Json = False, config: Config = None) -> None:
    """Tries a job that waits now; ends as `send` does."""
    change(Change.RETRY, job, user, json, config)


def change(wanted: Change, job: int, user: str | None, json: bool, config: Config) -> None:
    settings, on = configured(config), terminal()
    found = asyncio.run(changed(settings, wanted, job, user, on.err))
    code = exit_of(wanted, found.status.state)
    if json:
        on.out.print_json(data=as_json(found))
    else:
        tell(found, code, words(settings.device.language), on)
    raise typer.Exit(code)


def exit_of(wanted: Change, state: str) -> Exit:
    if wanted in WANTED:
        return Exit.OK if state == WANTED[wanted] else Exit.DATA
    if state == SENT.name.lower():
        return Exit.OK
    return Exit.DATA if state == ENDED.name.lower() else Exit.TEMPORARY


async def of_user(device: Device, job: int, user: str | None) -> SeenJob:
    """Raises UnknownUser, and UnknownJob, also for a job of somebody else than `user`."""
    if user is not None:
        await check_known(device, user)
    found = await device.ask(requests.job, job=job)
    if user is not None and found.status.owner != user:
        raise UnknownJob(job)
    return found


async def check_known(device: Device, user: str) -> None:
    """Raises UnknownUser, and NotAllowed where his jobs are not the caller's to see."""
    if not await device.ask(requests.queue, user=user):
        await device.ask(requests.token_held, user=user)


async def queued(settings: Settings, user: str | None, err: Console) -> tuple[JobStatus, ...]:
    """Raises UnknownUser, and what `reached` raises."""
    async with reached(settings) as device:
        if user is not None:
            await check_known(device, user)
        with spinning(err, LOOKING):
            await device.settle()
        if user is None:
            return await device.ask(requests.queues)
        return await device.ask(requests.queue, user=user)


async def looked_at(settings: Settings, job: int, user: str | None, err: Console) -> SeenJob:
    """Raises UnknownJob, UnknownUser, and what `reached` raises."""
    async with reached(settings) as device:
        await of_user(device, job, user)
        with spinning(err, LOOKING):
            await device.settle()
        return await device.ask(requests.job, job=job)


async def changed(settings: Settings, wanted: Change, job: int, user: str | None, err: Console) -> SeenJob:
    """Raises UnknownJob, UnknownUser, JobOverError, and what `reached` raises."""
    async with reached(settings) as device:
        if (found := await of_user(device, job, user)).status.state in OVER:
            raise JobOverError(found.status)
        by: dict[str, Any] = {"by": user or ADMINISTRATOR} if wanted is Change.CANCEL else {}
        await device.ask(ACTS[wanted], job=job, **by)
        with spinning(err, LOOKING):
            await device.settle(job)
        return await device.ask(requests.job, job=job)


def put_job(found: SeenJob, said: Words, out: Console) -> None:
    job, content = found.status, found.content
    line = Text(f"Job {job.job}  ", style="bold").append_text(coloured(job.state, said.state(job.state)))
    put(out, line.append(f"  {job.function} of {plain(job.owner)}", style="dim"))
    if content is not None:
        files = ", ".join(f"{each.name} ({each.size} octets)" for each in content.files)
        rows = [("From", content.from_address), ("Subject", content.subject), ("Files", files)]
        detail(out, [*rows, *about(found, said)])
        put(out, Text("Recipients", style="bold"))
        put(out, to_whom(content.recipients, job.state))


def about(found: SeenJob, said: Words) -> list[tuple[str, str]]:
    """Why it waits or has ended, and when it goes on; nothing of one that was sent."""
    job, advice = found.status, found.advice
    if advice is None or job.state == SENT.name.lower():
        return []
    rows = whats_wrong(advice.cause, advice.remedy, said.actor(advice.actor))
    return [*rows, ("Next try", local(job.retry_at) if job.retry_at else "")]


HEADLINES = MappingProxyType({
    SENT.name.lower(): "was sent",
    ENDED.name.lower(): "has ended",
    HELD.name.lower(): "is held",
})  # fmt: skip


def tell(found: SeenJob, code: Exit, said: Words, on: Terminal) -> None:
    """What became of it."""
    job = found.status
    mark: Mark = DONE if code is Exit.OK else FAILED if code is Exit.DATA else WAITS
    headline = f"Job {job.job} {HEADLINES.get(job.state, 'waits in the spool')}."
    say(on.out if code is Exit.OK else on.err, mark, headline, about(found, said))


def as_json(found: SeenJob) -> dict[str, object]:
    """What `--json` prints of one job: what `shape.of_job` says, `from`, `subject`, `files` (each: `name` and
    `size` in octets), `recipients` (each as `shape.of_recipient` says), and `why`, `do`, `who` as
    `shape.of_advice` says, null of one that was sent. `list` prints an array of what `shape.of_job` says.
    """
    content, sent = found.content, found.status.state == SENT.name.lower()
    return {
        **of_job(found.status),
        "from": (content.from_address or None) if content else None,
        "subject": (content.subject or None) if content else None,
        "files": [each._asdict() for each in content.files] if content else [],
        "recipients": [of_recipient(each) for each in content.recipients] if content else [],
        **of_advice(None if sent else found.advice),
    }
