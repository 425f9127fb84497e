"""The journal played into fresh machines: the same facts give the same states (B5).

What was told stands in the journal behind its cause, so only causes are played; that a told fact comes where
the journal has it is checked on the way.
"""

from collections.abc import Iterable

from ..events.base import Event, NewLife
from ..events.information import Info
from ..machines import MACHINES
from .journal import Entry, Unreadable
from .play import Due, Instance, Machine, Name, is_blank, limits, mark_said, play


class Diverged(Exception):
    """The journal says otherwise than the machines: another definition wrote it, or it was tampered with."""

    def __init__(self, sequence: int, found: str, expected: str) -> None:
        super().__init__(f"journal line {sequence} is {found}, the machines say {expected}")
        self.sequence, self.found, self.expected = sequence, found, expected


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


def replay(entries: Iterable[Entry]) -> Replayed:
    """Raises Diverged. Lines that cannot be read are passed over."""
    world = Replayed()
    expected: list[Event] = []
    for entry in entries:
        if isinstance(entry.event, Unreadable):
            expected = expected[1:]
            continue
        if expected:
            told = expected.pop(0)
            if told != entry.event:
                raise Diverged(entry.sequence, type(entry.event).__name__, type(told).__name__)
            continue
        mark(world, entry.event)
        expected = play(world, entry.event, entry.sequence).lines[1:]
    return world


def mark(world: Replayed, event: Event) -> None:
    """A fact that a limit says was said by every limit whose moment had come when it was written."""
    for machine in MACHINES:
        if not machine.per.subject or not hasattr(event, machine.per.subject):
            continue
        key = str(getattr(event, machine.per.subject))
        instance = world.find(machine, key)
        if instance is None:
            continue
        for number, moment in list(limits(machine, instance)):
            if machine.blocks[instance.state].limits[number].then is type(event) and moment <= event.at:
                mark_said(world, Due((machine.title, key), number, moment))
