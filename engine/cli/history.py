"""`franking history JOB`: the story of one job, with the server's own words at each try (B5).

The engine is opened for it, and what is due then happens first, as for `franking status`.

Rule: recipients and a server's words stand here, for whoever may open the store is the owner of all that is
in it. Reasons and states are told in the language of the device, labels in English.
"""

import asyncio
import re
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...machines.job import SENT
from ..history import Step, Story
from ..information import Advice
from ..settings import Settings
from ..status import RecipientStatus
from ..words import Words, words
from .exits import Exit
from .opening import Config, configured, opened
from .shape import of_advice, of_job, of_recipient
from .status import coloured
from .terminal import detail, plain, put, spinning, terminal, whats_wrong
from .times import local


def history(
    job: Annotated[int, typer.Argument(metavar="JOB", min=1, show_default=False, help="The job's number.")],
    json: Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")] = False,
    config: Config = None,
) -> None:
    """Tells the story of one job: its states and reasons, and what the server said at each try."""
    settings = configured(config)
    on = terminal()
    found, recipients, advice = asyncio.run(looked_at(settings, job, on.err))
    if json:
        on.out.print_json(data=as_json(found, recipients, advice))
    else:
        show(found, recipients, advice, words(settings.device.language), on.out)
    raise typer.Exit(Exit.OK)


async def looked_at(
    settings: Settings, job: int, err: Console
) -> tuple[Story, tuple[RecipientStatus, ...], Advice | None]:
    """Raises UnknownJob, and what `opened` raises."""
    async with opened(settings) as engine:
        engine.job(job)
        with spinning(err, "Looking, and sending what can go"):
            await engine.settle()
        found = engine.history(job)
        sent = found.job.state == SENT.name.lower()
        return found, engine.content(job).recipients, None if sent else engine.advice(job)


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
    put(out, to_whom(recipients))
    if advice is not None:
        put(out, Text())
        detail(out, whats_wrong(advice.cause, advice.remedy, said.actor(advice.actor)), indent=0)


def steps(found: tuple[Step, ...], said: Words) -> Table:
    made = Table(box=None, padding=(0, 3, 0, 2), header_style="dim", pad_edge=False)
    for title in ("When", "What", "State"):
        made.add_column(title, no_wrap=True)
    made.add_column("Reason", overflow="fold")
    made.add_column("Server", overflow="fold")
    for step in found:
        made.add_row(
            local(step.at),
            spelt(step.fact),
            coloured(step.state, said.state(step.state)),
            Text(plain(step.reason)),
            Text(plain(step.server)),
        )
    return made


def to_whom(recipients: tuple[RecipientStatus, ...]) -> Table:
    made = Table.grid(padding=(0, 3, 0, 2))
    for each in recipients:
        fate = "waits" if each.accepted is None else "taken" if each.accepted else "refused"
        more = f"may have come {each.unknown + 1} times" if each.unknown else ""
        made.add_row(
            Text(plain(each.address)),
            Text(fate, {"waits": "yellow", "taken": "green", "refused": "red"}[fate]),
            Text(plain(each.outcome)),
            Text(more, "dim"),
        )
    return made


def spelt(fact: str) -> str:
    """`JobPartlySent` as `partly sent`."""
    return re.sub(r"(?<!^)([A-Z])", r" \1", fact).lower().removeprefix("job ")


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
