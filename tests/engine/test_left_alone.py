"""A job that cannot be looked at: its owner reads why, and [Information] tells of it once (B9)."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.events.information import Actor, Info
from franking.events.job import JobLeftAlone
from franking.machines.message import Situation
from franking.machines.roles import Role, Viewer
from franking.machines.rules import Look, Rule, Verdict

from .device import Office, office, said, states, warnings

STANDS = [("JOB_LEFT_ALONE", "1")]


def spoil(here: Office, sql: str) -> None:
    """As a fault of the disk would, or another release."""
    with closing(sqlite3.connect(here.store / "store.db")) as db:
        assert db.execute(sql).rowcount == 1
        db.commit()


SPOILT = {
    "its own record": (
        "update instance set data='{' where machine='job' and key='1'",
        "its record is damaged",
    ),
    "its request": ("update job set request='{' where job=1", "it cannot be looked at"),
    "its files": ("update job set files='{' where job=1", "it cannot be looked at"),
}
spoilt = pytest.mark.parametrize(("sql", "code"), SPOILT.values(), ids=SPOILT)


async def spooled(here: Office, sql: str) -> None:
    """Job 1 of kim is spoilt, job 2 of lee is not."""
    async with here.engine() as engine:
        for user in ("kim", "lee"):
            await here.scan(engine, user)
    spoil(here, sql)


@asynccontextmanager
async def both_signed_in(here: Office) -> AsyncIterator[Engine]:
    async with here.engine() as engine:
        await here.sign_in(engine, "kim", "panel")
        await here.sign_in(engine, "lee", "page")
        yield engine


def told(engine: Engine) -> tuple[str, str, Actor]:
    advice = engine.advice(1)
    return advice.cause, advice.remedy, advice.actor


@pytest.mark.manual("B9")
@spoilt
async def test_b9_its_owner_reads_why_and_what_to_do_and_the_others_mail_goes(
    tmp_path: Path, sql: str, code: str
) -> None:
    async with office(tmp_path) as here:
        await spooled(here, sql)
        async with both_signed_in(here) as engine:
            assert states(engine) == ["waiting", "sent"]
            (job,) = engine.queue("kim")
            assert (job.job, job.code) == (1, code)
            assert job.reason
            cause, remedy, actor = told(engine)
            assert cause
            assert "ancel" in remedy
            assert actor is Actor.ADMIN
            kim = engine.view(Viewer(Role.USER, "kim")).job(1)
            assert kim.advice is not None
            assert kim.advice.cause == cause


@pytest.mark.manual("B9")
@spoilt
async def test_b9_information_tells_of_it_once_and_who_must_act(tmp_path: Path, sql: str, code: str) -> None:
    async with office(tmp_path) as here:
        await spooled(here, sql)
        async with both_signed_in(here) as engine:
            await here.passes(engine, hours=1)
            assert (warnings(engine), said(engine, JobLeftAlone)) == (STANDS, 1)
            (warning,) = engine.view(Viewer(Role.ADMINISTRATOR)).information()
            assert (warning.code, warning.actor) == (Info.JOB_LEFT_ALONE, Actor.ADMIN)
            assert "Job 1 waits" in warning.cause
            assert engine.view(Viewer(Role.USER, "lee")).information() == ()
        async with here.engine() as engine:
            await here.passes(engine, hours=1)
            assert (warnings(engine), said(engine, JobLeftAlone)) == (STANDS, 1)


@pytest.mark.manual("B9")
@spoilt
async def test_b9_it_can_be_cancelled_and_the_warning_goes_with_it(
    tmp_path: Path, sql: str, code: str
) -> None:
    async with office(tmp_path) as here:
        await spooled(here, sql)
        async with both_signed_in(here) as engine:
            await engine.cancel(1)
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["ended", "sent"], [])
            assert here.spooled() == []


class Fault:
    """A rule of the program that fails for a time where a job is looked at."""

    stands = False

    def broken(self, now: Situation) -> bool:
        if self.stands:
            raise LookupError("what the rule asks does not answer")
        return False

    @property
    def rule(self) -> Rule:
        looks = ((Look.SEND, Verdict.REFUSE),)
        return Rule("house-1", ("network.vlan",), self.broken, looks, "No.", "Mend it.", Actor.ADMIN)


@pytest.mark.manual("B9")
async def test_b9_once_it_can_be_looked_at_again_it_goes_and_the_warning_is_gone(tmp_path: Path) -> None:
    fault = Fault()
    async with office(tmp_path) as here, here.engine(rules=(fault.rule,)) as engine:
        await here.sign_in(engine)
        fault.stands = True
        await here.scan(engine)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["waiting"], STANDS)
        fault.stands = False
        await here.passes(engine, minutes=6)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("B9")
async def test_b9_what_was_mended_while_the_device_was_off_is_cleared_too(tmp_path: Path) -> None:
    fault = Fault()
    async with office(tmp_path) as here:
        async with here.engine(rules=(fault.rule,)) as engine:
            await here.sign_in(engine)
            fault.stands = True
            await here.scan(engine)
            await engine.settle()
            assert warnings(engine) == STANDS
        async with here.engine() as engine:
            assert (states(engine), warnings(engine)) == (["sent"], [])
