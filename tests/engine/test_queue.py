"""A user's jobs in the order in which they will go (S33a, S33c)."""

from pathlib import Path

import pytest

from franking.engine.refusal import NotAllowed
from franking.machines.roles import Role, Viewer
from franking.tests.engine.device import office, signed_in


@pytest.mark.manual("S33c")
async def test_s33c_what_may_go_then_what_waits_for_its_time_then_what_is_held(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        for _ in range(2):
            here.kit.mailbox.refuse_next("mail", "451 4.7.500 Server busy")
        first, second = [await here.scan(engine) for _ in range(2)]
        await engine.settle()
        held = await here.scan(engine)
        await engine.hold(held.job)
        later = sorted((first.job, second.job), key=lambda job: engine.job(job).retry_at or here.clock.now())
        async with here.server.hold_bodies() as gate:
            under_way = await here.scan(engine)
            await gate.arrived(1)
            assert [each.job for each in engine.queue("kim")] == [under_way.job, *later, held.job]
        await engine.settle()
        assert [each.job for each in engine.queue("kim")] == [*later, held.job]


@pytest.mark.manual("S33c")
async def test_s33c_the_oldest_first_and_what_he_waits_for_at_the_panel_before_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        old = [(await here.scan(engine)).job for _ in range(2)]
        await engine.log_in("panel", "kim")
        waited_for = (await here.scan(engine, place="panel")).job
        assert [each.job for each in engine.queue("kim")] == [waited_for, *old]
        await engine.log_out("panel")
        assert [each.job for each in engine.queue("kim")] == [*old, waited_for]


@pytest.mark.manual("S33a")
async def test_s33a_nobody_sees_somebody_elses_queue(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        mine = await here.scan(engine)
        await here.scan(engine, user="lee")
        kim = engine.view(Viewer(Role.USER, "kim"))
        assert [each.job for each in kim.queue("kim")] == [mine.job]
        with pytest.raises(NotAllowed):
            kim.queue("lee")
        assert engine.queue("nobody") == ()
