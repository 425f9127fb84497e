"""The jobs that a user leaves in the spool when his token is deleted (S28).

They wait for his next sign-in or are cancelled, as the fact of the deletion says; he is told how many. They
are cancelled a few at a time, and the count goes on through a power cut. Only what was submitted before the
deletion is meant: who signs in again at once loses nothing of what he sends then. A message whose body is
under way is never cancelled: should the server put it off, it waits for the next sign-in.

Rule: users' jobs only. The administrator's wait for [Acquire], whatever address a user shares with him.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..events.base import ADMINISTRATOR, OfIdentity
from ..events.device import EngineStarted
from ..events.information import Info
from ..events.job import JobGivenUp, JobsDiscarded, LeftJobsCancelled, LeftJobsSettled
from ..events.settings import LeftJobs
from ..events.token import SignInSucceeded, TokenDeleted
from .definition import Definition, always, ignore, on, state
from .effects import Clear, Inform, SettleJobs

Left = StrEnum("Left", ["SETTLED", "SETTLING"])
SETTLED, SETTLING = Left


@dataclass(frozen=True, slots=True)
class Chosen:
    left_jobs: LeftJobs = LeftJobs.WAIT
    since: datetime | None = None
    "When the token was deleted: jobs that were submitted later are not meant."
    cancelled: int = 0


def of_user(chosen: Chosen, event: TokenDeleted) -> bool:
    return event.identity != ADMINISTRATOR


def right(chosen: Chosen, event: SignInSucceeded) -> bool:
    return event.right


def awaited(chosen: Chosen, event: SignInSucceeded) -> bool:
    return event.right and chosen.left_jobs is LeftJobs.WAIT


def some_cancelled(chosen: Chosen, event: LeftJobsSettled) -> bool:
    return event.cancelled > 0


def some_wait(chosen: Chosen, event: LeftJobsSettled) -> bool:
    return event.waiting > 0


def begin(chosen: Chosen, event: TokenDeleted) -> Chosen:
    return replace(chosen, left_jobs=event.left_jobs, since=event.at)


def count(chosen: Chosen, event: LeftJobsCancelled) -> Chosen:
    return replace(chosen, cancelled=chosen.cancelled + event.jobs)


def forget(chosen: Chosen, event: object) -> Chosen:
    return Chosen()


LATE = "it was settled already"

LEFT_JOBS = Definition(
    "left jobs", Chosen,
    always(
        on(JobGivenUp, JobsDiscarded, ask=[Clear(Info.JOBS_WAIT)]),
        ignore(EngineStarted, why="nothing is to be carried out"),
    ),
    state(SETTLED, "What was chosen for the jobs that this user left is carried out.",
        on(TokenDeleted, when=of_user, to=SETTLING, data=begin, ask=[Clear(Info.JOBS_WAIT), SettleJobs()]),
        ignore(TokenDeleted, unless=of_user, why="the administrator's jobs wait for [Acquire]"),
        on(SignInSucceeded, when=right, ask=[Clear(Info.JOBS_WAIT)]),
        ignore(SignInSucceeded, unless=right, why="another account: what waits goes on waiting"),
        ignore(LeftJobsCancelled, LeftJobsSettled, why=LATE)),
    state(SETTLING, "His jobs are being cancelled, or counted.",
        on(TokenDeleted, data=begin),
        on(SignInSucceeded, when=awaited, to=SETTLED, data=forget),
        ignore(SignInSucceeded, unless=awaited, why="the jobs of before are cancelled all the same"),
        on(LeftJobsCancelled, data=count, ask=[SettleJobs()]),
        on(LeftJobsSettled, when=some_cancelled, to=SETTLED, data=forget, ask=[Inform(Info.JOBS_CANCELLED)]),
        on(LeftJobsSettled, when=some_wait, unless=some_cancelled, to=SETTLED, data=forget,
           ask=[Inform(Info.JOBS_WAIT)]),
        on(LeftJobsSettled, unless=[some_cancelled, some_wait], to=SETTLED, data=forget),
        on(EngineStarted, ask=[SettleJobs()])),
    per=OfIdentity,
)  # fmt: skip
