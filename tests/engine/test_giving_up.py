"""How long a message is tried (B2), and when (B11)."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from franking.engine.retry import ANSWERED, JITTER, UNANSWERED, again, wait
from franking.events.information import Actor, Info
from franking.events.job import JobDeferred
from franking.tests.engine.device import Office, history, office, said, signed_in, states

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
BUSY = "451 4.7.500 Server busy, kim@example.com"


def always_busy(here: Office) -> None:
    for _ in range(500):
        here.kit.mailbox.refuse_next("mail", BUSY)


@pytest.mark.manual("B11")
def test_b11_first_minutes_then_hours_and_never_longer_than_four() -> None:
    assert [each / timedelta(minutes=1) for each in ANSWERED] == [1, 2, 5, 10, 20, 60, 60, 120, 240]
    assert list(ANSWERED) == sorted(ANSWERED)
    assert list(UNANSWERED) == sorted(UNANSWERED)
    assert wait(0, answered=True) == ANSWERED[0]
    assert wait(10_000, answered=True) == timedelta(hours=4)
    assert wait(10_000, answered=False) == UNANSWERED[-1]


@pytest.mark.manual("B11")
@pytest.mark.parametrize("tries", range(12))
def test_b11_waits_are_spread_and_a_hint_is_never_undercut(tries: int) -> None:
    planned = wait(tries, answered=True)
    found = {again(NOW, tries, answered=True, hint=None) - NOW for _ in range(50)}
    assert len(found) > 1
    assert all(planned * (1 - JITTER) <= each <= planned * (1 + JITTER) for each in found)
    assert again(NOW, tries, answered=True, hint=timedelta(hours=9)) - NOW == timedelta(hours=9)


@pytest.mark.manual("B2", "B9")
async def test_b2_a_server_that_only_says_not_now_is_given_up_after_the_time_that_is_set(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine(smtp={"give_up_after": timedelta(hours=8)}) as engine:
        await here.sign_in(engine)
        always_busy(here)
        receipt = await here.scan(engine)
        await here.passes(engine, hours=6)
        assert states(engine) == ["waiting"]
        await here.passes(engine, hours=12)
        assert (states(engine), here.spooled()) == (["ended"], [])
        job = engine.job(receipt.job)
        assert job.code == "given up: the server does not take it"
        assert job.attempts == said(engine, JobDeferred) < 12
        (warning,) = engine.information()
        assert (warning.code, warning.actor, engine.concerns(warning)) == (
            Info.JOB_ENDED,
            Actor.PERSON,
            "kim",
        )
        assert f"The server said last: {BUSY}" in warning.cause
        assert engine.advice(receipt.job).remedy == warning.remedy


@pytest.mark.manual("B2")
async def test_b2_weeks_without_a_network_cost_no_job(tmp_path: Path) -> None:
    """Ten of them: `tests/machines/test_job_given_up.py`."""
    async with office(tmp_path) as here, here.engine(smtp={"give_up_after": timedelta(hours=1)}) as engine:
        await here.sign_in(engine)
        server = here.server
        await engine.apply(engine.settings.changed(smtp={"port": unused(here)}))
        receipt = await here.scan(engine)
        await here.passes(engine, days=14)
        assert (states(engine), engine.job(receipt.job).attempts) == (["waiting"], 0)
        await engine.apply(engine.settings.changed(smtp={"port": server.port}))
        await here.passes(engine, hours=1.5)
        assert states(engine) == ["sent"]


@pytest.mark.manual("B2")
async def test_b2_when_the_network_is_back_all_that_waited_for_it_goes_with_the_first_message(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        port = unused(here)
        async with here.engine(smtp={"port": port}) as engine:
            await here.sign_in(engine)
            waiting = [(await here.scan(engine)).job for _ in range(3)]
            await here.passes(engine, days=2)
            assert {(each.state, each.code) for each in map(engine.job, waiting)} == {("waiting", "refused")}
            async with passed_on(port, here.server.port):
                await here.scan(engine)
                await engine.settle()
                assert states(engine) == ["sent"] * 4


@pytest.mark.manual("B11")
async def test_b11_what_the_server_itself_put_off_keeps_its_time(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        for _ in range(5):
            here.kit.mailbox.refuse_next("mail", BUSY)
        await here.scan(engine)
        await here.passes(engine, minutes=25)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting", "sent"]


@asynccontextmanager
async def passed_on(port: int, to: int) -> AsyncIterator[None]:
    """Somebody listens at this port again."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(65_536):
                writer.write(octets)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(copy(reader, back), copy(there, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        yield
        server.close()


def unused(here: Office) -> int:
    """A port at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@pytest.mark.manual("B2", "B10")
async def test_b2_time_without_a_sign_in_or_with_a_closed_mailbox_is_not_counted(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(smtp={"give_up_after": timedelta(hours=1)}) as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("mail", BUSY)
        here.kit.mailbox.refuse_next("data", "554 5.2.2 mailbox full")
        receipt = await here.scan(engine)
        await engine.settle()
        await here.passes(engine, minutes=5)
        assert [each.state for each in engine.status().mailboxes] == ["closed"]
        for _ in range(60):
            here.kit.mailbox.refuse_next("data", "554 5.2.2 mailbox full")
        await here.passes(engine, days=14)
        assert (states(engine), engine.job(receipt.job).attempts) == (["waiting"], 1)


@pytest.mark.manual("S33c")
async def test_retry_now_waits_neither_for_minutes_nor_for_hours(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        for _ in range(8):
            here.kit.mailbox.refuse_next("mail", BUSY)
        receipt = await here.scan(engine)
        await here.passes(engine, hours=2)
        assert states(engine) == ["waiting"]
        for _ in range(3):
            await engine.retry(receipt.job)
            await engine.settle()
        assert states(engine) == ["sent"]
        counted = [each for each in history(engine) if isinstance(each, JobDeferred)]
        assert all(each.counted for each in counted)
