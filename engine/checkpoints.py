"""The journal's checkpoints: how every instance stood that is not a job, as one line (B5).

One is due after a day in which anything happened, after many lines, and where other machines than before step
the facts: whatever came before it need not be kept for a replay.

Rule: a checkpoint is made while nothing is stepped, of what the last commit left.
"""

from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from .. import events, machines
from ..events.device import CheckpointTaken
from ..events.information import Info
from ..machines.job import JOB
from .clock import Clock
from .codec import instance_of
from .play import MACHINE, Instance, Name, first_due
from .records import Stored
from .runtime import Runtime
from .store_port import Store

EVERY = timedelta(days=1)
A_PART = 4
"So many checkpoints lie in a journal that has as many lines as are kept."
DEFINITION = "definition"
"Noted: the digest of the machines that step the facts."


@cache
def definition() -> str:
    """Digest of the machines and of the facts that they step."""
    found = sha256()
    for room in (machines, events):
        folder = Path(str(room.__file__)).parent
        for path in sorted(folder.glob("*.py")) or sorted(folder.glob("*.pyc")):
            found.update(path.read_bytes())
    return found.hexdigest()


def next_moment(store: Store, clock: Clock) -> datetime:
    """When the next one is due, if anything happens until then: at once where the last one is of a clock that
    was ahead.
    """
    last = store.checkpoint() or store.first_line()
    now = clock.now()
    since = datetime.fromisoformat(last.at) if last else now
    return now if since > now else since + EVERY


def lines_since(store: Store, sequence: int) -> int:
    last = store.checkpoint()
    return sequence - (last.sequence if last else 0)


def taken(runtime: Runtime) -> CheckpointTaken:
    """Raises StoreFailed."""
    return CheckpointTaken(
        definition=definition(),
        instances=tuple(
            (row.machine, row.key, row.state, row.data, row.entered, row.fired, row.version)
            for row in runtime.store.others(JOB.title)
        ),
        raised=tuple(sorted((code.value, subject) for code, subject in runtime.raised)),
    )


def instances(checkpoint: CheckpointTaken) -> dict[Name, Instance]:
    """Raises MalformedRecord. What a machine that is not known here had is left out."""
    found = {}
    for title, key, state, data, entered, fired, version in checkpoint.instances:
        machine = MACHINE.get(title)
        if machine is not None:
            read = instance_of(machine, Stored(title, key, state, data, entered, fired, None, version))
            due = first_due(machine.blocks[read.state].limits, read.data, read.entered, read.fired)
            found[title, key] = read._replace(due=due)
    return found


def raised(checkpoint: CheckpointTaken) -> set[tuple[Info, str]]:
    known = set(Info)
    return {(Info(code), subject) for code, subject in checkpoint.raised if code in known}
