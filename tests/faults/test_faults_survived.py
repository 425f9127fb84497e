"""The whole device and a mail server that misbehaves: every job comes to its end, in one life or in two, and
none goes twice that was not told as unknown.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.events.job import OutcomeUnknown
from franking.events.request import ScanToEmail
from franking.testing.authority import Authority
from franking.testing.clock import VirtualClock
from franking.testing.misbehaviour import Fault, Patience
from franking.testing.scripted_submission import TRANSFER, ScriptedServer
from franking.testing.travel import pass_time
from franking.tests.engine.device import OFFICE, PRINTER, credential, history
from franking.tests.engine.smtp.device import MOMENT
from franking.tests.faults.submission_faults import ACTS, POINTS, Replies, answers, scripted, taken

CHOSEN = tuple(
    act
    for act in ACTS
    if act.name.startswith(("says 4xx", "says 5xx", "says its reply before", "refuses everybody, and"))
    or act.name in {Fault.CUT, Fault.STALL, Fault.BINARY, Fault.TWICE}
)
GLANCE_S = 0.001
OCTETS = 400_000
"Of a scan: more than the server reads before it misbehaves in a body."


@asynccontextmanager
async def device(folder: Path, server: ScriptedServer, clock: VirtualClock) -> AsyncIterator[Engine]:
    """It signs in to the server with user name and password."""
    credential(folder / "store", "smtp", "as-set-at-the-server")
    settings = Settings().changed(
        administrator={"address": PRINTER},
        from_address={"setting": "Fix Administrator Address"},
        smtp={
            "server": "localhost",
            "port": server.port,
            "user": PRINTER,
            "user_credential": "credential:smtp",
        },
        reports={"by_mail": False},  # what comes here is the messages alone
        store={"path": folder / "store"},
        tls={"trust": folder / "authority" / "ca.pem"},
        users={"kim": "kim@example.com"},
    )
    async with Engine.open(settings, clock=clock) as engine:
        await engine.settle()
        yield engine


@asynccontextmanager
async def server_of(folder: Path) -> AsyncIterator[ScriptedServer]:
    authority = Authority(folder / "authority")
    async with ScriptedServer(authority.server_context(), scripted({})) as server:
        yield server


def patience_is_lost(server: ScriptedServer) -> AbstractAsyncContextManager[Patience]:
    """Who is left at once where he stalls: a test that has not seen it yet would wait for it in vain."""
    return Patience(GLANCE_S).lost_while(server.stalled)


async def scan(folder: Path, engine: Engine, number: int) -> int:
    path = folder / "scan.pdf"
    path.write_bytes(b"%PDF" + bytes(OCTETS))
    subject = f"message {number} ends"
    request = ScanToEmail(user="kim", to=(OFFICE,), subject=subject, files=(path,))
    return (await engine.submit(request)).job


def misbehaves(server: ScriptedServer, replies: Replies) -> None:
    server.script.replies.clear()
    server.script.replies.update(replies)


def accounted(engine: Engine, server: ScriptedServer, job: int, number: int) -> None:
    """It is over, somebody has it or the server refused it, and what may be twice was told."""
    came = answers(server, number)
    state = engine.job(job)
    assert state.state in ("sent", "ended"), state
    if state.state == "sent":
        assert any(map(taken, came))
    else:
        assert state.code.startswith("5")
        assert not any(map(taken, came))
    assert len([each for each in came if each[0] not in "45"]) <= 1 + state.unknown


@pytest.mark.manual("S33", "S33c", "B2")
@pytest.mark.parametrize("point", [each for each in POINTS if each != "QUIT"], ids=POINTS.get)
async def test_s33_every_job_comes_to_its_end_whatever_the_server_did(
    tmp_path: Path, point: str, long_count: Callable[[int, int], int]
) -> None:
    clock = VirtualClock(MOMENT)
    async with (
        server_of(tmp_path) as server,
        patience_is_lost(server),
        device(tmp_path, server, clock) as engine,
    ):
        for number, act in enumerate(ACTS[: long_count(0, len(ACTS))] or CHOSEN):
            replies = act.at(point)
            if replies is None:
                continue
            misbehaves(server, replies)
            job = await scan(tmp_path, engine, number)
            await engine.settle()
            met = engine.job(job).state
            assert met in ("sent", "waiting", "ended")
            misbehaves(server, {})
            server.let_go.set()
            await pass_time(engine, clock, hours=2.5)
            accounted(engine, server, job, number)
            server.let_go.clear()
        assert server.open <= 1, "one connection, at rest"


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("point", [each for each in POINTS if each != "QUIT"], ids=POINTS.get)
async def test_s33c_a_shutdown_at_any_point_loses_nothing(tmp_path: Path, point: str) -> None:
    """With two messages: the server stalls at the first."""
    clock = VirtualClock(MOMENT)
    async with server_of(tmp_path) as server, AsyncExitStack() as stack:
        misbehaves(server, {point: [Fault.STALL]})
        async with device(tmp_path, server, clock) as engine:
            jobs = [await scan(tmp_path, engine, number) for number in range(2)]
            await server.stalled.wait()
            await stack.enter_async_context(patience_is_lost(server))
            server.let_go.set()
        for connection in server.connections:
            await connection.over.wait()
        misbehaves(server, {})
        async with device(tmp_path, server, clock) as engine:
            await pass_time(engine, clock, hours=8)
            for number, job in enumerate(jobs):
                accounted(engine, server, job, number)
                assert engine.job(job).state == "sent"


@pytest.mark.manual("S33c", "S33")
async def test_s33c_a_shutdown_gives_a_message_after_its_end_twenty_seconds(tmp_path: Path) -> None:
    """The answer comes in time: nothing is told as unknown, and nothing goes again."""
    clock = VirtualClock(MOMENT)
    async with server_of(tmp_path) as server:
        misbehaves(server, {"BODY": ["held 250 2.0.0 Queued"]})
        async with device(tmp_path, server, clock) as engine:
            job = await scan(tmp_path, engine, 0)
            await server.body_came()
            asyncio.get_running_loop().call_soon(server.let_go.set)
        async with device(tmp_path, server, clock) as engine:
            await engine.settle()
            assert engine.job(job).state == "sent"
            assert not any(isinstance(each, OutcomeUnknown) for each in history(engine))
            assert answers(server, 0) == ["250 2.0.0 Queued"]


def test_the_chosen_acts_reach_every_point() -> None:
    assert TRANSFER in POINTS
    assert all(any(act.at(point) for act in CHOSEN) for point in POINTS)
