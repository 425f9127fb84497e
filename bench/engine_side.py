"""Our side of the comparisons, in a process of its own: jobs are submitted by 64 submitters at once, and what
is measured goes from the first `submit` until the server has taken the last message, unless the task says
otherwise.

Rule: the public engine alone, with a real store on a real disk. Nothing is left out but the sign-in, which
happened before: the first access token and the first messages are not counted.
"""

import asyncio
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import BaseModel

from ..engine.engine import Engine
from ..engine.play import Move
from ..engine.settings import Settings
from ..events.request import ScanToEmail
from .sides import FIRST, FIRST_OCTETS, RECIPIENT, Measured

SUBMITTERS = 64
USER = "kim"


class Course(StrEnum):
    """What is measured."""

    SUBMITTED = "from submit until sent"
    SPOOLED = "from the spool until sent"
    "Everything was submitted before, in another life of the engine; the first messages open the connection."
    ONLY_SUBMIT = "submit"
    "Nothing can go, for nobody has signed in."


class EngineTask(BaseModel):
    settings: dict[str, Any]
    "Sections of `Settings.changed`."
    scan: Path
    count: int
    course: Course


class EngineTook(BaseModel):
    per_s: float
    cpu_s: float
    growth_mb: float
    p99_ms: float
    "Of one `submit`."


class NotSent(AssertionError):
    """A job ended, or was put off: there is nothing to measure."""


class Arrivals:
    """How many jobs are sent."""

    def __init__(self) -> None:
        self.sent, self.wanted = 0, 0
        self.all = asyncio.Event()
        self.odd: list[str] = []

    def watch(self, move: Move) -> None:
        if move.machine.title != "job":
            return
        name = move.after.state.name
        if name == "SENT":
            self.sent += 1
        elif name == "ENDED" or (name == "WAITING" and move.before.state.name in ("SENDING", "DELIVERING")):
            self.odd.append(name)
        if self.odd or self.sent >= self.wanted:
            self.all.set()

    async def these(self, count: int) -> None:
        """Raises NotSent."""
        self.wanted = count
        if self.sent < count:
            self.all.clear()
            await self.all.wait()
        if self.odd:
            raise NotSent(self.odd)


async def submitted(engine: Engine, scan: Path, count: int) -> list[float]:
    """Seconds that each `submit` took."""
    request = ScanToEmail(user=USER, to=(RECIPIENT,), files=(scan,))
    took: list[float] = []

    async def submitter(numbers: Iterator[int]) -> None:
        for _ in numbers:
            began = perf_counter()
            await engine.submit(request)
            took.append(perf_counter() - began)

    numbers = iter(range(count))
    await asyncio.gather(*(submitter(numbers) for _ in range(SUBMITTERS)))
    return took


async def main(task: EngineTask) -> EngineTook:
    first = task.scan.with_name("first.pdf")
    first.write_bytes(b"%PDF-1.7\n" + bytes(FIRST_OCTETS))
    settings = Settings().changed(**task.settings)
    took: list[float] = []
    if task.course is Course.SPOOLED:
        async with Engine.open(settings.changed(tls={"trust": None})) as engine:  # no token can come
            await submitted(engine, first, FIRST)
            took = await submitted(engine, task.scan, task.count)
    async with Engine.open(settings) as engine:
        arrivals = Arrivals()
        engine.watch(arrivals.watch)
        if task.course is not Course.SPOOLED:
            await submitted(engine, first, FIRST)
        if task.course is not Course.ONLY_SUBMIT:
            await arrivals.these(FIRST)
        with Measured(task.count) as measured:
            if task.course is not Course.SPOOLED:
                took = await submitted(engine, task.scan, task.count)
            if task.course is not Course.ONLY_SUBMIT:
                await arrivals.these(FIRST + task.count)
        p99 = sorted(took)[len(took) * 99 // 100]
        return EngineTook(**measured.took.model_dump(), p99_ms=p99 * 1000)


if __name__ == "__main__":
    print(asyncio.run(main(EngineTask.model_validate_json(sys.argv[1]))).model_dump_json())
