"""Time travel with a provider whose answers come late or not at all."""

from datetime import timedelta
from pathlib import Path

from franking.events.device import SystemAutoReset
from franking.testing.clock import VirtualClock
from franking.testing.scripted import slow
from franking.testing.travel import pass_time, settle
from franking.tests.engine.device import office, said, states

HOURS = timedelta(hours=3)


async def test_an_answer_that_comes_late_holds_nothing_else_up(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        clock = here.clock
        assert isinstance(clock, VirtualClock)
        await here.acquire(engine)
        await here.sign_in(engine)
        await pass_time(engine, clock, hours=3)
        here.provider.script(slow(timedelta(minutes=2)), "token:refresh_token")
        await here.scan(engine)
        await settle(engine, clock)
        assert clock.true.holding == 1
        assert states(engine) != ["sent"]
        await pass_time(engine, clock, minutes=1, seconds=59)
        assert here.kit.mailbox.messages == []
        await pass_time(engine, clock, seconds=1)
        assert states(engine) == ["sent"]
        assert here.kit.mailbox.messages[0].at == clock.now()


async def test_limits_are_kept_while_an_answer_is_late(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        clock = here.clock
        assert isinstance(clock, VirtualClock)
        await here.acquire(engine)
        await here.sign_in(engine)
        await pass_time(engine, clock, hours=3)
        here.provider.script(slow(timedelta(hours=2)), "token:refresh_token")
        await here.scan(engine)
        resets = said(engine, SystemAutoReset)
        await engine.log_in("panel", "kim")
        await pass_time(engine, clock, hours=1)
        assert (said(engine, SystemAutoReset), clock.true.holding) == (resets + 1, 1)
        await pass_time(engine, clock, hours=2)
        assert states(engine) == ["sent"]


async def test_a_host_that_was_down_is_up_for_whoever_asks_at_that_moment(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        clock = here.clock
        assert isinstance(clock, VirtualClock)
        await here.acquire(engine)
        await here.sign_in(engine)
        await pass_time(engine, clock, hours=3)
        refreshes = here.refreshes
        here.provider.down(days=2)
        await here.scan(engine)
        await pass_time(engine, clock, days=1, hours=23)
        assert (states(engine) == ["sent"], here.refreshes) == (False, refreshes)
        await pass_time(engine, clock, hours=4)
        assert states(engine) == ["sent"]
