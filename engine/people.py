"""Who is who: identities by login, and the address that each signs in with (S26a).

An identity is `administrator` or `user:N`; login and address stand in its row. The administrator's address is
a setting, not a row.
"""

import logging
from collections.abc import Callable

from pydantic import TypeAdapter, ValidationError

from ..events.base import ADMINISTRATOR
from ..events.settings import DeviceSettings
from ..events.values import Address
from ..machines.identity import same
from .deeds import where
from .ports import Directory
from .records import IdentityRow
from .store_port import Store
from .vault_rows import Noted
from .words import Spoken

LAST = "last person"
"Under this name the store notes the highest number of a person who was forgotten."
log = logging.getLogger("franking")
ADDRESS: TypeAdapter[str] = TypeAdapter(Address, config={"defer_build": True})


class LoginReserved(Spoken, ValueError):
    """A user would be taken for the device, and `delete_token` would end the wrong sign-in."""

    def __init__(self) -> None:
        super().__init__("error.reserved", login=ADMINISTRATOR)


class LoginEmpty(Spoken, ValueError):
    """A user without a login name cannot be told from nobody: he could neither see nor cancel his jobs."""

    def __init__(self) -> None:
        super().__init__("error.no-login")


class AddressUnusable(Spoken, ValueError):
    """What the directory, the settings or a log-in name as a user's address is none."""

    def __init__(self, login: str, address: str) -> None:
        super().__init__("error.address", address=repr(address), login=login)
        self.login, self.address = login, address


def check(login: str) -> None:
    """Raises LoginReserved, LoginEmpty."""
    if login == ADMINISTRATOR:
        raise LoginReserved
    if not login.strip():
        raise LoginEmpty


def checked(login: str, address: str) -> str:
    """As it goes into a header field. Raises AddressUnusable."""
    try:
        return ADDRESS.validate_python(address)
    except ValidationError:
        raise AddressUnusable(login, address) from None


class People:
    def __init__(
        self, store: Store, settings: Callable[[], DeviceSettings], directory: Directory | None
    ) -> None:
        self.store, self.settings, self.directory = store, settings, directory
        self.listed: dict[str, str] = {}
        "By login, what the directory said last."
        self.directory_away = False
        self.rows = {row.login: row for row in store.identities()}
        self.identities = {row.login: row.identity for row in self.rows.values()}
        "By login, those too whose row is not stored yet: two who come at once must not get one identity."

        self.last = int(store.noted(LAST) or 0)

    def find(self, login: str) -> IdentityRow | None:
        return self.rows.get(login)

    def address_of(self, login: str) -> str | None:
        """From the embedding program's directory, the settings, or what was given at a log-in. Raises
        LoginReserved, LoginEmpty, AddressUnusable.
        """
        check(login)
        known = self.of_directory(login) or self.settings().users.get(login)
        row = self.rows.get(login)
        found = known or (row.address if row else "")
        return checked(login, found) if found else None

    def of_directory(self, login: str) -> str | None:
        """As it answered last where it cannot be asked now; before it ever answered, the address that the
        person signed in with: a directory that is away must not end anybody's sign-in (S26a).
        """
        if self.directory is None:
            return None
        try:
            found = self.directory.get(login)
        except Exception as error:  # noqa: BLE001 - the embedding program's: whatever it is, mail goes on
            if not self.directory_away:
                log.error("the directory cannot be asked, what it said last counts: %s", where(error))
            self.directory_away = True
            return self.listed.get(login) or self.signed_in_with(login)
        self.directory_away = False
        if found:
            self.listed[login] = found
        else:
            self.listed.pop(login, None)
        return found

    def signed_in_with(self, login: str) -> str | None:
        row = self.rows.get(login)
        grant = self.store.grant(row.identity) if row else None
        return grant.address if grant else None

    def remembered(self, login: str, address: str | None) -> IdentityRow:
        """The identity's row as it should be, known from now on: two who come at once get two identities, and
        a screen that opens with the commit knows whose it is. The caller stores it. Raises LoginReserved,
        LoginEmpty, AddressUnusable.
        """
        check(login)
        if not address:
            self.address_of(login)
        found = self.rows.get(login)
        if found is None:
            found = IdentityRow(f"user:{self.taken() + 1}", login, "")
        if address and not same(found.address, address):
            found = found._replace(address=checked(login, address))
        self.rows[login] = found
        return found

    def taken(self) -> int:
        """The highest number that was ever given."""
        return max(self.last, *(number(row.identity) for row in self.rows.values()), 0)

    def forgotten(self, person: IdentityRow) -> Noted:
        """Not known any more; the row is to be stored with the end of his own."""
        self.last = self.taken()
        self.rows.pop(person.login, None)
        self.listed.pop(person.login, None)
        return Noted(LAST, str(self.last))

    def address(self, identity: str) -> str:
        """The address that this identity signs in with; empty if there is none."""
        if identity == ADMINISTRATOR:
            return self.settings().administrator.address or ""
        found = next((row for row in self.rows.values() if row.identity == identity), None)
        try:
            return (self.address_of(found.login) or "") if found else ""
        except (AddressUnusable, LoginReserved, LoginEmpty) as error:
            log.error("%s has no address: %s", identity, type(error).__name__)
            return ""

    def name(self, identity: str) -> str:
        """For people: the login name."""
        return next((row.login for row in self.rows.values() if row.identity == identity), identity)


def number(identity: str) -> int:
    """Of `user:N`; 0 of an id that this program did not give, which is never given to anybody else."""
    digits = identity.removeprefix("user:")
    return int(digits) if digits.isdecimal() else 0
