"""The sign-in screen of programs at the control socket: what is to be shown at a place, until it is over.

Rule: an address and a code are kept as long as they are good, and in memory alone.
"""

from datetime import datetime
from typing import NamedTuple

from ..shown import SignInCode


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


class ShownAtPlaces:
    """Fulfils `ports.Screen` and `ShowsCodes`."""

    def __init__(self) -> None:
        self.places: dict[str, Shown] = {}

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.places[place] = Shown(closes_at, address)

    async def show_code(self, place: str, code: SignInCode) -> None:
        self.places[place] = Shown(code.expires_at, code.address, code.user_code, code.scan, code.says)

    async def close(self, place: str) -> None:
        self.places.pop(place, None)
