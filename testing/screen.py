"""The sign-in screen of a device with a person in front of it, for tests and for the demonstration.

`open` plays the whole visit: the provider's page is read, the form filled in, the redirect followed to the
device's listener, as a browser with a fresh profile would.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from ..engine.shown import SignInCode
from .person import Person, SignInRefused


class PersonAtTheScreen:
    """Fulfils `franking.engine.ports.Screen` and `ShowsCodes`. Signs in with the account that `login_hint`
    names, unless told to use another one, to decline, or not to come at all.
    """

    def __init__(self, person: Person, passwords: Mapping[str, str]) -> None:
        """`passwords` by account."""
        self.person = person
        self.passwords = dict(passwords)
        self.account: str | None = None
        "Another account than the wanted one."
        self.declines = False
        self.stays_away = False
        self.opened: list[tuple[str, datetime]] = []
        "Place and closing time of each visit."
        self.codes: list[tuple[str, SignInCode]] = []
        "Place and code of each visit that showed one."
        self.closed: list[str] = []
        self.pages: list[str] = []
        "What the device's own page said at the end of each visit."

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.opened.append((place, closes_at))
        if self.stays_away:
            return
        if self.declines:
            self.pages.append(await self.person.cancel(address))
            return
        account = self.account or parse_qs(urlsplit(address).query)["login_hint"][0]
        self.pages.append(await self.person.sign_in(address, account, self.passwords[account]))

    async def show_code(self, place: str, code: SignInCode) -> None:
        """Takes a telephone and enters it there; `account` must be told, for a code names none."""
        self.codes.append((place, code))
        if self.stays_away:
            return
        if self.declines:
            self.pages.append(await self.person.decline_code(code.address, code.user_code))
            return
        account = self.account or next(iter(self.passwords))
        try:
            entered = self.person.enter_code(code.address, code.user_code, account, self.passwords[account])
            self.pages.append(await entered)
        except SignInRefused as refused:
            self.pages.append(refused.message)

    async def close(self, place: str) -> None:
        self.closed.append(place)
