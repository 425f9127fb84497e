"""The journal played into fresh machines: the same facts give the same states (B5).

What was told stands in the journal behind its cause, so only causes are played; that a told fact comes where
the journal has it is checked on the way. What came before the last checkpoint is played for the jobs alone:
they are in no checkpoint.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..events.base import Event, NewLife
from ..events.device import CheckpointTaken
from ..events.information import Info
from ..machines import MACHINES
from ..machines.job import JOB
from .checkpoints import definition, instances, raised
from .codec import instance_of
from .journal import Entry, Gap, Unreadable
from .play import (
    MACHINE,
    Due,
    Instance,
    Machine,
    Move,
    Name,
    Played,
    is_blank,
    keys,
    limits,
    mark_said,
    play,
    step_one,
)
from .store_port import Reading


class Diverged(Exception):
    """The journal says otherwise than the machines: another definition wrote it, or it was tampered with."""

    def __init__(self, sequence: int, found: str, expected: str) -> None:
        super().__init__(f"journal line {sequence} is {found}, the machines say {expected}")
        self.sequence, self.found, self.expected = sequence, found, expected


class AnotherDefinition(Exception):
    """Other machines than these stepped what follows the last checkpoint."""

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"the checkpoint in journal line {sequence} is of other machines than these; "
            "replay it with the release that wrote it"
        )
        self.sequence = sequence


class BeginningLost(Exception):
    """The first lines are not kept, and there is no checkpoint."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"the journal begins with line {sequence} and has no checkpoint to begin at")
        self.sequence = sequence


class Replayed:
    """Every instance after the last line, as plain values."""

    def __init__(self) -> None:
        self.instances: dict[Name, Instance] = {}
        self.raised: set[tuple[Info, str]] = set()

    def find(self, machine: Machine, key: str) -> Instance | None:
        return self.instances.get((machine.title, key))

    def put(self, machine: Machine, key: str, instance: Instance) -> None:
        if is_blank(machine, instance):
            self.instances.pop((machine.title, key), None)
        else:
            self.instances[machine.title, key] = instance

    def awake(self, machine: Machine, life: type[NewLife]) -> list[str]:
        return sorted(
            key
            for (title, key), instance in self.instances.items()
            if title == machine.title and machine.wakes(instance.state, life)
        )

    def is_raised(self, code: Info, subject: str) -> bool:
        return (code, subject) in self.raised

    def set_raised(self, code: Info, subject: str, raised: bool) -> None:
        (self.raised.add if raised else self.raised.discard)((code, subject))


class Stepped(NamedTuple):
    """One line, as the machines step it."""

    entry: Entry
    because: int | None
    "The line of which it was told; None: it came from outside."
    moves: tuple[Move, ...] = ()


def replay(entries: Iterable[Entry]) -> Replayed:
    """From the last checkpoint on, else from the first line; a job from its own `JobSubmitted`, as far as
    that is kept. Lines that cannot be read are passed over. Raises Diverged, AnotherDefinition,
    BeginningLost.
    """
    world = Replayed()
    for _ in steps(world, begun(world, list(entries))):
        pass
    return world


def begun(world: Replayed, entries: Sequence[Entry], before: int | None = None) -> Sequence[Entry]:
    """What is to be stepped from the last checkpoint on, of those in front of the line `before`; the world as
    it was then. Raises AnotherDefinition where other machines wrote what follows the checkpoint;
    BeginningLost where there is neither checkpoint nor first line.
    """
    starts = (
        number
        for number, entry in enumerate(entries)
        if is_checkpoint(entry) and (before is None or entry.sequence < before)
    )
    start = max(starts, default=None)
    if start is not None:
        begin_at(world, entries[start])
        for entry in entries[:start]:
            step_job(world, entry.event)
        return entries[start + 1 :]
    if entries and (entries[0].sequence != 1 or isinstance(entries[0].event, Gap)):
        raise BeginningLost(entries[0].sequence)
    return entries


def steps(world: Replayed, entries: Iterable[Entry]) -> Iterator[Stepped]:
    """Line by line; the world is as it is after all that was told of the same cause. Raises Diverged."""
    expected: deque[Event] = deque()
    moves: list[Move] = []
    cause = None
    for entry in entries:
        if isinstance(entry.event, Unreadable | Gap):
            if expected:
                expected.popleft()
            yield Stepped(entry, None)
            continue
        if expected:
            told, because = expected.popleft(), cause
            if told != entry.event:
                raise Diverged(entry.sequence, type(entry.event).__name__, type(told).__name__)
        else:
            mark(world, entry.event, MACHINES)
            played = play(world, entry.event, entry.sequence)
            told, because, cause = played.lines[0], None, entry.sequence
            expected, moves = deque(played.lines[1:]), played.moves
        yield Stepped(entry, because, tuple(move for move in moves if move.fact is told))


def differences(world: Replayed, store: Reading) -> tuple[str, ...]:
    """What the store holds otherwise than the whole journal says. Jobs that began before it are left out, as
    far as they are over. Raises StoreFailed.
    """
    held = {}
    for title, key in store.names():
        row = store.instance(title, key)
        machine = MACHINE.get(title)
        if row is not None and machine is not None:
            held[title, key] = instance_of(machine, row)
    told = []
    for name in sorted(held.keys() | world.instances.keys()):
        one, other = as_seen(held.get(name)), as_seen(world.instances.get(name))
        if one != other and not (name[0] == JOB.title and name not in world.instances):
            told.append(f"{name[0]} {name[1]}: {one} in the store, {other} by the journal")
    return tuple(told)


def as_seen(instance: Instance | None) -> str:
    if instance is None:
        return "nothing"
    since = f" since {instance.entered.isoformat()}" if instance.entered else ""
    return f"{instance.state.name}{since}"


def is_checkpoint(entry: Entry) -> bool:
    return isinstance(entry.event, CheckpointTaken)


def begin_at(world: Replayed, entry: Entry) -> None:
    if not isinstance(entry.event, CheckpointTaken):
        raise TypeError(entry)
    if entry.event.definition != definition():
        raise AnotherDefinition(entry.sequence)
    world.instances |= instances(entry.event)
    world.raised |= raised(entry.event)


def step_job(world: Replayed, event: Event | Unreadable | Gap) -> None:
    """What a line before the checkpoint did to jobs; what they told stands in the journal, too."""
    if isinstance(event, Unreadable | Gap) or type(event) not in JOB.hears:
        return
    mark(world, event, (JOB,))
    for key in keys(world, event, JOB, JOB.per.subject):
        step_one(world, event, JOB, key, 0, deque(), Played())


def mark(world: Replayed, event: Event, machines: Iterable[Machine]) -> None:
    """A fact that a limit says was said by every limit whose moment had come when it was written."""
    for machine in machines:
        if not machine.per.subject or not hasattr(event, machine.per.subject):
            continue
        key = str(getattr(event, machine.per.subject))
        instance = world.find(machine, key)
        if instance is None:
            continue
        for number, moment in list(limits(machine, instance)):
            if machine.blocks[instance.state].limits[number].then is type(event) and moment <= event.at:
                mark_said(world, Due((machine.title, key), number, moment))
