"""Screens that update by themselves: each open page gets itself anew when what it shows has changed.

A commit says only that something has happened. Screens are then made anew one after the other, each at most
every `PAUSE_S`, and pages that show the same to the same person share one. However much goes through, making
them takes no more than one part in `SHARE` of the engine's time: mail comes first.

Rule: who is slow misses what came in between, and nobody waits for him; who is logged out is told, and gets
nothing more.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from ..deeds import where
from ..engine import Engine
from ..signals import Transferred
from ..watchers import Unit
from .sessions import Session

PAUSE_S = 0.2
"Between two looks at the same screen."
SHARE = 40
STILL_S = 20.0
"Without news: then what tells a distance in time is made anew, and whoever is gone is noticed."
OF_ONE = 8
"Open pages of one person with one browser; each keeps a connection."
WRITING_S = 0.0002
"About what it takes to hand a screen to one page."
log = logging.getLogger("franking")


class Update(NamedTuple):
    html: str
    over: bool = False
    "Nobody is logged in there any more."


class OpenPage:
    def __init__(self, session: Session, address: str) -> None:
        self.session, self.address = session, address
        "The address: path and query."
        self.latest: Update | None = None
        self.sent = ""
        self.came = asyncio.Event()

    def give(self, update: Update) -> None:
        if update.over or update.html != self.sent:
            self.latest = update
            self.came.set()

    async def next(self) -> Update | None:
        """None: nothing came for a while."""
        try:
            async with asyncio.timeout(STILL_S):
                await self.came.wait()
        except TimeoutError:
            return None
        self.came.clear()
        update, self.latest = self.latest, None
        if update is not None:
            self.sent = update.html
        return update


Renders = Callable[[Session, str], str | None]
"""A page's screen as it is now; None: nobody is logged in there any more."""


class Live:
    def __init__(self, engine: Engine, renders: Renders) -> None:
        self.engine, self.renders = engine, renders
        self.pages: list[OpenPage] = []
        self.news = asyncio.Event()
        self.transfers: dict[int, Transferred] = {}
        "How far messages have come, since somebody looked for the first time."
        self.telling: asyncio.Task[None] | None = None
        self.off: Callable[[], None] | None = None

    def open(self, session: Session, address: str) -> OpenPage:
        page = OpenPage(session, address)
        self.pages.append(page)
        if self.off is None:
            self.off = self.engine.on_progress(self.transferred)
        if self.telling is None:
            self.engine.runtime.watchers.add(self.heard)
            self.telling = asyncio.ensure_future(self.tell())
        self.news.set()
        return page

    def has_room(self, session: Session) -> bool:
        return sum(page.session is session for page in self.pages) < OF_ONE

    def close(self, page: OpenPage) -> None:
        self.pages.remove(page)
        if not self.pages:
            self.rest()

    def rest(self) -> None:
        """Nobody looks. How far messages have come is still heard: people go from one page to the next."""
        if self.telling is not None:
            self.telling.cancel()
            self.telling = None
            self.engine.runtime.watchers.remove(self.heard)

    def stop(self) -> None:
        self.rest()
        if self.off is not None:
            self.off()

    def heard(self, unit: Unit) -> None:
        self.news.set()

    def transferred(self, signal: Transferred) -> None:
        if len(self.transfers) > 64:  # those that are over
            self.transfers.clear()
        self.transfers[signal.job] = signal
        self.news.set()

    def over(self, session: Session) -> None:
        """He is told at once."""
        for page in self.pages:
            if page.session is session:
                page.give(Update("", over=True))

    async def tell(self) -> None:
        while True:
            try:
                async with asyncio.timeout(STILL_S):
                    await self.news.wait()
            except TimeoutError:
                pass
            self.news.clear()
            for pages in self.alike():
                spent_s = self.told(pages)
                await asyncio.sleep(max(PAUSE_S / max(len(self.pages), 1), spent_s * SHARE))
            await asyncio.sleep(PAUSE_S)

    def alike(self) -> list[list[OpenPage]]:
        """Pages by what they show."""
        found: dict[tuple[str, str], list[OpenPage]] = {}
        for page in self.pages:
            found.setdefault((page.session.cookie, page.address), []).append(page)
        return list(found.values())

    def told(self, pages: list[OpenPage]) -> float:
        """Seconds of this thread that it took."""
        begun = time.thread_time()
        first = pages[0]
        try:
            html = self.renders(first.session, first.address)
        except Exception as error:  # noqa: BLE001 - a screen's fault is its own: the others go on
            log.error("a screen cannot be shown: %s", where(error))
            return PAUSE_S
        for page in pages:
            page.give(Update(html or "", over=html is None))
        changed = sum(page.came.is_set() for page in pages)
        return time.thread_time() - begun + changed * WRITING_S
