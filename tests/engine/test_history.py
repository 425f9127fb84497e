"""The story of one job: its states, its reasons, and the server's words at each try (B5)."""

import shutil
from pathlib import Path

import pytest

from franking.engine.history import Story
from franking.engine.submitting import UnknownJob
from franking.machines.roles import Role, Viewer
from franking.tests.engine.device import KIM, office, signed_in
from franking.tests.engine.test_recipients import ANN, BOB, BUSY, CAT, GONE, OK, answers, to_three


def facts(found: Story) -> list[tuple[str, str]]:
    return [(step.fact, step.state) for step in found.steps]


@pytest.mark.manual("B5", "S33c")
async def test_b5_the_story_of_a_job_with_the_servers_words_at_each_try(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, OK, BUSY, GONE)
        job = await to_three(here, engine)
        await engine.settle()
        here.kit.mailbox.refuse_next("mail", "451 4.7.500 Server busy")
        await here.passes(engine, minutes=2)
        await here.passes(engine, minutes=10)
        found = engine.history(job)
        assert found.whole
        assert facts(found) == [
            ("JobSubmitted", "waiting"),
            ("JobTaken", "sending"),
            ("BodyStarted", "delivering"),
            ("JobPartlySent", "waiting"),
            ("JobRetryDue", "waiting"),
            ("JobTaken", "sending"),
            ("BodyStarted", "delivering"),
            ("JobDeferred", "waiting"),
            ("JobRetryDue", "waiting"),
            ("JobTaken", "sending"),
            ("BodyStarted", "delivering"),
            ("JobEndedInPart", "ended"),
            ("JobReported", "ended"),
        ]
        assert found.steps[-1].reason == "not by mail: reports by mail were turned off"
        partly, deferred, ended = (step for step in found.steps if step.server)
        assert partly.server.startswith("250 2.0.0")
        assert [(each.address, each.accepted) for each in partly.recipients] == [
            (ANN, True),
            (BOB, None),
            (CAT, False),
        ]
        assert (partly.code, partly.phase) == ("452 4.2.2", "end of data")
        assert (deferred.server, deferred.phase) == ("451 4.7.500 Server busy", "MAIL FROM")
        assert [each.address for each in deferred.recipients] == [BOB]
        assert (ended.code, ended.reason) == ("sent in part", "sent in part")
        assert [(each.address, each.accepted) for each in ended.recipients] == [(BOB, True)]


@pytest.mark.manual("B5", "S33")
async def test_b5_a_power_cut_stands_in_it_where_it_mattered(tmp_path: Path) -> None:
    then = tmp_path / "as it was then"
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            async with here.server.hold_bodies() as gate:
                receipt = await here.scan(engine)
                await gate.arrived(1)
                shutil.copytree(here.store, then)
            await engine.settle()
        async with here.engine(store={"path": then}) as engine:
            found = facts(engine.history(receipt.job))
            assert found[2:4] == [("BodyStarted", "delivering"), ("EngineStarted", "waiting")]
            assert found[-1] == ("JobSent", "sent")
            (cut,) = [step for step in engine.history(receipt.job).steps if step.fact == "EngineStarted"]
            assert cut.code == "outcome unknown"


@pytest.mark.manual("B5", "S33a")
async def test_s33a_the_servers_words_are_the_owners(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, f"{GONE}: {ANN}", f"{GONE}: {BOB}", f"{GONE}: {CAT}")
        job = await to_three(here, engine)
        await engine.settle()
        mine = engine.view(Viewer(Role.USER, "kim")).history(job)
        theirs = engine.view(Viewer(Role.ADMINISTRATOR)).history(job)
        assert ANN in repr(mine)
        assert facts(theirs) == facts(mine)
        assert not any(address in repr(theirs) for address in (ANN, BOB, CAT, KIM))
        with pytest.raises(UnknownJob):
            engine.view(Viewer(Role.USER, "lee")).history(job)
        with pytest.raises(UnknownJob):
            engine.history(job + 1)


@pytest.mark.manual("B5")
async def test_b5_what_people_did_and_what_never_reached_the_server(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await here.scan(engine)
        await engine.hold(receipt.job)
        await engine.release(receipt.job)
        await engine.cancel(receipt.job)
        found = engine.history(receipt.job)
        assert facts(found) == [
            ("JobSubmitted", "waiting"),
            ("JobHeld", "held"),
            ("JobReleased", "waiting"),
            ("JobCancelled", "ended"),
        ]
        assert found.steps[-1].reason == "cancelled"
        assert not any(step.server for step in found.steps)


@pytest.mark.manual("B5", "S27")
async def test_b5_a_forgotten_persons_words_are_gone(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        answers(here, f"{GONE}: {ANN}", BUSY, BUSY)
        job = await to_three(here, engine)
        await engine.settle()
        assert engine.store.tries(job)
        await engine.forget("kim")
        assert engine.store.tries(job) == []
