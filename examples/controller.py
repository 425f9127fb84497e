"""A scanner with a text display and a row of keys: what a device maker's controller does with the engine.

    python examples/controller.py franking.toml

The display is the terminal, a key is a word of `KEYS`. The sign-in screen is the display, too: it shows the
address, and a browser on this machine opens it, for the provider sends that back to this machine; where
another one ends is pasted. With `[oauth] flow = "code"` it shows a code for another device. A device
with a browser of its own needs no screen of the program's: `[browser] enabled = true` in the settings.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from franking import Engine, ScanToEmail, Settings
from franking.engine.clock import Clock, SystemClock
from franking.engine.records import StoreFailed
from franking.engine.refusal import Refused
from franking.engine.shown import SignInCode
from franking.engine.spool import ScanUnreadable
from franking.events.device import SystemAutoReset
from franking.events.information import InformationRaised
from franking.events.job import JobSent
from franking.events.sign_in import SignInCancelled, SignInTimedOut
from franking.events.token import SignInSucceeded
from franking.machines.roles import Role, Viewer

KEYS = "login USER, scan ADDRESS FILE, paste ADDRESS, cancel, keep, discard, information, logout"
NOBODY = "Nobody is logged in."
PLACE = "panel"
MINUTE = timedelta(minutes=1)
Show = Callable[[str], None]


class TextScreen:
    """Fulfils `Screen` and `ShowsCodes` of `franking.engine.ports`: shows the address, or the code, and each
    minute how long it is good.
    """

    def __init__(self, show: Show, clock: Clock) -> None:
        self.show, self.clock = show, clock
        self.open_at: dict[str, asyncio.Task[None]] = {}

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.show(f"Sign in with a browser on this machine: {address}")
        self.open_at[place] = asyncio.create_task(self.count_down(closes_at))

    async def show_code(self, place: str, code: SignInCode) -> None:
        """With `[oauth] flow = "code"`; `franking.engine.qr.svg(code.scan)` is for a display that draws."""
        for sentence in code.says:
            self.show(sentence)
        self.show(f"The code: {code.user_code}")
        self.open_at[place] = asyncio.create_task(self.count_down(code.expires_at))

    async def close(self, place: str) -> None:
        if (counting := self.open_at.pop(place, None)) is not None:
            counting.cancel()
            self.show("The sign-in screen is closed.")

    async def count_down(self, closes_at: datetime) -> None:
        while (minutes := -((self.clock.now() - closes_at) // MINUTE)) > 0:
            self.show(f"{minutes} min left. [cancel] ends it.")
            await self.clock.sleep_until(closes_at - (minutes - 1) * MINUTE)


class Controller:
    def __init__(self, engine: Engine, show: Show) -> None:
        self.engine, self.show = engine, show
        engine.on(SignInSucceeded, lambda fact: self.show("You are signed in.") if fact.right else None)
        engine.on(SignInCancelled, lambda fact: self.ask())
        engine.on(SignInTimedOut, lambda fact: self.show("The sign-in took too long; your mail waits."))
        engine.on(JobSent, lambda fact: self.show(f"Job {fact.job} was sent."))
        engine.on(InformationRaised, lambda fact: self.show("[Information] has news."))
        engine.on(SystemAutoReset, lambda fact: self.show(NOBODY))

    async def key(self, line: str) -> None:
        """What a person does at the panel. Each refusal says why, what to do, and who has to do it."""
        await self.engine.touch(PLACE)
        try:
            await self.act(line.split(maxsplit=2), self.engine.who_stands_at(PLACE))
        except ValidationError:
            self.show("This is no e-mail address.")
        except (Refused, ScanUnreadable, StoreFailed, ValueError) as refusal:
            self.show(self.engine.words.error(refusal))

    async def act(self, words: list[str], user: str) -> None:
        match words:
            case ["login", login]:
                await self.engine.log_in(PLACE, login)
                self.show(f"{login} is logged in.")
            case ["information"]:
                self.information(user)
            case _ if not user:
                self.show("Log in first: login USER")
            case ["scan", to, file]:
                receipt = await self.engine.submit(
                    ScanToEmail(user=user, to=(to,), files=(Path(file),)), PLACE
                )
                self.show(f"Job {receipt.job} is taken. {receipt.waits_for}".strip())
            case ["paste", address]:
                self.engine.paste(PLACE, address)
            case ["cancel"]:
                await self.engine.cancel_sign_in(PLACE)
            case ["keep"]:
                self.show("Your mail waits; you are asked to sign in when you log in again.")
            case ["discard"]:
                self.show(f"Discarded, scans erased: {await self.engine.discard_waiting(PLACE)}.")
            case ["logout"]:
                await self.engine.log_out(PLACE)
                self.show(NOBODY)
            case _:
                self.show(f"The keys: {KEYS}")

    def ask(self) -> None:
        """The person has closed the sign-in screen (S18)."""
        for job in self.engine.waits_at(PLACE):
            self.show(f"Job {job.job} waits for your sign-in: keep or discard?")

    def information(self, user: str) -> None:
        """What concerns the device, and who stands in front of it; nobody else's (S24)."""
        warnings = self.engine.view(Viewer(Role.USER, user)).information()
        for each in warnings:
            self.show(f"{each.code} {each.cause} {each.remedy} ({each.who})")
        if not warnings:
            self.show("[Information] is empty.")


async def main(configuration: str) -> None:
    keys = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(keys), sys.stdin)
    settings, screen = Settings.load(configuration), TextScreen(print, SystemClock())
    async with Engine.open(settings, screen=None if settings.browser.enabled else screen) as engine:
        controller = Controller(engine, print)
        print(f"Ready. The keys: {KEYS}")
        while line := await keys.readline():
            await controller.key(line.decode(errors="replace").strip())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
