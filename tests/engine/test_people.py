"""What people meet at the panel: the sign-in screen, and who may sign in.

Rule: each test tells one thing that the manual promises, at an engine with real servers.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.parts import NoScreen
from franking.engine.refusal import Refused
from franking.events.device import SettingsChanged
from franking.events.sign_in import SignInWanted
from franking.events.token import GrantRevoked, SignInSucceeded
from franking.tests.engine.device import (
    BOSS,
    KIM,
    LEE,
    START,
    access_token,
    history,
    identity,
    issued_tokens,
    office,
    refresh_token,
    said,
    secrets_in_memory,
    stands,
    states,
    warnings,
)

# The screen (S18)


@pytest.mark.manual("S18")
async def test_s18_the_screen_opens_where_the_person_stands_and_the_job_goes_on(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("page:7", "kim")
        receipt = await here.scan(engine, place="page:7")
        assert receipt.waits_for == "waits for a sign-in"
        await engine.settle()
        assert here.visits == ["page:7"]
        assert states(engine) == ["sent"]
        assert said(engine, SignInSucceeded) == 1


@pytest.mark.manual("S18")
async def test_s18_without_a_place_no_screen_opens_and_the_job_says_what_it_waits_for(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        receipt = await here.scan(engine)
        await engine.settle()
        assert here.visits == []
        assert engine.job(receipt.job).reason == receipt.waits_for == "waits for a sign-in"


@pytest.mark.manual("S18")
async def test_s18_no_screen_opens_at_a_place_where_somebody_else_stands(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "lee")
        await here.scan(engine, "kim", place="panel")
        await engine.settle()
        assert here.visits == []


@pytest.mark.manual("S18", "S23")
async def test_s18_a_cancel_leaves_the_job_and_the_next_log_in_asks_again(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.declines = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()
        assert (states(engine), refresh_token(engine, "kim")) == (["waiting"], "Required")
        here.screen.declines = False
        await here.passes(engine, hours=8)
        assert here.visits == ["panel"], "nobody is asked again by itself"
        await engine.log_in("panel", "kim")
        await engine.settle()
        assert here.visits == ["panel", "panel"]
        assert states(engine) == ["sent"]


@pytest.mark.manual("S18")
async def test_s18_whoever_has_no_job_is_not_asked_at_log_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.scan(engine, "kim")
        await engine.log_in("panel", "lee")
        await engine.settle()
        assert here.visits == []


@pytest.mark.manual("S18", "S19a")
async def test_s18_the_screen_closes_after_ten_minutes_to_the_second(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()
        assert here.screen.opened == [("panel", START + timedelta(minutes=10))]
        await here.passes(engine, minutes=9, seconds=59)
        assert here.screen.closed == []
        await here.passes(engine, seconds=1)
        assert here.screen.closed == ["panel"]
        assert (states(engine), refresh_token(engine, "kim")) == (["waiting"], "Required")
        await here.passes(engine, hours=1)
        assert here.visits == ["panel"]


@pytest.mark.manual("S18", "S11")
async def test_s18_an_open_screen_counts_as_use_of_the_panel(tmp_path: Path) -> None:
    """Auto reset (60 s) begins when the screen closes, also if the panel was touched meanwhile."""
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await here.passes(engine, seconds=30)
        await engine.touch("panel")
        await here.passes(engine, minutes=5)
        assert here.screen.closed == []
        await engine.cancel_sign_in("panel")
        await here.passes(engine, seconds=59)
        assert stands(engine, "panel")
        await here.passes(engine, seconds=1)
        assert not stands(engine, "panel")


@pytest.mark.manual("S18")
async def test_s18_a_second_request_waits_for_the_first_at_its_place(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await engine.acquire("panel")
        await here.scan(engine, place="panel")
        await engine.settle()
        assert here.visits == ["panel"]
        here.screen.stays_away = False
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.visits == ["panel", "panel"]
        assert refresh_token(engine, "administrator") == "Required"
        assert refresh_token(engine, "kim") == "Acquired"
        assert states(engine) == ["sent"]


@pytest.mark.manual("S18")
async def test_s18_asking_twice_opens_one_screen(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await here.scan(engine, place="panel")
        await engine.settle()
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.visits == ["panel"]


@pytest.mark.manual("S18")
async def test_s18_two_places_have_a_screen_each(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.stays_away = True
        for place, user in (("panel", "kim"), ("page:1", "lee")):
            await engine.log_in(place, user)
            await here.scan(engine, user, place=place)
        await engine.settle()
        assert here.visits == ["panel", "page:1"]
        await engine.cancel_sign_in("panel")
        await engine.settle()
        assert here.screen.closed == ["panel"]


@pytest.mark.manual("S18")
@pytest.mark.parametrize("ends", ["logout", "auto reset", "another person", "restart"])
async def test_s18_the_screen_closes_when_the_person_goes(tmp_path: Path, ends: str) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            here.screen.stays_away = True
            await engine.log_in("panel", "kim")
            await here.scan(engine, place="panel")
            await engine.settle()
            if ends == "logout":
                await engine.log_out("panel")
            elif ends == "another person":
                await engine.log_in("panel", "lee")
            elif ends == "auto reset":
                await engine.cancel_sign_in("panel")
                await here.passes(engine, seconds=60)
            await engine.settle()
            if ends != "restart":
                assert here.screen.closed == ["panel"]
            assert states(engine) == ["waiting"]
        async with here.engine() as engine:
            await here.passes(engine, hours=1)
            assert here.visits == ["panel"]
            assert here.screen.closed == ["panel"]
            assert states(engine) == ["waiting"]


@pytest.mark.manual("S18")
async def test_s18_two_new_people_who_come_at_once_are_two_identities(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await asyncio.gather(engine.log_in("panel", "kim"), engine.log_in("page", "lee"))
        assert identity(engine, "kim").identity != identity(engine, "lee").identity
        found = {row.login: row.identity for row in engine.store.identities()}
        assert found == {login: identity(engine, login).identity for login in ("kim", "lee")}


# Another account (S19)


@pytest.mark.manual("S19")
@pytest.mark.parametrize(("provider", "revoked"), [("Microsoft", False), ("Google", True)])
async def test_s19_refuses_another_account_and_keeps_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, revoked: bool
) -> None:
    async with office(tmp_path, provider) as here, here.engine() as engine:
        issued = issued_tokens(monkeypatch)
        here.screen.account = LEE
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()

        assert len(issued) == 2, "lee's tokens were in the world"
        assert secrets_in_memory().isdisjoint(issued)
        assert len(engine.holder) == 0
        assert engine.store.grant(identity(engine, "kim").identity) is None
        assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Required", "absent")
        assert states(engine) == ["waiting"]
        assert here.provider.count("revoke") == int(revoked)
        assert [event.delivered for event in history(engine) if isinstance(event, GrantRevoked)] == [revoked]


@pytest.mark.manual("S19", "B9")
async def test_s19_names_both_addresses_to_the_one_who_signed_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.account = LEE
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()
        assert warnings(engine) == [("OTHER_ACCOUNT", identity(engine, "kim").identity)]
        (warning,) = engine.information()
        assert KIM in warning.cause
        assert LEE in warning.cause
        assert KIM not in "".join(map(str, history(engine))), "the journal names nobody"
        assert LEE not in "".join(map(str, history(engine)))


@pytest.mark.manual("S19")
async def test_s19_the_right_account_clears_the_warning_and_the_job_goes(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        here.screen.account = LEE
        await engine.log_in("panel", "kim")
        await here.scan(engine, place="panel")
        await engine.settle()
        here.screen.account = None
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert (warnings(engine), states(engine)) == ([], ["sent"])


@pytest.mark.manual("S19", "S23")
async def test_s19_another_account_does_not_touch_the_present_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        before = engine.store.grant("administrator")
        here.screen.account = BOSS
        await engine.acquire("page")
        await engine.settle()
        assert engine.store.grant("administrator") == before
        assert refresh_token(engine, "administrator") == "Acquired"
        assert ("OTHER_ACCOUNT", "administrator") in warnings(engine)
        await here.notice(engine)
        await engine.settle()
        assert states(engine) == ["sent"]


# What the administrator taps (S23, S23a)


@pytest.mark.manual("S23")
async def test_s23_acquire_works_in_each_of_the_three_states(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        assert refresh_token(engine, "administrator") == "Required"
        await here.acquire(engine)
        await here.acquire(engine)
        here.provider.revoke_grants("printer@example.com")
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Expired"
        await here.acquire(engine)
        assert here.visits == ["page"] * 3
        assert states(engine) == ["sent"]


@pytest.mark.manual("S23")
@pytest.mark.parametrize("status", ["Required", "Acquired", "Expired"])
@pytest.mark.parametrize("how", ["cancelled", "timed out", "failed"])
async def test_s23_a_sign_in_without_success_changes_nothing(tmp_path: Path, status: str, how: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        if status != "Required":
            await here.acquire(engine)
        if status == "Expired":
            here.provider.revoke_grants("printer@example.com")
            await here.passes(engine, hours=2)
            await here.notice(engine)
            await engine.settle()
        before = engine.store.grant("administrator"), access_token(engine, "administrator")
        here.screen.declines = how == "cancelled"
        here.screen.stays_away = how == "timed out"
        if how == "failed":
            here.provider.answer_next(500)
        await engine.acquire("page")
        await engine.settle()
        await here.passes(engine, minutes=10)
        assert refresh_token(engine, "administrator") == status
        assert (engine.store.grant("administrator"), access_token(engine, "administrator")) == before
        assert (("SIGN_IN_FAILED", "page") in warnings(engine)) == (how == "failed")


@pytest.mark.manual("S23", "S12")
async def test_s23_acquire_is_refused_while_a_rule_forbids_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(tls={"minimum": "TLSv1.3"}) as engine:
        with pytest.raises(Refused) as refused:
            await engine.acquire("page")
        assert refused.value.codes == ("S12-tls",)
        assert here.visits == []


async def test_acquire_without_a_screen_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.screen = None  # type: ignore[assignment]
        async with here.engine() as engine:
            with pytest.raises(NoScreen):
                await engine.acquire("page")
            assert said(engine, SignInWanted) == 0


@pytest.mark.manual("S23a")
async def test_s23a_ok_is_one_change_and_offers_the_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"enabled": False}) as engine:
        changed = engine.settings.changed(
            oauth={"enabled": True, "auto_delete": True}, panel={"auto_reset": 90}
        )
        applied = await engine.apply(changed)
        await engine.settle()
        assert applied.offers_sign_in
        assert applied.changed == ("oauth.auto_delete", "oauth.enabled", "panel.auto_reset")
        facts = [event for event in history(engine) if isinstance(event, SettingsChanged)]
        assert [fact.changed for fact in facts] == [applied.changed]
        assert here.visits == [], "it is a message that offers: its [OK] opens the screen"


@pytest.mark.manual("S23a")
async def test_s23a_cancel_leaves_the_settings_and_the_status(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"enabled": False}) as engine:
        await engine.apply(engine.settings.changed(oauth={"enabled": True}))
        here.screen.declines = True
        await engine.acquire("page")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert engine.settings.oauth.enabled
        assert engine.status().validation == "Available"


@pytest.mark.manual("S23a")
async def test_s23a_nothing_is_offered_where_the_token_is_acquired_or_oauth_off(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        again = await engine.apply(engine.settings)
        assert (again.changed, again.offers_sign_in) == ((), False)
        off = await engine.apply(engine.settings.changed(oauth={"enabled": False}))
        assert (off.changed, off.offers_sign_in) == (("oauth.enabled",), False)
        assert refresh_token(engine, "administrator") == "Acquired", "OFF keeps the grant"
