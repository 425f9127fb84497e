"""A person who signs in on another device, with the code that this one shows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from franking.engine.oauth.client import OAuthProvider
from franking.engine.oauth.providers import AccountClaims, ProviderData, Redirect
from franking.engine.ports import Cancelled, Lifetimes, Tokens, Trouble
from franking.engine.shown import SignInCode
from franking.events.settings import Flow
from franking.testing.provider import ProviderServer

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

KIM, PASSWORD = "kim@example.com", "correct horse battery"


@dataclass(slots=True)
class CodeScreen:
    """Fulfils `Screen` and `ShowsCodes`; somebody does `play` with the code that it shows."""

    play: Callable[[SignInCode], Awaitable[object]]
    codes: list[SignInCode] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:
        self.opened.append(address)
        return None

    async def show_code(self, place: str, code: SignInCode) -> Trouble | None:
        self.codes.append(code)
        done = await self.play(code)
        return done if isinstance(done, Trouble) else None

    async def close(self, place: str) -> None:
        self.closed.append(place)


@dataclass(slots=True)
class Elsewhere:
    """The sign-in, and time that passes only while it waits for the clock."""

    stage: "Stage"
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    polls: list[datetime] = field(default_factory=list)
    "Until when it waited, each time."

    @asynccontextmanager
    async def parked(self) -> AsyncIterator[None]:
        self.waits.set()
        yield
        self.waits.clear()

    def client(self, data: ProviderData | None = None) -> OAuthProvider:
        return self.stage.client(parked=self.parked, data=data)

    async def signs_in(
        self, screen: CodeScreen, client: OAuthProvider | None = None
    ) -> Tokens | Trouble | Cancelled:
        request = replace(self.stage.request(), flow=Flow.CODE, device="Scanner, second floor")
        task = asyncio.create_task((client or self.client()).sign_in(request, screen))
        return await self.passes(task)

    async def passes(
        self, task: "asyncio.Task[Tokens | Trouble | Cancelled]"
    ) -> Tokens | Trouble | Cancelled:
        while not task.done():
            waiting = asyncio.ensure_future(self.waits.wait())
            await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if self.waits.is_set() and (moment := self.stage.clock.next_wake()) is not None:
                self.waits.clear()
                self.polls.append(moment)
                self.stage.clock.set(moment)
        return task.result()


def standard(server: ProviderServer) -> ProviderData:
    """What an embedding program knows of a provider that does what the RFCs say."""
    return ProviderData(
        name="Standard",
        authorize=server.authorize_url,
        token=server.token_url,
        keys=server.keys_url,
        issuer=server.issuer,
        revoke=server.revoke_url,
        scopes=("smtp", "offline_access", "openid", "email"),
        scopes_needed=frozenset({"smtp"}),
        scopes_on_refresh=(),
        redirect=Redirect("127.0.0.1", ("127.0.0.1",)),
        rotates=True,
        claims=AccountClaims(account=(), email_verified=("email_verified",)),
        lifetimes=Lifetimes(timedelta(days=14), timedelta(minutes=5), "smtp.example.com", 1),
        device_code=server.device_url,
    )
