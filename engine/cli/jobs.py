"""`franking jobs`: what waits in the spool, and what a person does with a job (S33, S33c).

The engine is opened for it: what a person says of a job comes first, and then what is due happens, as for
`franking status`.

Rules: with `--user` only that user's jobs are there, and one that is not there is said not to be there. A job
that is over is not changed, and that is refused. `release` and `retry` end with what became of the job, as
`franking send` does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ...events.base import ADMINISTRATOR
from ...machines.job import ENDED, HELD, SENT
from ...machines.roles import Role, Viewer
from ..at_the_panel import UnknownUser
from ..engine import Engine
from ..settings import Settings
from ..status import JobStatus
from ..submitting import UnknownJob
from ..view import SeenJob, View
from ..words import Words, words
from .exits import Exit
from .history import to_whom
from .opening import Config, configured, opened
from .running import Running, check_known, running
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


ACTS: Mapping[Change, Callable[[View, int], Awaitable[None]]] = MappingProxyType({
    Change.HOLD: View.hold,
    Change.RELEASE: View.release,
    Change.CANCEL: View.cancel,
    Change.RETRY: View.retry,
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
    """Ends a job, and erases its scan; a message under way is dropped, unless it has gone."""
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


def seen(engine: Engine, user: str | None) -> View:
    """Raises UnknownUser."""
    if user is None:
        return engine.view(Viewer(Role.CONTROLLER))
    if user != ADMINISTRATOR and engine.people.find(user) is None:
        raise UnknownUser(user)
    return engine.view(Viewer(Role.USER, user))


def mine(remote: Running, job: int, user: str | None) -> SeenJob:
    """Raises UnknownJob, UnknownUser."""
    if user is not None:
        check_known(user, remote.tokens())
    found = remote.job(job)
    if user is not None and found.status.owner != user:
        raise UnknownJob(job)
    return found


async def queued(settings: Settings, user: str | None, err: Console) -> tuple[JobStatus, ...]:
    """Raises UnknownUser, and what `opened` raises."""
    if (remote := running(settings)) is not None:
        identities = remote.tokens()
        if user is not None:
            check_known(user, identities)
        all_of_them = [each.login for each in identities]
        return tuple(job for login in ([user] if user else all_of_them) for job in remote.queue(login))
    async with opened(settings) as engine:
        view = seen(engine, user)
        with spinning(err, LOOKING):
            await engine.settle()
        whose = [user] if user is not None else [ADMINISTRATOR, *sorted(engine.people.rows)]
        return tuple(job for login in whose for job in view.queue(login))


async def looked_at(settings: Settings, job: int, user: str | None, err: Console) -> SeenJob:
    """Raises UnknownJob, UnknownUser, and what `opened` raises."""
    if (remote := running(settings)) is not None:
        return mine(remote, job, user)
    async with opened(settings) as engine:
        view = seen(engine, user)
        view.job(job)
        with spinning(err, LOOKING):
            await engine.settle()
        return view.job(job)


async def changed(settings: Settings, wanted: Change, job: int, user: str | None, err: Console) -> SeenJob:
    """Raises UnknownJob, UnknownUser, JobOverError, and what `opened` raises."""
    if (remote := running(settings)) is not None:
        if (now := mine(remote, job, user).status).state in OVER:
            raise JobOverError(now)
        found = remote.change(wanted.value, job)
        return found if wanted in WANTED else remote.settled(job, err, LOOKING)
    async with opened(settings) as engine:
        view = seen(engine, user)
        if (before := view.job(job).status).state in OVER:
            raise JobOverError(before)
        await ACTS[wanted](view, job)
        with spinning(err, LOOKING):
            await engine.settle()
        return view.job(job)


def put_job(found: SeenJob, said: Words, out: Console) -> None:
    job, content = found.status, found.content
    line = Text(f"Job {job.job}  ", style="bold").append_text(coloured(job.state, said.state(job.state)))
    put(out, line.append(f"  {job.function} of {plain(job.owner)}", style="dim"))
    if content is not None:
        files = ", ".join(f"{each.name} ({each.size} octets)" for each in content.files)
        rows = [("From", content.from_address), ("Subject", content.subject), ("Files", files)]
        detail(out, [*rows, *about(found, said)])
        put(out, Text("Recipients", style="bold"))
        put(out, to_whom(content.recipients))


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
