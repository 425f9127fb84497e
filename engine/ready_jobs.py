"""Which jobs could go now, by whose they are: the dispatcher's memory of the spool.

One queue holds the jobs of one user that one identity's sign-in sends, and that he submitted in one place.
Of each queue only the first few are in memory; the rest is asked for when these are used up. So 100,000
waiting jobs cost no more than their users, and no move of a job looks at the others.

Rule: it is filled once, and from then on follows the commits (`watch`); what was taken out and did not go
after all is put back by whoever took it. Where the store does not answer, it is filled anew.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ..events.job import JobSubmitted
from ..machines.job import JOB, WAITING
from ..machines.turns import Head, Turn
from .play import Instance
from .records import JobRow, Queued, StoreFailed
from .store_port import Store
from .watchers import Unit

IN_MEMORY = 64
"Jobs of one queue; twice as many before the later ones are left to the store."


@dataclass(eq=False, slots=True)
class Queue:
    whose: Queued
    jobs: list[int] = field(default_factory=list)
    "The oldest first: all that are ready up to `known`, and where there are no more, all."
    known: int = 0
    more: bool = False
    "The store may have more behind `known`."

    def add(self, job: int) -> None:
        at = bisect_left(self.jobs, job)
        if (self.more and job > self.known) or self.jobs[at : at + 1] == [job]:
            return
        self.jobs.insert(at, job)
        if len(self.jobs) > 2 * IN_MEMORY:
            del self.jobs[IN_MEMORY:]
            self.known, self.more = self.jobs[-1], True

    def remove(self, job: int) -> None:
        at = bisect_left(self.jobs, job)
        if self.jobs[at : at + 1] == [job]:
            del self.jobs[at]

    def load(self, store: Store) -> None:
        """Raises StoreFailed."""
        while self.more and not self.jobs:
            self.jobs = store.ready_jobs(self.whose, self.known, IN_MEMORY)
            self.more = len(self.jobs) == IN_MEMORY
            self.known = self.jobs[-1] if self.jobs else self.known


class ReadyJobs:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.queues: dict[Queued, Queue] = {}
        self.out: dict[int, Queued] = {}
        "Taken out, and not yet seen to have gone."
        self.filled = False

    def fill(self) -> None:
        """Raises StoreFailed."""
        if not self.filled:
            self.queues = {whose: Queue(whose, more=True) for whose in self.store.ready_queues()}
            self.out.clear()
            self.filled = True

    def watch(self, unit: Unit) -> None:
        for move in unit.played.moves:
            if self.filled and move.machine is JOB and is_ready(move.before) != is_ready(move.after):
                job = int(move.key)
                if self.out.pop(job, None) is None:
                    self.follow(unit, job, is_ready(move.after))

    def follow(self, unit: Unit, job: int, ready: bool) -> None:
        new = isinstance(unit.played.lines[0], JobSubmitted)
        try:
            whose = (queue_in(unit, job) if new else None) or self.store.queued(job)
        except StoreFailed:
            self.filled = False
            return
        if whose is None:
            return
        if ready:
            self.queues.setdefault(whose, Queue(whose)).add(job)
        elif whose in self.queues:
            self.queues[whose].remove(job)

    def take_out(self, queue: Queue, job: int) -> None:
        queue.remove(job)
        self.out[job] = queue.whose

    def put_back(self, job: int) -> None:
        """Nothing happens where it went, or ended, meanwhile."""
        whose = self.out.pop(job, None)
        if whose is not None:
            self.queues.setdefault(whose, Queue(whose)).add(job)

    def waiting(self) -> Iterator[Queue]:
        """Every queue that has a job, with the oldest one first. Raises StoreFailed."""
        for whose, queue in list(self.queues.items()):
            queue.load(self.store)
            if queue.jobs:
                yield queue
            else:
                del self.queues[whose]


def is_ready(instance: Instance) -> bool:
    """It waits for nothing of its own."""
    return instance.state is WAITING and instance.data.retry_at is None


def queue_in(unit: Unit, job: int) -> Queued | None:
    """From the row that came with the job."""
    for write in unit.writes:
        if isinstance(write, JobRow) and write.job == job:
            return Queued(write.identity, write.owner, write.by_device, write.place)
    return None


class Line:
    """Who stands in line for one mailbox, by class and user. `stands`: at this place stands this identity."""

    def __init__(self, queues: Iterable[Queue], stands: Callable[[str, str], bool]) -> None:
        self.groups: dict[tuple[Turn, str], list[Queue]] = {}
        for queue in queues:
            whose = queue.whose
            at_panel = bool(whose.place) and stands(whose.place, whose.owner)
            turn = Turn.DEVICE if whose.by_device else Turn.PANEL if at_panel else Turn.REST
            self.groups.setdefault((turn, whose.owner), []).append(queue)
        self.heads = {key: Head(*key, first(group).jobs[0]) for key, group in self.groups.items()}
        "The oldest job of each."

    def queue(self, head: Head) -> Queue:
        return first(self.groups[head[:2]])

    def went(self, head: Head) -> None:
        """Its job was taken out of its queue."""
        key = head[:2]
        left = self.groups[key] = [queue for queue in self.groups[key] if queue.jobs]
        if left:
            self.heads[key] = Head(*key, first(left).jobs[0])
        else:
            del self.heads[key]


def first(group: list[Queue]) -> Queue:
    return group[0] if len(group) == 1 else min(group, key=lambda queue: queue.jobs[0])
