"""What becomes of each recipient of one mail (S33c): every one who was taken got it once, and a retry goes to
those who wait, with the same Message-ID.

Rule: the mailbox at the other end says who got what; nothing else counts.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.status import RecipientStatus
from franking.events.information import Actor
from franking.events.job import JobDeferred, JobEndedInPart, JobPartlySent
from franking.events.request import ScanToEmail
from franking.tests.engine.device import (
    KIM,
    PAGES,
    Office,
    history,
    office,
    said,
    signed_in,
    states,
    warnings,
)

ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"
OK = "250 2.1.5 Recipient OK"
BUSY, GONE = "452 4.2.2 Over quota", "550 5.1.10 Recipient not found"


async def to_three(here: Office, engine: Engine) -> int:
    scan = here.folder / "three.pdf"
    scan.write_bytes(PAGES)
    receipt = await engine.submit(ScanToEmail(user="kim", to=(ANN, BOB, CAT), files=(scan,)))
    return receipt.job


def answers(here: Office, *replies: str) -> None:
    for reply in replies:
        here.kit.mailbox.refuse_next("rcpt", reply)


def got(here: Office) -> Counter[str]:
    return Counter(address for mail in here.kit.mailbox.messages for address in mail.rcpt_tos)


def of(engine: Engine, job: int) -> dict[str, RecipientStatus]:
    return {each.address: each for each in engine.content(job).recipients}


def settled(engine: Engine, job: int) -> list[bool | None]:
    return [each.accepted for each in engine.content(job).recipients]


@pytest.mark.manual("S33c")
async def test_s33c_a_retry_goes_to_those_who_wait_with_the_same_message_id(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, OK)
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["waiting"], [True, None, True])
        assert engine.job(job).code == "452 4.2.2"
        assert of(engine, job)[BOB].outcome == BUSY
        await here.passes(engine, minutes=2)
        assert (states(engine), got(here)) == (["sent"], Counter([ANN, BOB, CAT]))
        first, second = here.kit.mailbox.messages
        assert (first.rcpt_tos, second.rcpt_tos) == ((ANN, CAT), (BOB,))
        assert first.raw() == second.raw(), "everybody reads the same mail"
        assert (here.spooled(), warnings(engine)) == ([], [])


@pytest.mark.manual("S33c")
async def test_s33c_whoever_is_refused_for_good_is_named_when_nobody_waits_any_more(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, GONE)
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["waiting"], [True, None, False])
        await here.passes(engine, minutes=2)
        assert (states(engine), settled(engine, job)) == (["ended"], [True, True, False])
        assert (engine.job(job).code, got(here)) == ("sent in part", Counter([ANN, BOB]))
        (warning,) = engine.information()
        assert (warning.subject, warning.actor) == (str(job), Actor.PERSON)
        assert "refused 1 of its recipients" in warning.cause
        assert f"{CAT} ({GONE})" in warning.cause
        assert engine.concerns(warning) == "kim"


@pytest.mark.manual("S33c")
async def test_s33c_the_rest_is_refused_for_good_later(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, OK)
        job = await to_three(here, engine)
        await engine.settle()
        answers(here, GONE)
        await here.passes(engine, minutes=2)
        assert (states(engine), settled(engine, job)) == (["ended"], [True, False, True])
        (ended,) = [each for each in history(engine) if isinstance(each, JobEndedInPart)]
        assert (ended.taken, ended.refused) == (2, 1)
        assert got(here) == Counter([ANN, CAT])


@pytest.mark.manual("S33c")
async def test_s33c_nobody_is_taken_now_and_one_never_will_be(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, GONE, BUSY, BUSY)
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["waiting"], [False, None, None])
        assert (said(engine, JobDeferred), said(engine, JobPartlySent)) == (1, 0)
        await here.passes(engine, minutes=2)
        assert (states(engine), got(here)) == (["ended"], Counter([BOB, CAT]))


@pytest.mark.manual("S33c")
async def test_s33c_all_are_refused_for_good(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, GONE, GONE, GONE)
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["ended"], [False] * 3)
        assert (engine.job(job).code, got(here)) == ("550 5.1.10", Counter())


@pytest.mark.manual("S33c")
async def test_s33c_who_was_accepted_has_nothing_when_the_message_is_refused(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, GONE, OK)
        here.kit.mailbox.refuse_next("data", "451 4.3.0 Temporarily rejected")
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["waiting"], [None, False, None])
        here.kit.mailbox.refuse_next("data", "554 5.6.0 We do not like it")
        await here.passes(engine, minutes=2)
        assert (states(engine), settled(engine, job), got(here)) == (["ended"], [False] * 3, Counter())
        assert of(engine, job)[BOB].outcome == GONE
        assert of(engine, job)[ANN].outcome == "554 5.6.0 We do not like it"


@pytest.mark.manual("S33c", "S33")
async def test_s33c_after_an_unknown_outcome_only_those_of_that_try_may_get_it_twice(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, BUSY)
        job = await to_three(here, engine)
        await engine.settle()
        answers(here, OK, BUSY)
        here.server.drop_after_dot()
        await here.passes(engine, minutes=2)
        assert engine.job(job).unknown == 1
        assert {address: each.unknown for address, each in of(engine, job).items()} == {
            ANN: 0,
            BOB: 1,
            CAT: 0,
        }
        await here.passes(engine, minutes=10)
        assert (states(engine), got(here)) == (["sent"], Counter({ANN: 1, BOB: 2, CAT: 1}))
        assert len({mail.message()["Message-ID"] for mail in here.kit.mailbox.messages}) == 1
        assert of(engine, job)[BOB] == RecipientStatus(BOB, OK, True, 1)


@pytest.mark.manual("S33c", "S33")
async def test_s33c_a_power_cut_in_the_body_marks_those_who_waited(tmp_path: Path) -> None:
    then = tmp_path / "as it was then"
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            answers(here, OK, BUSY, BUSY)
            job = await to_three(here, engine)
            await engine.settle()
            async with here.server.hold_bodies() as gate:
                await engine.retry(job)
                await gate.arrived(1)
                shutil.copytree(here.store, then)
            await engine.settle()
        async with here.engine(store={"path": then}) as engine:
            assert (states(engine), got(here)) == (["sent"], Counter({ANN: 1, BOB: 2, CAT: 2}))
            assert [each.unknown for each in engine.content(job).recipients] == [0, 1, 1]
            assert len({mail.message()["Message-ID"] for mail in here.kit.mailbox.messages}) == 1


@pytest.mark.manual("S33c")
async def test_s33c_it_waits_for_the_rest_through_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            answers(here, OK, BUSY, OK)
            job = await to_three(here, engine)
            await engine.settle()
        async with here.engine() as engine:
            assert settled(engine, job) == [True, None, True]
            await here.passes(engine, minutes=2)
            assert (states(engine), got(here)) == (["sent"], Counter([ANN, BOB, CAT]))


@pytest.mark.manual("S33c", "S33b")
async def test_s33c_who_cancels_the_rest_leaves_what_was_sent(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, OK)
        job = await to_three(here, engine)
        await engine.settle()
        await engine.cancel(job)
        await here.passes(engine, hours=2)
        assert (states(engine), settled(engine, job)) == (["ended"], [True, None, True])
        assert (here.spooled(), got(here)) == ([], Counter([ANN, CAT]))


@pytest.mark.manual("S33c", "B11")
async def test_b11_too_many_at_once_go_one_after_the_other(tmp_path: Path) -> None:
    """A server that takes one recipient at a time gets one at a time, and everybody gets the mail once."""
    many = "452 4.5.3 Too many recipients"
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, many, many, OK, many)
        await to_three(here, engine)
        await here.passes(engine, minutes=10)
        assert (states(engine), got(here)) == (["sent"], Counter([ANN, BOB, CAT]))


@pytest.mark.manual("S33c", "B11")
async def test_b11_what_counts_for_the_mailbox_closes_it_although_others_were_taken(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, "550 5.7.501 Access denied, spam abuse detected", OK)
        job = await to_three(here, engine)
        await engine.settle()
        assert (states(engine), settled(engine, job)) == (["waiting"], [True, None, True])
        assert [each.state for each in engine.status().mailboxes] == ["closed"]
        await engine.retry(job)
        await engine.settle()
        assert (states(engine), got(here)) == (["sent"], Counter([ANN, BOB, CAT]))


@pytest.mark.manual("S33a")
async def test_s33a_no_recipient_stands_in_the_journal(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, f"{BUSY} for {BOB}", GONE)
        await to_three(here, engine)
        await here.passes(engine, minutes=2)
        journal = "".join(line.fields for line in engine.store.lines(0, 10_000))
        assert "JobEndedInPart" in {line.name for line in engine.store.lines(0, 10_000)}
        assert not any(address in journal for address in (ANN, BOB, CAT, KIM))
