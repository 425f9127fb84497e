"""The unfinished jobs of a store that was copied from another device: that one sends them, too.

Rule: here they are held until a person releases or cancels each, so that nothing is lost and nothing goes
twice. When none is left, that is said.
"""

from ..events.device import HeldJobsDecided
from ..events.job import JobHeld
from ..machines.job import COPIED, HELD, JOB, WAITING
from ..machines.origin import COPY, ORIGIN
from .bus import Publication
from .runtime import Runtime
from .saying import Saying
from .watchers import Unit

AT_ONCE = 100
"Jobs that are held in one commit."


class CopiedJobs:
    def __init__(self, runtime: Runtime, saying: Saying) -> None:
        self.runtime, self.saying = runtime, saying
        self.undecided: set[str] = set()
        runtime.watchers.add(self.watch, JOB)

    async def hold(self) -> int:
        """How many these are. A power cut in between is a start that finds the copy once more. Raises
        StoreFailed.
        """
        jobs = self.runtime.store.in_states(JOB.title, (WAITING.name, HELD.name))
        for first in range(0, len(jobs), AT_ONCE):
            facts = (JobHeld(job=int(job), reason=COPIED) for job in jobs[first : first + AT_ONCE])
            await self.runtime.publish(*map(Publication, facts))
        return len(jobs)

    def start(self) -> None:
        if self.runtime.instance(ORIGIN, "").state is COPY:
            held = self.runtime.store.in_states(JOB.title, (HELD.name,))
            self.undecided = {job for job in held if self.came_with_it(job)}
            self.look()

    def came_with_it(self, job: str) -> bool:
        moved = self.runtime.store.job_moved(int(job))
        return moved is not None and moved.reason == COPIED

    def watch(self, unit: Unit) -> None:
        if not self.undecided:
            return
        left = {move.key for move in unit.played.moves if move.machine is JOB and move.before.state is HELD}
        if self.undecided & left:
            self.undecided -= left
            self.look()

    def look(self) -> None:
        if not self.undecided:
            self.saying.begin(HeldJobsDecided())
