"""XState 5, the package of npm, as an oracle that nobody here wrote: it runs our machines from their export.

A trace is a walk through a machine of ours with made-up facts, and with data that are now and then made up,
too, for what takes years to add up would hardly ever be met by chance. Each step says which guards that its
row names are true, and XState's guards read that; from there on, it decides by itself which row is taken and
where it leads.
"""

import asyncio
import json
import random
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any

from franking.diagrams import Form, draw
from franking.diagrams.chart import chart
from franking.events.base import Event
from franking.machines import MACHINES
from franking.machines.definition import Definition
from franking.tests.facts import aimed, jumbled, made_up

from .npm import MODULES, node

SCRIPT = Path(__file__).with_suffix(".mjs")
VERSION = "5.33.3"
LONGEST = 200
"Facts in a trace."
REDRAWN = 24
"A fact that leads no nearer to a row that is missing is drawn anew so often at most."
TOGETHER = 50
"Traces that are asked about at once."
MADE = 200
"Facts of each kind, made once: the walks draw from them."
Machine = Definition[Any]
Trace = tuple[list[object], list[object]]
"The question and the answer that is expected."


class Walks:
    """Random traces through one machine; rows that were never taken are looked for."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.name = machine, chart(machine).name
        self.chance = random.Random(machine.title)  # noqa: S311 - the same traces each time
        self.kinds = sorted(machine.hears, key=lambda kind: kind.__name__)
        self.made = {kind: [made_up(kind, self.chance) for _ in range(MADE)] for kind in self.kinds}
        self.over = {state for state, block in machine.blocks.items() if block.final}
        self.missing = {
            (at, fact.__name__, number)
            for at, chains in machine.table.items()
            for fact, rows in chains.items()
            for number in range(len(rows))
        }

    def trace(self) -> Trace:
        state, data = self.machine.first, self.machine.begins
        facts: list[object] = [self.name]
        answers: list[object] = []
        for _ in range(self.chance.randint(1, LONGEST)):
            data, event = self.fact(state, data)
            row, truths = self.decided(state, data, event)
            facts.append([type(event).__name__, truths])
            self.missing.discard((state, type(event).__name__, row))
            over = self.machine.blocks[state].final
            step = self.machine.step(state, data, event)
            state, data = step.state, step.data
            answers.append([state.name.lower(), -1 if over else row])
        return facts, answers

    def fact(self, state: StrEnum, data: Any) -> tuple[Any, Event]:
        """With the data that it meets: more often than chance does, it takes a row that is still to be found,
        or leads nearer to one.
        """
        wanted = {at for at, _, _ in self.missing} - self.over
        far = self.distances(wanted) if wanted else {}
        for _ in range(self.chance.randint(0, REDRAWN) if wanted else 0):
            other = jumbled(data, self.chance)
            event = self.drawn(state, other)
            row, _ = self.decided(state, other, event)
            after = self.machine.step(state, other, event).state
            if (state, type(event).__name__, row) in self.missing or far[after] < far[state]:
                return other, event
        other = jumbled(data, self.chance)
        return other, self.drawn(state, other)

    def distances(self, wanted: set[StrEnum]) -> dict[StrEnum, float]:
        """In rows, from each state to the nearest of these."""
        found: dict[StrEnum, float] = dict.fromkeys(self.machine.table, inf) | dict.fromkeys(wanted, 0.0)
        for _ in self.machine.table:
            for at, chains in self.machine.table.items():
                leads = [found[row.to] for rows in chains.values() for row in rows if row.to is not None]
                found[at] = min([found[at], *(each + 1 for each in leads)])
        return found

    def drawn(self, state: StrEnum, data: object) -> Event:
        """One that was never answered in this state as often as any, while there are such."""
        hungry = [kind for kind in self.made if self.hungers(state, kind)] if self.missing else []
        kind = self.chance.choice(hungry if hungry and self.chance.random() < 0.5 else self.kinds)
        return aimed(self.chance.choice(self.made[kind]), data, self.chance)

    def hungers(self, state: StrEnum, kind: type[Event]) -> bool:
        rows = range(len(self.machine.table[state][kind]))
        return any((state, kind.__name__, row) in self.missing for row in rows)

    def decided(self, state: StrEnum, data: object, event: Event) -> tuple[int, dict[str, bool]]:
        """The row, by the guards as they are written, and the truth of each that is named."""
        rows = self.machine.table[state][type(event)]
        truths = {
            guard.__name__: bool(guard(data, event))
            for row in rows
            for guard in (*([row.when] if row.when else []), *row.unless)
        }
        (only,) = [
            number
            for number, row in enumerate(rows)
            if (row.when is None or truths[row.when.__name__])
            and not any(truths[guard.__name__] for guard in row.unless)
        ]
        return only, truths


@asynccontextmanager
async def xstate(folder: Path) -> AsyncIterator["Oracle"]:
    """XState with all our machines. The process is ended by its own number."""
    program = await node("xstate", VERSION)
    files = []
    for machine in MACHINES:
        files.append(folder / f"{chart(machine).name}.json")
        files[-1].write_text(draw(machine, Form.XSTATE), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program, SCRIPT, MODULES, *files, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=2**20
    )
    try:
        yield Oracle(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class Oracle:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.input, self.output, self.errors = process.stdin, process.stdout, process.stderr

    async def disagreements(self, walks: Walks, count: int) -> list[str]:
        """Of as many traces: where XState takes another row, or comes to another state."""
        found: list[str] = []
        traces = (walks.trace() for _ in range(count))
        while batch := list(islice(traces, TOGETHER)):
            _, answers = await asyncio.gather(self.ask(batch), self.answers(len(batch)))
            for (facts, expected), answer in zip(batch, answers, strict=True):
                if answer != expected:
                    found.append(f"{walks.name}: {first_difference(facts, expected, answer)}")
        return found

    async def ask(self, batch: list[Trace]) -> None:
        for facts, _ in batch:
            self.input.write(json.dumps(facts).encode() + b"\n")
            await self.input.drain()

    async def answers(self, count: int) -> list[list[object]]:
        lines = [await self.output.readline() for _ in range(count)]
        if not lines[-1]:
            raise AssertionError(f"XState found a fault: {(await self.errors.read()).decode()}")
        return [json.loads(line) for line in lines]


def first_difference(facts: list[object], ours: list[object], theirs: list[object]) -> str:
    steps: Iterator[tuple[object, object, object]] = zip(facts[1:], ours, theirs, strict=True)
    number, (fact, one, other) = next(
        (number, step) for number, step in enumerate(steps, 1) if step[1] != step[2]
    )
    return f"fact {number}, {fact}: ours {one}, XState {other}"
