"""What leaves the device for good: one person, or everything (B14).

Rule: a person's name is the last that goes, in one commit with his sign-in: before that, whoever asks again
goes on where a power cut came in between. What stays of him is a number without a name.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..events.base import ADMINISTRATOR, Event
from ..events.device import UserLoggedOut
from ..events.information import InformationCleared
from ..events.job import Ending, JobCancelled
from ..events.sign_in import SignInCancelled
from ..events.token import GrantRevoked, PersonErased
from ..machines.document import DOCUMENT
from ..machines.effects import RevokeGrant
from ..machines.job import ENDED, JOB
from ..machines.refresh_token import REFRESH_TOKEN
from ..machines.session import LOGGED_IN, SESSION
from ..machines.sign_in import OPEN, SIGN_IN
from .at_the_panel import UnknownUser
from .bringing import Bringing
from .bus import Publication
from .people import LoginReserved
from .records import IdentityRow, JobRow, StoreFailed
from .status import OVER
from .vault_rows import JobsGone, PersonGone
from .watchers import Unit

AT_ONCE = 64
"Jobs that one commit cancels."
REVOKING_S = 20.0
"How long the provider may take to be told."
log = logging.getLogger("franking")


class Forgotten(NamedTuple):
    """What was here of a person."""

    sign_in: bool
    jobs: int
    "All of them, those too that were sent."
    cancelled: int
    "Those that were not sent."
    documents: int


class Reset(NamedTuple):
    grants: int
    "Sign-ins that were erased."
    revoked: int
    "Those of which the provider was told."


class Leaving(Bringing):
    resets = False
    "When the engine is closed, its store is erased."

    async def forget(self, user: str) -> Forgotten:
        """Erases everything of this person: sign-in (revoked where the provider can), jobs, documents, login
        and address. A message whose body is under way may end first. Settings that name him stay as they are.

        Raises UnknownUser, LoginReserved, StoreFailed; then ask again.
        """
        return await self.carried_through(self.forget_in_turn(user))

    async def forget_in_turn(self, user: str) -> Forgotten:
        async with self.leaving:
            if user == ADMINISTRATOR:
                raise LoginReserved
            row = self.people.find(user)
            if row is None:
                raise UnknownUser(user)
            if open_here := tuple(self.stands_open(row.identity)):
                await self.runtime.publish(*map(Publication, open_here))
            documents = await self.delete_documents(user)
            cancelled = await self.end_jobs(row.identity)
            return await self.forget_name(row, documents, cancelled)

    def stands_open(self, identity: str) -> Iterator[Event]:
        """Of him, at any place."""
        for place in self.store.in_states(SESSION.title, (LOGGED_IN.name,)):
            if self.runtime.instance(SESSION, place).data.identity == identity:
                yield UserLoggedOut(place=place)
        for place in self.store.in_states(SIGN_IN.title, (OPEN.name,)):
            if self.runtime.instance(SIGN_IN, place).data.identity == identity:
                yield SignInCancelled(place=place)

    async def end_jobs(self, identity: str) -> int:
        """How many did not go. One whose body is under way is waited for: only the server's answer
        decides.
        """
        cancelled: set[int] = set()
        while found := [row.job for row in self.jobs_of(identity) if self.is_active(row.job)]:
            await self.cancel_all(found)
            cancelled |= {job for job in found if self.is_cancelled(job)}
            await self.deeds.ended({(JOB.title, str(job)) for job in found})
        return len(cancelled)

    def is_cancelled(self, job: int) -> bool:
        found = self.runtime.instance(JOB, str(job))
        return found.state is ENDED and found.data.reason == Ending.CANCELLED

    async def cancel_all(self, jobs: Sequence[int]) -> None:
        for first in range(0, len(jobs), AT_ONCE):
            some = jobs[first : first + AT_ONCE]
            await self.runtime.publish(*(Publication(JobCancelled(job=job)) for job in some))

    def jobs_of(self, identity: str) -> list[JobRow]:
        return self.store.jobs_about(identity)

    def is_active(self, job: int) -> bool:
        """One that cannot be read is erased with the others: nobody could cancel it."""
        found = self.reader.found(JOB, str(job))
        return found is not None and found.state.name not in OVER

    async def forget_name(self, person: IdentityRow, documents: int, cancelled: int) -> Forgotten:
        """From the first line to the queue nothing comes in between: what he submits from here on is somebody
        else's.
        """
        identity, jobs = person.identity, self.jobs_of(person.identity)
        held = self.holds(identity)
        mailbox = self.mailboxes.alone(identity)
        of_him = {identity, *(str(row.job) for row in jobs), *((mailbox.account,) if mailbox else ())}
        at_places = {
            (each.code, each.subject) for each in self.reader.information() if each.about == identity
        }
        cleared = [
            Publication(InformationCleared(code=code, subject=subject))
            for code, subject in sorted(self.runtime.raised)
            if subject in of_him or (code, subject) in at_places
        ]
        rows = (*self.mailboxes.forgotten(identity), self.people.forgotten(person))
        told = Publication(
            PersonErased(identity=identity), rows=(*rows, JobsGone(identity), PersonGone(identity))
        )
        try:
            await self.runtime.publish(Publication(self.token_deleted(identity)), *cleared, told)
        except BaseException:
            self.people.rows.setdefault(person.login, person)
            raise
        await self.end_strays()
        await asyncio.to_thread(self.erase_spooled, [row.job for row in jobs])
        await self.deeds.ended(
            {(title, key) for title, key, _ in self.deeds.lanes if title == DOCUMENT.title}
        )
        return Forgotten(held, len(jobs), cancelled, documents)

    async def end_strays(self) -> None:
        """Jobs that he submitted while he was forgotten."""
        active = [each.name for each in JOB.blocks if each.name not in OVER]
        keys = map(int, self.store.in_states(JOB.title, active))
        await self.cancel_all([job for job in keys if self.store.job(job) is None])

    def erase_spooled(self, jobs: Iterable[int]) -> None:
        for job in jobs:
            self.spool.erase(job)

    async def factory_reset(self) -> Reset:
        """Erases every sign-in, revoked where the provider can be told within `REVOKING_S`; the engine takes
        nothing more, and with its end spool, user boxes, journal and key are erased, too. From the moment
        when this begins a power cut does not stop it: the next start goes on. Raises OSError; then nothing
        has happened.
        """
        from .store.erasure import mark

        await asyncio.to_thread(mark, self.folder)
        self.resets = True
        revoked: list[GrantRevoked] = []

        def heard(unit: Unit) -> None:
            revoked.extend(fact for fact in unit.played.lines if isinstance(fact, GrantRevoked))

        self.runtime.watchers.add(heard, GrantRevoked)
        identities = [grant.identity for grant in self.store.grants()]
        try:
            if identities:
                await self.runtime.publish(*(Publication(self.token_deleted(each)) for each in identities))
            lanes = {(REFRESH_TOKEN.title, each) for each in identities}
            async with asyncio.timeout(REVOKING_S):
                await self.deeds.ended(lanes, RevokeGrant)
        except StoreFailed as error:
            log.warning("no sign-in could be revoked: %s", error)
        except TimeoutError:
            log.warning("not every sign-in could be revoked: the provider does not answer")
        for task in self.tasks[1:]:
            task.cancel()
        await asyncio.gather(*self.tasks[1:], return_exceptions=True)
        self.runtime.stopping = True
        return Reset(len(identities), sum(fact.delivered for fact in revoked))
