"""From the command line to the device's engine: the one that runs, by its socket, or one that is opened for
the command.

Rule: a command asks for the same things either way (`control/requests.py`), and gets the same values.
"""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel

from ...machines.roles import Role, Viewer
from ..control import client, requests
from ..control.messages import Messages
from ..control.peers import Peer, name_of
from ..control.place import looked_for
from ..control.requests import Call
from ..control.screen import ShownAtPlaces
from ..control.uploads import Uploads
from ..engine import Engine
from ..programs.places import NAMED
from ..refusal import Refused
from ..settings import Settings
from ..spool import ScanUnreadable, check, said
from ..words import Words, words
from .opening import folder_of, opened

T = TypeVar("T")
Run = Callable[[Call], Awaitable[T]]
REFUSED: Mapping[object, str] = {
    requests.submit: "refused.submit",
    requests.sign_in: "refused.sign-in",
    requests.acquire: "refused.sign-in",
}
"What was refused, in words, by what was asked for."
WAIT_S = 30
"How long one answer is waited for."


class NobodyAnswersError(Exception):
    """A socket was named, and no engine answers there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no engine answers at {path} for this user. Start one with `franking run`, or leave {NAMED} out"
        )
        self.path = path


class Device(Protocol):
    """What a command asks."""

    goes_on: str
    "When mail goes that waits now: a sentence."

    async def ask(self, run: Run[T], body: BaseModel | None = None, **fields: object) -> T:
        """Raises what the engine raises, or ProblemTold, EngineGone, EngineBusy."""

    def lines(
        self, run: Run[AsyncIterator[T | None]], **fields: object
    ) -> AbstractAsyncContextManager[AsyncIterator[T]]:
        """An answer without end, once it is listened for."""

    async def bring(self, file: Path) -> Path:
        """The same file, as a job names it. Raises ScanUnreadable."""

    async def settle(self, job: int | None = None) -> None:
        """Until this job has come as far as it can now; where the engine is the command's own, until all
        have.
        """


class Own:
    """The engine that was opened for the command."""

    goes_on = "It goes by itself while an engine runs: `franking status` runs one for a moment."

    def __init__(self, engine: Engine, screen: ShownAtPlaces, uploads: Uploads) -> None:
        self.engine, self.screen, self.uploads = engine, screen, uploads
        self.viewer = Viewer(Role.CONTROLLER)

    def call(self, run: Run[object], body: BaseModel | None, fields: dict[str, object]) -> Call:
        told = {name: str(value) for name, value in fields.items()}
        view = self.engine.view(self.viewer)
        store = self.engine.folder
        me = Peer(os.geteuid(), name_of(os.geteuid()))
        bring = partial(Messages(self.engine).take, me, self.viewer)
        brought = (nothing(), self.uploads, self.screen, store, bring, lambda: None)
        return Call(self.viewer, view, told, told, body, *brought)

    async def ask(self, run: Run[T], body: BaseModel | None = None, **fields: object) -> T:
        return await run(self.call(run, body, fields))

    @asynccontextmanager
    async def lines(
        self, run: Run[AsyncIterator[T | None]], **fields: object
    ) -> AsyncIterator[AsyncIterator[T]]:
        async with aclosing(await self.ask(run, None, **fields)) as each:  # type: ignore[type-var]
            await anext(each)
            yield (line async for line in each if line is not None)

    async def bring(self, file: Path) -> Path:
        return file

    async def settle(self, job: int | None = None) -> None:
        await self.engine.settle()


class Running(client.Running):
    """The engine that runs in another process. `words`: of the device's language."""

    goes_on = "It goes by itself."

    def __init__(self, path: Path, there: client.Connection, words: Words) -> None:
        super().__init__(path, there)
        self.words = words

    async def bring(self, file: Path) -> Path:
        check(file)
        try:
            return await super().bring(file)
        except OSError as error:
            raise ScanUnreadable(file, "scan.unreadable", why=said(error)) from None

    async def ask(self, run: Run[T], body: BaseModel | None = None, **fields: object) -> T:
        """Raises Refused, too: what rules forbid is shown rule by rule."""
        try:
            return await super().ask(run, body, **fields)
        except client.ProblemTold as problem:
            if problem.stands_for != "refusal.Refused":
                raise
            raise Refused(REFUSED.get(run, "refused.apply"), problem.rules, self.words) from problem

    async def settle(self, job: int | None = None) -> None:
        waits = job is not None
        while waits:
            asked = time.monotonic()
            await self.ask(requests.job, job=job, wait=WAIT_S)
            waits = time.monotonic() - asked >= WAIT_S


async def nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield b""


async def has(there: Running, folder: Path) -> bool:
    """Whether that engine is the one of this store. Raises EngineBusy: it may be."""
    try:
        return Path((await there.ask(requests.who)).store) == folder
    except (client.ProblemTold, client.EngineGone):
        return False


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running | None]:
    """The engine that has this store; None: none answers. Raises NobodyAnswersError for a named socket,
    EngineBusy.
    """
    folder = folder_of(settings).absolute()
    for path in filter(client.answers, looked_for(folder, os.environ)):
        async with client.connected(path) as there:
            found = Running(path, there, words(settings.device.language))
            if os.environ.get(NAMED) or await has(found, folder):
                yield found
                return
    if named := os.environ.get(NAMED):
        raise NobodyAnswersError(Path(named))
    yield None


@asynccontextmanager
async def reached(settings: Settings) -> AsyncIterator[Device]:
    """The device's engine, for as long as the command runs. Raises NobodyAnswersError, and what `opened`
    raises.
    """
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(running(settings))
        if there is not None:
            yield there
            return
        screen, uploads = ShownAtPlaces(), Uploads(folder_of(settings) / "control" / "uploads")
        stack.callback(uploads.close)
        yield Own(await stack.enter_async_context(opened(settings, screen)), screen, uploads)
