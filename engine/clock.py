"""The one place where time comes from.

Rule: nothing else in the engine asks the system for the time, so that a virtual clock and freezegun both move
all of it. `now()` is looked up at each call, for freezegun patches `datetime`.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

GLANCE_S = 30.0
"The wall clock may be set while somebody waits: it is looked at again at least this often."


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment, unmoved by a set clock."""

    async def sleep_until(self, when: datetime) -> None:
        """Returns when `now() >= when`, also if the wall clock jumps."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, when: datetime) -> None:
        while (left_s := (when - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left_s, GLANCE_S))
