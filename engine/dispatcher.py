"""Chooses the next jobs. Waiting jobs are rows that nobody wakes one by one: this looks at them when
something moved.

A job goes when validation allows it, the access token of its identity is fresh, its account's mailbox has a
place free (none in one that is closed or waits, one in one that is being tried) and the provider's pace has
room; whose it is, `machines/turns.py` says. Where the token is absent it is asked for once; «why does it
wait» is read from the same machines by whoever asks.

Rule: the mailbox counts a message in the same commit in which its job is taken. This looks again after each
move of the machines that it reads, never by polling.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ..events.base import Event, NewLife, OfAccount, OfJob
from ..events.device import SettingsChanged
from ..events.job import JobEndedInPart, JobPartlySent, JobSent, JobTaken, OutcomeUnknown
from ..events.mailbox import MailboxUseEnded
from ..events.registry import REGISTRY, MalformedRecord
from ..events.token import TokenWanted
from ..machines.access_token import ABSENT, ACCESS_TOKEN, FRESH
from ..machines.job import DELIVERING, JOB, SENDING
from ..machines.mailbox import CLOSED, MAILBOX, TRYING, WAITING
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.session import LOGGED_IN, SESSION
from ..machines.turns import Head, Turns, choose
from ..machines.validation import NOT_AVAILABLE, OFF, VALIDATION
from .bus import Publication
from .clock import first_of
from .deeds import where
from .mailboxes import Mailboxes
from .parsed import files_of
from .play import Machine, Move
from .ready_jobs import Line, Queue, ReadyJobs
from .records import RETRY_STORE, JobRow, StoreFailed
from .runtime import Runtime
from .watchers import Unit

log = logging.getLogger("franking")
READS = (VALIDATION, REFRESH_TOKEN, ACCESS_TOKEN, MAILBOX, JOB)
MAY_MOVE_ADDRESSES = tuple(fact for fact in REGISTRY.values() if not issubclass(fact, OfJob | OfAccount))
UNDER_WAY = (SENDING, DELIVERING)
PLACE = 2
"A short message takes one half of a place: it waits for commits, and hardly for the line."
SHORT_OCTETS = 32_000
"Of its files."
LOOKED_AT_AGAIN = timedelta(minutes=5)
"A job that could not be looked at: a rule of the program or a directory may answer again."
LONGEST = timedelta(hours=26)
"Nothing is put aside for longer: a moment further off is of a clock that has been set back since."
AT_ONCE = 48
"Jobs under way through all mailboxes together: each holds a message in memory, and devices are small."
MAY_BE_TAKEN = (JobSent, JobPartlySent, JobEndedInPart, OutcomeUnknown, NewLife)
"Ends of a try after which the server may have the message."
Said = tuple[Publication, ...]
"Facts that are committed together."


class Carried(NamedTuple):
    """A job under way."""

    row: JobRow
    address: str
    "Of whose mailbox it goes through."
    takes: int
    "Halves of a place."
    at: datetime
    "When it was counted."


def same_end(one: Event, other: MailboxUseEnded) -> bool:
    """What is committed has its moment besides."""
    return isinstance(one, MailboxUseEnded) and (one.account, one.used_at, one.given_back) == (
        other.account,
        other.used_at,
        other.given_back,
    )


class Dispatcher:
    def __init__(
        self,
        runtime: Runtime,
        mailboxes: Mailboxes,
        places: Callable[[], int],
        broken: Callable[[JobRow], tuple[str, ...]],
        tell: Callable[[int], None],
    ) -> None:
        self.runtime, self.mailboxes = runtime, mailboxes
        self.places = places
        "Jobs of one mailbox that may be under way at once: its connections, and the window of each."
        self.broken = broken
        "Codes of the rules that refuse this job now."
        self.tell = tell
        "People of a job that cannot be looked at."
        self.ready = ReadyJobs(runtime.store)
        self.turns: dict[str, Turns] = {}
        "By the mailbox's address."
        self.chosen: dict[int, Carried] = {}
        "Taken, and not committed yet."
        self.carried: dict[int, Carried] = {}
        self.ended: list[Publication] = []
        "What the mailboxes are still to be told of messages that came to their end, until it is committed."
        self.addresses: dict[str, str] = {}
        "Of identities, as long as nothing happened that may change them."
        self.moved = asyncio.Event()
        self.waits = False
        self.unreadable: set[int] = set()
        "Jobs that could not be looked at."
        self.aside: dict[int, datetime] = {}
        "When a job is looked at again that stands aside; sooner when something happens to it."
        runtime.watchers.add(self.ready.watch, JOB)
        runtime.watchers.add(self.mailbox_told, MailboxUseEnded, SettingsChanged)
        runtime.watchers.add(self.forget_addresses, *MAY_MOVE_ADDRESSES)
        runtime.watchers.add(self.watch, *READS)

    def mailbox_told(self, unit: Unit) -> None:
        for fact in unit.played.lines:
            if isinstance(fact, MailboxUseEnded):
                self.told(fact)
        self.look_again(self.mailboxes.passed)

    def forget_addresses(self, unit: Unit) -> None:
        self.addresses.clear()

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if move.machine is JOB:
                self.follow(move, int(move.key))
        self.wake()

    def follow(self, move: Move, job: int) -> None:
        self.unreadable.discard(job)
        self.mailboxes.passed.pop(job, None)
        self.look_again((job,))
        before, after = (each.state in UNDER_WAY for each in (move.before, move.after))
        if after and not before and job in self.chosen:
            self.carried[job] = self.chosen.pop(job)._replace(at=move.fact.at)
        elif before and not after and (carried := self.carried.pop(job, None)) is not None:
            back = carried.row.addressed if not isinstance(move.fact, MAY_BE_TAKEN) else 0
            self.ended += self.mailboxes.ended(carried.address, carried.at, move.fact.at, back)

    def told(self, fact: MailboxUseEnded) -> None:
        for number, each in enumerate(self.ended):
            if same_end(each.fact, fact):
                del self.ended[number]
                break

    def wake(self) -> None:
        if not self.waits:
            self.waits = True
            self.runtime.activity.begin()
        self.moved.set()

    async def run(self) -> None:
        while True:
            await self.wait()
            self.moved.clear()
            try:
                await self.turn()
            except StoreFailed as failure:
                log.error("the jobs wait: %s", failure)
                async with self.runtime.activity.parked():
                    await self.runtime.clock.sleep_until(self.runtime.clock.now() + RETRY_STORE)
                self.moved.set()
            if not self.moved.is_set():
                self.waits = False
                self.runtime.activity.end()

    async def wait(self) -> None:
        """Until something moved, or it is time for a job that stands aside."""
        if not self.aside:
            await self.moved.wait()
            return
        await first_of(self.moved.wait(), self.due(min(self.aside.values())))

    async def due(self, moment: datetime) -> None:
        await self.runtime.clock.sleep_until(moment)
        self.wake()

    def take_back(self) -> None:
        """Whatever has stood aside for as long as it should."""
        if self.aside:
            now = self.runtime.clock.now()
            self.look_again([job for job, at in self.aside.items() if not now < at <= now + LONGEST])

    def look_again(self, jobs: Iterable[int]) -> None:
        for job in jobs:
            if self.aside.pop(job, None) is not None:
                self.ready.put_back(job)

    async def turn(self) -> None:
        """Raises StoreFailed; then what was chosen and not committed is chosen again."""
        try:
            await self.say_all(self.choose())
        finally:
            for job in list(self.chosen):
                del self.chosen[job]
                if job not in self.aside:
                    self.ready.put_back(job)

    async def say_all(self, said: Sequence[Said]) -> None:
        """Together; where one of them cannot be said, each by itself. Raises StoreFailed."""
        if not said:
            return
        try:
            await self.runtime.publish(*(publication for each in said for publication in each))
        except (MalformedRecord, StoreFailed) as error:
            if isinstance(error, StoreFailed) and (error.full or len(said) == 1):
                raise
            failures = await asyncio.gather(*(self.say(each) for each in said), return_exceptions=True)
            for failure in failures:
                if isinstance(failure, BaseException):
                    raise failure from None

    async def say(self, said: Said) -> None:
        """Raises StoreFailed."""
        try:
            await self.runtime.publish(*said)
        except MalformedRecord as error:
            log.error("%s", error)
            if isinstance(fact := said[0].fact, JobTaken):
                self.leave_alone(fact.job)
                self.moved.set()  # another one may have its place
            elif isinstance(fact, MailboxUseEnded):
                self.told(fact)

    def leave_alone(self, job: int) -> None:
        self.unreadable.add(job)
        self.tell(job)
        self.aside[job] = self.runtime.clock.now() + LOOKED_AT_AGAIN

    def state(self, machine: Machine, key: str) -> StrEnum | None:
        """None: it cannot be read."""
        try:
            return self.runtime.instance(machine, key).state
        except MalformedRecord as error:
            log.error("%s", error)
            return None

    def choose(self) -> list[Said]:
        """Raises StoreFailed."""
        self.ready.fill()
        self.take_back()
        said: list[Said] = [(each,) for each in self.ended]
        sending = self.runtime.instance(VALIDATION, "").state
        if sending is NOT_AVAILABLE:
            return said
        by_account: dict[str, list[Queue]] = {}
        for queue in self.ready.waiting():
            by_account.setdefault(self.address(queue.whose.identity), []).append(queue)
        busy: Counter[str] = Counter()
        for carried in self.carried.values():
            busy[carried.address] += carried.takes
        left = AT_ONCE - len(self.carried)
        for address in sorted(by_account, key=lambda address: (busy[address], address)):
            free = self.free(address) - busy[address]
            found = list(self.of_account(address, by_account[address], free, left, sending is OFF))
            left -= sum(isinstance(each[0].fact, JobTaken) for each in found)
            said += found
        for address in self.turns.keys() - by_account.keys():
            del self.turns[address]
        return said

    def address(self, identity: str) -> str:
        found = self.addresses.get(identity)
        if found is None:
            found = self.addresses[identity] = self.mailboxes.address(identity)
        return found

    def free(self, address: str) -> int:
        """Halves of places; of a mailbox that is being tried so few that one message takes all."""
        state = self.mailboxes.state(address)
        return 0 if state in (CLOSED, WAITING) else 1 if state is TRYING else PLACE * self.places()

    def of_account(
        self, address: str, queues: list[Queue], free: int, most: int, without_tokens: bool
    ) -> Iterator[Said]:
        """What goes through one mailbox, whose places its identities share; at most so many."""
        if self.mailboxes.state(address) in (CLOSED, WAITING):
            return
        fresh = set()
        for identity in dict.fromkeys(queue.whose.identity for queue in queues):
            access = FRESH if without_tokens else self.access(identity)
            if access is ABSENT:
                yield (Publication(TokenWanted(identity=identity)),)
            elif access is FRESH:
                fresh.add(identity)
        going = [queue for queue in queues if queue.whose.identity in fresh]
        slow = [each.at for each in self.carried.values() if each.address == address]
        room = self.mailboxes.room(address, slow)
        line = Line(going, self.stands)
        while free > 0 and most > 0 and line.heads:
            head, turns = choose(self.turns.get(address, Turns()), tuple(line.heads.values()))
            found = self.take(address, head, line.queue(head))
            line.went(head)
            if found is None:
                continue
            broken, row = found
            addressed = row.addressed
            if not broken and not room.fits(addressed):
                if room.fits(1) and (until := self.mailboxes.pass_over(address, head.job, addressed)):
                    self.aside[head.job] = until
                    continue
                yield from self.mailboxes.pause(address, addressed if room.fits(1) else 1)
                return
            self.turns[address] = turns
            taken = Publication(JobTaken(job=head.job, broken=broken))
            if broken:
                yield (taken,)
                continue
            free, most, room = free - self.chosen[head.job].takes, most - 1, room.without(addressed)
            yield (taken, *self.mailboxes.used(address, addressed, room))

    def stands(self, place: str, identity: str) -> bool:
        """This person stands at this place."""
        try:
            session = self.runtime.instance(SESSION, place)
        except MalformedRecord:
            return False
        return session.state is LOGGED_IN and session.data.identity == identity

    def take(self, address: str, head: Head, queue: Queue) -> tuple[tuple[str, ...], JobRow] | None:
        """Codes of the rules that it breaks, and its row; None: it cannot be looked at, or is gone. Raises
        StoreFailed.
        """
        job = head.job
        row = self.runtime.store.job(job)
        self.ready.take_out(queue, job)
        if row is None:
            return None
        self.chosen[job] = Carried(row, address, PLACE, self.runtime.clock.now())
        try:
            if sum(file.size for file in files_of(row)) <= SHORT_OCTETS:
                self.chosen[job] = self.chosen[job]._replace(takes=1)
            found = self.broken(row), row
        except StoreFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a record, a rule or a directory; the others' mail goes on
            if job not in self.unreadable:
                log.error("job %d cannot be looked at: %s", job, where(error))
            del self.chosen[job]
            self.leave_alone(job)
            return None
        self.unreadable.discard(job)
        return found

    def row(self, job: int) -> JobRow | None:
        """Of a job under way, as it was when it was taken; None: it is gone."""
        carried = self.carried.get(job)
        return carried.row if carried else self.runtime.store.job(job)

    def access(self, identity: str) -> StrEnum | None:
        """Of its access token; None where no sign-in is held, or a record cannot be read."""
        signed_in = self.state(REFRESH_TOKEN, identity) is ACQUIRED
        return self.state(ACCESS_TOKEN, identity) if signed_in else None
