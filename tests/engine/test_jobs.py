"""Jobs from `submit` to their end: durable at once, never lost, never sent twice without saying so (S33).

Rule: the mailbox at the other end decides what was sent, and how often.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.play import Move
from franking.engine.spool import ScanUnreadable
from franking.engine.submitting import UnknownJob
from franking.events.job import JobSubmitted
from franking.events.request import ScanToEmail
from franking.events.token import TokenWanted
from franking.machines.job import DELIVERING, JOB, SENDING
from franking.testing.gate import Gate
from franking.testing.grants import Access
from franking.tests.engine.device import (
    OFFICE,
    PAGES,
    PASSWORDS,
    PRINTER,
    START,
    Office,
    credential,
    office,
    said,
    signed_in,
    states,
    warnings,
)


@asynccontextmanager
async def envelopes_held(here: Office, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    """The server's answers to AUTH wait, so that jobs stay in sending."""
    gate, introspect = Gate(), here.provider.introspect

    async def in_time(token: str) -> Access | None:
        await gate.enter()
        return await introspect(token)

    with monkeypatch.context() as patch:
        patch.setattr(here.provider, "introspect", in_time)
        async with gate.held():
            yield gate


# In the spool before `submit` returns


@pytest.mark.manual("S33")
async def test_s33_a_job_is_whole_in_the_store_when_submit_returns(tmp_path: Path) -> None:
    """A copy of the store taken at that moment, as a power cut would leave it, sends the same mail."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            receipt = await here.scan(engine)
            shutil.copytree(here.store, tmp_path / "copy")
            await engine.cancel(receipt.job)
        async with here.engine(store={"path": tmp_path / "copy"}) as engine:
            assert (states(engine), engine.job(receipt.job).owner) == (["waiting"], "kim")
            await here.sign_in(engine)
            assert states(engine) == ["sent"]
            (message,) = here.kit.mailbox.messages
            assert message.attachments() == [("scan.pdf", PAGES)]
            assert message.message()["Message-ID"] == receipt.message_id


@pytest.mark.manual("S33")
async def test_s33_the_scan_is_on_the_disk_before_the_job_is_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        synced: list[str] = []
        fsync = os.fsync

        def seen(descriptor: int) -> None:
            synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(here.store)))
            assert said(engine, JobSubmitted) == 0
            fsync(descriptor)

        (here.store / "key").write_bytes(bytes(32))  # else it is made when it is first needed
        monkeypatch.setattr(os, "fsync", seen)
        await here.scan(engine)
        assert synced == ["spool/1/0", "spool/1", "spool"]
        assert said(engine, JobSubmitted) == 1


@pytest.mark.manual("S33")
async def test_s33_a_waiting_job_survives_power_cycles(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            receipt = await here.scan(engine)
        for _ in range(2):
            async with here.engine() as engine:
                assert states(engine) == ["waiting"]
                assert here.spooled() == ["1/0"]
        async with here.engine() as engine:
            await here.sign_in(engine)
            assert states(engine) == ["sent"]
            assert here.kit.mailbox.messages[0].message()["Message-ID"] == receipt.message_id


@pytest.mark.manual("S33")
@pytest.mark.parametrize("missing", ["no such file", "a folder"])
async def test_s33_a_scan_that_cannot_be_read_is_refused_and_nothing_spooled(
    tmp_path: Path, missing: str
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        good, bad = tmp_path / "good.pdf", tmp_path / "bad"
        good.write_bytes(PAGES)
        if missing == "a folder":
            bad.mkdir()
        with pytest.raises(ScanUnreadable) as refused:
            await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(good, bad)))
        assert refused.value.path == bad
        assert (here.spooled(), states(engine), list((here.store / "spool").iterdir())) == ([], [], [])


@pytest.mark.manual("S33", "S33b")
@pytest.mark.parametrize("how", ["sent", "cancelled", "refused"])
async def test_s33_a_scan_leaves_the_disk_when_its_job_ends(tmp_path: Path, how: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await here.scan(engine)
        assert here.spooled() == ["1/0"]
        if how == "cancelled":
            await engine.cancel(receipt.job)
        elif how == "refused":
            here.kit.mailbox.refuse_next("data", "554 5.6.0 We do not like it")
        await here.sign_in(engine)
        assert states(engine) == ["sent" if how == "sent" else "ended"]
        assert list((here.store / "spool").iterdir()) == []


# Cancel, hold, release, retry


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("held", [False, True])
async def test_s33c_a_waiting_job_is_cancelled(tmp_path: Path, held: bool) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await here.scan(engine)
        if held:
            await engine.hold(receipt.job)
        await engine.cancel(receipt.job)
        job = engine.job(receipt.job)
        assert (job.state, job.reason) == ("ended", "cancelled")
        assert warnings(engine) == [], "who cancels need not be told"
        await here.sign_in(engine)
        assert here.kit.mailbox.messages == []


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("act", ["cancel", "hold"])
async def test_s33c_before_the_body_the_connection_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    async with signed_in(tmp_path) as (here, engine):
        async with envelopes_held(here, monkeypatch) as gate:
            receipt = await here.scan(engine)
            await gate.arrived(1)
            assert states(engine) == ["sending"]
            await (engine.cancel if act == "cancel" else engine.hold)(receipt.job)
            await engine.settle()
            assert states(engine) == ["ended" if act == "cancel" else "held"]
            assert len(engine.deeds.during) == 0
        await engine.settle()
        assert here.kit.mailbox.messages == []
        if act == "hold":
            assert here.spooled() == ["1/0"]
            await engine.release(receipt.job)
            await engine.settle()
            assert states(engine) == ["sent"]
            assert len(here.kit.mailbox.messages) == 1


@pytest.mark.manual("S33c")
async def test_s33c_after_the_body_the_servers_answer_decides(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        async with here.server.hold_bodies() as gate:
            receipt = await here.scan(engine)
            await gate.arrived(1)
            assert states(engine) == ["delivering"]
            await engine.cancel(receipt.job)
            await engine.hold(receipt.job)
            assert states(engine) == ["delivering"]
        await engine.settle()
        assert (states(engine), len(here.kit.mailbox.messages)) == (["sent"], 1)


async def test_a_held_job_waits_for_release_also_after_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            receipt = await here.scan(engine)
            await engine.hold(receipt.job)
            await here.sign_in(engine)
            assert states(engine) == ["held"]
        async with here.engine() as engine:
            await here.passes(engine, hours=48)
            assert (states(engine), here.spooled()) == (["held"], ["1/0"])
            await engine.release(receipt.job)
            await engine.settle()
            assert states(engine) == ["sent"]


async def test_retry_does_not_wait_for_its_time(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", "451 4.7.500 Server busy")
        receipt = await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        await engine.retry(receipt.job)
        await engine.settle()
        assert (states(engine), here.clock.now()) == (["sent"], START)


async def test_what_concerns_an_unknown_job_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for act in (engine.cancel, engine.hold, engine.release, engine.retry):
            with pytest.raises(UnknownJob):
                await act(7)
        assert states(engine) == []


# How many at once, and at the end


@pytest.mark.manual("B11")
@pytest.mark.parametrize(("octets", "ahead"), [(1_000, 2), (100_000, 1)], ids=["short", "long"])
async def test_b11_no_more_connections_than_the_provider_allows(
    tmp_path: Path, octets: int, ahead: int
) -> None:
    """And no more jobs under way than their places, of short ones two for each."""
    scan = tmp_path / "own.pdf"
    scan.write_bytes(b"%PDF-1.7\n" + bytes(octets))
    async with office(tmp_path) as here, here.engine(smtp={"connections": 3, "window": 2}) as engine:
        await here.sign_in(engine)
        under_way: set[str] = set()
        most = 0

        def count(move: Move) -> None:
            nonlocal most
            if move.machine is JOB:
                (under_way.add if move.after.state in (SENDING, DELIVERING) else under_way.discard)(move.key)
                most = max(most, len(under_way))

        engine.watch(count)
        async with here.server.hold_bodies() as gate:
            for _ in range(14):
                await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(scan,)))
            await gate.arrived(3)
            assert len(here.server.conversations) == 3
        await engine.settle()
        assert (states(engine), most) == (["sent"] * 14, 3 * 2 * ahead)


@pytest.mark.manual("S33c")
async def test_s33c_a_message_after_its_body_may_end_when_the_engine_stops(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with AsyncExitStack() as power:
            engine = await power.enter_async_context(here.engine())
            await here.sign_in(engine)
            async with here.server.hold_bodies() as gate:
                await here.scan(engine)
                await gate.arrived(1)
                stopping = asyncio.create_task(power.pop_all().aclose())
                await asyncio.wait(engine.tasks[1:])
                assert not stopping.done()
            await stopping
        async with here.engine() as engine:
            assert (states(engine), engine.job(1).unknown) == (["sent"], 0)
        assert len(here.kit.mailbox.messages) == 1


@pytest.mark.manual("S33c")
async def test_s33c_a_message_before_its_body_is_dropped_and_waits_uncounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here:
        async with AsyncExitStack() as power:
            engine = await power.enter_async_context(here.engine())
            await here.sign_in(engine)
            async with envelopes_held(here, monkeypatch) as gate:
                await here.scan(engine)
                await gate.arrived(1)
                await power.pop_all().aclose()
        assert here.kit.mailbox.messages == []
        async with here.engine() as engine:
            job = engine.job(1)
            assert (job.state, job.attempts, job.unknown) == ("sent", 1, 0)
        assert len(here.kit.mailbox.messages) == 1


# [OAuth 2.0] OFF (S1)


@pytest.mark.manual("S1")
async def test_s1_off_sends_with_user_name_and_password_and_no_rule_applies(tmp_path: Path) -> None:
    off: dict[str, object] = {"enabled": False, "client_id": ""}
    smtp: dict[str, object] = {"user": PRINTER, "user_credential": "credential:smtp"}
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        fixed = {"setting": "Fix Administrator Address"}
        tls = {"minimum": "TLSv1.3"}
        async with here.engine(oauth=off, smtp=smtp, from_address=fixed, tls=tls) as engine:
            await here.scan(engine)
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
            assert said(engine, TokenWanted) == 0
        assert here.provider.requests == []
        assert {message.envelope.mechanism for message in here.kit.mailbox.messages} == {"LOGIN"}
        assert {message.mail_from for message in here.kit.mailbox.messages} == {PRINTER}
