"""Whose mailbox a message goes through, and what is known of it: closed, being tried, or refusing a From
address.

Rule: an account gets its id when something is to be remembered of it; one without an id is open. Identities
that sign in with one address share one mailbox.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.mailbox import MailboxClosed, MailboxProved, MailboxTryWanted
from ..events.registry import MalformedRecord
from ..events.settings import DeviceSettings
from ..events.token import TokenRetryDue
from ..machines.access_token import ACCESS_TOKEN, REFUSED
from ..machines.mailbox import CLOSED, MAILBOX, OPEN, TRYING
from .bus import Publication
from .people import People
from .play import Instance
from .records import AccountRow, RefusedSender, RefusedSendersGone, Write
from .runtime import Runtime

log = logging.getLogger("franking")
TRY_AGAIN = timedelta(hours=1)
"How long a mailbox stays closed where the server's answer has no time of its own."
REMEMBERED = timedelta(days=1)
"How long a From address that was refused is not tried again."


class MailboxStatus(NamedTuple):
    """One that is not open."""

    account: str
    address: str
    "Of who signs in at the submission server."
    state: str
    "`closed` or `being tried`."
    code: str
    "What closed it, as the server said it."
    try_at: datetime | None
    "When one message finds out whether it was mended."


class Mailboxes:
    def __init__(self, runtime: Runtime, settings: Callable[[], DeviceSettings], people: People) -> None:
        self.runtime, self.settings, self.people = runtime, settings, people
        self.store, self.clock = runtime.store, runtime.clock
        self.rows = {row.address: row for row in self.store.accounts()}
        "By address, those too that are not stored yet."

    def address(self, identity: str) -> str:
        """Who signs in at the submission server for this identity's mail; where nobody does, its own."""
        settings = self.settings()
        if settings.oauth.enabled:
            grant = self.store.grant(identity)
            user = grant.account if grant else ""
        else:
            user = settings.smtp.user or ""
        return (user or self.people.address(identity)).casefold()

    def row(self, address: str) -> AccountRow:
        """With its id, known from now on; the caller stores it."""
        address = address.casefold()
        found = self.rows.get(address)
        if found is None:
            last = max((int(row.account.rpartition(":")[2]) for row in self.rows.values()), default=0)
            found = self.rows[address] = AccountRow(f"mailbox:{last + 1}", address)
        return found

    def state(self, address: str) -> StrEnum:
        found = self.instance(address)
        return found.state if found else OPEN

    def instance(self, address: str) -> Instance | None:
        """None: nothing is known against it; or its record cannot be read, and the server will say."""
        row = self.rows.get(address.casefold())
        try:
            return self.runtime.instance(MAILBOX, row.account) if row else None
        except MalformedRecord as error:
            log.error("%s", error)
            return None

    def closed(self, identity: str) -> bool:
        return self.state(self.address(identity)) is CLOSED

    def refused(self, identity: str, sender: str) -> bool:
        """The server has refused this From for the account that signs in for this identity, not long ago.
        A moment further off than that is of a clock that was ahead.
        """
        row = self.rows.get(self.address(identity))
        found = self.store.refused_sender(row.account, sender.casefold()) if row else None
        if found is None:
            return False
        return timedelta() < datetime.fromisoformat(found.until) - self.clock.now() <= REMEMBERED

    # What is said of it

    def close(self, row: AccountRow, code: str, after: timedelta | None) -> MailboxClosed:
        return MailboxClosed(account=row.account, try_at=self.clock.now() + (after or TRY_AGAIN), code=code)

    def proved(self, address: str) -> tuple[Publication, ...]:
        """What a message that was taken says of it."""
        if self.state(address) is not TRYING:
            return ()
        return (Publication(MailboxProved(account=self.row(address).account)),)

    def refuses_sender(self, address: str, sender: str) -> tuple[Write, ...]:
        row = self.row(address)
        until = self.clock.now() + REMEMBERED
        return row, RefusedSender(row.account, sender.casefold(), until.isoformat())

    def signed_in(self, address: str) -> tuple[Publication, ...]:
        """A person signed in with this account: what was refused before may be allowed now."""
        row = self.rows.get(address.casefold())
        if row is None:
            return ()
        gone = RefusedSendersGone(row.account)
        return (Publication(MailboxTryWanted(account=row.account), rows=(gone,)),)

    def tried(self, identity: str) -> tuple[Publication, ...]:
        """Somebody asks for a try now: of the mailbox, and of an access token that was refused."""
        facts = self.tries(self.rows.get(self.address(identity)))
        if self.runtime.instance(ACCESS_TOKEN, identity).state is REFUSED:
            facts = (*facts, Publication(TokenRetryDue(identity=identity)))
        return facts

    def all_tried(self) -> tuple[Publication, ...]:
        """The way to the server is another one now, or who signs in there."""
        return tuple(publication for row in self.rows.values() for publication in self.tries(row))

    def tries(self, row: AccountRow | None) -> tuple[Publication, ...]:
        if row is None or self.state(row.address) is not CLOSED:
            return ()
        return (Publication(MailboxTryWanted(account=row.account)),)

    def alone(self, identity: str) -> AccountRow | None:
        """Of the mailbox that is this user's alone; None: nothing is known against it, or it is shared."""
        row = self.rows.get(self.address(identity))
        return row if row is not None and self.owner(row.account) == identity else None

    def forgotten(self, identity: str) -> tuple[Write, ...]:
        """Nobody's address stands any more with the mailbox that was this user's alone. Its id stays, so that
        it is never given to another one.
        """
        row = self.alone(identity)
        if row is None:
            return ()
        nameless = AccountRow(row.account, row.account)
        del self.rows[row.address]
        self.rows[nameless.address] = nameless
        return nameless, RefusedSendersGone(row.account)

    # What people see of it

    def status(self) -> tuple[MailboxStatus, ...]:
        found = []
        for row in sorted(self.rows.values()):
            instance = self.instance(row.address)
            if instance is not None and instance.state is not OPEN:
                data = instance.data
                found.append(
                    MailboxStatus(row.account, row.address, instance.state.value, data.code, data.try_at)
                )
        return tuple(found)

    def owner(self, account: str) -> str | None:
        """The user whose alone it is; None: the device's, or shared."""
        whose = [
            identity
            for identity in (ADMINISTRATOR, *self.identities())
            if (row := self.rows.get(self.address(identity))) is not None and row.account == account
        ]
        return whose[0] if len(whose) == 1 and whose[0] != ADMINISTRATOR else None

    def identities(self) -> Iterable[str]:
        return (row.identity for row in self.people.rows.values())
