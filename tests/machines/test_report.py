"""What is still to be told by mail of one job (S21, B13)."""

from typing import Any, cast

import pytest

from franking.events.base import Event
from franking.events.device import DeviceResumed, EngineStarted
from franking.events.job import JobLate, JobReported, JobRevoked, JobSettled
from franking.events.request import AS_GIVEN, REPORTS, REQUESTS, AsGiven, Function, Notify, Request
from franking.machines.report import LATE, NOTHING, OVER, REPORT, TOLD, Nothing, Telling, notify_of

from .life import Life

FAILURE, SUCCESS, DELAY, NEVER = (Notify.FAILURE, Notify.SUCCESS, Notify.DELAY, Notify.NEVER)
LIVES = (EngineStarted(oauth=True), DeviceResumed(oauth=True))
GONE = ["DropScan", "EraseScan"]
LATE_FACT = JobLate(job=1)


def settled(*notify: Notify) -> JobSettled:
    return JobSettled(job=1, notify=notify)


def reported(occasion: Notify = FAILURE) -> JobReported:
    return JobReported(job=1, occasion=occasion, report=2)


def after(*facts: Event) -> Life[Nothing]:
    return Life(REPORT).hears(*facts)


@pytest.mark.manual("S21", "S33b")
def test_s33b_what_the_device_wrote_is_gone_at_once_and_its_owner_is_told() -> None:
    life = after(settled())
    assert (life.state, life.asked) == (OVER, [*GONE, "Report"])


@pytest.mark.manual("B13", "S33b")
def test_b13_what_a_program_wrote_stays_until_its_owner_was_told() -> None:
    life = after(settled(FAILURE))
    assert (life.state, life.asked) == (OVER, ["Report"])
    assert (life.hears(reported()).state, life.asked) == (NOTHING, GONE)


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("notify", "state", "asked"),
    [((), OVER, [*GONE, "Report"]), ((FAILURE,), OVER, ["Report"]), ((NEVER,), NOTHING, GONE)],
)
def test_b13_of_what_somebody_else_cancelled_its_owner_is_told_on_the_screen_too(
    notify: tuple[Notify, ...], state: Telling, asked: list[str]
) -> None:
    life = after(JobRevoked(job=1, notify=notify))
    assert (life.state, life.asked) == (state, ["Inform JOB_ENDED", *asked])


@pytest.mark.manual("S21")
def test_s21_of_what_nobody_is_told_everything_is_gone_at_once() -> None:
    life = after(settled(NEVER))
    assert (life.state, life.asked) == (NOTHING, GONE)


@pytest.mark.manual("B13")
@pytest.mark.parametrize("before", [settled(FAILURE), LATE_FACT])
@pytest.mark.parametrize("new_life", LIVES)
def test_b13_a_start_asks_again_for_what_was_not_told(before: Event, new_life: Event) -> None:
    life = after(before)
    state = life.state
    assert (life.hears(new_life).state, life.asked) == (state, ["Report"])
    assert after(new_life).asked == []


@pytest.mark.manual("B13")
def test_b13_the_end_of_a_job_counts_more_than_that_it_was_late() -> None:
    life = after(LATE_FACT)
    assert (life.state, life.asked) == (LATE, ["Report"])
    assert after(LATE_FACT, reported(DELAY)).state is NOTHING
    life.hears(settled(FAILURE, DELAY))
    assert life.changes_nothing(reported(DELAY)), "its message is needed still"
    assert life.state is OVER


def request(function: Function, **fields: object) -> Request:
    """Of this function, with nothing that this test looks at."""
    kind = REQUESTS[function]
    values: dict[str, Any] = {"function": function, "notify": (), **fields}
    found: Any = kind.model_construct(
        None, **{name: values[name] for name in values.keys() & kind.model_fields}
    )
    return cast("Request", found)


@pytest.mark.manual("S20", "S21")
@pytest.mark.parametrize("function", Function)
def test_s21_people_are_told_and_the_device_only_of_what_a_program_sent_for_it(function: Function) -> None:
    kind, notify = REQUESTS[function], notify_of(request(function))
    if function in REPORTS:
        assert notify == (NEVER,), "no report causes another one"
    elif function is Function.DEVICE_PROGRAM:
        assert notify == (FAILURE,)
    elif kind.by_device:
        assert notify == (NEVER,)
    else:
        assert notify == ((FAILURE,) if function in AS_GIVEN else ())
    assert (function in TOLD) is (NEVER not in notify)


@pytest.mark.manual("B13")
@pytest.mark.parametrize("asked", [(NEVER,), (SUCCESS,), (FAILURE, DELAY), (SUCCESS, FAILURE, DELAY)])
def test_b13_a_program_says_when_it_wants_to_be_told(asked: tuple[Notify, ...]) -> None:
    found = request(Function.PROGRAM, notify=asked)
    assert isinstance(found, AsGiven)
    assert notify_of(found) == asked
