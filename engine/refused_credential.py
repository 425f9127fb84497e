"""An application's credential that the provider refused is tried again: at a start, when a person asks for
it, and soon after it was mended, in a setting or in its file (B3).

Rule: nothing is asked here, and nobody is told: the refresh token hears that it is due, as it does once an
hour by itself. What was refused is not offered anew before it changed, or somebody wanted that.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from ..events.base import Event
from ..events.token import RenewalDue, TokenRetryDue
from ..machines.access_token import ACCESS_TOKEN, BACKING_OFF, REFUSED
from ..machines.refresh_token import EXPIRED, REFRESH_TOKEN
from .bus import Publication
from .deeds import where
from .runtime import Runtime
from .saying import Saying
from .status import Reader
from .watchers import Unit

LOOK = timedelta(minutes=1)
"How often it is looked whether the file holds another credential."


log = logging.getLogger("franking")


class RefusedCredential:
    def __init__(
        self, runtime: Runtime, reader: Reader, saying: Saying, mended: Callable[[str], bool]
    ) -> None:
        """`mended`: whether the credential of this identity is another one than was used last."""
        self.runtime, self.reader, self.saying, self.mended = runtime, reader, saying, mended
        self.looking: dict[str, asyncio.Task[None]] = {}
        runtime.watchers.add(self.watch, REFRESH_TOKEN)

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if move.machine is REFRESH_TOKEN:
                self.follow(move.key)

    def follow(self, identity: str) -> None:
        if not self.stands(identity):
            if (task := self.looking.pop(identity, None)) is not None:
                task.cancel()
        elif identity not in self.looking:
            self.looking[identity] = asyncio.create_task(self.look(identity))

    def stands(self, identity: str) -> bool:
        found = self.reader.found(REFRESH_TOKEN, identity)
        return found is not None and bool(found.data.refused)

    async def look(self, identity: str) -> None:
        clock = self.runtime.clock
        while True:
            await clock.sleep_until(clock.now() + LOOK)
            if self.is_mended(identity):
                for publication in self.tried(identity):
                    self.saying.begin(publication.fact)

    def is_mended(self, identity: str) -> bool:
        try:
            return self.mended(identity)
        except Exception as error:  # noqa: BLE001 - an embedding program's; its text may hold a secret
            log.error("it cannot be looked whether the credential was mended: %s", where(error))
            return False

    def tried(self, identity: str) -> tuple[Publication, ...]:
        """The credential is used at once, where it is one that was refused."""
        access = self.reader.found(ACCESS_TOKEN, identity)
        if access is None or not self.stands(identity):
            return ()
        facts: list[Event] = [RenewalDue(identity=identity)]
        if access.state in (BACKING_OFF, REFUSED):
            facts.insert(0, TokenRetryDue(identity=identity))
        return tuple(map(Publication, facts))

    def all_tried(self) -> list[Publication]:
        expired = self.runtime.store.in_states(REFRESH_TOKEN.title, (EXPIRED.name,))
        return [publication for identity in expired for publication in self.tried(identity)]

    async def aclose(self) -> None:
        tasks = list(self.looking.values())
        self.looking.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
