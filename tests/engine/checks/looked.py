"""A look at a device in an office, for tests of the steps: each fault is a real one on loopback.

Rule: nobody's clock is moved but where the clock is the fault.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from franking.engine.checks.opening import looking
from franking.engine.checks.step import Finding, Mark, Name, run
from franking.engine.checks.table import STEPS
from franking.engine.clock import Clock, SystemClock
from franking.engine.oauth.providers import ProviderData
from franking.engine.settings import Settings
from franking.engine.status import Status
from franking.tests.engine.device import Office, office

Looked = dict[Name, Finding]


async def look(
    settings: Settings,
    user: str | None = None,
    clock: Clock | None = None,
    providers: Mapping[str, ProviderData] | None = None,
    told: Status | None = None,
) -> Looked:
    now = clock or SystemClock()
    async with looking(settings, now, user, providers or {}, told) as ground:
        return {each.name: each.finding async for each in run(STEPS, ground, now)}


def failed(found: Looked) -> list[Name]:
    return [name for name, finding in found.items() if finding.mark is Mark.FAILED]


def warned(found: Looked) -> list[Name]:
    return [name for name, finding in found.items() if finding.mark is Mark.WARNS]


def because(found: Looked, name: Name) -> list[Name]:
    """What was not looked at for want of this step."""
    return [each for each, finding in found.items() if finding.because is name]


@asynccontextmanager
async def acquired(folder: Path, provider: str = "Microsoft", **sections: object) -> AsyncIterator[Office]:
    """The administrator has signed in, and the device is off: its own mail can go."""
    async with office(folder, provider, SystemClock(), **sections) as here:
        async with here.engine() as engine:
            await here.acquire(engine)
        yield here


class Ahead(SystemClock):
    """Half an hour before the others."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=30)
