"""`franking history`: the story of one job, with the server's own words at each try, or what happened on a
day or about one person, with causes (B5).

For a job's story a running engine is asked, or one is opened, as for `franking status`. For all
else the store is looked into, not opened: an engine may use it meanwhile.

Rule: recipients and a server's words stand here, for whoever may open the store is the owner of all that is
in it; none of them in what is exported. Reasons and states are told in the language of the device, labels in
English.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...events.base import ADMINISTRATOR
from ...machines.job import ENDED, SENT
from ..at_the_panel import UnknownUser
from ..clock import SystemClock
from ..control import requests
from ..export import exported
from ..happenings import Happening, happened
from ..history import Step, Story
from ..information import Advice
from ..settings import Settings
from ..status import RecipientStatus
from ..store.looking import seen
from ..store_port import Reading
from ..words import Words, words
from .exits import Exit
from .happened import as_json as happened_json
from .happened import rows, spelt
from .opening import Config, configured, folder_of, loaded
from .reaching import reached
from .shape import of_advice, of_job, of_recipient
from .status import LOOKING, coloured
from .terminal import DONE, WAITS, columns, detail, plain, put, say, spinning, terminal, whats_wrong
from .times import DAY, local


def history(
    job: Annotated[
        int | None, typer.Argument(metavar="[JOB]", min=1, show_default=False, help="The job's number.")
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", "-u", show_default=False, help="What concerns this login name."),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--day",
            show_default=False,
            formats=["%Y-%m-%d"],
            help="What happened on this day; else today.",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", show_default=False, help="Write the journal, without names, for a report."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")] = False,
    config: Config = None,
) -> None:
    """Tells the story of one job, or what happened on a day or about one person, with causes."""
    if job is None and export is None:
        tell_happened(loaded(config)[1], user, day, json=json)
    elif export is not None and (job, user, day) == (None, None, None):
        write(loaded(config)[1], export)
    elif export is None and (user, day) == (None, None) and job is not None:
        tell_job(configured(config), job, json=json)
    else:
        raise OneAtATimeError
    raise typer.Exit(Exit.OK)


class OneAtATimeError(ValueError):
    """A job's story is told whole, and so is what is exported."""

    def __init__(self) -> None:
        super().__init__("give a JOB, or --export, or one or both of --user and --day")


def tell_happened(settings: Settings, user: str | None, day: datetime | None, *, json: bool) -> None:
    """Raises UnknownUser, and what `seen` raises."""
    on = terminal()
    since = None if user is not None and day is None else (day or SystemClock().now()).astimezone()
    begin = since and since.replace(hour=0, minute=0, second=0, microsecond=0)
    with seen(folder_of(settings)) as store:
        names = {row.identity: row.login for row in store.identities()}
        names |= {row.account: row.address for row in store.accounts()}
        found = happened(store, begin, begin and begin + DAY, identity_of(store, user))
        owners = owners_of(store, found.lines)
    if json:
        lines = [happened_json(each) for each in found.lines]
        on.out.print_json(data={"lines": lines, "why_bare": found.why_bare or None})
        return
    put(on.out, rows(found.lines, names, owners) if found.lines else Text("nothing", style="dim"))
    if found.why_bare:
        say(on.err, WAITS, "Causes and states cannot be told of all lines.", [("Why", found.why_bare)])


def owners_of(store: Reading, lines: Iterable[Happening]) -> dict[str, str]:
    """Of the jobs that they tell of: by their numbers, whose they are."""
    jobs = {each.about["job"] for each in lines if "job" in each.about}
    return {job: row.owner for job in jobs if (row := store.job(int(job))) is not None}


def identity_of(store: Reading, user: str | None) -> str | None:
    """Raises UnknownUser."""
    if user is None or user == ADMINISTRATOR:
        return user
    found = next((row.identity for row in store.identities() if row.login == user), None)
    if found is None:
        raise UnknownUser(user)
    return found


def write(settings: Settings, target: Path) -> None:
    """Raises OSError where it cannot be written; then there is nothing of it."""
    on = terminal()
    with seen(folder_of(settings)) as store:
        lines = [f"{line}\n" for line in exported(store, settings)]
    part = target.with_name(f"{target.name}.part")
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(target)
    more = [("Holds", "what happened, by ids; no address, login, file name, place, server or secret")]
    say(on.out, DONE, f"{len(lines) - 1} lines of the journal are in {target}.", more)


def tell_job(settings: Settings, job: int, *, json: bool) -> None:
    """Raises UnknownJob, and what `reached` raises."""
    on = terminal()
    found, recipients, advice = asyncio.run(looked_at(settings, job, on.err))
    if json:
        on.out.print_json(data=as_json(found, recipients, advice))
    else:
        show(found, recipients, advice, words(settings.device.language), on.out)


async def looked_at(
    settings: Settings, job: int, err: Console
) -> tuple[Story, tuple[RecipientStatus, ...], Advice | None]:
    """Raises UnknownJob, and what `reached` raises."""
    async with reached(settings) as device:
        await device.ask(requests.job, job=job)
        with spinning(err, LOOKING):
            await device.settle()
        found, seen_job = await device.ask(requests.history, job=job), await device.ask(requests.job, job=job)
        sent = found.job.state == SENT.name.lower()
        recipients = seen_job.content.recipients if seen_job.content else ()
        return found, recipients, None if sent else seen_job.advice


def show(
    found: Story, recipients: tuple[RecipientStatus, ...], advice: Advice | None, said: Words, out: Console
) -> None:
    job = found.job
    line = Text(f"Job {job.job}  ", style="bold").append_text(coloured(job.state, said.state(job.state)))
    put(out, line.append(f"  {job.function} of {plain(job.owner)}", style="dim"))
    if not found.whole:
        put(out, Text("  Its beginning is no longer in the journal.", style="dim"))
    put(out, steps(found.steps, said))
    put(out, Text())
    put(out, Text("Recipients", style="bold"))
    put(out, to_whom(recipients, job.state))
    if advice is not None:
        put(out, Text())
        detail(out, whats_wrong(advice.cause, advice.remedy, said.actor(advice.actor)), indent=0)


COLOURS = MappingProxyType({"waits": "yellow", "taken": "green", "refused": "red", "not sent": "red"})


def steps(found: tuple[Step, ...], said: Words) -> Table:
    made = columns()
    for title in ("When", "What", "State"):
        made.add_column(title, no_wrap=True)
    made.add_column("Reason", overflow="fold")
    made.add_column("Server", overflow="fold")
    for step in found:
        made.add_row(
            local(step.at),
            spelt(step.fact).removeprefix("job "),
            coloured(step.state, said.state(step.state)),
            Text(plain(step.reason)),
            Text(plain(step.server)),
        )
    return made


def to_whom(recipients: tuple[RecipientStatus, ...], state: str) -> Table:
    """`state`: of the job; where it is over nobody waits any more."""
    made = Table.grid(padding=(0, 3, 0, 2))
    unsettled = "not sent" if state == ENDED.name.lower() else "waits"
    for each in recipients:
        fate = unsettled if each.accepted is None else "taken" if each.accepted else "refused"
        more = f"may have come {each.unknown + 1} times" if each.unknown else ""
        made.add_row(
            Text(plain(each.address)),
            Text(fate, COLOURS[fate]),
            Text(plain(each.outcome)),
            Text(more, "dim"),
        )
    return made


def as_json(
    found: Story, recipients: tuple[RecipientStatus, ...], advice: Advice | None
) -> dict[str, object]:
    """What `--json` prints: of the job what `shape.of_job` says; `whole` (the journal still holds the
    beginning).
    `steps`, each: `at`, `fact` (its name in the journal), `state` (of the job after it), `code`, `reason`
    (the same in the device's language), `server` (its words), `phase` (where in the dialogue), `recipients`
    (of this try).
    `recipients`, each as `shape.of_recipient` says; `why`, `do`, `who` as `shape.of_advice` says.
    """
    return {
        **of_job(found.job),
        "whole": found.whole,
        "steps": [
            {
                "at": step.at.isoformat(),
                "fact": step.fact,
                "state": step.state,
                "code": step.code or None,
                "reason": step.reason or None,
                "server": step.server or None,
                "phase": step.phase or None,
                "recipients": [of_recipient(each) for each in step.recipients],
            }
            for step in found.steps
        ],
        "recipients": [of_recipient(each) for each in recipients],
        **of_advice(advice),
    }
