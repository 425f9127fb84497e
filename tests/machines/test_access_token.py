"""The access token: an hour in memory (S25, S29, S32)."""

from datetime import timedelta

import pytest

from franking.events.base import Event
from franking.events.device import DeviceResumed, EngineStarted
from franking.events.job import JobSent
from franking.events.token import (
    AccessTokenReady,
    AccessTokenRejected,
    AccessTokenStale,
    GrantEnded,
    GrantMissing,
    RefreshBlocked,
    RefreshDelayed,
    SignInSucceeded,
    TokenDeleted,
    TokenRetryDue,
    TokenWanted,
)
from franking.machines.access_token import (
    ABSENT,
    ACCESS_TOKEN,
    BACKING_OFF,
    FRESH,
    REFUSED,
    REQUESTING,
    Request,
)
from franking.tests.machines.life import NOW, USER, Life

STALE_AT, RETRY_AT = NOW + timedelta(minutes=55), NOW + timedelta(minutes=5)
WANTED = TokenWanted(identity=USER)
SENT = JobSent(job=1, identity=USER)
GONE = AccessTokenStale(identity=USER)


def ready(attempt: int) -> AccessTokenReady:
    return AccessTokenReady(identity=USER, attempt=attempt, of=1, renew_at=NOW, stale_at=STALE_AT)


def delayed(attempt: int) -> RefreshDelayed:
    return RefreshDelayed(identity=USER, attempt=attempt, retry_at=RETRY_AT, code="503")


def blocked(attempt: int) -> RefreshBlocked:
    return RefreshBlocked(
        identity=USER, attempt=attempt, retry_at=RETRY_AT, code="AADSTS53003", actor="admin"
    )


def rejected(attempt: int) -> AccessTokenRejected:
    return AccessTokenRejected(identity=USER, attempt=attempt, retry_at=RETRY_AT, code="535 5.7.3")


def signed_in(right: bool = True) -> SignInSucceeded:
    return SignInSucceeded(identity=USER, place="panel", right=right, renew_at=NOW, stale_at=STALE_AT)


BEFORE: dict[object, tuple[Event, ...]] = {
    ABSENT: (),
    REQUESTING: (WANTED,),
    FRESH: (WANTED, ready(1)),
    BACKING_OFF: (WANTED, delayed(1)),
    REFUSED: (WANTED, blocked(1)),
}


@pytest.fixture(params=BEFORE, ids=lambda at: at.name)
def token(request: pytest.FixtureRequest) -> Life[Request]:
    return within(request.param)


def within(state: object) -> Life[Request]:
    life = Life(ACCESS_TOKEN).hears(*BEFORE[state])
    assert life.state is state
    return life


@pytest.mark.manual("S29", "B11")
def test_s29_many_jobs_that_want_a_token_cause_one_request() -> None:
    life = Life(ACCESS_TOKEN).hears(WANTED)
    assert life.asked == ["RequestToken"]
    for _ in range(12):
        assert life.changes_nothing(WANTED)


@pytest.mark.manual("S29", "B11")
@pytest.mark.parametrize("state", [FRESH, BACKING_OFF, REFUSED])
def test_s29_no_request_where_there_is_a_token_or_a_time_is_set(state: object) -> None:
    assert within(state).changes_nothing(WANTED)


@pytest.mark.manual("S25")
def test_s25_the_answer_is_held_until_it_is_stale() -> None:
    life = within(FRESH)
    assert life.asked == ["HoldToken", "Clear PROVIDER_REFUSES"]
    assert life.data.stale_at == STALE_AT
    life.hears(GONE)
    assert (life.state, life.asked) == (ABSENT, ["DropToken"])


@pytest.mark.manual("S25")
def test_s25_the_limit_of_fresh_is_the_tokens_own_end() -> None:
    (limit,) = ACCESS_TOKEN.blocks[FRESH].limits
    assert (limit.until, limit.then) == ("stale_at", AccessTokenStale)


@pytest.mark.manual("S25")
@pytest.mark.parametrize(
    "life", [EngineStarted(oauth=True), DeviceResumed(oauth=True)], ids=lambda e: type(e).__name__
)
def test_s25_power_off_and_on_leaves_none(token: Life[Request], life: Event) -> None:
    was = token.state
    token.hears(life)
    assert token.state is ABSENT
    assert token.asked == ([] if was is ABSENT else ["DropToken"])


@pytest.mark.manual("S25")
def test_s25_an_answer_from_a_former_life_is_not_held() -> None:
    life = within(REQUESTING).hears(EngineStarted(oauth=True))
    assert life.changes_nothing(ready(1))
    assert life.hears(WANTED).changes_nothing(ready(1))
    assert life.hears(ready(2)).state is FRESH


@pytest.mark.manual("S27", "S24")
@pytest.mark.parametrize(
    "end", [TokenDeleted(identity=USER), GrantEnded(identity=USER)], ids=lambda e: type(e).__name__
)
def test_s27_it_is_gone_with_its_grant(token: Life[Request], end: Event) -> None:
    was, attempt = token.state, token.data.attempt
    token.hears(end)
    assert (token.state, token.data) == (ABSENT, Request(attempt=attempt))
    clears = ["Clear PROVIDER_REFUSES", "Clear SERVER_REFUSES_TOKEN"]
    assert token.asked == (clears if was is ABSENT else ["DropToken", *clears])


@pytest.mark.manual("S29")
@pytest.mark.parametrize("answer", [ready, delayed, blocked])
def test_s29_a_late_answer_to_a_former_request_changes_nothing(token: Life[Request], answer: object) -> None:
    assert callable(answer)
    assert token.changes_nothing(answer(0))
    assert token.changes_nothing(GrantMissing(identity=USER, attempt=0, of=0))


@pytest.mark.manual("S29", "B2")
def test_s29_a_provider_that_is_down_is_waited_for_with_the_failures_counted() -> None:
    life = within(BACKING_OFF)
    assert life.data == Request(attempt=1, failures=1, retry_at=RETRY_AT, code="503")
    life.hears(TokenRetryDue(identity=USER))
    assert (life.state, life.data) == (ABSENT, Request(attempt=1, failures=1))
    assert life.hears(WANTED, delayed(2)).data.failures == 2
    assert life.hears(TokenRetryDue(identity=USER), WANTED, ready(3)).data.failures == 0


@pytest.mark.manual("S29", "B9")
def test_s29_a_provider_who_wants_an_administrators_act_is_told_and_asked_again_later() -> None:
    life = within(REFUSED)
    assert life.asked == ["Inform PROVIDER_REFUSES"]
    life.hears(TokenRetryDue(identity=USER), WANTED, ready(2))
    assert (life.state, life.asked) == (FRESH, ["HoldToken", "Clear PROVIDER_REFUSES"])


@pytest.mark.manual("S32")
def test_s32_a_rejected_token_is_replaced_once() -> None:
    life = within(FRESH).hears(rejected(1))
    assert life.state is REQUESTING
    assert life.asked == ["DropToken", "RequestToken"]
    assert life.data == Request(attempt=2, rejected=1)


@pytest.mark.manual("S32")
def test_s32_the_second_refusal_is_told_and_no_token_is_asked_for() -> None:
    life = within(FRESH).hears(rejected(1), ready(2), rejected(2))
    assert life.state is REFUSED
    assert life.asked == ["DropToken", "Inform SERVER_REFUSES_TOKEN"]
    assert life.data.retry_at == RETRY_AT


@pytest.mark.manual("S32")
def test_s32_a_hundred_jobs_with_the_same_token_count_as_one_refusal() -> None:
    life = within(FRESH).hears(rejected(1))
    assert life.changes_nothing(rejected(1))
    life.hears(ready(2))
    assert life.changes_nothing(rejected(1))
    assert life.state is FRESH


@pytest.mark.manual("S32")
def test_s32_a_message_that_was_taken_begins_the_count_anew() -> None:
    life = within(FRESH).hears(rejected(1), ready(2), SENT)
    assert life.data.rejected == 0
    assert life.asked == ["Clear SERVER_REFUSES_TOKEN"]
    assert life.hears(rejected(2)).state is REQUESTING


@pytest.mark.manual("S32")
def test_s32_a_token_that_lived_its_hour_begins_the_count_anew() -> None:
    """Two rejections of which nobody knows that they have to do with each other are not «fresh, too»."""
    life = within(FRESH).hears(rejected(1), ready(2), GONE, WANTED, ready(3), rejected(3))
    assert life.state is REQUESTING
    assert life.hears(ready(4), rejected(4)).state is REFUSED


@pytest.mark.manual("S32")
def test_s32_after_the_wait_one_rejection_is_enough() -> None:
    life = within(FRESH).hears(rejected(1), ready(2), rejected(2), TokenRetryDue(identity=USER), WANTED)
    assert life.hears(ready(3), rejected(3)).state is REFUSED


@pytest.mark.manual("S32")
def test_s32_the_warning_clears_with_the_first_message_however_long_it_took() -> None:
    life = within(FRESH).hears(rejected(1), ready(2), rejected(2), TokenRetryDue(identity=USER), WANTED)
    life.hears(ready(3), GONE, WANTED, ready(4), SENT)
    assert life.asked == ["Clear SERVER_REFUSES_TOKEN"]


@pytest.mark.manual("S32")
@pytest.mark.parametrize("state", [ABSENT, REQUESTING, BACKING_OFF, REFUSED])
def test_s32_a_rejection_of_a_token_that_is_gone_changes_nothing(state: object) -> None:
    life = within(state)
    assert life.changes_nothing(rejected(life.data.attempt))


def test_a_job_that_was_sent_says_nothing_new_about_a_good_token(token: Life[Request]) -> None:
    before = token.state, token.data
    token.hears(SENT)
    assert ((token.state, token.data), token.did.tell) == (before, ())
    assert token.asked == (["Clear SERVER_REFUSES_TOKEN"] if token.state is FRESH else [])


@pytest.mark.manual("S18", "S23")
def test_s18_a_sign_in_brings_an_access_token_in_every_state(token: Life[Request]) -> None:
    attempt = token.data.attempt
    token.hears(signed_in())
    assert (token.state, token.data) == (FRESH, Request(attempt=attempt + 1, stale_at=STALE_AT))
    assert token.asked == ["HoldToken", "Clear PROVIDER_REFUSES", "Clear SERVER_REFUSES_TOKEN"]


@pytest.mark.manual("S19")
def test_s19_nothing_of_another_account_is_held(token: Life[Request]) -> None:
    assert token.changes_nothing(signed_in(right=False))


def test_without_a_grant_there_is_nothing_to_ask_with() -> None:
    life = within(REQUESTING).hears(GrantMissing(identity=USER, attempt=1, of=0))
    assert (life.state, life.asked) == (ABSENT, [])
