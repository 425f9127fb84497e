"""What most tests of the playing provider start from: a provider with one account, a client and a person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from franking.testing.authority import Authority
from franking.testing.clock import VirtualClock
from franking.testing.person import Person
from franking.testing.plain_client import PlainClient
from franking.testing.provider import ProviderServer
from franking.testing.quirks import Quirks

KIM = "kim@example.com"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Scene:
    server: ProviderServer
    client: PlainClient
    person: Person

    @property
    def outcomes(self) -> list[str]:
        return [seen.outcome for seen in self.server.requests]


@asynccontextmanager
async def scene(quirks: Quirks, clock: VirtualClock, folder: Path) -> AsyncIterator[Scene]:
    authority = Authority(folder)
    async with ProviderServer(quirks, clock, authority) as server:
        server.accounts.add(KIM, PASSWORD, name="Kim")
        async with PlainClient(server, authority.ca_file) as client:
            yield Scene(server, client, Person(authority.ca_file))
