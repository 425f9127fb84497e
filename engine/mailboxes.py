"""Whose mailbox a message goes through, and what is known of it: how much more the provider lets it send,
whether it waits, is closed or being tried, or refuses a From address.

Rule: an account gets its id when something is to be remembered of it; one without an id is open. Identities
that sign in with one address share one mailbox.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info
from ..events.mailbox import (
    MailboxClosed,
    MailboxPaused,
    MailboxPauseEnded,
    MailboxProved,
    MailboxTryWanted,
    MailboxUsed,
    MailboxUseEnded,
)
from ..events.registry import MalformedRecord
from ..events.settings import DeviceSettings
from ..events.token import TokenRetryDue
from ..machines.access_token import ACCESS_TOKEN, REFUSED
from ..machines.mailbox import CLOSED, MAILBOX, OPEN, PACE, QUOTA, TRYING, WAITING, Traffic
from ..machines.pace import LATE, UNLIMITED, WINDOW_S, Pace, free_at, left, near_of
from .bus import Publication
from .grants import Grants
from .information import detail_by
from .people import People
from .play import Instance
from .records import AccountRow, InformationDetail, RefusedSender, RefusedSendersGone, Write
from .runtime import Runtime

log = logging.getLogger("franking")
PAUSE = timedelta(minutes=1)
"How long it waits where the server's answer has no time of its own."
REMEMBERED = timedelta(days=1)
"How long a From address that was refused is not tried again."


class MailboxStatus(NamedTuple):
    """One that is not open."""

    account: str
    address: str
    "Of who signs in at the submission server."
    state: str
    "`waiting until`, `closed` or `being tried`."
    code: str
    "What closed it, as the server said it; of one that waits, that, `pace` or `quota`."
    try_at: datetime | None
    "When it goes on by itself; of one that is closed: when one message finds out whether it was mended."
    jobs: int = 0
    "How many jobs wait for that alone."


class Allowance(NamedTuple):
    """How much more one mailbox may send now; None: as much as it likes."""

    messages: int | None
    recipients: int | None
    pace: Pace

    def fits(self, recipients: int) -> bool:
        if self.messages is not None and self.messages < 1:
            return False
        enough = self.recipients is None or recipients <= self.recipients
        return enough or self.recipients == self.pace.recipients_a_day

    def without(self, recipients: int) -> "Allowance":
        """After one message to so many."""
        messages = None if self.messages is None else self.messages - 1
        left = None if self.recipients is None else max(self.recipients - recipients, 0)
        return self._replace(messages=messages, recipients=left)

    def nearly(self) -> bool:
        """What may go in a day is nearly used up."""
        most, people = self.pace.messages_a_day, self.pace.recipients_a_day
        few = most and self.messages is not None and self.messages <= most - near_of(most)
        return bool(few or (people and (self.recipients or 0) <= people - near_of(people)))


class Mailboxes:
    def __init__(
        self,
        runtime: Runtime,
        settings: Callable[[], DeviceSettings],
        people: People,
        pace: Callable[[], Pace],
    ) -> None:
        self.runtime, self.settings, self.people = runtime, settings, people
        self.pace = pace
        "What the provider lets one mailbox submit, as data and settings say it at this moment (B11)."
        self.store, self.clock = runtime.store, runtime.clock
        self.grants = Grants(runtime)
        self.rows = {row.address: row for row in self.store.accounts()}
        "By address, those too that are not stored yet."
        self.passed: dict[int, datetime] = {}
        "Jobs to more recipients than what is left of the day, and when there is room; others go past them."

    def address(self, identity: str) -> str:
        """Who signs in at the submission server for this identity's mail; where nobody does, its own."""
        settings = self.settings()
        if settings.oauth.enabled:
            grant = self.grants.of(identity)
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

    def waits_until(self, identity: str) -> datetime | None:
        """When it goes on by itself with what waits for the provider's pace, or for its server."""
        instance = self.instance(self.address(identity))
        until: datetime | None = instance.data.until if instance else None
        return until

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
        not_before = self.clock.now() + after if after else None
        return MailboxClosed(account=row.account, not_before=not_before, code=code)

    def throttled(self, address: str, code: str, after: timedelta | None) -> Publication:
        """The server takes nothing more of it for a while."""
        row, until = self.row(address), self.clock.now() + (after or PAUSE)
        return Publication(MailboxPaused(account=row.account, until=until, code=code), rows=(row,))

    # Pace

    def room(self, address: str, under_way: Iterable[datetime]) -> Allowance:
        """`under_way`: when the messages were counted whose end has not come; the provider may count them
        later than any minute.
        """
        pace, now = self.pace(), self.clock.now()
        if pace == UNLIMITED or not self.counts(address):
            return Allowance(None, None, UNLIMITED)
        found = left(self.traffic(address).use, pace, now)
        slow = sum(now - at > timedelta(seconds=WINDOW_S) for at in under_way)
        messages = None if found.messages is None else max(found.messages - slow, 0)
        return Allowance(messages, found.recipients, pace)

    def counts(self, address: str) -> bool:
        """False: its record cannot be read, so that nothing can be added to it; the server will say."""
        row = self.rows.get(address.casefold())
        try:
            return row is None or bool(self.runtime.instance(MAILBOX, row.account))
        except MalformedRecord:
            return False

    def traffic(self, address: str) -> Traffic:
        instance = self.instance(address)
        found: Traffic = instance.data if instance else MAILBOX.begins
        return found

    def used(self, address: str, recipients: int, room: Allowance) -> tuple[Publication, ...]:
        """One message to so many is on its way; it leaves this room."""
        if room.pace == UNLIMITED:
            return ()
        row, traffic = self.row(address), self.traffic(address)
        fact = MailboxUsed(account=row.account, recipient_count=recipients, **room.pace._asdict())
        told: tuple[Write, ...] = ()
        if traffic.eases_at is None and room.nearly():
            detail = detail_by("I302", Actor.ADMIN, account=address)
            told = (InformationDetail(Info.QUOTA_NEAR, row.account, detail),)
        return (Publication(fact, rows=((row,) if traffic == MAILBOX.begins else ()) + told),)

    def pause(self, address: str, recipients: int) -> Iterator[tuple[Publication, ...]]:
        """A message to so many must wait for the provider's pace; nothing: for one that is under way."""
        use, pace, now = self.traffic(address).use, self.pace(), self.clock.now()
        until = free_at(use, pace, now, recipients)
        if until is not None:
            soon = free_at(use, pace._replace(messages_a_day=0, recipients_a_day=0), now)
            code = PACE if soon == until else QUOTA
            row = self.row(address)
            yield (Publication(MailboxPaused(account=row.account, until=until, code=code), rows=(row,)),)

    def pass_over(self, address: str, job: int, recipients: int) -> datetime | None:
        """Others go before this job, until there is room for all its recipients; None: nobody may, for that
        moment came and others had used it up, or the moment is not known before the next commit.
        """
        now = self.clock.now()
        until = free_at(self.traffic(address).use, self.pace(), now, recipients)
        if until is None or self.passed.get(job, until) <= now:
            return None
        return self.passed.setdefault(job, until)

    def ended(self, address: str, used_at: datetime, ended_at: datetime, back: int) -> list[Publication]:
        """A message that was counted came to its end; `back`: recipients of one that was not taken."""
        row, pace = self.rows.get(address.casefold()), self.pace()
        if row is None or pace == UNLIMITED or not (back or ended_at - used_at >= LATE):
            return []
        if not self.counts(address):
            return []
        fact = MailboxUseEnded(account=row.account, used_at=used_at, given_back=back, **pace._asdict())
        return [Publication(fact)]

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
        waits = [row for row in self.rows.values() if self.state(row.address) is WAITING]
        tries = (publication for row in self.rows.values() for publication in self.tries(row))
        return (*tries, *(Publication(MailboxPauseEnded(account=row.account)) for row in waits))

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
                data, waits = instance.data, instance.state is WAITING
                code, at = (data.why, data.until) if waits else (data.code, data.try_at)
                state, jobs = instance.state.value, self.jobs_of(row)
                found.append(MailboxStatus(row.account, row.address, state, code, at, jobs))
        return tuple(found)

    def jobs_of(self, row: AccountRow) -> int:
        whose = (ADMINISTRATOR, *self.identities())
        return self.store.ready_count([each for each in whose if self.address(each) == row.address])

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
