"""One job, one rule of the program or the directory is at fault: everybody else's mail goes on, nobody's
sign-in ends, and the log names the place without a word of what stands there.
"""

import logging
import sqlite3
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.events.information import Actor
from franking.events.token import TokenDeleted
from franking.machines.message import Situation
from franking.machines.rules import Look, Rule, Verdict

from ..engine.device import KIM, LEE, Office, identity, office, refresh_token, said, states


class Directory:
    """Of the embedding program; it can go away."""

    def __init__(self) -> None:
        self.addresses = {"kim": KIM, "lee": LEE}
        self.away = False

    def get(self, login: str, /) -> str | None:
        if self.away:
            raise OSError(f"no answer about {login}")
        return self.addresses.get(login)


def spoil(here: Office, job: int) -> None:
    """A newer program wrote the request, or the disk is at fault."""
    with sqlite3.connect(here.store / "store.db") as db:
        changed = db.execute("update job set request='{\"subjekt\": 1}' where job=?", (job,))
        assert changed.rowcount == 1
    db.close()


@pytest.mark.manual("S33")
async def test_s33_a_job_whose_request_cannot_be_read_keeps_nobody_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            for user in ("kim", "kim", "lee"):
                await here.scan(engine, user)
        spoil(here, 1)
        with caplog.at_level(logging.ERROR, "franking"):
            async with here.engine() as engine:
                await here.sign_in(engine, "kim", "panel")
                await here.sign_in(engine, "lee", "page")
                assert states(engine) == ["waiting", "sent", "sent"]
                assert engine.runtime.failed == ""
                assert here.spooled() == ["1/0"]
                told = engine.advice(1)
                assert (engine.job(1).reason, told.actor) == ("it cannot be looked at", Actor.ADMIN)
                assert [file.name for file in engine.content(1).files] == ["scan.pdf"]
                assert told.remedy == "Have that mended, then retry the job; or cancel it."
                await engine.cancel(1)
                await engine.settle()
                assert states(engine) == ["ended", "sent", "sent"]
                assert here.spooled() == []
        assert "job 1 cannot be looked at: ValidationError at " in caplog.text
        assert "subjekt" not in caplog.text


@pytest.mark.manual("S16")
async def test_s16_a_rule_that_raises_stops_its_jobs_alone_and_a_retry_looks_again(tmp_path: Path) -> None:
    armed: list[str] = []

    def raises(now: Situation) -> bool:
        if armed and now.message and now.message.sender.login == "kim":
            raise RuntimeError("a fault of the embedding program")
        return False

    rule = Rule("X1", (), raises, ((Look.SEND, Verdict.REFUSE),), "s", "r", Actor.ADMIN)
    async with office(tmp_path) as here, here.engine(rules=(rule,)) as engine:
        await here.scan(engine, "kim")
        await here.scan(engine, "lee")
        armed.append("from now on")
        await here.sign_in(engine, "kim", "panel")
        await here.sign_in(engine, "lee", "page")
        assert states(engine) == ["waiting", "sent"]
        assert engine.job(1).reason == "it cannot be looked at"
        armed.clear()
        await engine.retry(1)
        await engine.settle()
        assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S16", "S33")
async def test_s33_a_job_that_could_not_be_looked_at_is_looked_at_again_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    armed = ["the program's directory is away"]

    def raises(now: Situation) -> bool:
        if armed and now.message:
            raise OSError(armed[0])
        return False

    rule = Rule("X1", (), raises, ((Look.SEND, Verdict.REFUSE),), "s", "r", Actor.ADMIN)
    async with office(tmp_path) as here, here.engine(rules=(rule,)) as engine:
        await here.scan(engine)
        await here.sign_in(engine)
        await here.passes(engine, minutes=6)
        assert engine.job(1).reason == "it cannot be looked at"
        assert caplog.text.count("job 1 cannot be looked at") == 1
        armed.clear()
        await here.passes(engine, minutes=5)
        assert states(engine) == ["sent"]


@pytest.mark.manual("B11", "S33")
async def test_s33_a_mailbox_whose_record_cannot_be_read_is_no_fault_of_its_jobs(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine(smtp={"per_minute": 9}) as engine:
            await here.sign_in(engine)
            await here.scan(engine)
            await engine.settle()
        with sqlite3.connect(here.store / "store.db") as db:
            spoiled = db.execute("update instance set data='{' where machine='mailbox'")
            assert spoiled.rowcount == 1
        db.close()
        async with here.engine(smtp={"per_minute": 9}) as engine:
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S26a")
async def test_s26a_a_directory_that_is_away_stops_no_mail_and_ends_no_sign_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Directory()
    async with office(tmp_path) as here:
        settings = here.settings.changed(users={})
        opened = Engine.open(settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:
            await here.sign_in(engine)
            directory.away = True
            with caplog.at_level(logging.ERROR, "franking"):
                await here.scan(engine)
                await engine.apply(settings.changed(device={"name": "hall"}))
                await engine.log_in("page", "kim")
                await engine.settle()
            assert states(engine) == ["sent"]
            assert identity(engine, "kim").address == KIM
            assert caplog.text.count("the directory cannot be asked") == 1
            assert "OSError at get, line" in caplog.text
            assert "no answer about kim" not in caplog.text
        opened = Engine.open(settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:  # it never answered in this life
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]
            assert refresh_token(engine, "kim") == "Acquired"
            assert said(engine, TokenDeleted) == 0


@pytest.mark.manual("S26a")
async def test_s26a_who_left_the_directory_loses_his_sign_in_when_it_answers_again(tmp_path: Path) -> None:
    directory = Directory()
    async with office(tmp_path) as here:
        settings = here.settings.changed(users={})
        opened = Engine.open(settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:
            await here.sign_in(engine)
            del directory.addresses["kim"]
            directory.away = True
        opened = Engine.open(settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:
            assert refresh_token(engine, "kim") == "Acquired"
        directory.away = False
        opened = Engine.open(settings, clock=here.clock, screen=here.screen, directory=directory)
        async with opened as engine:
            await engine.settle()
            assert refresh_token(engine, "kim") == "Required"
