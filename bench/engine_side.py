"""Our side of the comparisons, in a process of its own: jobs are submitted by 64 submitters at once, and what
is measured goes from the first `submit` until the server has taken the last message, unless the task says
otherwise.

Rule: the public engine alone, with a real store on a real disk. Nothing is left out but the sign-in, which
happened before: the first access token and the first messages are not counted.
"""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from pydantic import BaseModel

from ..engine.control.screen import ShownAtPlaces
from ..engine.engine import Engine
from ..engine.panel.access import administrator
from ..engine.play import Move
from ..engine.secret import Secret
from ..engine.settings import Settings
from ..events.base import ADMINISTRATOR
from ..events.request import Given, ScanToEmail
from ..machines.roles import Role, Viewer
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
    handed_over: bool = False
    "Each job has a file of its own and gives it away; else all share one, which is copied."
    pages: int = 0
    "Screens that are open meanwhile, each in a browser of its own."


class EngineTook(BaseModel):
    per_s: float
    cpu_s: float
    growth_mb: float
    p99_ms: float
    "Of one `submit`."
    updates_per_s: float = 0
    "Of all open screens."


class NotSent(AssertionError):
    """A job ended, or was put off: there is nothing to measure."""


class Knows:
    """Fulfils `engine.panel.access.Access`: whoever says a name is let in; passwords are slow by design."""

    async def log_in(self, login: str, password: Secret) -> Viewer | None:
        return administrator() if login == ADMINISTRATOR else Viewer(Role.USER, login)


class Looked(NamedTuple):
    """At screens that are open."""

    updates: list[int]
    "How many came, once they are closed."


@asynccontextmanager
async def looked_at(engine: Engine, screen: ShownAtPlaces, number: int) -> AsyncIterator[Looked]:
    """So many pages are open as long as the block lasts."""
    looked = Looked([])
    if not number:
        yield looked
        return
    from ..engine.panel.face import Face
    from ..engine.panel.serving import serve

    async with serve(engine, screen, Face.PAGE, access=Knows()) as address:
        command = (sys.executable, "-m", f"{__package__}.browsers", address, str(number))
        browsers = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert browsers.stdout is not None
        assert await browsers.stdout.readline() == b"open\n", "the browsers did not open their pages"
        try:
            yield looked
        finally:
            said, _ = await browsers.communicate(b"")
            looked.updates.append(int(said or b"0"))


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


def own_copies(task: EngineTask) -> list[Path]:
    """A file for each job, on the store's file system."""
    folder = Path(task.settings["store"]["path"]).with_name("scans")
    folder.mkdir()
    return [Path(shutil.copyfile(task.scan, folder / f"{number}.pdf")) for number in range(task.count)]


async def submitted(engine: Engine, scans: Iterable[Path], given: Given = Given.LENT) -> list[float]:
    """Seconds that each `submit` took."""
    took: list[float] = []
    left = iter(scans)

    async def submitter() -> None:
        for scan in left:
            request = ScanToEmail(user=USER, to=(RECIPIENT,), files=(scan,))
            began = perf_counter()
            await engine.submit(request, given=given)
            took.append(perf_counter() - began)

    await asyncio.gather(*(submitter() for _ in range(SUBMITTERS)))
    return took


async def main(task: EngineTask) -> EngineTook:
    first = [task.scan.with_name("first.pdf")] * FIRST
    first[0].write_bytes(b"%PDF-1.7\n" + bytes(FIRST_OCTETS))
    given = Given.HANDED_OVER if task.handed_over else Given.LENT
    scans = own_copies(task) if task.handed_over else [task.scan] * task.count
    settings = Settings().changed(**task.settings)
    took: list[float] = []
    if task.course is Course.SPOOLED:
        async with Engine.open(settings.changed(tls={"trust": None})) as engine:  # no token can come
            await submitted(engine, first)
            took = await submitted(engine, scans, given)
    screen = ShownAtPlaces()
    async with Engine.open(settings, screen=screen) as engine:
        arrivals = Arrivals()
        engine.watch(arrivals.watch)
        if task.course is not Course.SPOOLED:
            await submitted(engine, first)
        if task.course is not Course.ONLY_SUBMIT:
            await arrivals.these(FIRST)
        async with looked_at(engine, screen, task.pages) as looked:
            with Measured(task.count) as measured:
                if task.course is not Course.SPOOLED:
                    took = await submitted(engine, scans, given)
                if task.course is not Course.ONLY_SUBMIT:
                    await arrivals.these(FIRST + task.count)
        seconds = task.count / measured.took.per_s
        updates = sum(looked.updates) / seconds
        p99 = sorted(took)[len(took) * 99 // 100]
        return EngineTook(**measured.took.model_dump(), p99_ms=p99 * 1000, updates_per_s=updates)


if __name__ == "__main__":
    print(asyncio.run(main(EngineTask.model_validate_json(sys.argv[1]))).model_dump_json())
