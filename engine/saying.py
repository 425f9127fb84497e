"""Says what somebody noticed while something else was under way, such as a watcher, which may not wait.

Rule: it is said in a task of its own, which counts as under way. Where it cannot be said, that is logged:
what noticed it will notice it again.
"""

import asyncio
import logging

from ..events.base import Event
from ..events.registry import MalformedRecord
from .bus import Publication
from .records import StoreFailed
from .runtime import EngineFailed, EngineStopped, Runtime

log = logging.getLogger("franking")


class Saying:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.under_way: set[asyncio.Task[None]] = set()

    def begin(self, *facts: Event) -> None:
        """In one commit."""
        self.runtime.activity.begin()
        task = asyncio.ensure_future(self.say(*facts))
        self.under_way.add(task)
        task.add_done_callback(self.end)

    def end(self, task: "asyncio.Task[None]") -> None:
        self.under_way.discard(task)
        self.runtime.activity.end()

    async def say(self, *facts: Event) -> None:
        try:
            await self.runtime.publish(*map(Publication, facts))
        except (MalformedRecord, StoreFailed, EngineFailed, EngineStopped) as error:
            log.error("%s cannot be said: %s", type(facts[0]).__name__, error)

    async def aclose(self) -> None:
        await asyncio.gather(*self.under_way)
