"""What the tests of the OAuth adapter share: a playing provider, a person at the screen, and the client.

Rule: the provider is the strict one of the test kit, over verified TLS on loopback.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from franking.engine.clock import Clock
from franking.engine.oauth.client import OAuthProvider
from franking.engine.oauth.providers import BUILT_IN, ProviderData
from franking.engine.ports import Application, Parked
from franking.engine.secret import Secret
from franking.engine.shown import SignInRequest
from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.kit import Kit, playing
from franking.testing.provider import ProviderServer

KIM, PASSWORD = "kim@example.com", "correct horse battery"
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class PlayedScreen:
    """A screen in front of which somebody does `play` with the address that it shows."""

    play: Callable[[str], Awaitable[object]]
    opened: list[tuple[str, str, datetime]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    shown: list[object] = field(default_factory=list)

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.opened.append((place, address, closes_at))
        self.shown.append(await self.play(address))

    async def close(self, place: str) -> None:
        self.closed.append(place)


@dataclass(frozen=True, slots=True)
class Stage:
    kit: Kit
    clock: VirtualClock
    server: ProviderServer
    data: ProviderData

    def client(
        self,
        *,
        parked: Parked = nullcontext,
        clock: Clock | None = None,
        http2: bool = True,
        tenant: str = "organizations",
        application: Application | None = None,
        data: ProviderData | None = None,
    ) -> OAuthProvider:
        return OAuthProvider(
            data or self.data,
            application or self.application(tenant),
            clock or self.clock,
            self.context,
            lambda: http2,
            parked,
        )

    def context(self) -> ssl.SSLContext:
        return client_context(self.kit.ca_file)

    def application(self, tenant: str = "organizations") -> Application:
        secret = Secret(self.server.client_secret) if self.server.client_secret else None
        return Application(self.server.client_id, secret, tenant, self.server.base)

    def request(self, address: str = KIM) -> SignInRequest:
        return SignInRequest("panel", address, self.clock.now() + timedelta(minutes=10))

    def accepting(self, *, untick: frozenset[str] = frozenset()) -> PlayedScreen:
        return PlayedScreen(lambda url: self.kit.person().sign_in(url, KIM, PASSWORD, untick=untick))

    def with_data(self, **changes: object) -> ProviderData:
        return replace(self.data, **changes)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def staged(clock: VirtualClock, tmp_path: Path) -> Callable[[str], AbstractAsyncContextManager[Stage]]:
    """`async with staged("Microsoft") as stage`: that provider plays, and kim has an account there."""

    @asynccontextmanager
    async def stage(name: str) -> AsyncIterator[Stage]:
        async with playing(clock, tmp_path, (name.lower(),)) as kit:
            kit.add_account(KIM, PASSWORD)
            yield Stage(kit, clock, kit.providers[name.lower()], BUILT_IN[name])

    return stage


@pytest.fixture
def screen_of() -> Callable[[Callable[[str], Awaitable[object]]], PlayedScreen]:
    return PlayedScreen


@pytest.fixture
def stage_of() -> Callable[[Kit, VirtualClock, ProviderServer, ProviderData], Stage]:
    return Stage
