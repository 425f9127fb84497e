"""Keeps the holder of access tokens in step with what was committed, and closes the connections of a dropped
one.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ..machines.effects import DropToken, HoldToken
from .holder import TokenHolder
from .keeping import brought_with
from .runtime import Runtime
from .watchers import Unit


class TokenKeeper:
    def __init__(
        self, runtime: Runtime, holder: TokenHolder, close: Callable[[str], Awaitable[None]]
    ) -> None:
        self.runtime, self.holder = runtime, holder
        self.close = close
        "Closes what an account's token authenticated, after the message in transfer (S27)."
        self.closing: set[asyncio.Task[None]] = set()
        runtime.watchers.add(self.watch, HoldToken, DropToken)

    def watch(self, unit: Unit) -> None:
        for asked in unit.played.asked:
            if isinstance(asked.effect, HoldToken):
                publication = brought_with(unit.waiting, asked.fact)
                if publication is not None and publication.hold is not None:
                    self.holder.hold(
                        asked.key, publication.hold._replace(attempt=asked.instance.data.attempt)
                    )
            elif isinstance(asked.effect, DropToken) and (account := self.holder.drop(asked.key)):
                task = asyncio.create_task(self.end(account))
                self.closing.add(task)
                task.add_done_callback(self.closing.discard)

    async def end(self, account: str) -> None:
        with self.runtime.activity.busy():
            await self.close(account)

    async def aclose(self) -> None:
        if self.closing:
            await asyncio.wait(list(self.closing))
