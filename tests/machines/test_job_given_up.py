"""How long a server that answers «not now» is asked, and what is not counted (B2)."""

from datetime import timedelta

import pytest

from franking.events.job import JobDeferred
from franking.machines.job import DELIVERING, ENDED, GIVEN_UP, IN_PART, SENDING
from franking.tests.machines.life import NOW

from .test_job import BODY, HOLD, PARTLY, RELEASE, TAKEN, TOLD, UNKNOWN, within

DAY = timedelta(days=1)


def put_off(at_s: float, wait_s: float, counted: bool = True) -> JobDeferred:
    """Not before `wait_s` later; a server that answers is asked for a day."""
    moment = NOW + timedelta(seconds=at_s)
    later = moment + timedelta(seconds=wait_s)
    return JobDeferred(at=moment, job=1, retry_at=later, code="451 4.7.0", counted=counted, give_up_after=DAY)


@pytest.mark.manual("B2")
def test_b2_a_server_that_says_not_now_for_a_day_is_given_up() -> None:
    hour, life = 3600, within(SENDING)
    for number in range(24):
        life.hears(put_off(number * hour, hour), TAKEN)
        assert life.state is SENDING, number
    life.hears(put_off(24 * hour, hour))
    assert (life.state, life.data.reason, life.data.answered_for) == (ENDED, GIVEN_UP, DAY)
    assert (life.data.retry_at, life.asked) == (None, TOLD)


@pytest.mark.manual("B2")
def test_b2_a_server_that_cannot_be_reached_is_never_given_up() -> None:
    hour, life = 3600, within(SENDING)
    for number in range(24 * 70):
        life.hears(put_off(number * hour, hour, counted=False), TAKEN)
    assert (life.state, life.data.answered_for) == (SENDING, timedelta())


@pytest.mark.manual("B2")
def test_b2_only_the_wait_between_two_answers_counts_as_long_as_it_was_planned() -> None:
    hour, week = 3600, 7 * 24 * 3600
    life = within(SENDING).hears(put_off(0, hour), TAKEN)
    life.hears(put_off(week, hour), TAKEN)
    assert life.data.answered_for == timedelta(hours=1), "it was off for a week"
    life.hears(put_off(week + 60, hour), TAKEN)
    assert life.data.answered_for == timedelta(hours=1, minutes=1), "somebody did not wait"
    life.hears(put_off(2 * week, hour, counted=False), TAKEN, put_off(3 * week, hour))
    assert life.data.answered_for == timedelta(hours=1, minutes=1), "there was no network"


@pytest.mark.manual("B2")
def test_b2_a_clock_that_is_put_back_takes_nothing_away() -> None:
    life = within(SENDING).hears(put_off(3600, 3600), TAKEN, put_off(0, 3600))
    assert life.data.answered_for == timedelta()


@pytest.mark.manual("B2")
def test_b2_the_time_in_which_a_person_holds_it_is_not_counted() -> None:
    life = within(SENDING).hears(put_off(0, 3600), HOLD, RELEASE, TAKEN, put_off(7200, 3600))
    assert life.data.answered_for == timedelta()


@pytest.mark.manual("B2", "S33c")
def test_b2_given_up_after_some_have_it_it_was_sent_in_part() -> None:
    life = within(DELIVERING).hears(PARTLY, TAKEN)
    life.hears(put_off(0, 2 * DAY.total_seconds()), TAKEN, put_off(2 * DAY.total_seconds(), 60))
    assert (life.state, life.data.reason, life.data.taken) == (ENDED, IN_PART, 2)


@pytest.mark.manual("B2")
def test_b2_what_others_wait_for_is_given_up_in_the_same_way() -> None:
    after = NOW + 2 * DAY
    life = within(SENDING).hears(put_off(0, 2 * DAY.total_seconds()), TAKEN, BODY)
    life.hears(PARTLY.model_copy(update={"at": after, "retry_at": after, "give_up_after": DAY}))
    assert (life.state, life.asked) == (ENDED, TOLD)
    assert (life.data.reason, life.data.taken) == (IN_PART, 2)


@pytest.mark.manual("B2")
def test_b2_an_outcome_that_stays_unknown_is_no_answer() -> None:
    after = NOW + 2 * DAY
    life = within(SENDING).hears(put_off(0, 2 * DAY.total_seconds()), TAKEN, BODY)
    life.hears(UNKNOWN.model_copy(update={"at": after, "retry_at": after + DAY}), TAKEN)
    life.hears(put_off(3 * DAY.total_seconds(), 60))
    assert (life.data.answered_for, life.data.attempts) == (timedelta(), 2)
