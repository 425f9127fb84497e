"""Holds back what a server would do next, so that a test decides the order of things without waiting for
time.

Rule: a gate stands open unless a test closed it; closing a server opens it for good.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._moved = asyncio.Event()
        self._closed_by = 0
        self.waiting = 0
        "How many stand before the gate now."

    async def enter(self) -> None:
        """Returns at once while the gate is open, else when it opens."""
        if self._open.is_set():
            return
        self.waiting += 1
        self._moved.set()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1
            self._moved.set()

    async def arrived(self, count: int) -> None:
        """Returns when at least `count` stand before the gate."""
        while self.waiting < count:
            self._moved.clear()
            await self._moved.wait()

    @asynccontextmanager
    async def held(self) -> AsyncIterator["Gate"]:
        """Closes the gate for as long as the context lasts; contexts may overlap."""
        self._closed_by += 1
        self._open.clear()
        try:
            yield self
        finally:
            self._closed_by -= 1
            if self._closed_by == 0:
                self._open.set()

    def release(self) -> None:
        """Opens the gate, whoever still holds it: the server stops."""
        self._open.set()
