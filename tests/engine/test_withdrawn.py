"""A message that is under way when somebody cancels or holds its job, or when the device is switched off: it
is dropped, unless its final dot has gone (S33c).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.events.information import Info
from franking.events.job import JobDeferred, OutcomeUnknown
from franking.events.request import ScanToEmail
from franking.machines.job import UNKNOWN_TOO_OFTEN, WITHDRAWN
from franking.machines.progress import UNKNOWN_MOST
from franking.testing.misbehaviour import Fault
from franking.testing.scripted_submission import TRANSFER, Script, ScriptedServer

from .device import OFFICE, Office, history, office

LONG = 16 << 20
"More than the connection has room for while the server does not read."


@asynccontextmanager
async def silent(folder: Path, point: str) -> AsyncIterator[tuple[Office, ScriptedServer]]:
    """A server that says nothing more at this point of the dialogue."""
    async with office(folder) as here:
        script = Script(replies={point: [Fault.STALL.value]})
        async with ScriptedServer(here.kit.authority.server_context(), script) as server:
            yield here, server


@asynccontextmanager
async def under_way(here: Office, server: ScriptedServer) -> AsyncIterator[tuple[Engine, int]]:
    """A job whose message has come to that point."""
    async with here.engine(smtp={"server": "localhost", "port": server.port}) as engine:
        await here.sign_in(engine)
        scan = here.folder / "long.pdf"
        scan.write_bytes(b"%PDF-1.7\n" + bytes(LONG))
        job = (await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(scan,)))).job
        await server.stalled.wait()
        if "BODY" not in server.script.replies:
            assert server.only.writer is not None
            server.only.writer.transport.pause_reading()  # type: ignore[attr-defined]
        yield engine, job


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("point", ["RCPT", "DATA", TRANSFER])
async def test_s33c_a_cancel_before_the_final_dot_drops_the_message(tmp_path: Path, point: str) -> None:
    async with silent(tmp_path, point) as (here, server), under_way(here, server) as (engine, job):
        await engine.cancel(job)
        await engine.settle()
        found = engine.job(job)
        assert (found.state, found.code, found.unknown) == ("ended", "cancelled", 0)
        assert not server.only.bodies


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("point", ["RCPT", "DATA"])
async def test_s33c_a_hold_before_the_final_dot_drops_the_message(tmp_path: Path, point: str) -> None:
    async with silent(tmp_path, point) as (here, server), under_way(here, server) as (engine, job):
        await engine.hold(job)
        await engine.settle()
        assert engine.job(job).state == "held"
        await engine.release(job)
        await engine.settle()
        assert (engine.job(job).state, len(server.connections[-1].bodies)) == ("sent", 1)


@pytest.mark.manual("S33c")
async def test_s33c_a_cancel_after_the_final_dot_waits_for_the_answer(tmp_path: Path) -> None:
    async with silent(tmp_path, "BODY") as (here, server), under_way(here, server) as (engine, job):
        await engine.cancel(job)
        assert engine.job(job).state == "delivering"
        assert not server.only.over.is_set()
        server.only.say("451 4.3.0 Not now")
        await engine.settle()
        assert (engine.job(job).state, engine.job(job).code) == ("ended", "cancelled")


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("point", ["RCPT", TRANSFER])
async def test_s33c_switched_off_before_the_final_dot_nothing_is_unknown(tmp_path: Path, point: str) -> None:
    async with silent(tmp_path, point) as (here, server):
        async with under_way(here, server) as (_, job):
            pass
        async with here.engine() as again:
            await again.settle()
            waited = [fact for fact in history(again) if isinstance(fact, JobDeferred)]
            assert [(fact.code, fact.counted) for fact in waited] == [(WITHDRAWN, False)]
            assert not any(isinstance(fact, OutcomeUnknown) for fact in history(again))
            assert (again.job(job).state, again.job(job).unknown) == ("sent", 0)


@pytest.mark.manual("S33")
async def test_s33_a_server_that_is_cut_off_after_each_dot_gets_no_copy_without_end(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(9):
            here.server.drop_after_dot()
        job = (await here.scan(engine)).job
        await engine.settle()
        await here.passes(engine, days=10)
        found = engine.job(job)
        assert (found.state, found.code, found.unknown) == ("ended", UNKNOWN_TOO_OFTEN, UNKNOWN_MOST)
        assert len(here.kit.mailbox.messages) == UNKNOWN_MOST
        (told,) = [each for each in engine.status().information if each.code is Info.JOB_ENDED]
        assert "whether the server took the message" in told.cause
