"""Starts what a device talks to: providers, their submission servers, and the authority that certifies them.

Rule: everything listens on loopback on ports that the system chose, lives in the caller's event loop, reads
the time from one source, and is gone when the context ends.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ..engine.clock import Clock
from .authority import Authority
from .clock import VirtualClock
from .mailbox import Mailbox
from .person import Person
from .provider import ProviderServer
from .providers import BY_NAME
from .quirks import Quirks
from .submission import SubmissionServer


@dataclass(frozen=True, slots=True)
class Kit:
    """What runs, or will run. `mailbox` takes the mail of all submission servers."""

    authority: Authority
    mailbox: Mailbox
    providers: Mapping[str, ProviderServer]
    submissions: Mapping[str, SubmissionServer]

    @property
    def ca_file(self) -> Path:
        return self.authority.ca_file

    @property
    def microsoft(self) -> ProviderServer:
        return self.providers["microsoft"]

    @property
    def google(self) -> ProviderServer:
        return self.providers["google"]

    @property
    def standard(self) -> ProviderServer:
        return self.providers["standard"]

    def person(self) -> Person:
        return Person(self.ca_file)

    def add_account(self, email: str, password: str) -> None:
        """Opens the mailbox at every provider."""
        for provider in self.providers.values():
            provider.accounts.add(email, password)


@asynccontextmanager
async def playing(
    clock: Clock, folder: Path, providers: Sequence[str | Quirks] = ("microsoft", "google")
) -> AsyncIterator[Kit]:
    """Starts these providers and their submission servers; `folder` gets `ca.pem` and `mailbox/`. Quirks of
    one's own are found in the kit under their name, too. Beside a VirtualClock they keep the true time.

    Raises KeyError for a name that has no quirks, OSError where `folder` cannot be written.
    """
    async with running(assembled(clock, folder, providers)) as kit:
        yield kit


def assembled(clock: Clock, folder: Path, providers: Sequence[str | Quirks] = ("microsoft", "google")) -> Kit:
    """The same, not running yet; no event loop is needed."""
    elsewhere = clock.true if isinstance(clock, VirtualClock) else clock
    authority = Authority(folder)
    mailbox = Mailbox(folder / "mailbox")
    known = [BY_NAME[provider] if isinstance(provider, str) else provider for provider in providers]
    servers = {quirks.name: ProviderServer(quirks, elsewhere, authority) for quirks in known}
    submissions = {name: SubmissionServer(server, authority, mailbox) for name, server in servers.items()}
    return Kit(authority, mailbox, servers, submissions)


@asynccontextmanager
async def running(kit: Kit) -> AsyncIterator[Kit]:
    """Starts the servers of the kit, and stops them at the end."""
    async with AsyncExitStack() as stack:
        for name, server in kit.providers.items():
            await stack.enter_async_context(server)
            await stack.enter_async_context(kit.submissions[name])
        yield kit
