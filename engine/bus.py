"""What waits to be stepped: facts with what travels beside them, in the order in which they were
published.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..events.base import Event, NewLife
from ..machines.effects import Effect
from .holder import Held
from .play import Due
from .records import Whose, Write
from .secret import Secret


@dataclass(slots=True)
class Publication:
    """A fact, stamped when it is published, and what enters the store or the memory together with it but not
    the journal.
    """

    fact: Event
    seal: Secret | None = None
    "The refresh token that it brings."
    whose: Whose | None = None
    "Whom that belongs to."
    hold: Held | None = None
    "The access token that it brings."
    rows: tuple[Write, ...] = ()
    made: "Callable[[], Event] | None" = None
    "Gives the fact in its place when it is stepped, from what stands then."
    due: Due | None = None
    "It says a limit, and is let go if that no longer stands."


Lane = tuple[str, str, type[Effect]]
"""Deeds of one kind for one instance: its machine's title, its key, and the deed."""


@dataclass(slots=True)
class Waiting:
    """Facts that are committed together or not at all."""

    publications: tuple[Publication, ...]
    lane: Lane | None = None
    "Of the deed whose outcome they are."
    void: bool = False
    "The state that the deed lasted as long as was left meanwhile: what it did came to nothing."
    done: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Bus:
    """One ordered queue with one reader."""

    def __init__(self) -> None:
        self.queue: deque[Waiting] = deque()
        self.filled = asyncio.Event()

    def put(self, waiting: Waiting) -> None:
        self.queue.append(waiting)
        self.filled.set()

    def take(self, most: int) -> list[Waiting]:
        """Up to `most`, in order; what begins a new life is taken alone."""
        taken: list[Waiting] = []
        while self.queue and len(taken) < most:
            if taken and begins_life(self.queue[0]):
                break
            taken.append(self.queue.popleft())
            if begins_life(taken[-1]):
                break
        if not self.queue:
            self.filled.clear()
        return taken

    def withdraw(self, lane: Lane) -> None:
        """What a stopped deed still has to say is not said any more."""
        for waiting in self.queue:
            waiting.void |= waiting.lane == lane

    def __len__(self) -> int:
        return len(self.queue)


def begins_life(waiting: Waiting) -> bool:
    """A new life is published by itself, and so is what tells how everything stands."""
    first = waiting.publications[0]
    return isinstance(first.fact, NewLife) or first.made is not None
