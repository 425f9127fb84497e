"""Where a device under test stands: its provider, the submission server, its clock and its people.

Rule: everything is put together without an event loop, so that fixtures that are no coroutines can change it
before the test begins; what runs lives in the loop of the test.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..engine.known_time import BUILT
from ..engine.settings import Settings
from .device import ADMINISTRATOR, USERS, Device
from .frozen import elsewhere
from .journey import DeviceClock
from .kit import Kit, assembled, running
from .leaks import overhearing
from .provider import ProviderServer
from .providers import BY_NAME
from .screen import PersonAtTheScreen

START = BUILT + timedelta(days=1, hours=8)
"As early as a clock can stand that somebody has set."
PEOPLE = (ADMINISTRATOR, *USERS.values())
PASSWORDS = {address: f"password of {address}" for address in PEOPLE}


@dataclass(frozen=True, slots=True)
class Place:
    kit: Kit
    provider: ProviderServer
    device: Device
    called: str
    "The provider, as [OAuth 2.0 Provider] says it."
    sections: Mapping[str, object]
    "Settings that the test asks for."

    @property
    def clock(self) -> DeviceClock:
        return self.device.clock

    @classmethod
    @contextmanager
    def made(
        cls,
        folder: Path,
        provider: str,
        start: datetime,
        sections: Mapping[str, object],
        options: Mapping[str, Any],
    ) -> Iterator["Place"]:
        """`provider` is as [OAuth 2.0 Provider] says it. Raises UnknownPlayer, OSError."""
        name = provider.lower()
        if name not in BY_NAME:
            raise UnknownPlayer(provider)
        clock = DeviceClock(start if start.tzinfo else start.replace(tzinfo=UTC))
        kit = assembled(clock, folder / "kit", [name])
        for address, password in PASSWORDS.items():
            kit.add_account(address, password)
        screen = PersonAtTheScreen(kit.person(), PASSWORDS)
        with overhearing() as heard:
            device = Device(folder, clock, kit, Settings(), options, screen, heard)
            kit.providers[name].on_token(device.mark)
            yield cls(kit, kit.providers[name], device, provider, sections)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The servers run and the device is on; what is still on at the end is turned off. Raises FrozenLoop,
        and what `Device.power_on` raises.
        """
        elsewhere()
        async with running(self.kit):
            submission = self.kit.submissions[self.provider.quirks.name]
            self.device.settings = Settings().changed(
                administrator={"address": ADMINISTRATOR},
                from_address={"setting": "Login User Address"},
                oauth=self._application(),
                http={"version": "HTTP/2,HTTP/1.1"},
                smtp={"server": "localhost", "port": submission.port},
                store={"path": self.device.store},
                tls={"trust": self.kit.ca_file},
                users=dict(USERS),
            )
            await self.device.power_on(**self.sections)
            try:
                yield
            finally:
                if self.device.is_on:
                    await self.device.power_off()

    def _application(self) -> dict[str, object]:
        """Who the device is at the provider; a secret lies where an administrator would put it."""
        told: dict[str, object] = {
            "enabled": True,
            "provider": self.called,
            "client_id": self.provider.client_id,
            "authority": self.provider.base,
        }
        if self.provider.client_secret:
            folder = self.device.store / "credentials"
            folder.mkdir(mode=0o700, parents=True)
            path = folder / "client"
            path.touch(mode=0o600)
            path.write_text(self.provider.client_secret, encoding="utf-8")
            told["client_credential"] = "credential:client"
        return told


class UnknownPlayer(ValueError):
    """No provider is played by that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no provider {name!r} is played; there are {', '.join(sorted(BY_NAME))}")
