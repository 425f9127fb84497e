"""Of what the owner of a job is told, and what becomes of its files then (S33b, B13)."""

from dataclasses import replace
from typing import Any

import pytest

from franking.events.base import Event
from franking.events.job import (
    Ending,
    JobCancelled,
    JobLate,
    JobRevoked,
    JobSettled,
    JobSubmitted,
)
from franking.events.request import Notify
from franking.machines.definition import Row
from franking.machines.effects import DropScan, EraseScan
from franking.machines.job import (
    DELIVERING,
    ENDED,
    HELD,
    JOB,
    LATE_AFTER,
    SENDING,
    SENT,
    WAITING,
    Stage,
)
from franking.machines.report import REPORT

from .life import Life
from .test_job import BODY, DELIVERED, LIVES, NEWLY, TAKEN, UNKNOWN, named, within


@pytest.mark.manual("B13")
def test_b13_a_program_that_asked_for_it_is_told_once_that_its_mail_waits() -> None:
    life = Life(JOB).hears(NEWLY.model_copy(update={"notify": (Notify.DELAY,)}))
    assert life.data.late_at == NEWLY.at + LATE_AFTER
    assert JobLate in [limit.then for limit in JOB.blocks[WAITING].limits]
    before = life.data
    life.hears(JobLate(job=1))
    assert (life.state, life.asked) == (WAITING, ["Inform JOB_LATE"])
    assert life.data == replace(before, late_at=None)
    assert within(WAITING).data.late_at is None, "nobody asked for that"


@pytest.mark.manual("B13")
def test_b13_a_program_that_asked_for_it_is_told_that_its_mail_was_taken() -> None:
    life = Life(JOB).hears(NEWLY.model_copy(update={"notify": (Notify.SUCCESS,)}), TAKEN, BODY, DELIVERED)
    assert (life.state, life.told, life.asked) == (SENT, ["JobSettled"], ["Clear JOB_LATE"])
    assert within(SENT).told == []


REVOKE = JobCancelled(job=1, why=Ending.REVOKED)


@pytest.mark.manual("B13", "S33c")
@pytest.mark.parametrize("state", [WAITING, HELD, SENDING])
def test_b13_of_what_the_administrator_cancels_its_owner_is_told(state: Stage) -> None:
    life = within(state).hears(REVOKE)
    assert (life.state, life.data.reason) == (ENDED, Ending.REVOKED)
    assert (life.told, life.asked) == (["JobRevoked"], ["DeleteShared", "Clear JOB_LATE"])


@pytest.mark.manual("B13", "S33c")
@pytest.mark.parametrize("fact", [UNKNOWN, *LIVES], ids=named)
@pytest.mark.parametrize("why", [Ending.REVOKED, Ending.CANCELLED])
def test_b13_under_way_too(fact: Event, why: Ending) -> None:
    life = within(DELIVERING).hears(JobCancelled(job=1, why=why))
    assert (life.state, life.told, life.asked) == (DELIVERING, [], ["Withdraw"])
    life.hears(fact)
    assert (life.state, life.data.reason) == (ENDED, why)
    assert life.told == (["JobRevoked"] if why is Ending.REVOKED else [])
    assert ("EraseScan" in life.asked) == (why is Ending.CANCELLED)
    sent = within(DELIVERING).hears(JobCancelled(job=1, why=why), DELIVERED)
    assert (sent.state, sent.told) == (SENT, []), "the server has it"


@pytest.mark.manual("S33b")
def test_s33b_wherever_the_files_of_a_job_are_erased_their_keys_went_before() -> None:
    rows: list[Row[Any]] = [row for block in JOB.blocks.values() for row in block.rows]
    rows += [row for block in REPORT.blocks.values() for row in block.rows]
    erasing = [row for row in rows if EraseScan() in row.ask]
    assert erasing
    for row in erasing:
        assert row.ask.index(DropScan()) < row.ask.index(EraseScan())
    for row in rows:
        ends = row.to in (SENT, ENDED) and JobSubmitted not in row.events
        settles = row in erasing or {JobSettled, JobRevoked} & {tell.fact for tell in row.tell}
        assert not ends or settles, "whoever ends a job that was spooled erases it, or has it erased"
