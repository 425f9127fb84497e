"""How much scans and documents may take: a quota, and a floor of free space that they leave alone (S33b).

Rule: who gets no room is refused before anything is written. What is being taken counts from then on, so that
many at once cannot take the same room.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..events.information import Actor
from ..events.settings import Spool as Settings
from .store_port import Store
from .words import Spoken, Words


class NoRoom(Spoken):
    """Nothing was taken: it does not fit into the quota, or the disk would be too full."""

    actor = Actor.ADMIN

    def __init__(self, meaning: str, /, **fields: object) -> None:
        """`meaning`: cause and remedy in the catalogues, such as `room.quota`."""
        self.meaning, self.values = meaning, fields
        super().__init__(meaning, **fields)

    def told(self, words: Words) -> str:
        said = (words.say(f"{self.meaning}.{part}", **self.values) for part in ("cause", "remedy"))
        return " ".join(said)


class Reserved:
    """Room for what is being taken now."""

    def __init__(self, room: "Room") -> None:
        self.room, self.octets = room, 0

    def at_least(self, octets: int) -> None:
        """It turned out to be larger. Raises NoRoom."""
        more = octets - self.octets
        if more > 0:
            self.room.check(more)
            self.room.promised += more
            self.octets = octets


class Room:
    def __init__(self, folder: Path, store: Store, settings: Callable[[], Settings]) -> None:
        self.folder, self.store, self.settings = folder, store, settings
        self.promised = 0
        "Octets of what is being taken."

    @contextmanager
    def reserve(self, octets: int) -> Iterator[Reserved]:
        """Until the block ends: then it lies in the store, or nowhere. Raises NoRoom."""
        found = Reserved(self)
        try:
            found.at_least(octets)
            yield found
        finally:
            self.promised -= found.octets

    def check(self, octets: int) -> None:
        """Raises NoRoom, StoreFailed, OSError."""
        settings, taken = self.settings(), self.store.spooled() + self.promised
        if taken + octets > settings.quota:
            raise NoRoom("room.quota", wanted=said(octets), taken=said(taken), quota=said(settings.quota))
        disk = os.statvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize - self.promised
        if free - octets < settings.free:
            raise NoRoom(
                "room.free",
                wanted=said(octets),
                folder=self.folder,
                free=said(max(free, 0)),
                floor=said(settings.free),
            )


def said(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB" if octets >= 1_000_000 else f"{octets / 1000:.1f} kB"
