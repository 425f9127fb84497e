"""A screen that somebody gave for some places, and the device's own browser for the others (S4).

Rule: which of the two opened at a place is the one that is closed there.
"""

from datetime import datetime
from typing import Protocol

from ..ports import LeavesToBrowser, Screen, ShowsCodes, Trouble
from ..shown import SignInCode


class Shows(Screen, ShowsCodes, Protocol):
    """Pages and codes."""


class ByPlace:
    """Fulfils `ports.Screen` and `ShowsCodes`."""

    def __init__(self, given: Screen, browser: Shows) -> None:
        self.given, self.browser = given, browser

    def at(self, place: str) -> Screen:
        leaves = isinstance(self.given, LeavesToBrowser) and self.given.leaves(place)
        return self.browser if leaves else self.given

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:
        return await self.at(place).open(place, address, closes_at)

    async def show_code(self, place: str, code: SignInCode) -> Trouble | None:
        there = self.at(place)
        return await (there if isinstance(there, ShowsCodes) else self.browser).show_code(place, code)

    async def close(self, place: str) -> None:
        await self.at(place).close(place)
