"""`franking status`: validation, refresh tokens, jobs and what the [Information] screen shows.

Where an engine runs it is asked. Else one is opened for the command, and what is due then happens first: so
waiting mail goes where no engine runs all the time.

Rules: no recipient, subject or file name stands here: the administrator sees owner, function, state and
reason (S33a). Warnings, reasons and states of jobs are told in the language of the device, labels in English.
"""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...events.base import ADMINISTRATOR
from ...events.information import Actor
from ...machines.job import ENDED, HELD, SENT, WAITING
from ...machines.mailbox import CLOSED, TRYING
from ...machines.mailbox import WAITING as MAILBOX_WAITING
from ...machines.refresh_token import ACQUIRED, EXPIRED, REQUIRED
from ...machines.validation import AVAILABLE, NOT_AVAILABLE, OFF
from ..clock import SystemClock
from ..control import requests
from ..control.values import StatusTold
from ..mailboxes import MailboxStatus
from ..settings import Settings
from ..status import IdentityStatus, JobStatus
from ..words import Words, words
from .exits import Exit
from .opening import Config, configured
from .reaching import reached
from .shape import of_job
from .terminal import columns, detail, plain, put, spinning, terminal, whats_wrong
from .times import local, whole_days

LOOKING = "Looking, and sending what can go"
ENDED_SHOWN = 5
"How many jobs that ended without success are listed, the newest; `--json` has all."
COLOURS = {
    OFF.value: "dim", AVAILABLE.value: "green", NOT_AVAILABLE.value: "red",
    REQUIRED.value: "yellow", ACQUIRED.value: "green", EXPIRED.value: "red",
    WAITING.name.lower(): "yellow", HELD.name.lower(): "yellow",
    SENT.name.lower(): "green", ENDED.name.lower(): "red", CLOSED.value: "red", TRYING.value: "yellow",
    MAILBOX_WAITING.value: "yellow",
}  # fmt: skip


def status(
    json: Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")] = False,
    config: Config = None,
) -> None:
    """Shows whether mail can go, who has signed in, which jobs wait and why, and what [Information] says."""
    settings = configured(config)
    on = terminal()
    found, now = asyncio.run(looked_at(settings, on.err))
    if json:
        on.out.print_json(data=as_json(found, now))
    else:
        show(found, now, settings, on.out)
    raise typer.Exit(Exit.OK)


async def looked_at(settings: Settings, err: Console) -> tuple[StatusTold, datetime]:
    """Raises what `reached` raises."""
    async with reached(settings) as device:
        with spinning(err, LOOKING):
            await device.settle()
        return await device.ask(requests.status), SystemClock().now()


def show(found: StatusTold, now: datetime, settings: Settings, out: Console) -> None:
    said = words(settings.device.language)
    section(out, "OAuth 2.0", Group(*sending(found, settings)))
    for rule in found.warns:
        put(out, Text("  ").append(rule.code, style="bold yellow"))
        detail(out, whats_wrong(rule.sentence, rule.remedy, said.actor(Actor(rule.who))), indent=4)
    if found.warns:
        put(out, Text())
    section(out, "Refresh tokens", tokens(found.identities, now))
    if found.credential_ends_at is not None:
        left = whole_days(found.credential_ends_at, now)
        section(out, "Client secret or certificate", Group(Text(f"ends in {left} days")))
    if found.mailboxes:
        section(out, "Mailboxes", mailboxes(found.mailboxes))
    section(out, "Jobs", jobs(found.jobs, said))
    put(out, Text("Information", style="bold"))
    if not found.information:
        put(out, Text("  nothing", style="dim"))
    for each in found.information:
        headline = Text("  ")
        headline.append(each.code.value, style="bold red")
        headline.append(f"  since {local(each.since)}", style="dim")
        if each.acknowledged:
            headline.append("  acknowledged", style="dim")
        put(out, headline)
        detail(out, whats_wrong(each.cause, each.remedy, each.who), indent=4)


def section(out: Console, title: str, body: Table | Group) -> None:
    put(out, Text(title, style="bold"))
    put(out, Padding(body, (0, 0, 1, 2)))


def coloured(word: str, shown: str = "") -> Text:
    return Text(plain(shown or word), style=COLOURS.get(word, ""))


def sending(found: StatusTold, settings: Settings) -> list[Text]:
    if found.validation == OFF.value:
        return [Text("OFF: mail goes with user name and password, or without.", style="dim")]
    line = Text(f"ON, {plain(settings.oauth.provider)}. Sending: ").append_text(coloured(found.validation))
    if found.broken:
        line.append(f" ({', '.join(found.broken)}, see Information)")
    return [line]


def tokens(identities: tuple[IdentityStatus, ...], now: datetime) -> Group:
    grid = Table.grid(padding=(0, 3))
    for each in identities:
        left = days_left(each, now)
        renewal = f"renewed by itself in {left} days, or when mail is sent" if left is not None else ""
        if each.ends_at is not None:
            renewal = f"ends in {whole_days(each.ends_at, now)} days"
        grid.add_row(
            named(each),
            Text(plain(each.address) or "no address"),
            coloured(each.refresh_token),
            Text(renewal, "dim"),
        )
    return Group(
        grid, *(Text(f"{named(each)}: {waits(each)}", "yellow") for each in identities if each.waits)
    )


def named(identity: IdentityStatus) -> str:
    return "Administrator" if identity.identity == ADMINISTRATOR else plain(identity.login)


def waits(identity: IdentityStatus) -> str:
    """Why no access token is asked for now, and until when."""
    again = f" It is asked again at {local(identity.asks_at)}." if identity.asks_at else ""
    return plain(identity.waits) + again


def mailboxes(found: tuple[MailboxStatus, ...]) -> Table:
    """Those that are not open."""
    grid = Table.grid(padding=(0, 3))
    for each in found:
        at, again = local(each.try_at) if each.try_at else "", ""
        if each.state == CLOSED.value:
            again = f"one message tries it at {at}"
        elif each.state == MAILBOX_WAITING.value:
            again = f"goes on at {at}"
        jobs = f"{each.jobs} jobs wait" if each.jobs != 1 else "1 job waits"
        grid.add_row(plain(each.address), coloured(each.state), plain(each.code), jobs, Text(again, "dim"))
    return grid


def jobs(found: tuple[JobStatus, ...], said: Words) -> Group:
    count = Counter(job.state for job in found)
    line = Text(" · ").join(
        Text(f"{number} ").append_text(coloured(state, said.state(state)))
        for state, number in sorted(count.items())
    )
    over = {SENT.name.lower(), ENDED.name.lower()}
    active = [job for job in found if job.state not in over]
    ended = [job for job in found if job.state == ENDED.name.lower()][-ENDED_SHOWN:]
    if not found:
        return Group(Text("none", style="dim"))
    if not active and not ended:
        return Group(line)
    return Group(line, Text(), table(active + ended, said))


def table(listed: list[JobStatus], said: Words) -> Table:
    made = columns(indent=0)
    made.add_column("Job", justify="right")
    for title in ("State", "Owner", "Function", "Submitted", "Tries", "Next try"):
        made.add_column(title, no_wrap=True)
    made.add_column("Reason", overflow="fold")
    for job in listed:
        made.add_row(
            str(job.job),
            coloured(job.state, said.state(job.state)),
            Text(plain(job.owner)),
            Text(job.function),
            local(datetime.fromisoformat(job.submitted_at)),
            str(job.attempts),
            local(job.retry_at) if job.retry_at else "",
            Text(plain(job.reason)),
        )
    return made


def days_left(identity: IdentityStatus, now: datetime) -> int | None:
    return whole_days(identity.renew_at, now) if identity.renew_at else None


def ending(moment: datetime | None, now: datetime) -> dict[str, object]:
    return {
        "ends_at": moment.isoformat() if moment else None,
        "ends_in_days": whole_days(moment, now) if moment else None,
    }


def of_identity(identity: IdentityStatus, now: datetime) -> dict[str, object]:
    return {
        "identity": identity.identity,
        "login": identity.login,
        "address": identity.address or None,
        "refresh_token": identity.refresh_token,
        "access_token": identity.access_token,
        "renew_at": identity.renew_at.isoformat() if identity.renew_at else None,
        "days_left": days_left(identity, now),
        **ending(identity.ends_at, now),
        "waits": identity.waits or None,
        "asks_at": identity.asks_at.isoformat() if identity.asks_at else None,
    }


def as_json(found: StatusTold, now: datetime) -> dict[str, object]:
    """What `--json` prints; moments are ISO 8601 in UTC, what does not apply is null.

    `validation`: `state` (Off, Available, Not available), `broken` (codes of rules), `warns` (the same, of
    those that only warn).
    `identities`, each: `identity`, `login`, `address`, `refresh_token` (Required, Acquired, Expired),
    `access_token`, `renew_at`, `days_left` (whole days until it is renewed by itself if nothing is sent),
    `ends_at`, `ends_in_days` (of a sign-in that ends on a known day), `waits` (why no access token is asked
    for now, in the device's language), `asks_at` (when it is).
    `credential`: `ends_at`, `ends_in_days` of the application's client secret or certificate.
    `jobs`, each: as `shape.of_job` says.
    `count`: number of jobs by state.
    `mailboxes`, each that is not open: `account`, `address`, `state` (waiting until, closed, being tried),
    `code` (what the server said, or `pace` or `quota` of the provider), `try_at` (when it goes on by itself,
    or one message finds out whether it was mended), `jobs` (how many wait for that alone).
    `information`, each: `code`, `subject`, `since`, `why` and `do` (in the device's language), `who` (one of
    the values of `Actor`), `acknowledged` (by a person).
    """
    return {
        "validation": {
            "state": found.validation,
            "broken": list(found.broken),
            "warns": [rule.code for rule in found.warns],
        },
        "identities": [of_identity(each, now) for each in found.identities],
        "credential": ending(found.credential_ends_at, now),
        "jobs": [of_job(job) for job in found.jobs],
        "count": dict(Counter(job.state for job in found.jobs)),
        "mailboxes": [mailbox_as_json(each) for each in found.mailboxes],
        "information": [
            {
                "code": each.code.value,
                "subject": each.subject or None,
                "since": each.since.isoformat(),
                "why": each.cause,
                "do": each.remedy,
                "who": each.actor.value,
                "acknowledged": each.acknowledged,
            }
            for each in found.information
        ],
    }


def mailbox_as_json(mailbox: MailboxStatus) -> dict[str, str | int | None]:
    return {
        "account": mailbox.account,
        "address": mailbox.address,
        "state": mailbox.state,
        "code": mailbox.code,
        "try_at": mailbox.try_at.isoformat() if mailbox.try_at else None,
        "jobs": mailbox.jobs,
    }
