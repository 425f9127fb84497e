"""`franking send`: one scan, as the panel would send it (S20, S33).

Rule: a mail that was accepted is in the spool before anything else happens. The exit code tells what became
of it, once nothing but the clock, a person or a lost store can move it.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from ...events.information import Actor
from ...events.request import FromApplication, ScanToEmail
from ...machines.job import ENDED, HELD, SENT
from ...machines.rules import Rule
from ..control import requests, streams
from ..control.values import Submitted
from ..information import Advice
from ..refusal import Refused
from ..settings import Settings, why
from ..status import RecipientStatus
from ..submitting import Receipt
from ..words import Words, words
from .exits import Exit
from .opening import Config, configured
from .reaching import Device, reached
from .shape import of_advice, of_recipient
from .terminal import DONE, FAILED, WAITS, Terminal, plain, refusal, say, terminal, transferring, whats_wrong
from .times import local

OPTIONS = {
    "from_address": "--from",
    "files": "FILE",
    "text": "--text",
    "subject": "--subject",
    "user": "--user",
}
APPLICATION = "franking send"
"What sends a text without a scan, as the functions name it (S20)."
NOTHING = Advice("", "", Actor.NOBODY)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail."""

    state: str
    to: tuple[str, ...]
    job: int | None = None
    message_id: str | None = None
    advice: Advice = NOTHING
    server: str = ""
    recipients: tuple[RecipientStatus, ...] = ()
    retry_at: datetime | None = None
    rules: tuple[Rule, ...] = ()
    "The broken ones, as they are shown."
    goes_on: str = ""
    "When it goes that waits."

    @property
    def exit(self) -> Exit:
        if self.state == SENT.name.lower():
            return Exit.OK
        return Exit.DATA if self.state in ("refused", ENDED.name.lower()) else Exit.TEMPORARY


def send(
    user: Annotated[
        str, typer.Option("--user", "-u", show_default=False, help="Login name of who sends it.")
    ],
    to: Annotated[
        list[str], typer.Option("--to", "-t", show_default=False, help="An address; may be repeated.")
    ],
    cc: Annotated[
        list[str] | None, typer.Option("--cc", show_default=False, help="An address; may be repeated.")
    ] = None,
    bcc: Annotated[
        list[str] | None, typer.Option("--bcc", show_default=False, help="An address that nobody sees.")
    ] = None,
    subject: Annotated[
        str, typer.Option("--subject", "-s", show_default=False, help="Else the function's name.")
    ] = "",
    text: Annotated[str, typer.Option("--text", show_default=False, help="What stands above the scan.")] = "",
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]", show_default=False, help="The scan. Without one, standard input is the text."
        ),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(
            "--from", show_default=False, help="Another From, where the device allows user changes."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Tell the result as JSON.")] = False,
    config: Config = None,
) -> None:
    """Sends a scan, or a text; waits until it is sent, has ended, or waits for a person or for time."""
    settings = configured(config)
    fields = {
        "user": user, "to": to, "cc": cc or (), "bcc": bcc or (), "subject": subject, "text": text,
        "from_address": sender,
    }  # fmt: skip
    if not files and sys.stdin.isatty():
        raise typer.BadParameter("name a FILE, or give a text on standard input")
    try:
        request = asked(fields, files or [])
    except ValidationError as error:
        raise typer.BadParameter("; ".join(mistakes(error))) from None
    on = terminal()
    result = asyncio.run(sent(settings, request, on))
    if json:
        on.out.print_json(data=as_json(result))
    else:
        show(result, request.files, on, words(settings.device.language))
    raise typer.Exit(result.exit)


def asked(fields: Mapping[str, object], files: list[Path]) -> ScanToEmail | FromApplication:
    """Raises ValidationError."""
    if files:
        return ScanToEmail.model_validate({**fields, "files": files})
    text = str(fields["text"] or "") or sys.stdin.read()
    return FromApplication.model_validate({**fields, "text": text, "application": APPLICATION})


def mistakes(error: ValidationError) -> list[str]:
    """Every wrong option at once."""
    errors = error.errors(include_url=False, include_context=True)
    single = {each["loc"][0] for each in errors if len(each["loc"]) > 1}
    found = []
    for each in errors:
        name = each["loc"][0]
        if len(each["loc"]) > 1 or name not in single:  # else it is told of each value
            wrong = words().said(why(each["type"], each["msg"], dict(each.get("ctx", {}))))
            found.append(f"{OPTIONS.get(str(name), f'--{name}')} {plain(str(each['input']))!r}: {wrong}")
    return found


async def sent(settings: Settings, request: ScanToEmail | FromApplication, on: Terminal) -> Result:
    """Raises ScanUnreadable, what `reached` raises, StoreFailed."""
    async with reached(settings) as device:
        files = tuple([await device.bring(each) for each in request.files])
        brought = request.model_copy(update={"files": files})
        wanted = Submitted(request=brought, place=None, handed_over=False)
        try:
            receipt = await device.ask(requests.submit, wanted)
        except Refused as refused:
            return Result("refused", request.recipients, rules=refused.rules)
        try:
            with transferring(on.err, f"Sending job {receipt.job}") as shown:
                await gone(device, receipt.job, shown)
        except asyncio.CancelledError:
            rows = [("Then", device.goes_on)]
            say(
                on.err,
                WAITS,
                f"Interrupted. Job {receipt.job} stays in the spool unless it was sent already.",
                rows,
            )
            raise
        return await outcome(device, receipt, request.recipients)


async def gone(device: Device, job: int, shown: Callable[[int, int], None]) -> None:
    """Until it has come as far as it can now; shows meanwhile how far its message has come."""
    async with device.lines(streams.progress) as signals:

        async def show_own() -> None:
            async for signal in signals:
                if signal.job == job:
                    shown(signal.octets, signal.of)

        showing = asyncio.ensure_future(show_own())
        try:
            await device.settle(job)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)


async def outcome(device: Device, receipt: Receipt, to: tuple[str, ...]) -> Result:
    job, content, advice = await device.ask(requests.job, job=receipt.job)
    story = await device.ask(requests.history, job=receipt.job)
    said = next((each.server for each in reversed(story.steps) if each.server), "")
    asked = tuple(each for each in content.recipients if each.outcome) if content else ()
    why = NOTHING if job.state == SENT.name.lower() else advice or NOTHING
    return Result(
        job.state, to, job.job, receipt.message_id, why, said, asked, job.retry_at, goes_on=device.goes_on
    )


def show(result: Result, files: Sequence[Path], on: Terminal, said: Words) -> None:
    names = ", ".join(path.name for path in files)
    about = whats_wrong(result.advice.cause, result.advice.remedy, said.actor(result.advice.actor))
    if result.state == "refused":
        refusal(on.err, "The mail was refused, nothing is in the spool.", result.rules, said)
    elif result.exit is Exit.OK:
        rows = [("Scan", names), ("To", ", ".join(result.to)), ("Message-ID", result.message_id or "")]
        say(on.out, DONE, f"Job {result.job} was sent.", rows)
    elif result.exit is Exit.DATA:
        refused = [
            ("Refused", f"{each.address}: {each.outcome}") for each in result.recipients if not each.accepted
        ]
        rows = [*about, *refused, ("Server", "" if refused else result.server)]
        say(on.err, FAILED, f"Job {result.job} ended without success.", rows)
    else:
        state = "is held" if result.state == HELD.name.lower() else "waits in the spool"
        next_try = f"It is tried again from {local(result.retry_at)} on. " if result.retry_at else ""
        taken = sum(each.accepted is True for each in result.recipients)
        part = f"{taken} of {len(result.to)} recipients have it." if taken else ""
        rows = [*about, ("Server", result.server), ("Sent", part), ("Then", next_try + result.goes_on)]
        say(on.err, WAITS, f"Job {result.job} {state}.", rows)


def as_json(result: Result) -> dict[str, object]:
    """What `--json` prints.

    `state` (sent, waiting, held, ended, refused), `job`, `message_id`, `to` (addresses), `why`, `do`, `who`,
    `server` (its words), `recipients` (those the server was asked about, each as `shape.of_recipient` says),
    `retry_at` (ISO 8601, UTC) and `rules` (the broken ones: `code`, `settings`, `why`, `do`, `who`). What
    does not apply is null or empty. `why` and `do` are in the device's language, `who` is one of the values
    of `Actor`.
    """
    waits = result.exit is not Exit.OK and not result.rules
    return {
        "state": result.state,
        "job": result.job,
        "message_id": result.message_id,
        "to": list(result.to),
        **of_advice(result.advice if waits else None),
        "server": result.server or None,
        "recipients": [of_recipient(each) for each in result.recipients],
        "retry_at": result.retry_at.isoformat() if result.retry_at else None,
        "rules": [rule_as_json(rule) for rule in result.rules],
    }


def rule_as_json(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "settings": list(rule.settings),
        "why": rule.sentence,
        "do": rule.remedy,
        "who": rule.actor.value,
    }
