"""The engine as an embedding program sees it.

    async with Engine.open(Settings.load("franking.toml")) as engine:
        receipt = await engine.submit(ScanToEmail(user="kim", to=["lee@example.com"], files=["scan.pdf"]))

It has no event loop, no signal handlers, no logging configuration and no global state of its own, and writes
nowhere but in its store's folder.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from ..events.base import ADMINISTRATOR, Event
from ..events.device import EngineStarted
from ..events.information import (
    TOLD_ONCE,
    Info,
    InformationAcknowledged,
    InformationCleared,
)
from ..events.token import GrantRevoked
from ..machines.job import DELIVERING, JOB
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.roles import Viewer
from ..machines.rules import RULES, Look, Rule, Verdict, broken
from .adapters import NO_PROVIDERS
from .alarms import Way
from .bus import Lane, Publication
from .clock import Clock, SystemClock
from .codec import moment
from .deeds import where
from .information import Warning
from .journal import Entry, Gap
from .leaving import Leaving
from .logged import logged
from .lost_grants import this_device
from .outside import outside
from .play import Move
from .ports import Credentials, Directory, Screen
from .records import JOBS_AT_ONCE, RevocationEnded, SealFailed, StoreFailed
from .refusal import Refused, check_codes
from .settings import FileCredentials, Mistake, Settings, SettingsError
from .signals import Transferred
from .status import JobStatus, Status
from .store_port import Store
from .view import View
from .watchers import Unit
from .words import words

if TYPE_CHECKING:
    from .oauth.providers import ProviderData

PATIENCE_S = 20.0
"How long a message whose body is under way may take to end when the engine stops (S33c)."
WAKING_TURNS = 8
"Turns of the loop between the waking of a task and its first step: one for each task and future in between."
E = TypeVar("E", bound=Event)
log = logging.getLogger("franking")
log.addHandler(logging.NullHandler())  # whoever embeds it decides where its log goes, and without him nowhere


def state_folder(environment: Mapping[str, str]) -> Path:
    """Of a service, what its manager names; for a person, the XDG state folder."""
    if "STATE_DIRECTORY" in environment:
        return Path(environment["STATE_DIRECTORY"].split(":")[0])
    return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "franking"


class Engine(Leaving):
    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        screen: Screen | None = None,
        key: Callable[[], bytes] | None = None,
        former_key: Callable[[], bytes] | None = None,
        credentials: Credentials | None = None,
        directory: Directory | None = None,
        rules: tuple[Rule, ...] = (),
        providers: Mapping[str, "ProviderData"] = NO_PROVIDERS,
        device: Callable[[], str] = this_device,
    ) -> AsyncIterator[Self]:
        """Opens the store, says that the engine started, and runs until the block ends.

        `rules`, `providers`: the program's own, beside the manual's and those that are built in, and
        `provider.toml` beside the store (S2, S16).
        `key`: 32 octets that seal refresh tokens, where they are not to lie in a file beside the store or in
        the credential `franking-key` of the service manager. What is still sealed with `former_key` is sealed
        anew before this returns.
        `device`: what only this device has, such as its serial number; by it a store that was copied to
        another device is noticed, and nobody's sign-in is shared. As it is, the serial number of the device
        tree, or the UUID of the board (SMBIOS), where this runs as root; empty: no copy is noticed.
        Raises Refused or SettingsError where the settings cannot be, StoreInUse, StoreUnusable, SealFailed,
        RuleCodeTaken, StoreFailed, OSError.
        """
        from .store.erasure import finish_reset, go_on
        from .store.keys import GivenKey, key_of
        from .store.lock import StoreLock
        from .store.opening import check_owner
        from .store.sqlite import SqliteStore

        folder = settings.store.path or state_folder(os.environ)
        check_owner(folder)
        if go_on(folder):
            log.warning("the reset that was begun before is finished: the store is empty")
        credentials = credentials or FileCredentials(folder / "credentials")
        providers = {**provided(folder), **providers}
        check_settings(settings, (*RULES, *rules), outside(settings, credentials, providers))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with StoreLock(folder):
            folder.chmod(0o700)
            store = SqliteStore(folder / "store.db")
            try:
                engine = cls(
                    settings,
                    folder,
                    store,
                    clock or SystemClock(),
                    GivenKey(key, former_key) if key else key_of(folder, os.environ, in_use(store)),
                    screen,
                    credentials,
                    directory,
                    rules,
                    providers,
                    device,
                )
            except BaseException:
                await store.aclose()
                raise
            try:
                await engine.start()
                yield engine
            finally:
                await engine.stop()
                if engine.resets:
                    finish_reset(folder)

    async def start(self) -> None:
        """A new life: one line, committed alone before anything else happens."""
        logged(self.runtime.watchers)
        self.run("runtime", self.runtime.run())
        claim = self.lost_grants.first_claim()
        await self.runtime.publish(Publication(self.availability(EngineStarted), rows=claim))
        await self.finish_exchange()
        await self.lost_grants.start()
        self.copied_jobs.start()
        for left in self.store.revocations():
            told = GrantRevoked(identity=left.identity, delivered=False)
            await self.runtime.publish(Publication(told, rows=(RevocationEnded(left.key),)))
        if self.settings.oauth.enabled:  # OFF keeps them (S26a)
            for identity in self.estranged():  # the configuration was changed while the device was off
                await self.runtime.publish(*self.voided(identity))
        await self.known_time.begin()
        if found := [*self.credential_look.found(), *self.refused_credential.all_tried()]:
            await self.runtime.publish(*found)
        await asyncio.to_thread(self.spool.sweep, self.scans.alive())
        self.reporting.ready.set()
        await self.sweep_browser()
        kept = frozenset(row.document for row in self.store.documents())
        await asyncio.to_thread(self.boxes.sweep, kept)
        self.run("limits", self.limits.run())
        self.run("dispatcher", self.dispatcher.run())
        self.run("disk", self.full_disk.run())
        self.run("retention", self.retention.run())
        for way in Way:
            self.run("alarms", self.alarms.run(way))
        self.run("metrics", self.numbers.run())
        self.dispatcher.wake()

    def run(self, name: str, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: self.ended(name, done))
        self.tasks.append(task)

    def ended(self, name: str, task: "asyncio.Future[None]") -> None:
        """A part that fails is a fault of the program: nothing is accepted any more that could be lost."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("the engine's %s failed: %s", name, where(error))
            self.runtime.fail(name)

    async def stop(self) -> None:
        """Claims end; a message whose final dot has gone waits for its answer, others are dropped; what runs
        to its end is waited for (S33c).
        """
        await ended(self.tasks[1:])
        self.reporting.ready.set()  # where the start failed before
        self.runtime.stopping = True
        self.sending.drop_all()
        await self.deeds.stop(self.says_its_end, PATIENCE_S)
        await self.tokens.aclose()
        await self.refused_credential.aclose()
        await self.saying.aclose()
        await self.adapters.aclose()
        await ended([*self.handlers, *self.tasks[1:]])
        self.runtime.close()
        await asyncio.gather(*self.tasks, *self.under_way, return_exceptions=True)
        await self.store.aclose()

    def says_its_end(self, lane: Lane) -> bool:
        """A message that may have been delivered, or that was dropped."""
        title, key, _ = lane
        if title != JOB.title:
            return False
        return int(key) in self.sending.transfers or self.runtime.instance(JOB, key).state is DELIVERING

    async def publish(self, fact: Event) -> int:
        """Says a fact that the embedding program knows of; its number in the journal, once it is durable.

        Raises StoreFailed. A fact that brings a secret is for the adapters alone: TypeError.
        """
        if fact.brings_grant:
            raise TypeError(f"{type(fact).__name__} brings a token: only a sign-in or a refresh can say it")
        return await self.say(fact)

    def events(self, after: int | None = None) -> AsyncIterator[Entry]:
        """The journal after this line and whatever comes, without end; None: from now on. Lines that are not
        kept any more are one entry, a Gap.
        """
        return self.journal.events(self.runtime.sequence if after is None else after)

    def on(
        self,
        kind: type[E],
        handler: Callable[[E], Awaitable[None] | None],
        missed: Callable[[Gap], None] = lambda gap: None,
    ) -> Callable[[], None]:
        """Calls `handler` with each fact of this kind (or of a kind below it) from now on; call what it
        returns to stop that. `settle` waits for handlers, so none may wait for `settle`. `missed` is told of
        lines that were not kept until the handler came to them.
        """
        return self.listening(self.journal.handle(kind, handler, self.runtime.sequence, missed))

    def on_progress(self, handler: Callable[[Transferred], Awaitable[None] | None]) -> Callable[[], None]:
        """Calls `handler` with how far each message has come, at most every 128 kB of it, from now on; call
        what it returns to stop that. These are no facts: a handler that is slow sees the latest value of each
        job and not those before, and neither sending nor `settle` waits for it.
        """
        return self.listening(self.signals.listen(handler))

    def listening(self, work: Coroutine[None, None, None]) -> Callable[[], None]:
        """What ends it."""
        task = asyncio.ensure_future(work)
        self.handlers.append(task)

        def off() -> None:
            self.handlers.remove(task)
            task.cancel()

        return off

    def watch(self, watcher: Callable[[Move], None]) -> None:
        """Calls `watcher` after each commit with every step that it made durable; it returns at once."""

        def each(unit: Unit) -> None:
            for move in unit.played.moves:
                watcher(move)

        self.runtime.watchers.add(each)

    def status(self) -> Status:
        return self.reader.status()

    def jobs(
        self, user: str | None = None, before: int | None = None, limit: int = JOBS_AT_ONCE
    ) -> tuple[JobStatus, ...]:
        """A page of the newest jobs, of one user or of all, with numbers below `before`; the oldest of them
        first. None for an unknown user.
        """
        if user is None:
            return self.reader.jobs(None, before, limit)
        known = self.people.find(user)
        owner = ADMINISTRATOR if user == ADMINISTRATOR else known.identity if known else ""
        return self.reader.jobs(owner, before, limit)

    def information(self) -> tuple[Warning, ...]:
        """What the [Information] screen shows."""
        return self.reader.information()

    def metrics(self) -> str:
        """Numbers for Prometheus, in its text format. Raises StoreFailed."""
        return self.numbers.text()

    def concerns(self, warning: Warning) -> str:
        """The login of the user whom it concerns; empty: the device, and everybody sees it (S24)."""
        identity = self.reader.concerns(warning)
        return "" if identity in (None, ADMINISTRATOR) else self.people.name(identity)

    def view(self, viewer: Viewer) -> View:
        """The engine as this viewer may use it (S33a)."""
        return View(self, viewer)

    async def acknowledge(self, code: Info, subject: str) -> bool:
        """A person has read it. What happened once is gone with that; what still is so stays, marked, until
        it is mended, or raised again. False: it does not stand. Raises StoreFailed.
        """
        if (code, subject) not in self.runtime.raised:
            return False
        facts: list[Event] = [InformationAcknowledged(code=code, subject=subject)]
        if code in TOLD_ONCE:
            facts.append(InformationCleared(code=code, subject=subject))
        await self.runtime.publish(*map(Publication, facts))
        return True

    async def rotate_key(self) -> int:
        """Another key seals from now on, and what is sealed is sealed anew: how much that was (S26). A power
        cut in between costs nothing. A key that is not in a file of the store is exchanged by opening the
        engine with the new one and the former one.

        Raises KeyNotOurs, KeyMissing, KeyUnreadable (each a SealFailed), StoreFailed.
        """
        return await self.carried_through(self.resealing.exchange())

    async def finish_exchange(self) -> None:
        """A key that cannot be read now keeps no device from starting: what it seals says so itself."""
        try:
            await self.resealing.finish()
        except SealFailed as failure:
            log.error("what is sealed with a former key stays so: %s", failure)

    def next_due(self) -> datetime | None:
        """When the next limit of a state is to be said."""
        due = self.limits.next_due_us(self.clock.now())
        return None if due is None else moment(due)

    async def settle(self) -> None:
        """Runs everything that is due, and returns when nothing is left to do but wait for the clock, a
        person or a lost store. Raises EngineFailed where a part of the engine failed, and WaitsForItself in a
        handler of `on`, for which it waits.
        """
        self.journal.check_outside()
        while True:
            await self.activity.quiet.wait()
            self.runtime.check()
            try:
                said = await self.limits.look()
            except StoreFailed:
                return
            if not said and await self.stays_quiet():
                return

    async def stays_quiet(self) -> bool:
        """Whoever was just woken, by a clock that was moved or by a person, counts as under way only when
        his task has had its turn.
        """
        for _ in range(WAKING_TURNS):
            if self.activity.count:
                return False
            await asyncio.sleep(0)
        return self.activity.count == 0


def check_settings(settings: Settings, rules: tuple[Rule, ...], mistakes: tuple[Mistake, ...]) -> None:
    """Raises RuleCodeTaken, Refused, SettingsError: all that is wrong at once (S15)."""
    check_codes(rules)
    found = broken(settings, Look.SET, rules=rules)
    refuses = tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.CANNOT_BE_SET)
    if refuses:
        raise Refused("refused.open", refuses, words(settings.device.language), mistakes)
    if mistakes:
        raise SettingsError("settings", mistakes)


def provided(folder: Path) -> Mapping[str, "ProviderData"]:
    """What lies beside the store. Raises SettingsError."""
    if not (folder / "provider.toml").exists():
        return NO_PROVIDERS
    from .oauth.providers.profile import beside

    return beside(folder)


def in_use(store: Store) -> Callable[[], bool]:
    """Whether a sign-in holds, or a scan lies here, that is sealed with the key: without it no other one is
    made (S29, S33b).
    """
    return lambda: bool(store.in_states(REFRESH_TOKEN.title, (ACQUIRED.name,))) or store.keeps_sealed()


async def ended(tasks: "list[asyncio.Future[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
