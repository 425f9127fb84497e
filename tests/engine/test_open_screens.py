"""A sign-in screen between people: whose failure it tells of, whose turn it is, and who stands before it."""

from datetime import datetime
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.ports import Trouble
from franking.engine.refusal import Refused
from franking.engine.screen.trouble import Fault, trouble
from franking.events.information import Info
from franking.machines.roles import Role, Viewer
from franking.machines.sign_in import CLOSED, OPEN, SIGN_IN

from .device import office, refresh_token, stands, states, warnings


class NoBrowser:
    """A screen that cannot be shown."""

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble:
        return trouble(Fault.NO_BROWSER)

    async def close(self, place: str) -> None:
        pass


def seen(engine: Engine, login: str) -> list[tuple[str, str]]:
    found = engine.view(Viewer(Role.USER, login)).information()
    return [(each.code.name, each.subject) for each in found]


@pytest.mark.manual("S24", "S33a")
async def test_s24_a_failed_sign_in_is_told_to_who_was_signing_in_and_to_nobody_after_him(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        opened = Engine.open(here.settings, clock=here.clock, screen=NoBrowser())
        async with opened as engine:
            await engine.settle()
            await engine.log_in("panel", "kim")
            await engine.sign_in("panel", "kim")
            await engine.settle()
            assert seen(engine, "kim") == [("SIGN_IN_FAILED", "panel")]
            assert seen(engine, "lee") == []
            await engine.log_in("panel", "lee")
            assert seen(engine, "lee") == []
            assert seen(engine, "kim") == [("SIGN_IN_FAILED", "panel")]
            assert await engine.view(Viewer(Role.USER, "kim")).acknowledge(Info.SIGN_IN_FAILED, "panel")
            assert warnings(engine) == []


@pytest.mark.manual("S24", "S33a")
async def test_s24_a_place_may_be_called_as_a_job_is(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        opened = Engine.open(here.settings, clock=here.clock, screen=NoBrowser())
        async with opened as engine:
            await engine.settle()
            job = (await here.scan(engine, "lee")).job
            await engine.sign_in(str(job), "kim")
            await engine.settle()
            assert (seen(engine, "kim"), seen(engine, "lee")) == ([("SIGN_IN_FAILED", str(job))], [])


@pytest.mark.manual("B14")
async def test_b14_a_failed_sign_in_is_forgotten_with_its_person(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        opened = Engine.open(here.settings, clock=here.clock, screen=NoBrowser())
        async with opened as engine:
            await engine.settle()
            await engine.sign_in("panel", "kim")
            await engine.settle()
            assert warnings(engine) == [("SIGN_IN_FAILED", "panel")]
            await engine.forget("kim")
            assert warnings(engine) == []


@pytest.mark.manual("S18")
async def test_s18_no_screen_opens_for_a_turn_that_is_not_needed_any_more(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.acquire("panel")
        await engine.log_in("panel", "kim")
        await here.scan(engine, "kim", "panel")
        await engine.settle()
        assert here.visits == ["panel"], "kim waits for his turn"
        here.screen.stays_away = False
        await engine.sign_in("page", "kim")
        await engine.settle()
        assert (refresh_token(engine, "kim"), states(engine)) == ("Acquired", ["sent"])
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.visits == ["panel", "page"]
        assert engine.runtime.instance(SIGN_IN, "panel").state is CLOSED
        await here.passes(engine, minutes=2)
        assert not stands(engine, "panel"), "system auto reset comes as after any closed screen"


@pytest.mark.manual("S18", "S23")
async def test_s23_acquire_and_a_sign_in_at_a_free_place_open_in_each_state(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine, "kim", "panel")
        here.screen.stays_away = True
        await engine.sign_in("panel", "kim")
        await engine.acquire("panel")
        await engine.settle()
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.visits == ["page", "panel", "panel", "panel"]
        assert engine.who_signs_in_at("panel") == "administrator"


@pytest.mark.manual("S11", "S18")
async def test_s11_no_auto_reset_closes_a_screen_that_was_open_before_the_log_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.sign_in("panel", "kim")
        await engine.log_in("panel", "kim")
        await here.passes(engine, minutes=5)
        assert engine.runtime.instance(SIGN_IN, "panel").state is OPEN
        assert stands(engine, "panel")
        await engine.cancel_sign_in("panel")
        await here.passes(engine, seconds=61)
        assert not stands(engine, "panel")


@pytest.mark.manual("S12", "S23a")
async def test_s23a_no_sign_in_is_offered_that_a_rule_forbids(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        only = await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3"}))
        assert not only.offers_sign_in
        with pytest.raises(Refused):
            await engine.acquire("page")
        again = await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.2"}))
        assert again.offers_sign_in


@pytest.mark.manual("S28")
async def test_s28_a_logout_deletes_although_the_person_stands_at_another_place(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"auto_delete": True}) as engine:
        await here.sign_in(engine)
        await engine.log_in("page", "kim")
        await engine.log_out("page")
        assert (refresh_token(engine, "kim"), stands(engine, "panel")) == ("Required", True)
        await here.scan(engine, "kim", "panel")
        await engine.settle()
        assert refresh_token(engine, "kim") == "Acquired"
