"""What is shown while it lasts, and never stored: how far a message has come.

Rule: a signal reaches subscribers only, and the latest value wins: whoever is slow misses what came in
between, and nobody waits for him, neither the sender nor `settle`.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .deeds import where

log = logging.getLogger("franking")


class Transferred(NamedTuple):
    """How much of a job's message has gone to the submission server in this try."""

    job: int
    octets: int
    of: int
    "Its size on the wire; what has all gone is not yet accepted."


Handler = Callable[[Transferred], Awaitable[None] | None]


class Subscriber:
    def __init__(self) -> None:
        self.latest: dict[int, Transferred] = {}
        "By job, what he has not seen."
        self.came = asyncio.Event()

    def say(self, signal: Transferred) -> None:
        self.latest[signal.job] = signal
        self.came.set()

    async def listen(self, handler: Handler) -> None:
        """Without end."""
        while True:
            await self.came.wait()
            self.came.clear()
            signals, self.latest = self.latest, {}
            for signal in signals.values():
                try:
                    answer = handler(signal)
                    if inspect.isawaitable(answer):
                        await answer
                except Exception as error:  # noqa: BLE001 - a subscriber's bug is his own
                    log.error("a handler of progress failed: %s", where(error))


class Signals:
    def __init__(self) -> None:
        self.subscribers: list[Subscriber] = []

    def transferred(self, job: int, octets: int, of: int) -> None:
        """Returns at once."""
        for subscriber in self.subscribers:
            subscriber.say(Transferred(job, octets, of))

    async def listen(self, handler: Handler) -> None:
        """Calls `handler` with what comes, until it is cancelled."""
        subscriber = Subscriber()
        self.subscribers.append(subscriber)
        try:
            await subscriber.listen(handler)
        finally:
            self.subscribers.remove(subscriber)
