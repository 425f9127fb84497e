"""`franking check`: whether mail can go as this device is set, before the first scan (B4).

Rules: it sends nothing that was not asked for. Steps are told as they are found, in the language of the
device; labels are English. `--monitor` keeps to what monitoring plugins do: one line, 0, 1, 2 or 3, whatever
happens.
"""

import asyncio
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Annotated, NamedTuple

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...events.values import Address
from ..checks.opening import looking
from ..checks.step import Ends, Looked, Name, run
from ..checks.step import Mark as Found
from ..checks.table import MAIL, STEPS
from ..clock import SystemClock
from ..control import requests
from ..control.client import EngineBusy, EngineGone, ProblemTold
from ..control.values import StatusTold
from ..settings import Settings
from ..words import Words, words
from .ending import text
from .exits import Exit, Judged
from .opening import Config, loaded
from .reaching import running
from .terminal import DONE, FAILED, WAITS, Mark, detail, plain, put, say, spinning, terminal, whats_wrong
from .times import whole_days

MARKS = MappingProxyType({
    Found.OK: DONE,
    Found.WARNS: Mark("!", "warns:", "bold yellow"),
    Found.FAILED: FAILED,
    Found.NOT_NEEDED: Mark("–", "-", "dim"),
    Found.NOT_LOOKED_AT: Mark("○", "-", "dim"),
})  # fmt: skip
EXITS = {Ends.CONFIG: Exit.CONFIG, Ends.TEMPORARY: Exit.TEMPORARY, Ends.UNREACHABLE: Exit.UNAVAILABLE}
OK, WARNING, CRITICAL, UNKNOWN = range(4)
"As monitoring plugins end."
STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def check(
    user: Annotated[
        str | None,
        typer.Option("--user", show_default=False, help="Look at this user's mail, not the device's own."),
    ] = None,
    send_to: Annotated[
        str | None,
        typer.Option("--send-to", show_default=False, help="Send a test mail to this address, at the end."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Tell it as JSON, of a documented shape.")] = False,
    monitor: Annotated[
        bool,
        typer.Option("--monitor", help="One line for a monitoring system, which ends with 0, 1, 2 or 3."),
    ] = False,
    config: Config = None,
) -> None:
    """Looks, step by step, whether mail can go, and says what stands in the way and who must act.

    Ends with 0 if it can; 78: somebody must act; 69: out of reach; 75: it passes by itself.
    """
    mail = Mail(user, addressed(send_to))
    if monitor:
        raise Judged(watched(config, mail))
    _, settings = loaded(config)
    on = terminal()
    if json:
        found = looked_at(settings, mail, lambda each: None).steps
        on.out.print_json(data=as_json(found, words(settings.device.language)))
    else:
        found = shown(settings, mail, on.out)
    raise typer.Exit(exit_of(found))


class Mail(NamedTuple):
    """What is looked at."""

    user: str | None
    send_to: str


def addressed(send_to: str | None) -> str:
    """Raises BadParameter."""
    if send_to is None:
        return ""
    try:
        TypeAdapter(Address).validate_python(send_to)
    except ValidationError:
        raise typer.BadParameter("--send-to takes an e-mail address") from None
    return send_to


class Whole(NamedTuple):
    """Of one check."""

    steps: tuple[Looked, ...]
    days_left: int | None
    "Of the sign-in, until it must be renewed or ends."


def looked_at(settings: Settings, mail: Mail, tell: Callable[[Looked], None]) -> Whole:
    """Raises what `looking` raises."""
    return asyncio.run(step_by_step(settings, mail, tell))


async def step_by_step(settings: Settings, mail: Mail, tell: Callable[[Looked], None]) -> Whole:
    found, clock = [], SystemClock()
    async with looking(settings, clock, mail.user, told=await told_by_running(settings)) as ground:
        ground.send_to = mail.send_to
        async for each in run((*STEPS, MAIL) if mail.send_to else STEPS, ground, clock):
            tell(each)
            found.append(each)
        until = ground.lasts_until
        return Whole(tuple(found), None if until is None else whole_days(until, clock.now()))


async def told_by_running(settings: Settings) -> StatusTold | None:
    """None: no engine runs, or it does not tell this caller."""
    async with running(settings) as there:
        try:
            return await there.ask(requests.status) if there is not None else None
        except (ProblemTold, EngineGone, EngineBusy):
            return None


def exit_of(found: Sequence[Looked]) -> Exit:
    """By the first step that failed: what comes after it may follow from it."""
    first = next((each.finding for each in found if each.finding.mark is Found.FAILED), None)
    if first is not None:
        return EXITS[first.ends]
    unsent = any(each.name is Name.MAIL and each.finding.mark is Found.NOT_LOOKED_AT for each in found)
    return Exit.TEMPORARY if unsent else Exit.OK


def shown(settings: Settings, mail: Mail, out: Console) -> tuple[Looked, ...]:
    said = words(settings.device.language)
    wide = max(len(said.say(name)) for name in Name)
    with spinning(out, said.say("check.looking")):
        found = looked_at(settings, mail, lambda each: line(out, each, said, wide)).steps
    failed = [said.say(each.name) for each in found if each.finding.mark is Found.FAILED]
    if failed:
        sums_up(out, FAILED, said.say("check.cannot", steps=", ".join(failed)))
    elif any(each.finding.mark is Found.NOT_LOOKED_AT for each in found):
        sums_up(out, WAITS, said.say("check.in-part"))
    else:
        sums_up(out, DONE, said.say("check.can"))
    return found


def sums_up(out: Console, mark: Mark, headline: str) -> None:
    if out.is_terminal:
        put(out, Text())
        say(out, mark, headline)
    else:
        put(out, Text(f"{mark.plain} {headline}"))


def line(out: Console, each: Looked, said: Words, wide: int) -> None:
    finding, mark, name = each.finding, MARKS[each.finding.mark], said.say(each.name)
    found, took = plain(told(each, said)), milliseconds(each)
    if out.is_terminal:
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(width=wide + len("✓ "), no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(justify="right", no_wrap=True, style="dim")
        quiet = "dim" if finding.mark in (Found.NOT_NEEDED, Found.NOT_LOOKED_AT) else ""
        sign = mark.sign if out.encoding.lower().replace("-", "") == "utf8" else mark.plain[0]
        named = Text.assemble((f"{sign} ", mark.style), (name, quiet or "bold"))
        grid.add_row(named, Text(found, quiet), took)
        put(out, grid)
    else:
        put(out, Text(f"{mark.plain} {name}: {found}".rstrip(": ") + (f" ({took})" if took else "")))
    if finding.cause:
        who = said.actor(finding.actor) if finding.actor else ""
        detail(out, whats_wrong(finding.cause, finding.remedy, who))


def told(each: Looked, said: Words) -> str:
    if each.finding.because is not None:
        return said.say("check.because", step=said.say(each.finding.because))
    return each.finding.found


def milliseconds(each: Looked) -> str:
    if each.finding.mark in (Found.NOT_NEEDED, Found.NOT_LOOKED_AT):
        return ""
    took = round(each.seconds * 1000)
    return f"{took} ms" if took else "<1 ms"


def as_json(found: Sequence[Looked], said: Words) -> dict[str, object]:
    """What `--json` prints; what does not apply is null.

    `can_send`: nothing that was looked at stands in the way.
    `seconds`: of all steps.
    `steps`, each: `step` (settings, dns, proxy, clock, tls, endpoint, http, client, consent, greeting,
    starttls, mechanism, sign-in, send-as, pace; mail with `--send-to`), `mark` (ok, warns, failed, not
    needed, not looked at), `seconds`, `found`, `because` (the step for want of which it was not looked at),
    `why` and `do` (in the device's language), `who` (one of the values of `Actor`), `ends` (of one that
    failed: config, temporary, unreachable).
    """
    return {
        "can_send": all(each.finding.mark is not Found.FAILED for each in found),
        "seconds": round(sum(each.seconds for each in found), 3),
        "steps": [
            {
                "step": each.name.key,
                "mark": each.finding.mark.value,
                "seconds": round(each.seconds, 3),
                "found": each.finding.found or None,
                "because": each.finding.because.key if each.finding.because else None,
                "why": each.finding.cause or None,
                "do": each.finding.remedy or None,
                "who": each.finding.actor.value if each.finding.actor else None,
                "ends": each.finding.ends.value if each.finding.mark is Found.FAILED else None,
            }
            for each in found
        ],
    }


def watched(config: Config, mail: Mail) -> int:
    """Prints the one line; the state. What cannot be looked at at all is unknown."""
    out = terminal().out
    try:
        _, settings = loaded(config)
        found, days_left = looked_at(settings, mail, lambda each: None)
    except Exception as error:  # noqa: BLE001 - a plugin ends with a state, whatever happens
        from .exits import exit_of as known

        put(
            out,
            Text(
                f"FRANKING {STATES[UNKNOWN]}: {plain(text(error)) if known(error) else type(error).__name__}"
            ),
        )
        return UNKNOWN
    said = words(settings.device.language)
    state, about = judged(found, said)
    put(out, Text(f"FRANKING {STATES[state]}: {plain(about)} | {performance(found, days_left)}"))
    return state


def judged(found: Sequence[Looked], said: Words) -> tuple[int, str]:
    for mark, state in ((Found.FAILED, CRITICAL), (Found.WARNS, WARNING)):
        each = next((each for each in found if each.finding.mark is mark), None)
        if each is not None:
            return state, f"{said.say(each.name)}: {each.finding.cause} {each.finding.remedy}".strip()
    if any(each.finding.mark is Found.NOT_LOOKED_AT for each in found):
        return OK, said.say("check.in-part")
    return OK, said.say("check.can")


def performance(found: Sequence[Looked], days_left: int | None) -> str:
    """Seconds of each step that was looked at, and of all; how many failed and warn; the days of the
    sign-in.
    """
    looked = [each for each in found if each.finding.mark not in (Found.NOT_NEEDED, Found.NOT_LOOKED_AT)]
    numbers = {mark: sum(each.finding.mark is mark for each in found) for mark in (Found.FAILED, Found.WARNS)}
    told = [f"time={sum(each.seconds for each in found):.3f}s;;;0"]
    told += [f"{mark.value}={number};;;0;{len(found)}" for mark, number in numbers.items()]
    told += [] if days_left is None else [f"days_left={days_left};;;0"]
    return " ".join([*told, *(f"{each.name.key}={each.seconds:.3f}s;;;0" for each in looked)])
