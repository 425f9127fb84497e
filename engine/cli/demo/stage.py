"""What the demonstration plays on: the printer of what happens, the checks, the engine with its servers and
people.

Rule: nothing is said to have happened that was not checked; a check that fails ends the demonstration.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ....events.base import Event
from ....events.information import InformationCleared, InformationRaised
from ....events.request import EmailNotification, Request, ScanToEmail
from ....testing.clock import VirtualClock
from ....testing.kit import Kit
from ....testing.screen import PersonAtTheScreen
from ....testing.travel import pass_time
from ...engine import Engine
from ...information import Warning
from ...play import Move
from ...refusal import Refused
from ...settings import Settings
from ...submitting import Receipt

ADMINISTRATOR = "printer@example.com"
KIM = "kim@example.com"
LEE = "lee@example.com"
OFFICE = "office@example.com"
"Where all the mail goes."
PASSWORDS = {address: f"pass-{address}" for address in (ADMINISTRATOR, KIM, LEE)}

COLUMN = 31
COLOURS = {
    "validation": "bright_blue",
    "session": "cyan",
    "sign-in": "magenta",
    "refresh token": "yellow",
    "access token": "bright_yellow",
    "job": "green",
}


class Untrue(Exception):
    """A claim of the demonstration does not hold."""


@dataclass
class Stage:
    console: Console
    clock: VirtualClock
    kit: Kit
    folder: Path
    screen: PersonAtTheScreen
    expected: list[tuple[str, bytes]] = field(default_factory=list)
    "File name and digest of each attachment that must arrive."
    notices: int = 0
    checks: int = 0
    chapters: int = 0

    def chapter(self, title: str) -> None:
        self.chapters += 1
        self.console.print()
        self.console.print(Text(f" {self.chapters}  {title}", style="bold"))

    def tell(self, sentence: str, style: str = "") -> None:
        self.line("", sentence, style)

    def line(self, who: str, what: str | Text, style: str = "") -> None:
        shown = Text(f"    {self.clock.now():%d %b %H:%M:%S}  ", style="dim")
        shown.append(f"{who:<{COLUMN}}" if who else "", style=COLOURS.get(who.partition(" · ")[0], "dim"))
        shown.append(what if isinstance(what, Text) else Text(what, style=style))
        self.console.print(shown, soft_wrap=True)

    def check(self, holds: bool, claim: str) -> None:
        """Raises Untrue."""
        if not holds:
            raise Untrue(claim)
        self.checks += 1
        self.tell(f"✓ {claim}", "green")

    def moved(self, engine: Engine, move: Move) -> None:
        """Each step that took a machine to another state."""
        if move.before.state is move.after.state:
            return
        subject = f" · {engine.people.name(move.key)}" if move.key else ""
        what = Text(f"{words(move.before.state)} → ")
        what.append(words(move.after.state), style="bold")
        what.append(f"   {type(move.fact).__name__}", style="dim")
        self.line(f"{move.machine.title}{subject}", what)

    def informed(self, fact: Event) -> None:
        if isinstance(fact, InformationRaised):
            self.line(
                "[Information]", f"{fact.code} {fact.code.name.lower().replace('_', ' ')}: raised", "bold red"
            )
        elif isinstance(fact, InformationCleared):
            self.line(
                "[Information]", f"{fact.code} {fact.code.name.lower().replace('_', ' ')}: cleared", "green"
            )

    def refused(self, refusal: Refused) -> None:
        self.tell(f"✗ {refusal.what}:", "bold red")
        for rule in refusal.rules:
            self.tell(f"  rule {rule.code}: {rule.sentence}")
            self.tell(f"  remedy: {rule.remedy}")
            self.tell(f"  who must act: {rule.actor.value}")

    def warned(self, warning: Warning) -> None:
        self.tell(f"  {warning.cause}")
        self.tell(f"  remedy: {warning.remedy}")
        self.tell(f"  who must act: {warning.who}")

    @asynccontextmanager
    async def engine(self, settings: Settings) -> AsyncIterator[Engine]:
        """Power on, until the block ends."""
        async with Engine.open(settings, clock=self.clock, screen=self.screen) as engine:
            engine.watch(lambda move: self.moved(engine, move))
            engine.on(InformationRaised, self.informed)
            engine.on(InformationCleared, self.informed)
            yield engine

    async def scan(self, engine: Engine, user: str, path: Path) -> Receipt:
        """`user` scans and sends at the panel."""
        self.tell(f"{user} scans {path.name} ({megabytes(path):.1f} MB) and taps [Start]")
        return await self.submit(engine, user, path)

    async def submit(self, engine: Engine, user: str, path: Path) -> Receipt:
        request = ScanToEmail(user=user, to=(OFFICE,), subject=f"Scan of {user}", files=(path,))
        receipt = await engine.submit(request, place="panel")
        self.expect(path)
        return receipt

    def expect(self, path: Path) -> None:
        """This scan must arrive as it is."""
        self.expected.append((path.name, digest(path)))

    def other(self, claim: str, holds: bool) -> None:
        """A message that is no plain scan has arrived, as the claim says. Raises Untrue."""
        self.check(holds, claim)
        self.notices += 1

    async def notice(self, engine: Engine, what: str) -> Receipt:
        """The device tells something by itself, as administrator."""
        self.tell(f"the device has something to tell: {what}")
        receipt = await engine.submit(EmailNotification(to=(OFFICE,), event=what))
        self.notices += 1
        return receipt

    async def refuses(self, engine: Engine, request: Request, code: str) -> None:
        """A person's job is refused at once, by this rule alone, and nothing is spooled. Raises Untrue."""
        before = sorted(engine.spool.folder.iterdir())
        try:
            await engine.submit(request, place="panel")
        except Refused as refusal:
            self.refused(refusal)
            self.check(refusal.codes == (code,), f"refused by rule {code}, with remedy and who must act")
            self.check(sorted(engine.spool.folder.iterdir()) == before, "nothing of it was spooled")
        else:
            raise Untrue(f"the job should have been refused by rule {code}")

    def sent(self, engine: Engine, receipt: Receipt, claim: str) -> None:
        self.check(engine.job(receipt.job).state == "sent", claim)

    async def passes(self, engine: Engine, **duration: float) -> None:
        unit, amount = next(iter(duration.items()))
        self.tell(f"… {amount:g} {unit} pass", "dim italic")
        await pass_time(engine, self.clock, **duration)

    def arrived(self) -> int:
        """Every message and every attachment, byte for byte. Raises Untrue."""
        messages = self.kit.mailbox.messages
        found = [
            (name, hashlib.sha256(content).digest())
            for message in messages
            for name, content in message.attachments()
            if name in {known for known, _ in self.expected}
        ]
        self.check(
            len(messages) == len(self.expected) + self.notices, f"{len(messages)} messages are in the mailbox"
        )
        self.check(
            sorted(found) == sorted(self.expected), f"{len(found)} attachments are identical, byte for byte"
        )
        return len(messages)


def megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


def digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def words(state: object) -> str:
    value = str(getattr(state, "value", state))
    return value.replace("_", " ")
