"""Time that another library moves: freezegun or time-machine, where a test uses one of them.

Rule: neither is imported here. Who uses one has imported it, so it is looked for among the loaded modules; a
project that has neither notices nothing.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Protocol

ANOTHER_TIME_S = 3600.0
"The event loop's clock counts from the start of the machine; a frozen one from 1970."


class FrozenLoop(RuntimeError):
    """freezegun stopped the event loop's clock, so that whatever waits would wait for ever."""

    def __init__(self) -> None:
        super().__init__(
            "freezegun has frozen the event loop's clock too, and no time-out can end any more; "
            "freeze with `freeze_time(..., real_asyncio=True)`"
        )


class Elsewhere(Protocol):
    """The time that such a library shows to everybody who asks the system. `key` tells one journey from the
    next.
    """

    key: object

    def now(self) -> datetime:
        """Aware, in UTC."""

    def move(self, delta: timedelta) -> None:
        """Lets so much time pass there."""


class Freezegun:
    def __init__(self, api: ModuleType) -> None:
        self._api = api
        self.key: object = api.freeze_factories[-1]

    def now(self) -> datetime:
        """Asked by the library's own class: another module may have kept the real one."""
        return _real(self._api.FakeDatetime.now(UTC))

    def move(self, delta: timedelta) -> None:
        self._api.freeze_factories[-1].tick(delta)


class TimeMachine:
    def __init__(self, library: ModuleType) -> None:
        self._traveller = library.traveller_stack[-1]
        self.key: object = self._traveller

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._traveller.time_ns() / 1e9, UTC)

    def move(self, delta: timedelta) -> None:
        self._traveller.shift(delta)


def elsewhere() -> Elsewhere | None:
    """What moves the system's time now; None: nothing does. Raises FrozenLoop."""
    api = sys.modules.get("freezegun.api")
    if api is not None and api.freeze_factories:
        # Where `real_asyncio` is meant, the loop and the library agree on what the machine's own clock says.
        if abs(asyncio.get_running_loop().time() - api.real_monotonic()) > ANOTHER_TIME_S:
            raise FrozenLoop
        return Freezegun(api)
    library = sys.modules.get("time_machine")
    if library is not None and library.traveller_stack:
        return TimeMachine(library)
    return None


def _real(moment: datetime) -> datetime:
    """freezegun's own kind of datetime would go wherever it is added to."""
    return datetime.fromisoformat(moment.isoformat())
