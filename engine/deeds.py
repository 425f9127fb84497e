"""Acts in the world that a row asked for: performed after its commit, their outcome published as facts.

One at a time for each instance and kind. A deed that stands in `ask` runs to its end, whatever becomes
of its state, and an engine that stops waits for it; one that stands in `during` is stopped when its state is
left. What a deed gives back is published until it is durable: until then the deed counts as under way. Only
an engine that stops while its store takes nothing, or that has failed, gives an outcome up.

Rule: a performer gives back an outcome for everything that can happen. One that raises has a bug: that is
logged without its text, for it may hold a secret, and the deed's own `failed` outcome goes out in its place.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from ..events.registry import MalformedRecord
from ..events.token import GrantRotated, SignInSucceeded
from ..machines.effects import Deed, Effect
from .bus import Lane, Publication
from .keeping import brought_with
from .play import MACHINE, Asked, Move
from .records import RETRY_STORE, SealedGrant, SealFailed, StoreFailed, Whose
from .runtime import EngineFailed, EngineStopped, Runtime, left_by, revocations
from .secret import Secret
from .watchers import Unit

Outcome = Sequence[Publication]
"Facts that are committed together; none: nobody needs to hear of it."
log = logging.getLogger("franking")


class Brought(NamedTuple):
    """Secrets that a deed needs and that are in no instance."""

    token: Secret | None = None
    "The refresh token that came with the causing fact."
    whose: Whose | None = None
    "Whom that belongs to."
    sealed: SealedGrant | None = None
    "The grant that the same commit took from the store."


NOTHING = Brought()
LASTING = tuple(machine for machine in MACHINE.values() if any(b.during for b in machine.blocks.values()))
"Machines some of whose states last as long as a deed."

UNTOLD = timedelta(minutes=1)
"So long an exchanged token waits for its key before anybody is told; from then on it is offered as seldom."


def nobody_told(asked: Asked, failure: SealFailed) -> Outcome:
    return ()


def never(asked: Asked) -> bool:
    return False


class Performer(NamedTuple):
    perform: Callable[[Asked, Brought], Awaitable[Outcome]]
    failed: Callable[[Asked], Outcome]
    "What a bug in `perform` comes to: the machine must not be left waiting."
    unsealed: Callable[[Asked, SealFailed], Outcome] = nobody_told
    "Said while an outcome waits for its key."
    needless: Callable[[Asked], bool] = never
    "There is nothing to do: seen at once, so that no task is made for it."


class Deeds:
    def __init__(self, runtime: Runtime, performers: Mapping[type[Effect], Performer]) -> None:
        self.runtime, self.performers = runtime, performers
        self.lanes: dict[Lane, asyncio.Task[None]] = {}
        "The last task of each lane; the next one waits for it."
        self.patient: set[asyncio.Future[None]] = set()
        "What waits for a lost store, or for the key."
        self.stopping = False
        self.during: dict[Lane, asyncio.Task[None]] = {}
        runtime.watchers.add(self.watch, Deed, *LASTING)

    def watch(self, unit: Unit) -> None:
        for asked in unit.played.asked:
            if isinstance(asked.effect, Deed) and not self.performers[type(asked.effect)].needless(asked):
                publication = brought_with(unit.waiting, asked.fact)
                token, whose = (publication.seal, publication.whose) if publication else (None, None)
                self.begin(asked, Brought(token, whose, unit.taken.get(asked.key)))
        for move in unit.played.moves:
            self.follow(move)

    def follow(self, move: Move) -> None:
        """Stops and begins what the states say of the time that they last."""
        if move.before.state is move.after.state:
            return
        for lane in left_by(move):
            self.runtime.bus.withdraw(lane)
            task = self.during.pop(lane, None)
            if task is not None:
                task.cancel()
        before = move.machine.blocks[move.before.state].during
        if self.stopping:
            return  # the next start finds the state without its deed, as after a power cut
        for deed in (each for each in move.machine.blocks[move.after.state].during if each not in before):
            lane = (move.machine.title, move.key, type(deed))
            self.during[lane] = self.begin(
                Asked(deed, move.machine, move.key, move.fact, move.after), NOTHING
            )

    def begin(self, asked: Asked, brought: Brought) -> "asyncio.Task[None]":
        lane = (asked.machine.title, asked.key, type(asked.effect))
        before = self.lanes.get(lane)
        self.runtime.activity.begin()
        task = asyncio.create_task(
            self.run(asked, brought, before, lane), name=f"franking {lane[0]} {lane[1]}"
        )
        task.add_done_callback(lambda _: self.end(lane, task))
        self.lanes[lane] = task
        return task

    def end(self, lane: Lane, task: "asyncio.Task[None]") -> None:
        self.runtime.activity.end()
        if self.lanes.get(lane) is task:
            del self.lanes[lane]
        if self.during.get(lane) is task:
            del self.during[lane]

    async def run(
        self, asked: Asked, brought: Brought, before: "asyncio.Task[None] | None", lane: Lane
    ) -> None:
        if before is not None:
            async with self.runtime.activity.parked():  # that one counts, or is parked, too
                await asyncio.wait([before])
        performer = self.performers[type(asked.effect)]
        try:
            outcome = await performer.perform(asked, brought)
        except Exception as error:  # noqa: BLE001 - see the rule above
            log.error(
                "%s of %s %s failed by a fault of the program: %s",
                lane[2].__name__,
                lane[0],
                lane[1],
                where(error),
            )
            outcome = performer.failed(asked)
        if outcome and not await self.tell(lane, outcome, lambda failure: performer.unsealed(asked, failure)):
            self.give_back(outcome)
            await self.tell(lane, performer.failed(asked))

    async def tell(
        self, lane: Lane, outcome: Outcome, unsealed: Callable[[SealFailed], Outcome] | None = None
    ) -> bool:
        """An outcome cannot be taken back: it is offered again until it is durable. Only an engine that stops
        gives it up: its next start finds the deed cut short, as after a power cut.

        False: it cannot be said, such as the token of a sign-in for which there is no key to seal it: whoever
        signs in is there and does it again. What `unsealed` gives is said once, after `UNTOLD`.
        """
        began, told, delay = self.runtime.clock.now(), "", RETRY_STORE
        while True:
            try:
                await self.runtime.publish(*outcome, lane=lane)
                return True
            except (StoreFailed, SealFailed) as failure:
                if isinstance(failure, SealFailed) and not rotates(outcome):
                    self.not_said(lane, failure)
                    return False
                if str(failure) != told:
                    log.error("an outcome waits: %s", failure)
                    told = str(failure)
                if self.stopping:
                    self.give_back(outcome)
                    return True
                late = self.runtime.clock.now() - began >= UNTOLD
                if isinstance(failure, SealFailed) and unsealed and late:
                    await self.tell(lane, unsealed(failure))
                    unsealed, delay = None, UNTOLD
                await self.wait_for_store(outcome, delay)
            except (EngineFailed, EngineStopped):
                self.give_back(outcome)
                return True
            except Exception as error:  # noqa: BLE001 - whatever a step raises; its text may hold a secret
                self.not_said(lane, error)
                return False

    def not_said(self, lane: Lane, error: Exception) -> None:
        why = str(error) if isinstance(error, MalformedRecord) else where(error)
        log.error("the outcome of %s of %s %s cannot be said: %s", lane[2].__name__, lane[0], lane[1], why)

    def give_back(self, outcome: Outcome) -> None:
        """A sign-in that cannot be kept leaves no grant at the provider. What a refresh brought is not
        revoked: it is of the same grant as the one that is kept.
        """
        for publication in outcome:
            if isinstance(publication.fact, SignInSucceeded):
                for asked in revocations([publication]):
                    self.begin(asked, Brought(publication.seal, publication.whose))

    async def wait_for_store(self, outcome: Outcome, delay: timedelta) -> None:
        until = self.runtime.clock.now() + delay
        waiting = asyncio.ensure_future(self.runtime.clock.sleep_until(until))
        self.patient.add(waiting)
        try:
            async with self.runtime.activity.parked():
                await asyncio.wait([waiting])
        except asyncio.CancelledError:
            self.give_back(outcome)
            raise
        finally:
            self.patient.discard(waiting)
            waiting.cancel()

    async def ended(self, names: Collection[tuple[str, str]], kind: type[Effect] = Effect) -> None:
        """Returns when no such deed of these instances (machine and key) is under way."""
        while tasks := [
            task
            for (title, key, deed), task in self.lanes.items()
            if (title, key) in names and issubclass(deed, kind)
        ]:
            await asyncio.wait(tasks)

    async def stop(self, unstoppable: Callable[[Lane], bool], patience_s: float) -> None:
        """Stops what lasts as long as its state; what is `unstoppable` may end by itself within `patience_s`.
        What runs to its end is waited for, but not for a lost store.
        """
        self.stopping = True
        for waiting in self.patient:
            waiting.cancel()
        spared = [task for lane, task in self.during.items() if unstoppable(lane)]
        for task in self.during.values():
            if task not in spared:
                task.cancel()
        if spared:
            await asyncio.wait(spared, timeout=patience_s)
            for task in spared:
                task.cancel()
        while self.lanes:  # an outcome may ask for more, such as a revocation
            await asyncio.wait(list(self.lanes.values()))


def rotates(outcome: Outcome) -> bool:
    """It brings what a refresh got in place of a token that the provider may have ended: nobody is there to
    sign in again.
    """
    return any(isinstance(publication.fact, GrantRotated) for publication in outcome)


def where(error: BaseException) -> str:
    """The type and the place of an error, without its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
