"""What the submission server says to a job, and what becomes of the job (S33, S33c).

Rule: what was refused for good is not repeated; what may have gone out twice says so.
"""

import socket
from pathlib import Path

import pytest

from franking.engine.retry import ANSWERED, JITTER, UNANSWERED
from franking.events.job import JobDeferred
from franking.testing.mailbox import Phase
from franking.tests.engine.device import (
    OFFICE,
    said,
    signed_in,
    states,
    warnings,
)


@pytest.mark.manual("S33c")
async def test_s33c_an_unknown_outcome_is_counted_and_goes_again_with_its_message_id(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.server.drop_after_dot()
        receipt = await here.scan(engine)
        await engine.settle()
        job = engine.job(receipt.job)
        assert (job.state, job.reason, job.unknown) == ("waiting", "outcome unknown", 1)
        await here.passes(engine, minutes=2)
        assert (engine.job(receipt.job).state, engine.job(receipt.job).unknown) == ("sent", 1)
        sent = [message.message()["Message-ID"] for message in here.kit.mailbox.messages]
        assert sent == [receipt.message_id] * 2


@pytest.mark.manual("S33c")
async def test_s33c_a_loss_before_the_answer_is_unknown_too(tmp_path: Path) -> None:
    """The device cannot know that the server took nothing."""
    async with signed_in(tmp_path) as (here, engine):
        here.server.drop_at_dot()
        receipt = await here.scan(engine)
        await here.passes(engine, minutes=2)
        assert (engine.job(receipt.job).state, engine.job(receipt.job).unknown) == ("sent", 1)
        assert len(here.kit.mailbox.messages) == 1


@pytest.mark.manual("S33", "B10")
@pytest.mark.parametrize("phase", ["connect", "mail", "rcpt", "data"])
async def test_s33_a_temporary_refusal_is_tried_again_ever_later(tmp_path: Path, phase: Phase) -> None:
    async with signed_in(tmp_path) as (here, engine):
        reply = "421 4.3.2 Not now" if phase == "connect" else "451 4.3.0 Later"
        for _ in range(3):
            here.kit.mailbox.refuse_next(phase, reply)
        receipt = await here.scan(engine)
        await engine.settle()
        for attempts, wait in enumerate(ANSWERED[:3], 1):
            job = engine.job(receipt.job)
            assert (job.state, job.attempts) == ("waiting", attempts)
            assert job.retry_at is not None
            delay = job.retry_at - here.clock.now()
            assert wait * (1 - JITTER) <= delay <= wait * (1 + JITTER)
            assert job.reason.startswith("4")
            await here.passes(engine, seconds=delay.total_seconds())
        assert states(engine) == ["sent"]
        assert (len(here.kit.mailbox.messages), warnings(engine)) == (1, [])


@pytest.mark.manual("B2")
async def test_b2_a_server_that_is_away_costs_no_attempt(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        port = engine.settings.smtp.port
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = taken.getsockname()[1]
        await engine.apply(engine.settings.changed(smtp={"port": nobody}))
        receipt = await here.scan(engine)
        await here.passes(engine, hours=10)
        job = engine.job(receipt.job)
        assert (job.state, job.attempts, job.reason) == ("waiting", 0, "refused")
        assert len(UNANSWERED) <= said(engine, JobDeferred) <= len(UNANSWERED) + 10, "at last once an hour"
        assert job.retry_at is not None
        assert job.retry_at - here.clock.now() <= UNANSWERED[-1] * (1 + JITTER)
        await engine.apply(engine.settings.changed(smtp={"port": port}))
        await here.passes(engine, minutes=72)
        assert states(engine) == ["sent"]


@pytest.mark.manual("S33", "B9")
async def test_s33_a_refusal_for_good_ends_the_job_with_a_reason_that_is_shown(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("data", "554 5.6.0 We do not like it")
        receipt = await here.scan(engine)
        await engine.settle()
        job = engine.job(receipt.job)
        assert (job.state, job.reason) == ("ended", "554 5.6.0")
        assert warnings(engine) == [("JOB_ENDED", str(receipt.job))]
        assert "554 5.6.0" in engine.information()[0].cause
        await here.passes(engine, hours=48)
        assert here.kit.mailbox.messages == [], "what was refused for good is not repeated (B11)"


@pytest.mark.manual("S33c")
async def test_s33c_some_recipients_refused_is_sent_in_part_and_ends(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 No such user")
        receipt = await here.scan(engine, to=("gone@example.com", OFFICE))
        await engine.settle()
        job = engine.job(receipt.job)
        assert (job.state, job.reason) == ("ended", "sent in part")
        assert [message.rcpt_tos for message in here.kit.mailbox.messages] == [(OFFICE,)]
        assert [(found.address, found.accepted) for found in engine.content(receipt.job).recipients] == [
            ("gone@example.com", False),
            (OFFICE, True),
        ]
        assert "1 of its recipients" in engine.information()[0].cause
        assert here.spooled() == []


@pytest.mark.manual("S33c")
async def test_s33c_all_recipients_refused_ends_the_job(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        for _ in range(2):
            here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 No such user")
        receipt = await here.scan(engine, to=("gone@example.com", "away@example.com"))
        await engine.settle()
        assert (engine.job(receipt.job).state, here.kit.mailbox.messages) == ("ended", [])
        assert engine.job(receipt.job).reason == "550 5.1.1"
