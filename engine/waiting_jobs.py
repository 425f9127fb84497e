"""Jobs whose user is missing: left behind when his sign-in was deleted (S28), or waiting too long for it
(S18).

Rule: no time of waiting is counted in which nobody could sign in, or in which the clock was not set. A wait
that ran out while the device was off, or while a rule forbade the sign-in, gets an hour more: who finds the
device on again finds his job, too.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from ..events.job import (
    Ending,
    JobCancelled,
    JobGivenUp,
    LeftJobsCancelled,
    LeftJobsSettled,
    SignInLookedAt,
)
from ..events.settings import LeftJobs, OAuth
from ..machines.clock import CLOCK, DOUBTED
from ..machines.effects import Effect, LookAtSignIn, SettleJobs
from ..machines.job import ENDED, HELD, JOB, LOOK_AGAIN, SENDING, WAITING, Stage
from ..machines.left_jobs import LEFT_JOBS
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.validation import NOT_AVAILABLE, VALIDATION
from .bus import Publication
from .deeds import Brought, Outcome, Performer
from .known_time import BUILT
from .play import Asked
from .records import StoreFailed
from .runtime import EngineStopped, Runtime

AT_ONCE = 64
"Jobs that one commit cancels."
GRACE = timedelta(hours=1)
"How long a device that can sign people in again waits for them, at the least."


class WaitingJobs:
    def __init__(self, runtime: Runtime, oauth: Callable[[], OAuth]) -> None:
        self.runtime, self.store, self.clock = runtime, runtime.store, runtime.clock
        self.oauth = oauth
        "[OAuth Settings] of this moment."

    def performers(self) -> dict[type[Effect], Performer]:
        return {
            SettleJobs: Performer(self.settle, self.not_settled),
            LookAtSignIn: Performer(self.look, self.not_looked_at),
        }

    # Left behind (S28)

    async def settle(self, asked: Asked, brought: Brought) -> Outcome:
        """Cancels up to `AT_ONCE` of them, or says that it is done. With [OAuth 2.0] OFF they go without a
        sign-in, and nothing is left behind.
        """
        identity = asked.key
        left = self.runtime.instance(LEFT_JOBS, identity).data
        if left.since is None or not self.oauth().enabled:
            return settled(identity, left.cancelled, 0)
        if left.left_jobs is LeftJobs.WAIT:
            acquired = self.runtime.instance(REFRESH_TOKEN, identity).state is ACQUIRED
            waiting = () if acquired else self.of_before(identity, left.since, WAITING)
            return settled(identity, left.cancelled, len(tuple(waiting)))
        dropped = await self.drop(self.of_before(identity, left.since, SENDING))
        found = list(self.of_before(identity, left.since, WAITING, HELD))[:AT_ONCE]
        if not found and not dropped:
            return settled(identity, left.cancelled, 0)
        counted = LeftJobsCancelled(identity=identity, jobs=len(found) + dropped)
        return (*cancelled(found, Ending.LEFT), Publication(counted))

    def of_before(self, identity: str, since: datetime, *stages: Stage) -> Iterator[int]:
        for job in self.store.unfinished(identity, [stage.name for stage in stages]):
            submitted = self.runtime.instance(JOB, str(job)).data.since
            if submitted is None or submitted <= since:
                yield job

    async def drop(self, jobs: Iterable[int]) -> int:
        """Messages whose envelope is under way; how many could be dropped before their body began."""
        found = list(jobs)
        if not found:
            return 0
        try:
            await self.runtime.publish(*cancelled(found, Ending.LEFT))
        except (StoreFailed, EngineStopped):
            return 0  # they end by themselves, and what comes back is found in the next round
        return sum(self.runtime.instance(JOB, str(job)).state is ENDED for job in found)

    def not_settled(self, asked: Asked) -> Outcome:
        return settled(asked.key, self.runtime.instance(LEFT_JOBS, asked.key).data.cancelled, 0)

    # Waiting for a sign-in (S18)

    async def look(self, asked: Asked, brought: Brought) -> Outcome:
        """A wait counts from the submission, the release, or the loss of the sign-in, whichever came last."""
        job, now, oauth = int(asked.key), self.clock.now(), self.oauth()
        row = self.store.job(job)
        sending = self.runtime.instance(VALIDATION, "")
        clock = self.runtime.instance(CLOCK, "")
        if row is None or clock.state is DOUBTED or sending.state is NOT_AVAILABLE:
            return looks_again(job, now + LOOK_AGAIN)
        token = self.runtime.instance(REFRESH_TOKEN, row.identity)
        if token.state is ACQUIRED or not oauth.enabled:
            return looks_again(job, now + oauth.sign_in_wait)
        submitted = asked.instance.data.since or asked.fact.at
        since = max(submitted, token.entered or submitted)
        if since < BUILT:  # by a clock that was not set
            since = max(since, sending.entered or since)
        if since < BUILT:
            return looks_again(job, now + oauth.sign_in_wait)
        could_sign_in = max(sending.entered or since, clock.entered or since)
        until = max(since + oauth.sign_in_wait, could_sign_in + GRACE)
        if now < until:
            return looks_again(job, until)
        return (Publication(JobGivenUp(job=job, identity=row.identity, waited_since=since)),)

    def not_looked_at(self, asked: Asked) -> Outcome:
        return looks_again(int(asked.key), self.clock.now() + LOOK_AGAIN)


def cancelled(jobs: Iterable[int], why: Ending) -> list[Publication]:
    return [Publication(JobCancelled(job=job, why=why)) for job in jobs]


def settled(identity: str, cancelled: int, waiting: int) -> Outcome:
    return (Publication(LeftJobsSettled(identity=identity, cancelled=cancelled, waiting=waiting)),)


def looks_again(job: int, moment: datetime) -> Outcome:
    return (Publication(SignInLookedAt(job=job, look_at=moment)),)
