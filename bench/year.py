"""A year of a device: a mail each week, a provider with the limits that it documents, and outages.

Rule: nothing is left out but the waiting: sockets, TLS, the store's disk and every timer are real, and the
figure is what that costs. Most of it is outages: while a message waits, each try of a quarter of an hour is
a connection that is refused and three commits; `year_in_peace_s` is the same year without them.
"""

import asyncio
import random
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from ..testing.place import START, Place
from .measure import Figures, alone

ROUNDS = 3
OUTAGES = 4
OUTAGE_DAYS_MAX = 14
DAYS = 365


@dataclass(frozen=True, slots=True)
class Year:
    """What a year came to."""

    sent: int
    of: int
    sign_ins: int
    "Screens that were opened, the first one included."
    refreshes: int
    status: str
    "Of the user's refresh token at the end."
    warnings: tuple[str, ...]
    "On the [Information] screen at the end."


def year() -> Figures:
    return {
        "year_s": alone(ROUNDS, "s", lambda: seconds(OUTAGES)),
        "year_in_peace_s": alone(ROUNDS, "s", lambda: seconds(0)),
    }


def seconds(outages: int) -> float:
    """Of a year with a mail each week and so many outages."""
    with tempfile.TemporaryDirectory(prefix="franking-bench-") as folder:
        began = perf_counter()
        lived = asyncio.run(live(Path(folder), 7, 1, outages))
        assert (lived.sent, lived.sign_ins) == (lived.of, 1), "a sign-in was lost on the way"
        return perf_counter() - began


async def live(
    folder: Path, every_days: int, seed: int, outages: int = OUTAGES, provider: str = "Microsoft"
) -> Year:
    """A user signs in once, and scans every so many days for a year. The provider is down so many times, for
    up to 14 days each, when `seed` says.
    """
    chance = random.Random(seed)  # noqa: S311 - the same outages each time
    with Place.made(folder, provider, START, {}, {}) as place:
        device, clock = place.device, place.clock
        async with place.open():
            await device.sign_in()
            began = clock.now()
            mails = {began + timedelta(days=day) for day in range(every_days, DAYS, every_days)}
            lasting = {
                began + timedelta(days=chance.uniform(0, DAYS)): timedelta(
                    days=chance.uniform(0.1, OUTAGE_DAYS_MAX)
                )
                for _ in range(outages)
            }
            for moment in sorted({*mails, *lasting}):
                await clock.until(moment)
                if moment in lasting:
                    place.provider.down(until=moment + lasting[moment])
                else:
                    await device.scan()
            # What the last outage held up arrives after it.
            await clock.until(began + timedelta(days=DAYS + OUTAGE_DAYS_MAX + 1))
            return Year(
                len(place.kit.mailbox.messages),
                len(mails),
                len(device.screen.opened),
                place.provider.count("token:refresh_token"),
                device.refresh_token("kim"),
                tuple(device.warnings()),
            )
