"""Whether anything is under way: what `Engine.settle` waits for.

Busy is a fact that is not committed yet, a deed that is not parked, a subscriber that has not seen all.
Waiting for the clock, a person or a lost store is not.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Activity:
    def __init__(self) -> None:
        self.count = 0
        self.quiet = asyncio.Event()
        self.quiet.set()

    def begin(self) -> None:
        self.count += 1
        self.quiet.clear()

    def end(self) -> None:
        self.count -= 1
        if self.count == 0:
            self.quiet.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        finally:
            self.end()

    @asynccontextmanager
    async def parked(self) -> AsyncIterator[None]:
        """Used inside something busy: from here it waits for the clock, a person or a lost store."""
        self.end()
        try:
            yield
        finally:
            self.begin()
