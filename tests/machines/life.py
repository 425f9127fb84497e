"""One instance of a machine, led through facts as a person would tell them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from franking.events.base import Event
from franking.machines.definition import Definition, Step
from franking.machines.effects import Clear, Effect, Inform

D = TypeVar("D")
E = TypeVar("E", bound=Event)
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
USER = "user:1"


class Life(Generic[D]):
    """`hears` steps the instance; what the last fact did is kept in `did`."""

    def __init__(self, machine: Definition[D]) -> None:
        self.machine = machine
        self.state: StrEnum = machine.first
        self.data = machine.begins
        self.did: Step[D]

    def hears(self, *facts: Event) -> "Life[D]":
        for fact in facts:
            self.did = self.machine.step(self.state, self.data, fact)
            self.state, self.data = self.did.state, self.did.data
        return self

    @property
    def told(self) -> list[str]:
        return [tell.fact.__name__ for tell in self.did.tell]

    @property
    def asked(self) -> list[str]:
        """By name, Information by its code."""
        return [word(effect) for effect in self.did.ask]

    def changes_nothing(self, fact: Event) -> bool:
        before = self.state, self.data
        self.hears(fact)
        return (self.state, self.data) == before and not self.did.tell and not self.did.ask


def word(effect: Effect) -> str:
    name = type(effect).__name__
    return f"{name} {effect.code.name}" if isinstance(effect, Inform | Clear) else name


def at(fact: E, seconds: float) -> E:
    """The fact, said so many seconds after NOW."""
    return fact.model_copy(update={"at": NOW + timedelta(seconds=seconds)})
