"""Who is logged in: auto delete and system auto reset (S11, S18, S28)."""

from datetime import timedelta

import pytest

from franking.events.base import ADMINISTRATOR, Event
from franking.events.device import (
    DeviceResumed,
    EngineStarted,
    PanelUsed,
    SessionSettingsChanged,
    SystemAutoReset,
    UserLoggedIn,
    UserLoggedOut,
)
from franking.events.sign_in import SignInCancelled, SignInFailed, SignInTimedOut, SignInWanted
from franking.events.token import SignInSucceeded, TokenDeleted
from franking.machines.definition import told
from franking.machines.session import LOGGED_IN, LOGGED_OUT, SESSION, Visitor
from franking.tests.machines.life import NOW, Life, at

PANEL = "panel"
MINUTE = timedelta(seconds=60)
LEAVES = (UserLoggedOut(place=PANEL), SystemAutoReset(place=PANEL), EngineStarted(oauth=True))
OPENED = SignInWanted(place=PANEL, identity="user:1")
CLOSED: tuple[Event, ...] = (
    SignInSucceeded(place=PANEL, identity="user:1", right=True, renew_at=NOW, stale_at=NOW),
    SignInCancelled(place=PANEL),
    SignInFailed(place=PANEL, identity="user:1", code="access_denied"),
    SignInTimedOut(place=PANEL),
)


def named(fact: Event) -> str:
    return type(fact).__name__


def login(identity: str = "user:1", auto_delete: bool = True, seconds: float = 0) -> UserLoggedIn:
    fact = UserLoggedIn(place=PANEL, identity=identity, auto_delete=auto_delete, reset_after=MINUTE)
    return at(fact, seconds)


def logged_in(identity: str = "user:1", auto_delete: bool = True) -> Life[Visitor]:
    return Life(SESSION).hears(login(identity, auto_delete))


@pytest.mark.manual("S28")
@pytest.mark.parametrize("leave", LEAVES, ids=named)
def test_s28_with_auto_delete_the_users_token_is_deleted_when_he_leaves(leave: Event) -> None:
    life = logged_in()
    before = life.data
    life.hears(leave)
    assert (life.state, life.data) == (LOGGED_OUT, Visitor())
    (tell,) = life.did.tell
    assert told(tell, leave, before, "place", "panel") == TokenDeleted(identity="user:1", at=leave.at)


@pytest.mark.manual("S28", "S11")
@pytest.mark.parametrize("leave", LEAVES, ids=named)
def test_s28_without_auto_delete_the_token_is_kept(leave: Event) -> None:
    life = logged_in(auto_delete=False).hears(leave)
    assert (life.state, life.told) == (LOGGED_OUT, [])


@pytest.mark.manual("S28")
@pytest.mark.parametrize("leave", LEAVES, ids=named)
def test_s28_the_administrators_token_is_never_deleted_by_itself(leave: Event) -> None:
    life = logged_in(ADMINISTRATOR).hears(leave)
    assert (life.state, life.told) == (LOGGED_OUT, [])


@pytest.mark.manual("S28")
def test_s28_who_comes_in_anothers_place_ends_his_session() -> None:
    life = logged_in("user:1")
    before = life.data
    life.hears(login("user:2", auto_delete=False))
    assert (life.state, life.data.identity, life.data.auto_delete) == (LOGGED_IN, "user:2", False)
    (tell,) = life.did.tell
    assert told(tell, login("user:2"), before, "place", "panel") == TokenDeleted(identity="user:1", at=NOW), (
        "and not user:2's"
    )
    assert logged_in("user:1", auto_delete=False).hears(login("user:2")).told == []
    assert logged_in(ADMINISTRATOR).hears(login("user:2")).told == []


@pytest.mark.manual("S28")
def test_s28_the_same_person_again_deletes_nothing() -> None:
    life = logged_in().hears(login(seconds=20))
    assert (life.state, life.told, life.data.reset_at) == (LOGGED_IN, [], NOW + timedelta(seconds=80))


@pytest.mark.manual("S11")
def test_s11_auto_reset_comes_when_nobody_touched_the_panel_for_its_time() -> None:
    (limit,) = SESSION.blocks[LOGGED_IN].limits
    assert (limit.until, limit.then) == ("reset_at", SystemAutoReset)
    life = logged_in()
    assert life.data.reset_at == NOW + MINUTE
    assert life.hears(at(PanelUsed(place=PANEL), 50)).data.reset_at == NOW + timedelta(seconds=110)


@pytest.mark.manual("S11")
def test_s11_a_touch_that_is_said_late_counts_from_its_own_moment() -> None:
    life = logged_in()
    late = PanelUsed(place=PANEL, touched_at=NOW + timedelta(seconds=50))
    assert life.hears(at(late, 60)).data.reset_at == NOW + timedelta(seconds=110)
    earlier = PanelUsed(place=PANEL, touched_at=NOW + timedelta(seconds=20))
    assert life.hears(at(earlier, 61)).data.reset_at == NOW + timedelta(seconds=110)


@pytest.mark.manual("S18")
@pytest.mark.parametrize("closed", CLOSED, ids=named)
def test_s18_an_open_sign_in_screen_counts_as_use_of_the_panel(closed: Event) -> None:
    life = logged_in().hears(at(OPENED, 30))
    assert life.data.reset_at is None
    assert life.changes_nothing(at(PanelUsed(place=PANEL), 40)), "a touch does not begin the time meanwhile"
    assert life.hears(login(seconds=45)).data.reset_at is None, "nor does the same person's log-in"
    assert life.hears(at(closed, 500)).data.reset_at == NOW + timedelta(seconds=560)


@pytest.mark.manual("S11", "S28")
def test_s11_settings_that_change_while_somebody_is_logged_in_hold_for_him() -> None:
    fact = SessionSettingsChanged(place=PANEL, auto_delete=True, reset_after=2 * MINUTE)
    life = logged_in(auto_delete=False).hears(at(fact, 10))
    assert life.data == Visitor("user:1", True, 2 * MINUTE, NOW + timedelta(seconds=130))
    assert life.hears(UserLoggedOut(place=PANEL)).told == ["TokenDeleted"]
    paused = logged_in().hears(OPENED, fact)
    assert paused.data.reset_at is None, "the screen is still open"


@pytest.mark.manual("S11")
def test_s11_sleep_logs_nobody_out_and_the_time_goes_on() -> None:
    assert logged_in().changes_nothing(at(DeviceResumed(oauth=True), 30))


@pytest.mark.manual("S11", "S18")
def test_s11_sleep_closes_the_screen_so_the_time_begins_again() -> None:
    life = logged_in().hears(OPENED, at(DeviceResumed(oauth=True), 500))
    assert (life.state, life.data.reset_at) == (LOGGED_IN, NOW + timedelta(seconds=560))


@pytest.mark.parametrize(
    "fact",
    [
        *LEAVES,
        *CLOSED,
        OPENED,
        PanelUsed(place=PANEL),
        DeviceResumed(oauth=True),
        SessionSettingsChanged(place=PANEL, auto_delete=True, reset_after=MINUTE),
    ],
    ids=named,
)
def test_nobody_is_logged_in_and_nothing_happens(fact: Event) -> None:
    assert Life(SESSION).changes_nothing(fact)
