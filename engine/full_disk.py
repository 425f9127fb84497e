"""Says when the store's disk is full, and when there is room again.

Rule: the store alone decides what it takes meanwhile; this tells people of it, and tries once a minute.
"""

import asyncio
import logging
from datetime import timedelta

from ..events.base import Event
from ..events.device import DiskFilled, DiskRoomRegained
from ..machines.disk import DISK, FULL
from .bus import Publication
from .records import StoreFailed
from .runtime import EngineFailed, EngineStopped, Runtime

AGAIN = timedelta(minutes=1)
log = logging.getLogger("franking")


class FullDisk:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.store = runtime, runtime.store
        self.filled = asyncio.Event()
        runtime.listeners.append(self.look)

    def look(self) -> None:
        if self.store.short:
            self.filled.set()

    async def run(self) -> None:
        while True:
            self.filled.clear()
            try:
                with self.runtime.activity.busy():
                    await self.round()
            except StoreFailed as failure:
                log.error("that the disk is full cannot be told: %s", failure)
            except (EngineFailed, EngineStopped):
                return
            if self.store.short:
                await self.runtime.clock.sleep_until(self.runtime.clock.now() + AGAIN)
            else:
                await self.filled.wait()

    async def round(self) -> None:
        """Raises StoreFailed, EngineFailed, EngineStopped."""
        await self.store.hold_back()
        told = self.runtime.instance(DISK, "").state is FULL
        if self.store.short != told:
            fact: Event = DiskFilled() if self.store.short else DiskRoomRegained()
            await self.runtime.publish(Publication(fact))
