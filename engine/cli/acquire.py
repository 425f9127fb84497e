"""`franking acquire`: [Acquire] of [Refresh Tokens (Administrator)], or the sign-in of one user (S23).

Rules: the person signs in with a browser on this machine, for the provider sends it back to loopback; on
another one with `--paste`, which wants the address back at which that ended, or with `--code`, which wants
nothing back. The browser is the person's own, with what it keeps, not the fresh profile of S19a; the command
says so. Whatever ends the command closes the screen; a sign-in that is cancelled or fails changes nothing.
"""

import asyncio
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.style import Style
from rich.text import Text

from ...events.base import ADMINISTRATOR
from ...events.information import Info
from ...events.settings import Flow
from ...events.sign_in import SignInCancelled, SignInTimedOut
from ...events.token import SignInSucceeded
from ...machines.job import SENT
from ...machines.refresh_token import REQUIRED
from .. import qr
from ..control import requests, streams
from ..control.client import ProblemTold
from ..control.screen import Shown
from ..control.streams import AtScreen
from ..control.values import Pasted, Person, StatusTold
from ..information import Warning as Warned
from ..settings import Settings
from ..shown import SignInCode
from ..signing_in import PasteRefused
from ..status import IdentityStatus
from ..words import Words
from ..words import words as words_in
from .exits import Exit
from .opening import Config, OAuthOffError, checked, loaded
from .reaching import Device, Running, reached
from .terminal import DONE, FAILED, WAITS, Terminal, plain, say, spinning, terminal, whats_wrong
from .times import clock_time
from .typed import typed

PASTE = (
    "Then paste here the address at which the browser ends, and press Enter. It begins with localhost or "
    "127.0.0.1; that the browser cannot reach it is as it should be."
)
NOT_BY_CODE = (
    "The engine that runs signs in as it is set: `franking settings set oauth.flow code` sets it to a code."
)
PLACE = "command line"
"One for all calls: the next one takes away the warning that a former one left."


class Where(StrEnum):
    """In which browser the address is opened."""

    HERE = "in a browser on this machine"
    ELSEWHERE = "in a browser on any machine"


class PrintedAddress:
    """Prints the address, or the code; `browser`, where there is one, opens the address, too."""

    def __init__(
        self, out: Console, browser: Callable[[str], bool] | None, where: Where = Where.HERE
    ) -> None:
        self.out, self.browser, self.where = out, browser, where
        self.wants_code = False
        "It was asked for on the command line."
        self.signs_in = ""
        "The address of the account that is wanted."

    async def put(self, what: Shown | None) -> None:
        if what is None:
            return
        if what.user_code:
            code = SignInCode(what.user_code, what.address, what.scan, what.closes_at, what.says)
            await self.show_code(PLACE, code)
        else:
            await self.open(PLACE, what.address, what.closes_at)

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.out.print(f"Open this address {self.where} and sign in as {plain(self.signs_in)}:\n")
        self.out.print(Text(address, style=Style(color="cyan", link=address)), soft_wrap=True)
        if self.where is Where.ELSEWHERE:
            self.out.print(f"\n{PASTE}")
        self.ends(closes_at)
        if self.browser is not None and not await asyncio.to_thread(self.browser, address):
            self.out.print("No browser could be opened here.", style="yellow")

    async def show_code(self, place: str, code: SignInCode) -> None:
        for sentence in code.says:
            self.out.print(Text(plain(sentence)))
        self.out.print()
        self.out.print(Text(code.user_code, style=Style(color="cyan", bold=True)))
        self.out.print()
        if self.out.is_terminal:
            self.out.print(Text(qr.text(code.scan), style=Style(color="white", bgcolor="black")))
        self.ends(code.expires_at)

    def ends(self, closes_at: datetime) -> None:
        self.out.print(f"\nIt is good until {clock_time(closes_at)}. Ctrl-C cancels.", style="dim")


@dataclass(frozen=True, slots=True)
class Result:
    fact: AtScreen
    "How the sign-in ended."
    identity: IdentityStatus
    "As it is now."
    before: str
    "[Status] before."
    went: int
    "Jobs that waited and were sent meanwhile."
    warnings: tuple[Warned, ...]
    "Of this sign-in and of this identity."
    said: Words
    "The words of the device's language."


def acquire(
    user: Annotated[
        str | None,
        typer.Option("--user", "-u", show_default=False, help="Sign in this user; else the administrator."),
    ] = None,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser",
            help="Open the address in this machine's browser. It is your own profile: it may offer accounts "
            "that are signed in there, and keeps this one signed in. To leave no trace, open the address in "
            "a private window instead.",
        ),
    ] = False,
    paste: Annotated[
        bool,
        typer.Option(
            "--paste",
            help="For a machine without a browser: open the address on another one, and paste here where "
            "that ends. Its browser says that it cannot be reached, which is as it should be.",
        ),
    ] = False,
    code: Annotated[
        bool,
        typer.Option(
            "--code",
            help="Sign in with a code that is entered on another device, such as a telephone. Not every "
            "provider and organisation allows it; then the address for a browser is shown.",
        ),
    ] = False,
    config: Config = None,
) -> None:
    """Signs in at the provider and acquires a token; mail that waited for it then goes."""
    if sum((browser, paste, code)) > 1:
        raise typer.BadParameter("only one of --browser, --paste and --code can be meant")
    found, settings = loaded(config)
    settings = checked(found, settings.changed(oauth={"flow": Flow.CODE}) if code else settings)
    if not settings.oauth.enabled:
        raise OAuthOffError
    on = terminal()
    where = Where.ELSEWHERE if paste else Where.HERE
    screen = PrintedAddress(on.out, webbrowser.open if browser else None, where)
    screen.wants_code = code
    raise typer.Exit(show(asyncio.run(signed_in(settings, user, screen, on)), on))


async def signed_in(settings: Settings, user: str | None, screen: PrintedAddress, on: Terminal) -> Result:
    """Raises Refused while a rule forbids it, UnknownUser, and what `reached` raises."""
    async with reached(settings) as device:
        if screen.wants_code and isinstance(device, Running):
            say(on.err, WAITS, NOT_BY_CODE)
        login = user or ADMINISTRATOR
        before = await device.ask(requests.status)
        screen.signs_in = address_of(before, settings, login)
        said = words_in(settings.device.language)
        with pasting(device, said, on) if screen.where is Where.ELSEWHERE else nullcontext():
            fact = await end_of_sign_in(device, user, screen, on)
        with spinning(on.err, "Sending what waited"):
            await device.settle()
        after = await device.ask(requests.status)
        now = next(each for each in after.identities if each.login == login)
        status = next(
            (each.refresh_token for each in before.identities if each.login == login), REQUIRED.value
        )
        warnings = tuple(each for each in after.information if each.subject in (PLACE, now.identity))
        return Result(fact, now, status, sent(after) - sent(before), warnings, said)


def address_of(found: StatusTold, settings: Settings, login: str) -> str:
    """As whom this person signs in; empty: nothing says it yet."""
    known = settings.users.get(login) if login != ADMINISTRATOR else settings.administrator.address
    return next((each.address for each in found.identities if each.login == login), "") or known or ""


@contextmanager
def pasting(device: Device, said: Words, on: Terminal) -> Iterator[None]:
    """What is pasted meanwhile; a wrong line is refused in words, and the next one read."""
    lines: asyncio.Queue[str] = asyncio.Queue()

    async def paste() -> None:
        while True:
            try:
                await device.ask(
                    requests.paste, Pasted.model_construct(address=await lines.get()), place=PLACE
                )
            except PasteRefused as refused:
                say(on.err, FAILED, said.error(refused))
            except ProblemTold as refused:
                say(on.err, FAILED, str(refused))

    pastes = asyncio.ensure_future(paste())
    try:
        with typed(sys.stdin.fileno(), lines.put_nowait):
            yield
    finally:
        pastes.cancel()


async def end_of_sign_in(device: Device, user: str | None, screen: PrintedAddress, on: Terminal) -> AtScreen:
    """Opens the screen and waits for what closes it; stopped, it closes the screen itself."""
    async with device.lines(streams.sign_ins, place=PLACE) as lines:
        try:
            if user is None:
                await device.ask(requests.acquire, place=PLACE)
            else:
                await device.ask(requests.sign_in, Person(user=user), place=PLACE)
            with spinning(on.err, "Waiting for the sign-in"):
                async for each in lines:
                    if each.ended:
                        return each
                    await screen.put(each.shown)
        except asyncio.CancelledError:
            await device.ask(requests.cancel_sign_in, place=PLACE)
            say(on.err, FAILED, "The sign-in was cancelled; nothing changed.")
            raise
    raise AssertionError("an answer without end has ended")


def sent(status: StatusTold) -> int:
    return sum(job.state == SENT.name.lower() for job in status.jobs)


def show(result: Result, on: Terminal) -> Exit:
    """The manual's words; the exit code."""
    who = "Administrator" if result.identity.identity == ADMINISTRATOR else "User"
    now = result.identity.refresh_token
    moved = now if now == result.before else f"{result.before} -> {now}"
    status = ("Status", f"[Refresh Tokens ({who})] - [Status]: {moved}")
    fact = result.fact
    if fact.ended == SignInSucceeded.__name__ and fact.right:
        went = f"{result.went} that waited, sent now" if result.went else ""
        other = next((each.cause for each in result.warnings if each.code is Info.FLOW_REFUSED), "")
        say(
            on.out,
            DONE,
            "The token was acquired.",
            [status, ("Account", result.identity.address), ("Jobs", went), ("Note", other)],
        )
        return Exit.OK
    if fact.ended == SignInSucceeded.__name__:
        rows = [*words(result.warnings, Info.OTHER_ACCOUNT), status]
        say(on.err, FAILED, "The token was not acquired: another account signed in.", rows)
        return Exit.NO_PERMISSION
    if fact.ended == SignInCancelled.__name__:
        say(on.err, FAILED, "The sign-in was cancelled at the provider; nothing changed.", [status])
        return Exit.NO_PERMISSION
    if fact.ended == SignInTimedOut.__name__:
        rows = [("Do", "Start again, and sign in within ten minutes."), status]
        say(on.err, FAILED, "The sign-in took too long; nothing changed.", rows)
        return Exit.TEMPORARY
    rows = of_fault(fact.code, result.said) or words(result.warnings, Info.SIGN_IN_FAILED)
    say(on.err, FAILED, "The token was not acquired; nothing changed.", [*rows, status])
    return Exit.TEMPORARY


def of_fault(code: str, said: Words) -> list[tuple[str, str]]:
    """What the device itself found wrong with the sign-in; empty for a code of the provider."""
    from ..oauth.faults import Fault, fault

    try:
        trouble = fault(Fault(code))
    except ValueError:
        return []
    return whats_wrong(
        said.table(f"{trouble.meaning}.cause", trouble.cause),
        said.table(f"{trouble.meaning}.remedy", trouble.remedy),
        said.actor(trouble.actor),
    )


def words(warnings: tuple[Warned, ...], code: Info) -> list[tuple[str, str]]:
    found = next((each for each in warnings if each.code is code), None)
    return whats_wrong(found.cause, found.remedy, found.who) if found else []
