"""The other end of the socket: a program in Python asks an engine that runs in another process.

    async with connected(path) as client:
        there = Running(path, client)
        receipt = await there.ask(requests.submit, Submitted(request=request))

What is asked for is named by what the engine runs for it, so that it answers with the very same values.

Rule: an error there is told here in the same words, and leads to the same end.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2 as httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from ...events.information import Actor
from ...machines.rules import Rule
from .operations import BY_RUN
from .requests import Call, Operation, upload
from .shapes import TYPE, Problem, RuleTold
from .statuses import ERRORS

T = TypeVar("T")
Run = Callable[[Call], Awaitable[T]]
Connection = httpx.AsyncClient
BASE = "http://franking"
CONNECT_S = 10.0
BLOCK = 128 << 10


class ProblemTold(Exception):
    """What the engine answered instead; in the device's language."""

    def __init__(self, problem: Problem) -> None:
        lines = [f"  {each.where}: {each.wrong}" for each in problem.fields]
        super().__init__("\n".join([problem.detail, *lines]))
        self.code = problem.type.removeprefix(TYPE)
        self.stands_for = ERRORS.get(self.code, "")
        "The error's name in `franking.engine`; empty: a fault of the program."
        self.rules, self.ends = tuple(map(rule_of, problem.rules)), problem.ends


class EngineGone(Exception):
    """The engine ended while it was asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the engine at {path} ended before it answered, so it is not known whether it did what was "
            "asked for. Look with `franking status` first, then ask again"
        )


class EngineBusy(Exception):
    """It answers as many as it can."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"too many programs ask the engine at {path} just now. Ask again in a moment")


def rule_of(told: RuleTold) -> Rule:
    """As it is shown; whether it is broken is known already."""
    return Rule(told.code, told.settings, lambda now: True, (), told.sentence, told.remedy, Actor(told.who))


@cache
def shape(hint: Any) -> "TypeAdapter[Any]":
    return TypeAdapter(hint)


def answers(path: Path) -> bool:
    """Whether an engine listens there; False, too, where this user may not ask it."""
    with socket.socket(socket.AF_UNIX) as tried:
        tried.settimeout(CONNECT_S)
        try:
            tried.connect(str(path))
        except OSError:
            return False
    return True


def way(path: Path) -> httpx.AsyncHTTPTransport:
    """To the socket. No TLS is on it, for which httpx would read the authorities of the whole system."""
    return httpx.AsyncHTTPTransport(uds=str(path), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The way to the engine whose socket lies there."""
    timeout = httpx.Timeout(None, connect=CONNECT_S)
    async with httpx.AsyncClient(
        transport=way(path), base_url=BASE, timeout=timeout, trust_env=False
    ) as client:
        yield client


class Running:
    """All of it raises ProblemTold, EngineGone, EngineBusy."""

    def __init__(self, path: Path, client: httpx.AsyncClient) -> None:
        self.path, self.client = path, client

    async def ask(self, run: Run[T], body: BaseModel | None = None, **fields: object) -> T:
        """`fields`: what stands in the request's path, and after it."""
        operation = BY_RUN[run]
        content = None if body is None else body.model_dump_json()
        where, more = spelt(operation, fields)
        try:
            answer = await self.client.request(operation.method, where, params=more, content=content)
        except httpx.TransportError as error:
            raise EngineGone(self.path) from error
        return self.found(operation, answer)  # type: ignore[no-any-return]

    def found(self, operation: Operation, answer: httpx.Response) -> Any:
        self.check(answer)
        return None if operation.gives is None else shape(operation.gives).validate_json(answer.content)

    def check(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            with suppress(ValidationError):
                raise ProblemTold(Problem.model_validate_json(answer.content))
            raise EngineBusy(self.path)

    @asynccontextmanager
    async def lines(
        self, run: Run[AsyncIterator[T | None]], **fields: object
    ) -> AsyncIterator[AsyncIterator[T]]:
        """An answer without end, once the engine has said that it listens."""
        operation = BY_RUN[run]
        where, more = spelt(operation, fields)
        try:
            async with self.client.stream(operation.method, where, params=more) as answer:
                if not answer.is_success:
                    await answer.aread()
                    self.check(answer)
                each = answer.aiter_lines()
                await anext(each)
                yield self.told(operation, each)
        except httpx.TransportError as error:
            raise EngineGone(self.path) from error

    async def told(self, operation: Operation, each: AsyncIterator[str]) -> AsyncIterator[Any]:
        async for line in each:
            if line.strip():
                yield shape(operation.gives).validate_json(line)
        raise EngineGone(self.path)

    async def bring(self, file: Path) -> Path:
        """Sends a file; as a job names it then. Raises OSError where it cannot be read."""
        with file.open("rb") as opened:

            async def blocks() -> AsyncIterator[bytes]:
                while block := opened.read(BLOCK):
                    yield block

            operation = BY_RUN[upload]
            where, more = spelt(operation, {"name": file.name})
            try:
                answer = await self.client.request(operation.method, where, params=more, content=blocks())
            except httpx.TransportError as error:
                raise EngineGone(self.path) from error
        return Path(f"upload:{self.found(operation, answer).upload}")


def spelt(operation: Operation, fields: dict[str, object]) -> tuple[str, dict[str, str]]:
    """Path and query."""
    inside = {name: quote(str(value), safe="") for name, value in fields.items() if in_path(operation, name)}
    more = {name: str(value) for name, value in fields.items() if name not in inside}
    return operation.path.format(**inside), more


def in_path(operation: Operation, name: str) -> bool:
    return f"{{{name}}}" in operation.path
