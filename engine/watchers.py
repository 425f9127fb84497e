"""Who is told of a commit, and of which units of it.

Each watcher names what concerns it: machines that moved, and kinds of facts, of effects that were asked for
and of rows that were written. It is called for every unit that has something of that, and for no other: most
units are small, and concern few.

Rule: watchers are called in the order in which they were added, after the commit; one starts things and
returns at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..events.base import Event
from ..machines.effects import Effect
from .bus import Waiting
from .play import Machine, Played
from .records import SealedGrant, Write

SORTS_MOST = 1024
"Of units, of which it is remembered whom they concern."


@dataclass(slots=True)
class Unit:
    """One caller's facts with all that they led to."""

    waiting: Waiting
    sequence: int
    played: Played
    writes: list[Write]
    taken: dict[str, SealedGrant]
    "Grants that this unit erases and that are still to be revoked at the provider, by identity."


Watcher = Callable[[Unit], None]
Concern = Machine | type[Event] | type[Effect] | type[Write]
"A kind stands for those that are derived from it, too."
Sort = frozenset[object]
"The machines and kinds that a unit has something of."


class Watchers:
    def __init__(self) -> None:
        self.concerns: dict[Watcher, tuple[Concern, ...]] = {}
        self.concerned: dict[Sort, tuple[Watcher, ...]] = {}

    def add(self, watcher: Watcher, *concerns: Concern) -> None:
        """Without any concern it hears of every unit."""
        self.concerns[watcher] = concerns
        self.concerned.clear()

    def add_first(self, watcher: Watcher, *concerns: Concern) -> None:
        """It hears of a unit before all those that are there already."""
        self.concerns = {watcher: concerns, **self.concerns}
        self.concerned.clear()

    def remove(self, watcher: Watcher) -> None:
        del self.concerns[watcher]
        self.concerned.clear()

    def tell(self, unit: Unit) -> None:
        sort = sort_of(unit)
        found = self.concerned.get(sort)
        if found is None:
            if len(self.concerned) >= SORTS_MOST:
                self.concerned.clear()
            found = self.concerned[sort] = tuple(
                watcher for watcher, concerns in self.concerns.items() if concerned(concerns, sort)
            )
        for watcher in found:
            watcher(unit)


def sort_of(unit: Unit) -> Sort:
    played = unit.played
    return frozenset([
        *map(type, played.lines),
        *[move.machine for move in played.moves],
        *[type(asked.effect) for asked in played.asked],
        *map(type, unit.writes),
    ])  # fmt: skip


def concerned(concerns: tuple[Concern, ...], sort: Sort) -> bool:
    kinds = tuple(concern for concern in concerns if isinstance(concern, type))
    return (
        not concerns
        or not sort.isdisjoint(concerns)
        or any(isinstance(part, type) and issubclass(part, kinds) for part in sort)
    )
