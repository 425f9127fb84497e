"""A device under test: an engine with a store of its own, the people in front of it, and what it can suffer.

    await device.sign_in("kim")
    await device.scan("kim")
    await device.power_cut()
    await device.power_on()

Rule: it does what a real one does, through the engine's public door alone; only a power cut reaches inside.
"""

import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..engine.engine import Engine
from ..engine.records import Batch, StoreFailed
from ..engine.settings import Settings
from ..engine.status import IdentityStatus
from ..engine.submitting import Receipt
from ..events.base import Event
from ..events.request import EmailNotification, ScanToEmail
from .journey import DeviceClock
from .kit import Kit
from .leaks import Overheard, found
from .screen import PersonAtTheScreen

ADMINISTRATOR = "printer@example.com"
USERS: Mapping[str, str] = {"kim": "kim@example.com", "lee": "lee@example.com"}
OFFICE = "office@example.com"
PAGES = b"%PDF-1.7\n% a page\n" * 20
JOURNAL_MOST = 1_000_000


class DeviceOff(AssertionError):
    """A test wants something of a device that is off."""

    def __init__(self) -> None:
        super().__init__("the device is off: `await device.power_on()`")


class NotAcquired(AssertionError):
    """A sign-in that a test takes for granted did not succeed."""

    def __init__(self, login: str, status: str, shown: list[str]) -> None:
        said = "; ".join(shown) or "nothing"
        super().__init__(f"{login} has not signed in: the refresh token is {status}; the screen said {said}")


@dataclass(slots=True)
class Device:
    """`settings` are those with which it is turned on next. `screen` is the person in front of it."""

    folder: Path
    clock: DeviceClock
    kit: Kit
    settings: Settings
    options: Mapping[str, Any]
    "More for `Engine.open`: rules, providers, directory, ..."
    screen: PersonAtTheScreen
    heard: Overheard
    marked: set[str] = field(default_factory=set, repr=False)
    "Secrets that `leaks` looks for; every token that the provider issues is one."
    _stack: AsyncExitStack | None = field(default=None, repr=False)
    _engine: Engine | None = field(default=None, repr=False)

    @property
    def store(self) -> Path:
        """The folder of the engine's store."""
        return self.folder / "store"

    @property
    def engine(self) -> Engine:
        """Raises DeviceOff."""
        if self._engine is None:
            raise DeviceOff
        return self._engine

    @property
    def is_on(self) -> bool:
        return self._engine is not None

    # Power

    async def power_on(self, **sections: object) -> Engine:
        """Opens the engine, with these settings changed (`oauth={"auto_delete": True}`). Raises what
        `Engine.open` and `Settings.changed` raise.
        """
        assert not self.is_on, "the device is on"
        self.settings = self.settings.changed(**sections)
        stack = AsyncExitStack()
        opened = Engine.open(self.settings, clock=self.clock, screen=self.screen, **self.options)
        self._engine = await stack.enter_async_context(opened)
        self._stack = stack
        self.clock.attached.append(self._engine)
        await self.clock.settle()
        return self._engine

    async def power_off(self) -> None:
        """By its switch: a message whose body is under way may end."""
        engine, stack = self.engine, self._stack
        assert stack is not None
        self.clock.attached.remove(engine)
        self._engine = self._stack = None
        await stack.aclose()

    async def restart(self, **sections: object) -> Engine:
        await self.power_off()
        return await self.power_on(**sections)

    async def power_cut(self) -> None:
        """The plug is pulled: what is on the disk now is there when it is turned on again, and nothing else
        happened; its connections are gone.
        """
        engine = self.engine
        after = pulled_out(engine, self.store)
        with ExitStack() as unplugged:
            for provider in self.kit.providers.values():
                unplugged.enter_context(provider.unplugged())
            for submission in self.kit.submissions.values():
                submission.cut_all()
            await self.power_off()
        shutil.rmtree(self.store)
        after.rename(self.store)

    # People

    async def acquire(self, place: str = "page") -> None:
        """The administrator taps [Acquire] and signs in. Raises NotAcquired."""
        await self.engine.acquire(place)
        await self._signed_in("administrator")

    async def log_in(self, user: str = "kim", place: str = "panel") -> None:
        await self.engine.log_in(place, user)
        await self.clock.settle()

    async def sign_in(self, user: str = "kim", place: str = "panel") -> None:
        """The user logs in at the place, and signs in with the provider. Raises NotAcquired."""
        await self.log_in(user, place)
        await self.engine.sign_in(place, user)
        await self._signed_in(user)

    async def log_out(self, place: str = "panel") -> None:
        await self.engine.log_out(place)
        await self.clock.settle()

    async def scan(
        self, user: str = "kim", place: str | None = None, to: tuple[str, ...] = (OFFICE,)
    ) -> Receipt:
        """Scan to E-mail, as far as it gets now. Raises Refused."""
        path = self.folder / "scan.pdf"
        path.write_bytes(PAGES)
        receipt = await self.engine.submit(ScanToEmail(user=user, to=to, files=(path,)), place)
        await self.clock.settle()
        return receipt

    async def notice(self, event: str = "Toner is low", to: tuple[str, ...] = (OFFICE,)) -> Receipt:
        """What the device sends by itself, as administrator, as far as it gets now. Raises Refused."""
        receipt = await self.engine.submit(EmailNotification(to=to, event=event))
        await self.clock.settle()
        return receipt

    # What can be seen

    def refresh_token(self, login: str) -> str:
        """[Status] in [Refresh Tokens]: Required, Acquired or Expired."""
        return self._identity(login).refresh_token

    def access_token(self, login: str) -> str:
        return self._identity(login).access_token

    def jobs(self) -> list[str]:
        """The state of each job, in the order in which they were submitted."""
        return [job.state for job in self.engine.status().jobs]

    def warnings(self) -> list[str]:
        """The codes on the [Information] screen."""
        return [warning.code.name for warning in self.engine.information()]

    def journal(self) -> list[Event]:
        """Every fact so far that can be read, the oldest first."""
        from ..engine.journal import entry

        entries = [entry(line).event for line in self.engine.store.lines(0, JOURNAL_MOST)]
        return [event for event in entries if isinstance(event, Event)]

    def said(self, kind: type[Event]) -> int:
        """How often a fact of this kind stands in the journal."""
        return sum(isinstance(event, kind) for event in self.journal())

    def mark(self, secret: str) -> None:
        """One more secret that `leaks` looks for."""
        self.marked.add(secret)

    def leaks(self) -> list[str]:
        """Where a marked secret can be read: files of the store, what was logged, events, what is shown. The
        list is empty where all is well.
        """
        texts = list(self.heard.texts)
        if self.is_on:
            engine = self.engine
            texts += [(f"journal: {type(fact).__name__}", fact.model_dump_json()) for fact in self.journal()]
            texts += [("status", repr(engine.status())), ("information", repr(engine.information()))]
        return found(self.marked, self.store, texts)

    def _identity(self, login: str) -> IdentityStatus:
        known = self.engine.status().identities
        if (status := next((each for each in known if each.login == login), None)) is None:
            raise AssertionError(
                f"nobody is known as {login}, only {', '.join(each.login for each in known)}"
            )
        return status

    async def _signed_in(self, login: str) -> None:
        await self.clock.settle()
        if (status := self.refresh_token(login)) != "Acquired":
            raise NotAcquired(login, status, self.screen.pages[-1:])


def pulled_out(engine: Engine, store: Path) -> Path:
    """A folder beside the store with what is on the disk at this moment; from now on the engine writes
    nothing.
    """
    after = store.with_name(f"{store.name}-after-the-cut")
    # In the thread that writes, so that it falls between two commits, as every power cut does for SQLite.
    engine.store.thread.submit(shutil.copytree, store, after).result()  # type: ignore[attr-defined]
    engine.store.commit = _lost  # type: ignore[method-assign]
    return after


async def _lost(batch: Batch) -> None:
    raise StoreFailed("the power is cut", full=True)
