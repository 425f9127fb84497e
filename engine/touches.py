"""Touches of the panel: far too many for a fact each, and yet none may be lost (S11).

While somebody is logged in a touch is said at most every 10 s. The last one that was not is kept here, and
said with its own moment when system auto reset would come: so the reset comes its time after the last touch.

Rule: in memory only, for a restart is a logout. What counts as said is what was committed.
"""

from datetime import datetime, timedelta

from ..events.device import PanelUsed
from ..machines.session import LOGGED_IN, SESSION
from .bus import Publication
from .play import Machine
from .runtime import Runtime
from .watchers import Unit

EVERY = timedelta(seconds=10)


class Touches:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.last: dict[str, datetime] = {}
        self.said: dict[str, datetime] = {}
        "By place, as far as it became a fact."
        self.saying: set[str] = set()
        runtime.watchers.add(self.watch, PanelUsed, SESSION)

    def watch(self, unit: Unit) -> None:
        for fact in unit.played.lines:
            if isinstance(fact, PanelUsed):
                self.said[fact.place] = fact.touched_at or fact.at
        for move in unit.played.moves:
            if move.machine is SESSION and move.after.state is not LOGGED_IN:
                self.last.pop(move.key, None)
                self.said.pop(move.key, None)

    async def touch(self, place: str) -> None:
        """Raises StoreFailed."""
        if self.runtime.instance(SESSION, place).state is not LOGGED_IN:
            return
        self.last[place] = now = self.runtime.clock.now()
        said = self.said.get(place)
        if place in self.saying or (said is not None and timedelta() <= now - said < EVERY):
            return
        self.saying.add(place)
        try:
            await self.runtime.publish(Publication(PanelUsed(place=place)))
        finally:
            self.saying.discard(place)

    def unsaid(self, machine: Machine, key: str) -> PanelUsed | None:
        """What is to be said before a limit of this instance."""
        last, said = self.last.get(key), self.said.get(key)
        if machine is not SESSION or last is None or (said is not None and said >= last):
            return None
        return PanelUsed(place=key, touched_at=last)
