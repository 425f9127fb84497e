"""A device whose provider is played without sockets, for long lives of its tokens: what the provider said and
did is written down, so that the journal can be held against it.

Rule: the provider knows nothing of the engine; what it counts is what a real one would see.
"""

import asyncio
import secrets
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from franking.engine.adapters import Adapters
from franking.engine.engine import Engine
from franking.engine.ports import (
    AnswerClass,
    Application,
    Cancelled,
    Lifetimes,
    Screen,
    Tokens,
    Trouble,
    issuer_of,
)
from franking.engine.records import Batch, StoreFailed
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.engine.shown import SignInRequest
from franking.events.base import Event
from franking.events.information import Actor
from franking.events.settings import Flow
from franking.machines.refresh_token import REFRESH_TOKEN
from franking.testing.clock import VirtualClock
from franking.testing.device import pulled_out
from franking.testing.leaks import found
from franking.testing.travel import pass_time, settle

from .device import KIM, LEE, PRINTER, START, history
from .stored import assert_equals_replay

LOGINS = {"administrator": PRINTER, "kim": KIM, "lee": LEE}
HOUR = timedelta(hours=1)
LIFETIMES = Lifetimes(timedelta(days=90), timedelta(minutes=5), "localhost", 3)


@dataclass(slots=True)
class Grant:
    """At the provider. `tokens`: the newest last."""

    account: str
    tokens: list[str]
    dead: bool = False
    asking: int = 0
    "Refreshes of it that are under way."


@dataclass(slots=True)
class Books:
    """What the provider was asked and said."""

    clock: VirtualClock
    grants: list[Grant] = field(default_factory=list)
    issued: list[str] = field(default_factory=list, repr=False)
    words: set[str] = field(default_factory=set)
    "Codes with which it said that a grant is dead."
    most: int = 0
    "Refreshes of one grant at the same time."
    refreshes: int = 0
    answers: list[str] = field(default_factory=list)
    "What the next refreshes are answered with; then `ok`."
    slow: timedelta = timedelta()
    "How long answers take from now on."
    strict: bool = False
    "A former token ends the grant."
    account: str = ""
    "Who signs in, where not the person who is asked for."
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def token(self) -> str:
        self.issued.append(secrets.token_urlsafe(48))
        return self.issued[-1]

    def granted(self, account: str) -> Grant:
        self.grants.append(Grant(account, [self.token()]))
        return self.grants[-1]

    def tokens(self, grant: Grant, refresh: str | None) -> Tokens:
        brought = None if refresh is None else Secret(refresh)
        return Tokens(Secret(self.token()), self.clock.now() + HOUR, brought, grant.account)

    def find(self, token: str) -> Grant:
        """It never sees a token that it did not issue."""
        return next(grant for grant in self.grants if token in grant.tokens)


@dataclass(slots=True)
class PlayedProvider:
    """Fulfils `ports.SignsIn`."""

    books: Books
    issuer: str
    lifetimes: Lifetimes = LIFETIMES

    async def refresh(self, grant: Secret) -> Tokens | Trouble:
        books, token = self.books, grant.reveal()
        at = books.find(token)
        books.refreshes += 1
        at.asking += 1
        books.most = max(books.most, at.asking)
        try:
            if books.slow and await self.disturbed(books.slow):
                return trouble(AnswerClass.WAIT, "network")
            return self.answered(at, token, books.answers.pop(0) if books.answers else "ok")
        finally:
            at.asking -= 1

    async def disturbed(self, delay: timedelta) -> bool:
        """Whether the connection was cut while the answer took so long."""
        clock = self.books.clock.true
        waits = [
            asyncio.ensure_future(clock.hold_back(delay)),
            asyncio.ensure_future(self.books.cut.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return self.books.cut.is_set()

    def answered(self, at: Grant, token: str, answer: str) -> Tokens | Trouble:
        books = self.books
        if answer in ("wait", "admin", "app", "protocol", "ours"):
            return trouble(AnswerClass(answer), f"{answer}-{books.refreshes}")
        if books.strict and token != at.tokens[-1]:
            at.dead = True
        if answer == "person":
            at.dead = True
        if at.dead:
            books.words.add(code := f"AADSTS50173-{books.refreshes}")
            return trouble(AnswerClass.PERSON, code)
        if answer in ("rotated", "lost"):
            at.tokens.append(books.token())
        if answer == "lost":
            return trouble(AnswerClass.WAIT, "network")
        return books.tokens(at, at.tokens[-1] if answer == "rotated" else None)

    async def sign_in(self, request: SignInRequest, screen: Screen) -> Tokens | Trouble | Cancelled:
        if self.books.account == "nobody":
            return Cancelled()
        grant = self.books.granted(self.books.account or request.address)
        return self.books.tokens(grant, grant.tokens[-1])

    def instead(self, flow: Flow, refused: Trouble, screen: Screen) -> Flow | None:
        return None

    async def revoke(self, grant: Secret) -> bool:
        self.books.find(grant.reveal()).dead = True
        return True

    async def aclose(self) -> None:
        """Nothing is open."""


class NoScreen:
    """Nobody sees anything: the played provider signs in by itself."""

    async def open(self, place: str, address: str, closes_at: object) -> Trouble | None:
        return None

    async def close(self, place: str) -> None:
        """Nothing was opened."""


def trouble(kind: AnswerClass, code: str) -> Trouble:
    return Trouble(kind, code, "oauth.outage", "why", "what to do", Actor.NOBODY)


class Life:
    """One device from its first start on, in a loop that the caller runs."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.clock = VirtualClock(START)
        self.books = Books(self.clock)
        self.deletions = 0
        "Grants that people deleted, as far as the engine accepted it."
        self.faults: list[StoreFailed] = []
        "The next commits fail with these."
        self.settings = Settings().changed(
            administrator={"address": PRINTER},
            from_address={"setting": "Login User Address"},
            oauth={"enabled": True, "client_id": "device"},
            http={"version": "HTTP/2,HTTP/1.1"},
            store={
                "path": self.store,
                "journal_kept": timedelta(days=3650),
            },  # it is held against the journal
            users={"kim": KIM, "lee": LEE},
        )

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine

    _engine: Engine | None = None

    async def power_on(self) -> None:
        self.books.cut.clear()
        self.stack = AsyncExitStack()
        opened = Engine.open(self.settings, clock=self.clock, screen=NoScreen(), device=lambda: "serial:1")
        self._engine = await self.stack.enter_async_context(opened)
        commit = self.engine.store.commit

        async def fails(batch: Batch) -> None:
            if self.faults:
                raise self.faults.pop(0)
            await commit(batch)

        self.engine.store.commit = fails  # type: ignore[method-assign]
        await settle(self.engine, self.clock)

    async def power_off(self) -> None:
        self.faults.clear()
        self.books.cut.set()
        self.engine.store.commit = type(self.engine.store).commit.__get__(self.engine.store)  # type: ignore[method-assign]
        await self.stack.aclose()
        self._engine = None

    async def power_cut(self) -> None:
        after = pulled_out(self.engine, self.store)
        self.books.cut.set()
        await self.stack.aclose()
        self._engine = None
        shutil.rmtree(self.store)
        after.rename(self.store)

    async def passes(self, **duration: float) -> None:
        await pass_time(self.engine, self.clock, **duration)

    async def settles(self) -> None:
        await settle(self.engine, self.clock)

    def identity(self, login: str) -> str:
        """Empty where nobody by that name is known yet."""
        known = self.engine.status().identities
        return next((each.identity for each in known if each.login == login), "")

    def state(self, identity: str) -> str:
        return self.engine.runtime.instance(REFRESH_TOKEN, identity).state.value

    def journal(self) -> list[Event]:
        return history(self.engine)

    def check_files(self) -> None:
        """No token lies in clear in any file of the store."""
        assert found(self.books.issued, self.store, ()) == []

    def check_replay(self) -> None:
        assert_equals_replay(self.engine.store)  # type: ignore[arg-type]


def played(books: Callable[[], Books]) -> Callable[[Adapters, str, Application], PlayedProvider]:
    """In place of `Adapters.provider_of`."""
    return lambda adapters, name, application: PlayedProvider(books(), issuer_of(name, application))
