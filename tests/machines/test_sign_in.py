"""The sign-in screen of one place (S18, S19a, S23)."""

from datetime import timedelta

import pytest

from franking.events.base import Event
from franking.events.device import DeviceResumed, EngineStarted, SystemAutoReset, UserLoggedIn, UserLoggedOut
from franking.events.sign_in import (
    FlowRefused,
    SignInCancelled,
    SignInFailed,
    SignInNext,
    SignInTimedOut,
    SignInWanted,
)
from franking.events.token import SignInSucceeded
from franking.machines.effects import OpenSignIn
from franking.machines.sign_in import CLOSED, OPEN, SIGN_IN, Visit
from franking.tests.machines.life import NOW, Life

PANEL = "panel"
SUCCEEDED = SignInSucceeded(identity="user:1", place=PANEL, right=True, renew_at=NOW, stale_at=NOW)
CANCELLED, TIMED_OUT = SignInCancelled(place=PANEL), SignInTimedOut(place=PANEL)
FAILED, NEXT = SignInFailed(place=PANEL, identity="user:1", code="access_denied"), SignInNext(place=PANEL)
OUTCOMES = (SUCCEEDED, CANCELLED, TIMED_OUT, FAILED)
DEPARTURES = (
    UserLoggedOut(place=PANEL),
    SystemAutoReset(place=PANEL),
    EngineStarted(oauth=True),
    DeviceResumed(oauth=True),
)


def named(fact: Event) -> str:
    return type(fact).__name__


def wanted(identity: str) -> SignInWanted:
    return SignInWanted(place=PANEL, identity=identity)


def opened(*identities: str) -> Life[Visit]:
    return Life(SIGN_IN).hears(*(wanted(identity) for identity in identities or ("user:1",)))


@pytest.mark.manual("S18")
def test_s18_it_opens_for_whoever_needs_it_and_is_shown_as_long_as_it_is_open() -> None:
    life = opened()
    assert (life.state, life.data) == (OPEN, Visit("user:1"))
    assert SIGN_IN.blocks[OPEN].during == (OpenSignIn(),)
    assert life.asked == ["Clear SIGN_IN_FAILED", "Clear FLOW_REFUSED"]


@pytest.mark.manual("S19a")
def test_s19a_it_is_open_for_ten_minutes_at_most() -> None:
    (limit,) = SIGN_IN.blocks[OPEN].limits
    assert (limit.until, limit.then) == (timedelta(minutes=10), SignInTimedOut)


@pytest.mark.manual("S18")
def test_s18_one_screen_a_place_a_second_request_waits() -> None:
    life = opened("user:1", "user:2", "user:3")
    assert (life.state, life.data) == (OPEN, Visit("user:1", ("user:2", "user:3")))
    assert not life.did.entered, "the ten minutes go on"


@pytest.mark.manual("S18")
@pytest.mark.parametrize("again", ["user:1", "user:2"])
def test_s18_who_is_signing_in_or_waits_already_waits_once(again: str) -> None:
    assert opened("user:1", "user:2").changes_nothing(wanted(again))


@pytest.mark.manual("S18")
@pytest.mark.parametrize("outcome", OUTCOMES, ids=named)
def test_s18_when_it_closes_whoever_waited_longest_is_next(outcome: Event) -> None:
    life = opened("user:1", "user:2", "user:3").hears(outcome)
    assert (life.state, life.data) == (CLOSED, Visit("user:2", ("user:3",)))
    assert life.told == ["SignInNext"]
    life.hears(NEXT)
    assert life.told == ["SignInWanted"]
    life.hears(wanted(life.data.identity))
    assert (life.state, life.data) == (OPEN, Visit("user:2", ("user:3",), waited=True))


@pytest.mark.manual("S11")
def test_s11_who_logs_in_while_it_is_open_has_it_before_him() -> None:
    came = UserLoggedIn(place=PANEL, identity="user:1", auto_delete=False, reset_after=timedelta(minutes=1))
    life = opened("user:1").hears(came)
    assert (life.state, life.data, life.told) == (OPEN, Visit("user:1"), ["SignInWanted"])
    assert life.changes_nothing(wanted("user:1"))
    assert Life(SIGN_IN).changes_nothing(came)


@pytest.mark.manual("S18")
def test_s18_when_nobody_waits_it_stays_closed() -> None:
    life = opened().hears(CANCELLED)
    assert life.data == Visit()
    assert life.changes_nothing(NEXT)


@pytest.mark.manual("S18", "S28")
@pytest.mark.parametrize("departure", DEPARTURES, ids=named)
def test_s18_it_closes_with_the_person_and_so_does_the_queue(departure: Event) -> None:
    life = opened("user:1", "user:2").hears(departure)
    assert (life.state, life.data) == (CLOSED, Visit())
    assert life.told == []


@pytest.mark.manual("B9", "S23")
def test_s23_only_a_failed_one_is_told_and_the_next_one_clears_it() -> None:
    asked = {named(outcome): opened().hears(outcome).asked for outcome in OUTCOMES}
    assert asked == {
        "SignInSucceeded": [], "SignInCancelled": [], "SignInTimedOut": [],
        "SignInFailed": ["Inform SIGN_IN_FAILED"],
    }  # fmt: skip
    again = opened().hears(FAILED, wanted("user:1"))
    assert again.asked == ["Clear SIGN_IN_FAILED", "Clear FLOW_REFUSED"]


@pytest.mark.manual("B3", "S23")
def test_b3_another_way_at_the_same_place_leaves_the_screen_open_and_its_time_running() -> None:
    refused = FlowRefused(place=PANEL, identity="user:1", code="AADSTS530035")
    life = opened("user:1").hears(refused)
    assert (life.state, life.asked) == (OPEN, ["Inform FLOW_REFUSED"])
    assert Life(SIGN_IN).changes_nothing(refused)


@pytest.mark.manual("S18")
@pytest.mark.parametrize("late", [*OUTCOMES, *DEPARTURES], ids=named)
def test_s18_a_late_word_about_a_closed_screen_changes_nothing(late: Event) -> None:
    assert Life(SIGN_IN).changes_nothing(late)
    assert opened("user:1").hears(CANCELLED).changes_nothing(late)


def test_a_turn_that_comes_while_the_screen_is_taken_is_no_turn() -> None:
    assert opened("user:1", "user:2").changes_nothing(NEXT)
