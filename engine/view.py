"""The engine as one person sees it: the one place where rights are checked (S33a).

A screen, a page and a socket get a view of their viewer, never the engine itself: `engine.view(viewer)`.

Rule: whether something exists is not told to who may not see it: a job of somebody else is unknown.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..events.base import ADMINISTRATOR, OfJob, OfPlace
from ..events.information import Actor, Info
from ..events.request import FromPerson, Given, Request
from ..machines.job import DELIVERING, SENDING, WAITING
from ..machines.roles import Act, Viewer, cancelled_by, may, speaks
from .applying import Applied
from .at_the_panel import UnknownUser
from .boxes import Document
from .history import Story
from .information import Warning
from .journal import Entry
from .leaving import Forgotten, Reset
from .mailboxes import MailboxStatus
from .records import JOBS_AT_ONCE
from .refusal import NotAllowed, check_submitted
from .secret import Secret
from .settings import Settings
from .signals import Transferred
from .status import IdentityStatus, JobContent, JobStatus, SeenJob, Status
from .submitting import Receipt, UnknownJob

if TYPE_CHECKING:
    from .engine import Engine


class View:
    """Raises NotAllowed wherever the viewer's role has no right, and else what the engine raises."""

    def __init__(self, engine: "Engine", viewer: Viewer) -> None:
        self._engine, self.viewer = engine, viewer

    def may(self, act: Act, login: str = "") -> bool:
        return may(self.viewer, act, login)

    def check(self, act: Act, login: str = "") -> None:
        """Raises NotAllowed."""
        if not self.may(act, login):
            raise NotAllowed(self.viewer, act)

    # Jobs

    async def submit(self, request: Request, place: str | None = None, given: Given = Given.LENT) -> Receipt:
        check_submitted(request)
        if isinstance(request, FromPerson):
            self.check(Act.SUBMIT, request.user)
        else:
            self.check(Act.SUBMIT_FOR_DEVICE)
        if place is not None:
            self._check_free(place, Act.SIGN_IN)
        return await self._engine.submit(request, place, given)

    def may_bring(self, name: str) -> bool:
        return may(self.viewer._replace(login=name), Act.BRING, name)

    def jobs(self, before: int | None = None, limit: int = JOBS_AT_ONCE) -> tuple[JobStatus, ...]:
        """A page of the newest that the viewer may see, with numbers below `before`, in the order in which
        they were submitted.
        """
        whose = None if self.may(Act.SEE_JOBS) else self.viewer.login
        found = self._engine.jobs(whose, before, limit)
        return tuple(job for job in found if self.may(Act.SEE_JOBS, job.owner))

    def job(self, job: int) -> SeenJob:
        """Raises UnknownJob, also for a job that the viewer may not see."""
        status = self.mine(job, Act.SEE_JOBS)
        content = self.content(status)
        return SeenJob(status, content, self._engine.advice(job) if content else None)

    def content(self, job: JobStatus) -> JobContent | None:
        """None: the viewer may not see it."""
        return self._engine.content(job.job) if self.may(Act.SEE_CONTENT, job.owner) else None

    def _goes(self, job: JobStatus) -> bool:
        """It is under way, nothing stands in its way, or its access token is on its way."""
        if job.state != WAITING.name.lower():
            return job.state in (SENDING.name.lower(), DELIVERING.name.lower())
        return job.reason in ("", self._engine.words.say("reason.access-token"))

    async def when_settled(self, job: int, seconds: float) -> SeenJob:
        """The same when it is over, is held, or waits for what is not there yet; or after so many seconds.
        Raises UnknownJob.
        """
        moved = asyncio.Event()

        def heard(fact: OfJob) -> None:
            if fact.job == job:
                moved.set()

        self.mine(job, Act.SEE_JOBS)
        off = self._engine.on(OfJob, heard)
        try:
            async with asyncio.timeout(seconds):
                while self._goes(self.job(job).status):
                    await moved.wait()
                    moved.clear()
        except TimeoutError:
            pass
        finally:
            off()
        return self.job(job)

    def queue(self, user: str) -> tuple[JobStatus, ...]:
        """A user's jobs that are not over, in the order in which they will go."""
        self.check(Act.SEE_JOBS, user)
        return self._engine.queue(user)

    def queues(self) -> tuple[JobStatus, ...]:
        """The jobs that are not over and that the viewer may see: user by user, the device's own first."""
        logins = [ADMINISTRATOR, *sorted(self._engine.people.rows)]
        seen = [login for login in logins if self.may(Act.SEE_JOBS, login)]
        return tuple(job for login in seen for job in self._engine.queue(login))

    def history(self, job: int) -> Story:
        """The story of a job; the server's words are its owner's. Raises UnknownJob, also for a job that the
        viewer may not see.
        """
        status, found = self.mine(job, Act.SEE_JOBS), self._engine.history(job)
        return found if self.may(Act.SEE_CONTENT, status.owner) else found.public

    def mine(self, job: int, act: Act) -> JobStatus:
        """Raises UnknownJob."""
        found = self._engine.job(job)
        if not self.may(act, found.owner):
            raise UnknownJob(job)
        return found

    async def hold(self, job: int) -> None:
        self.mine(job, Act.CHANGE_JOBS)
        await self._engine.hold(job)

    async def release(self, job: int) -> None:
        self.mine(job, Act.CHANGE_JOBS)
        await self._engine.release(job)

    async def cancel(self, job: int, by: str = "") -> None:
        owner = self.mine(job, Act.CHANGE_JOBS).owner
        await self._engine.cancel(job, cancelled_by(self.viewer, owner, by))

    async def retry(self, job: int) -> None:
        self.mine(job, Act.CHANGE_JOBS)
        await self._engine.retry(job)

    async def try_mailbox(self, user: str) -> bool:
        self.check(Act.CHANGE_JOBS, user)
        return await self._engine.try_mailbox(user)

    # Sign-in

    async def log_in(self, place: str, user: str, address: str | None = None) -> None:
        """Nobody logs somebody else out by that."""
        self.check(Act.LOG_IN, user)
        self._check_free(place, Act.LOG_IN)
        if address is not None:
            self.check(Act.NAME_ADDRESS, user)
        await self._engine.log_in(place, user, address)

    async def touch(self, place: str) -> None:
        """Who stands there keeps the panel awake, and nobody else."""
        self._check_free(place, Act.LOG_IN)
        await self._engine.touch(place)

    async def log_out(self, place: str) -> None:
        self.check(Act.LOG_IN, self._engine.who_stands_at(place))
        await self._engine.log_out(place)

    async def cancel_sign_in(self, place: str) -> None:
        """Whose sign-in it is closes the screen; the administrator's, the administrator."""
        self.check(*self._of_screen(place))
        await self._engine.cancel_sign_in(place)

    def paste(self, place: str, address: str) -> None:
        """Whoever may close the screen may also give it the address that it waits for."""
        self.check(*self._of_screen(place))
        self._engine.paste(place, address)

    def check_screen(self, place: str) -> None:
        """Whoever may close the screen may see what it shows."""
        self.check(*self._of_screen(place))

    def on_progress(self, handler: Callable[[Transferred], Awaitable[None] | None]) -> Callable[[], None]:
        """As `Engine.on_progress`, of the jobs that the viewer may see."""

        async def of_mine(signal: Transferred) -> None:
            with contextlib.suppress(UnknownJob):
                self.mine(signal.job, Act.SEE_JOBS)
                answer = handler(signal)
                if answer is not None:
                    await answer

        return self._engine.on_progress(of_mine)

    def on_sign_in(self, place: str, heard: Callable[[OfPlace], None]) -> Callable[[], None]:
        """Calls `heard` with each fact of this place from now on, as far as the viewer may see the sign-in
        that it is about; call what it returns to stop that.
        """
        sees = self.sees_screen(place)

        def each(fact: OfPlace) -> None:
            nonlocal sees
            if fact.place != place:
                return
            if identity := getattr(fact, "identity", ""):
                sees = self.may(*self._of_login(self._engine.senders.login(identity)))
            if sees:
                heard(fact)

        return self._engine.on(OfPlace, each)

    def sees_screen(self, place: str) -> bool:
        """Whether `check_screen` lets the viewer."""
        return self.may(*self._of_screen(place))

    def _of_screen(self, place: str) -> tuple[Act, str]:
        login = self._engine.who_signs_in_at(place) or self._engine.who_stands_at(place)
        return self._of_login(login)

    @staticmethod
    def _of_login(login: str) -> tuple[Act, str]:
        return (Act.ACQUIRE, "") if login in ("", ADMINISTRATOR) else (Act.SIGN_IN, login)

    def _check_free(self, place: str, act: Act) -> None:
        """Nobody else stands there. Raises NotAllowed."""
        if stands := self._engine.who_stands_at(place):
            self.check(act, stands)

    def waits_at(self, place: str) -> tuple[JobStatus, ...]:
        self.check(Act.SEE_JOBS, self._engine.who_stands_at(place))
        return self._engine.waits_at(place)

    async def discard_waiting(self, place: str) -> int:
        self.check(Act.CHANGE_JOBS, self._engine.who_stands_at(place))
        return await self._engine.discard_waiting(place)

    async def acquire(self, place: str) -> None:
        self.check(Act.ACQUIRE)
        await self._engine.acquire(place)

    async def sign_in(self, place: str, user: str) -> None:
        self.check(Act.SIGN_IN, user)
        self._check_free(place, Act.SIGN_IN)
        await self._engine.sign_in(place, user)

    def status(self) -> Status:
        """As much of it as the viewer may see."""
        whole, settings = self._engine.status(), self.may(Act.SEE_SETTINGS)
        return whole._replace(
            identities=self.sign_ins(),
            jobs=self.jobs(),
            information=self.information(),
            mailboxes=tuple(each for each in whole.mailboxes if self._sees_mailbox(each)),
            warns=whole.warns if settings else (),
            credential_ends_at=whole.credential_ends_at if settings else None,
        )

    def _sees_mailbox(self, mailbox: MailboxStatus) -> bool:
        """One that several share is the device's."""
        owner = self._engine.mailboxes.owner(mailbox.account)
        return self.may(Act.SEE_STATUS, self._engine.people.name(owner) if owner else ADMINISTRATOR)

    def sign_ins(self) -> tuple[IdentityStatus, ...]:
        return tuple(
            each for each in self._engine.reader.identities() if self.may(Act.SEE_STATUS, each.login)
        )

    def sign_in_of(self, login: str) -> IdentityStatus | None:
        """Of one; None: nobody of that name is known, or he is not the viewer's to see."""
        if not self.may(Act.SEE_STATUS, login):
            return None
        person = self._engine.people.find(login)
        if person is None and login != ADMINISTRATOR:
            return None
        return self._engine.reader.identity(person.identity if person else ADMINISTRATOR, login)

    def tokens_held(self, user: str | None = None) -> int:
        """Those that [Delete] would delete, of all or of one. Raises UnknownUser."""
        if user is None:
            self.check(Act.DELETE_TOKENS)
            return self._engine.tokens_held()
        self._check_delete(user)
        person = self._engine.people.find(user)
        if person is None and user != ADMINISTRATOR:
            raise UnknownUser(user)
        return int(self._engine.holds(person.identity if person else ADMINISTRATOR))

    async def delete_tokens(self) -> int:
        self.check(Act.DELETE_TOKENS)
        return await self._engine.delete_tokens()

    async def delete_token(self, user: str) -> None:
        self._check_delete(user)
        await self._engine.delete_token(user)

    def _check_delete(self, user: str) -> None:
        if user == ADMINISTRATOR:
            self.check(Act.DELETE_ADMINISTRATORS_TOKEN)
        else:
            self.check(Act.DELETE_TOKENS, user)

    # Settings and warnings

    def settings(self) -> Settings:
        self.check(Act.SEE_SETTINGS)
        return self._engine.settings

    async def apply(self, settings: Settings, ends: Collection[str] = ()) -> Applied:
        self.check(Act.CHANGE_SETTINGS)
        if speaks(self._engine.settings.differences(settings)):
            self.check(Act.CHANGE_PROGRAMS)
        return await self._engine.apply(settings, ends)

    def secrets(self) -> tuple[str, ...]:
        self.check(Act.SEE_SETTINGS)
        return self._engine.secrets()

    async def keep_secret(self, name: str, secret: Secret) -> None:
        self.check(Act.CHANGE_SETTINGS)
        await self._engine.keep_secret(name, secret)

    async def erase_secret(self, name: str) -> None:
        self.check(Act.CHANGE_SETTINGS)
        await self._engine.erase_secret(name)

    def information(self) -> tuple[Warning, ...]:
        """What concerns the device everybody sees; what concerns a user is told to that user (S24), and to
        the administrator where it is not the user who must act (B9).
        """
        return tuple(each for each in self._engine.information() if self.sees(each))

    def sees(self, warning: Warning) -> bool:
        whose = self._engine.concerns(warning)
        if not whose or self.may(Act.SEE_INFORMATION, whose):
            return True
        return warning.actor not in (Actor.PERSON, Actor.NOBODY) and self.may(Act.SEE_TO_ACT, whose)

    async def acknowledge(self, code: Info, subject: str) -> bool:
        """False: no such warning stands that the viewer sees."""
        found = [each for each in self.information() if (each.code, each.subject) == (code, subject)]
        if not found:
            return False
        whose = self._engine.concerns(found[0])
        if not whose:
            self.check(Act.ACKNOWLEDGE_DEVICE)
        elif not self.may(Act.ACKNOWLEDGE, whose):
            self.check(Act.ACKNOWLEDGE_TO_ACT, whose)
        return await self._engine.acknowledge(code, subject)

    def metrics(self) -> str:
        """As `Engine.metrics` gives them: they hold no names."""
        self.check(Act.SEE_HISTORY)
        return self._engine.metrics()

    def events(self, after: int | None = None) -> AsyncIterator[Entry]:
        """The journal, as `Engine.events` gives it."""
        self.check(Act.SEE_HISTORY)
        return self._engine.events(after)

    # Leaving

    async def forget(self, user: str) -> Forgotten:
        self.check(Act.FORGET, user)
        return await self._engine.forget(user)

    async def factory_reset(self) -> Reset:
        self.check(Act.RESET)
        return await self._engine.factory_reset()

    async def rotate_key(self) -> int:
        self.check(Act.EXCHANGE_KEY)
        return await self._engine.rotate_key()

    # Boxes

    async def keep_documents(self, user: str, files: Sequence[Path]) -> tuple[Document, ...]:
        self.check(Act.USE_BOXES, user)
        return await self._engine.keep_documents(user, files)

    def documents(self, user: str) -> tuple[Document, ...]:
        self.check(Act.USE_BOXES, user)
        return self._engine.documents(user)

    async def delete_documents(self, user: str) -> int:
        self.check(Act.USE_BOXES, user)
        return await self._engine.delete_documents(user)

    async def delete_document(self, user: str, number: int) -> None:
        self.check(Act.USE_BOXES, user)
        await self._engine.delete_document(user, number)
