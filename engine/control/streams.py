"""Answers without end: facts as they are written down, and how far messages have come; a JSON object a line.

An empty line comes every half minute, so that both ends notice when the other one is gone.

Rule: who is slow is waited for and loses nothing of the journal; of progress he gets the latest.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, TypeVar

from ...events.base import OfPlace
from ...events.sign_in import SignInCancelled, SignInFailed, SignInTimedOut
from ...events.token import SignInSucceeded
from ..happenings import told
from ..replay import Stepped
from ..signals import Transferred
from .requests import Call
from .screen import Shown

T = TypeVar("T")
STILL_S = 30.0
"Between two lines that say nothing."


class Line(NamedTuple):
    """One line of the journal; a gap in it has the fact `Gap`."""

    sequence: int
    at: str | None
    fact: str
    "Its name in events/."
    about: dict[str, str]
    "Its subjects: `job`, `identity`, `place`, `account`, `document`."
    fields: dict[str, Any]
    "What else it says."


async def events(call: Call) -> AsyncIterator[Line | None]:
    return lines(call, call.view.events(call.asked("after")))


async def lines(call: Call, entries: AsyncIterator[Any]) -> AsyncIterator[Line | None]:
    async for entry in with_still(entries):
        if entry is None:
            yield None
            continue
        happening = told(Stepped(entry, None))
        at = happening.at.isoformat() if happening.at else None
        yield Line(happening.sequence, at, happening.fact, dict(happening.about), dict(happening.fields))


async def progress(call: Call) -> AsyncIterator[Transferred | None]:
    """Of the jobs that the caller may see."""
    return transfers(call)


async def transfers(call: Call) -> AsyncIterator[Transferred | None]:
    came: asyncio.Queue[Transferred] = asyncio.Queue(1)

    off = call.view.on_progress(came.put)
    try:
        yield None  # from now on it is heard
        async for signal in with_still(without_end(came)):
            yield signal
    finally:
        off()


class AtScreen(NamedTuple):
    """What happened to the sign-in at a place: a screen is shown, or it has ended."""

    shown: Shown | None
    "What a person needs there now; null: nothing more."
    ended: str
    "The fact that ended it: SignInSucceeded, SignInCancelled, SignInFailed or SignInTimedOut; else empty."
    right: bool
    "Of one that succeeded: the account is the wanted one (S19)."
    code: str
    "Of one that failed: the provider's error, or ours."


ENDS = (SignInSucceeded, SignInCancelled, SignInFailed, SignInTimedOut)


async def sign_ins(call: Call) -> AsyncIterator[AtScreen | None]:
    """Of the sign-ins that the caller may see."""
    return at_screen(call, call.path["place"])


async def at_screen(call: Call, place: str) -> AsyncIterator[AtScreen | None]:
    came: asyncio.Queue[AtScreen] = asyncio.Queue()

    def ended(fact: OfPlace) -> None:
        if isinstance(fact, ENDS):
            right, code = getattr(fact, "right", False), getattr(fact, "code", "")
            came.put_nowait(AtScreen(None, type(fact).__name__, right, code))

    def shown(what: Shown | None) -> None:
        if what is None or call.view.sees_screen(place):
            came.put_nowait(AtScreen(what, "", right=False, code=""))

    off, away = call.view.on_sign_in(place, ended), call.screen.listen(place, shown)
    try:
        yield None  # from now on it is heard
        async for each in with_still(without_end(came)):
            yield each
    finally:
        off()
        away()


async def without_end(came: "asyncio.Queue[T]") -> AsyncIterator[T]:
    while True:
        yield await came.get()


async def with_still(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """None where nothing came for a while."""
    coming = asyncio.ensure_future(anext(items, None))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=STILL_S)
            if not done:
                yield None
                continue
            found = coming.result()
            if found is None:
                return
            coming = asyncio.ensure_future(anext(items, None))
            yield found
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
