"""Jobs that the dispatcher cannot look at: people are told of each once, and that it can be looked at again.

What was told stands in the store, so that a restart tells nothing twice, and clears what was mended
meanwhile.

Rule: a job that waits or is held is not known to be sound; one that was taken or has ended needs no warning.
"""

from ..events.job import JobLeftAlone, JobLookedAt
from ..machines.job import HELD, JOB, WAITING
from ..machines.left_alone import ALONE, LEFT_ALONE
from .runtime import Runtime
from .saying import Saying
from .watchers import Unit


class LeftAlone:
    def __init__(self, runtime: Runtime, saying: Saying) -> None:
        """Raises StoreFailed."""
        self.saying = saying
        self.told = {int(job) for job in runtime.store.in_states(LEFT_ALONE.title, (ALONE.name,))}
        "Of whom the [Information] screen tells."
        runtime.watchers.add(self.watch, JOB, LEFT_ALONE)

    def tell(self, job: int) -> None:
        if job not in self.told:
            self.saying.begin(JobLeftAlone(job=job))

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if move.machine is LEFT_ALONE:
                (self.told.add if move.after.state is ALONE else self.told.discard)(int(move.key))
            elif move.machine is JOB and move.after.state not in (WAITING, HELD):
                self.over(int(move.key))

    def over(self, job: int) -> None:
        """Taken, or at its end."""
        if job in self.told:
            self.saying.begin(JobLookedAt(job=job))
