"""Reading what happened: an iterator over the journal from any line on, and handlers for one kind of fact.

Whoever reads, reads the journal and is woken after a commit: a slow subscriber never holds up the engine. A
line that cannot be read is given as Unreadable, with its name and the reason, and the lines after it follow;
lines that are not kept any more are given as one Gap.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ..events.base import Event
from ..events.registry import MalformedRecord, load
from .activity import Activity
from .deeds import where
from .records import RETRY_STORE, Line, StoreFailed
from .runtime import Runtime
from .store_port import Store

AT_ONCE = 256
E = TypeVar("E", bound=Event)
log = logging.getLogger("franking")


class Unreadable(NamedTuple):
    name: str
    why: str


class Gap(NamedTuple):
    """Lines that were not kept until they were read: `[store] journal_kept`."""

    first: int
    last: int


class Entry(NamedTuple):
    """One line of the journal, or a gap in it."""

    sequence: int
    "Of the last line of a gap."
    event: Event | Unreadable | Gap


class WaitsForItself(RuntimeError):
    """`settle` waits until every handler has seen all: one that awaited it would never end."""

    def __init__(self) -> None:
        super().__init__("a handler cannot wait for settle(), which waits for it; let it return first")


@dataclass(slots=True)
class Call:
    """One call of a handler."""

    activity: Activity
    "Of the engine that waits for it; another engine may be settled meanwhile."
    ended: bool = False


CALL: ContextVar[Call | None] = ContextVar("franking_handler", default=None)


def entry(line: Line) -> Entry:
    record = f"journal line {line.sequence}"
    try:
        return Entry(line.sequence, load(record, line.name, line.version, line.at, line.fields))
    except MalformedRecord as error:
        log.error("%s", error)
        return Entry(line.sequence, Unreadable(line.name, error.why))


class Journal:
    def __init__(self, store: Store, activity: Activity, runtime: Runtime) -> None:
        self.store, self.activity, self.runtime = store, activity, runtime
        self.written = asyncio.Event()
        runtime.listeners.append(self.wake)

    def wake(self) -> None:
        self.written.set()
        self.written = asyncio.Event()

    async def events(self, after: int) -> AsyncIterator[Entry]:
        """Every line after the one with this number, then what comes, without end. Raises StoreFailed."""
        while True:
            written = self.written
            lines = self.store.lines(after, AT_ONCE)
            for line in lines:
                if line.sequence > after + 1:
                    yield Entry(line.sequence - 1, Gap(after + 1, line.sequence - 1))
                yield entry(line)
                after = line.sequence
            if not lines:
                await written.wait()

    async def handle(
        self,
        kind: type[E],
        handler: Callable[[E], Awaitable[None] | None],
        after: int,
        missed: Callable[[Gap], None] = lambda gap: None,
    ) -> None:
        """Calls the handler with each fact of a kind; it counts as under way until it has seen all. `missed`
        is told of lines that were not kept until then; it returns at once.
        """
        while True:
            written = self.written
            try:
                with self.activity.busy():
                    while lines := self.store.lines(after, AT_ONCE):
                        for line in lines:
                            if line.sequence > after + 1:
                                self.tell(Gap(after + 1, line.sequence - 1), kind, missed)
                            after = line.sequence
                            if line.name == kind.__name__ or not is_leaf(kind):
                                await self.call(kind, handler, entry(line))
            except StoreFailed as failure:
                log.error("a subscriber waits: %s", failure)
                await self.runtime.clock.sleep_until(self.runtime.clock.now() + RETRY_STORE)
            else:
                await written.wait()

    async def call(self, kind: type[E], handler: Callable[[E], Awaitable[None] | None], found: Entry) -> None:
        if isinstance(found.event, kind):
            call = Call(self.activity)
            token = CALL.set(call)
            try:
                answer = handler(found.event)
                if inspect.isawaitable(answer):
                    await answer
            except Exception as error:  # noqa: BLE001 - a subscriber's bug is his own: the engine and the next fact go on
                log.error("a handler of %s failed: %s", kind.__name__, where(error))
            finally:
                call.ended = True
                CALL.reset(token)

    def tell(self, gap: Gap, kind: type[Event], missed: Callable[[Gap], None]) -> None:
        log.warning(
            "a handler of %s was not called with lines %d to %d: they were not kept", kind.__name__, *gap
        )
        try:
            missed(gap)
        except Exception as error:  # noqa: BLE001 - as above
            log.error("a handler of %s failed: %s", kind.__name__, where(error))

    def check_outside(self) -> None:
        """Raises WaitsForItself inside of a handler, and in what it started as long as it runs."""
        call = CALL.get()
        if call is not None and not call.ended and call.activity is self.activity:
            raise WaitsForItself


def is_leaf(kind: type[Event]) -> bool:
    return not kind.__subclasses__()
