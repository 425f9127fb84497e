"""The sign-in screen of programs at the control socket: what is to be shown at a place, until it is over.

Rule: an address and a code are kept as long as they are good, and in memory alone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ..shown import SignInCode, in_a_browser


class Shown(NamedTuple):
    """What a person needs at this place; either an address, or a code and where it is entered."""

    closes_at: datetime
    address: str
    "The provider's page, to be opened in a fresh browser profile (S19a); or where the code is entered."
    user_code: str = ""
    "To be entered on another device (RFC 8628 section 3.3); empty: the address is all."
    scan: str = ""
    "An address for a QR code."
    says: tuple[str, ...] = ()
    "Sentences to show beside a code, in the device's language."


Heard = Callable[[Shown | None], None]


class ShownAtPlaces:
    """Fulfils `ports.Screen` and `ShowsCodes`."""

    def __init__(self) -> None:
        self.places: dict[str, Shown] = {}
        self.heard: dict[str, list[Heard]] = {}
        self.news: list[Callable[[], None]] = []

    def listen(self, place: str, heard: Heard) -> Callable[[], None]:
        """Calls it with what is shown there now and from now on; call what it returns to stop that."""
        there = self.heard.setdefault(place, [])
        there.append(heard)
        if place in self.places:
            heard(self.places[place])

        def away() -> None:
            there.remove(heard)
            if not there:
                self.heard.pop(place, None)

        return away

    def on_news(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Calls it whenever something else is shown at any place; call what it returns to stop that."""
        self.news.append(heard)
        return lambda: self.news.remove(heard)

    def put(self, place: str, what: Shown | None) -> None:
        if what is None:
            self.places.pop(place, None)
        else:
            self.places[place] = what
        for heard in tuple(self.heard.get(place, ())):
            heard(what)
        for told in tuple(self.news):
            told()

    def leaves(self, place: str) -> bool:
        """A person who came with a browser of his own uses that; elsewhere the device's own opens (S4)."""
        return not in_a_browser(place)

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.put(place, Shown(closes_at, address))

    async def show_code(self, place: str, code: SignInCode) -> None:
        self.put(place, Shown(code.expires_at, code.address, code.user_code, code.scan, code.says))

    async def close(self, place: str) -> None:
        self.put(place, None)
