"""One job, from the spool to the server's 250 (S33)."""

from datetime import timedelta
from typing import Any

import pytest

from franking.events.base import Event, NewLife
from franking.events.device import DeviceResumed, EngineStarted
from franking.events.job import (
    BodyStarted,
    Ending,
    JobCancelled,
    JobDeferred,
    JobEndedInPart,
    JobFailed,
    JobGivenUp,
    JobHeld,
    JobPartlySent,
    JobReleased,
    JobRetryDue,
    JobRetryWanted,
    JobSent,
    JobSubmitted,
    JobTaken,
    OutcomeUnknown,
    SignInLookDue,
    SignInLookedAt,
)
from franking.events.request import Function, Notify
from franking.machines.effects import Transmit
from franking.machines.job import (
    DELIVERING,
    DROPPED,
    ENDED,
    HELD,
    IN_PART,
    JOB,
    LOOK_AGAIN,
    NEW,
    SENDING,
    SENT,
    UNKNOWN_TOO_OFTEN,
    WAITING,
)
from franking.machines.progress import CUT_SHORT_MOST, UNKNOWN_MOST, Progress, may_have_reached
from franking.tests.machines.life import NOW, USER, Life, at

RETRY_AT = NOW + timedelta(minutes=5)
NEWLY = JobSubmitted(job=1, identity=USER, function=Function.SCAN_TO_EMAIL)
TAKEN, BODY, HOLD, RELEASE = JobTaken(job=1), BodyStarted(job=1), JobHeld(job=1), JobReleased(job=1)
CANCEL, DUE, NOW_PLEASE = JobCancelled(job=1), JobRetryDue(job=1), JobRetryWanted(job=1)
DELIVERED = JobSent(job=1, identity=USER)
PARTLY = JobPartlySent(job=1, identity=USER, retry_at=RETRY_AT, code="452 4.2.2", taken=2, waiting=1)
IN_PART_ENDED = JobEndedInPart(job=1, identity=USER, taken=2, refused=1)
UNKNOWN = OutcomeUnknown(job=1, retry_at=RETRY_AT)
FAILED = JobFailed(job=1, code="550 5.1.1")
LIVES = (EngineStarted(oauth=True), DeviceResumed(oauth=True))
BEFORE: dict[object, tuple[Event, ...]] = {
    NEW: (),
    WAITING: (NEWLY,),
    HELD: (NEWLY, HOLD),
    SENDING: (NEWLY, TAKEN),
    DELIVERING: (NEWLY, TAKEN, BODY),
    SENT: (NEWLY, TAKEN, BODY, DELIVERED),
    ENDED: (NEWLY, CANCEL),
}
UNSENT = ["DropScan", "EraseScan", "Clear JOB_LATE", "DeleteShared"]
"What becomes of the files of a job that was not sent."
TOLD = ["DeleteShared", "Clear JOB_LATE", "Inform JOB_ENDED"]
"Where its owner is told; what becomes of its files then, the report's machine says."


def progress(**fields: Any) -> Progress:
    """Of `NEWLY`."""
    return Progress(since=NEWLY.at, **fields)


def deferred(counted: bool = True) -> JobDeferred:
    return JobDeferred(job=1, retry_at=RETRY_AT, code="451 4.7.0", counted=counted)


def named(fact: Event) -> str:
    return type(fact).__name__


def within(state: object) -> Life[Progress]:
    life = Life(JOB).hears(*BEFORE[state])
    assert life.state is state
    return life


@pytest.mark.manual("S33")
def test_s33_a_submitted_job_waits_in_the_spool() -> None:
    assert within(WAITING).data == progress()


@pytest.mark.manual("S15", "S33")
def test_s15_a_job_that_breaks_a_rule_is_refused_and_nothing_was_spooled() -> None:
    life = Life(JOB).hears(NEWLY.model_copy(update={"broken": ("S12-tls", "S17-from")}))
    assert (life.state, life.data.reason) == (ENDED, "S12-tls, S17-from"), "S15: every rule that it breaks"
    assert life.asked == [], "there is no scan to erase, and whoever stands there was told at once"


@pytest.mark.manual("B13", "B9")
def test_b13_of_what_is_refused_when_its_program_has_ended_its_owner_is_told() -> None:
    given = {"function": Function.PROGRAM, "refused": DROPPED, "notify": (Notify.FAILURE,)}
    life = Life(JOB).hears(NEWLY.model_copy(update=given))
    assert (life.state, life.data.reason) == (ENDED, DROPPED)
    assert life.asked == ["Inform JOB_ENDED"], "there is no scan to erase"
    assert life.told == ["JobSettled"], "by mail, where that may be"


@pytest.mark.manual("S7", "S33")
def test_s7_a_rule_that_refuses_it_when_it_is_taken_ends_it_with_that_reason() -> None:
    life = within(WAITING).hears(JobTaken(job=1, broken=("S7-bulk",)))
    assert (life.state, life.data.reason) == (ENDED, "S7-bulk")
    assert life.asked == TOLD


@pytest.mark.manual("S33c")
def test_s33c_the_transfer_lasts_from_the_envelope_to_the_answer() -> None:
    assert JOB.blocks[SENDING].during == JOB.blocks[DELIVERING].during == (Transmit(),)
    assert [at for at, block in JOB.blocks.items() if block.during] == [SENDING, DELIVERING]


@pytest.mark.manual("S33")
def test_s33_sent_for_everybody_erases_the_scan() -> None:
    life = within(SENT)
    assert life.data == progress(attempts=1, number=1)
    assert life.asked == ["DropScan", "EraseScan", "Clear JOB_LATE"]


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("state", [SENDING, DELIVERING])
def test_s33c_sent_in_part_ends_and_is_told_and_what_it_links_to_stays(state: object) -> None:
    life = within(state).hears(IN_PART_ENDED)
    assert (life.state, life.data.reason, life.data.taken) == (ENDED, IN_PART, 2)
    assert life.asked == TOLD
    assert may_have_reached(life.data)


@pytest.mark.manual("S33c")
def test_s33c_taken_for_some_it_waits_for_the_others_and_its_tries_begin_anew() -> None:
    life = within(SENDING).hears(deferred(), TAKEN, BODY, PARTLY)
    assert (life.state, life.data.reason, life.data.taken, life.data.tries) == (WAITING, "452 4.2.2", 2, 0)
    assert (life.data.retry_at, life.asked) == (RETRY_AT, [])
    life.hears(TAKEN, IN_PART_ENDED)
    assert (life.state, life.data.attempts) == (ENDED, 3)


@pytest.mark.manual("S33c")
def test_s33c_each_try_has_its_number() -> None:
    assert within(SENDING).hears(deferred(), TAKEN, deferred(), TAKEN).data.number == 3
    assert within(WAITING).hears(JobTaken(job=1, broken=("S7-bulk",))).data.number == 0


@pytest.mark.manual("S33")
@pytest.mark.parametrize("state", [SENDING, DELIVERING])
def test_s33_refused_for_good_ends_with_the_servers_reason(state: object) -> None:
    life = within(state).hears(FAILED)
    assert (life.state, life.data) == (
        ENDED,
        progress(attempts=1, reason="550 5.1.1", number=1),
    )
    assert life.asked == TOLD


@pytest.mark.manual("S33", "B10")
@pytest.mark.parametrize("state", [SENDING, DELIVERING])
def test_s33_not_now_waits_for_the_time_of_the_next_try(state: object) -> None:
    life = within(state).hears(deferred())
    assert (life.state, life.data) == (
        WAITING,
        progress(
            attempts=1,
            tries=1,
            retry_at=RETRY_AT,
            reason="451 4.7.0",
            number=1,
            answered_at=deferred().at,
            planned_until=RETRY_AT,
        ),
    )
    limit, *_ = JOB.blocks[WAITING].limits
    assert (limit.until, limit.then) == ("retry_at", JobRetryDue)
    assert life.hears(DUE).data.retry_at is None


@pytest.mark.manual("B2")
def test_b2_a_server_that_did_not_answer_counts_no_attempt() -> None:
    assert within(SENDING).hears(deferred(counted=False)).data.attempts == 0
    assert (
        within(SENDING).hears(deferred(), TAKEN, deferred(counted=False), TAKEN, deferred()).data.attempts
        == 2
    )


def test_a_person_who_wants_the_next_try_now_waits_for_no_time() -> None:
    life = within(SENDING).hears(deferred(), NOW_PLEASE)
    assert (life.state, life.data.retry_at) == (WAITING, None)


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("state", [WAITING, HELD, SENDING])
def test_s33c_a_cancel_before_the_body_ends_it(state: object) -> None:
    life = within(state).hears(CANCEL)
    assert (life.state, life.data.reason, life.data.retry_at) == (ENDED, "cancelled", None)
    assert life.asked == UNSENT, "who cancels needs no warning"


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("fact", [CANCEL, HOLD], ids=named)
def test_s33c_a_wish_while_the_body_is_under_way_withdraws_it_and_an_answer_counts(fact: Event) -> None:
    life = within(DELIVERING).hears(fact)
    assert (life.state, life.asked) == (DELIVERING, ["Withdraw"])
    assert life.hears(DELIVERED).state is SENT


NO_END = [deferred(), PARTLY, UNKNOWN, *LIVES]


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("answer", NO_END, ids=named)
def test_s33c_cancelled_while_the_body_is_under_way_it_does_not_go_again(answer: Event) -> None:
    life = within(DELIVERING).hears(CANCEL, HOLD, RELEASE, answer)
    assert (life.state, life.data.reason, life.data.retry_at) == (ENDED, "cancelled", None)
    assert life.asked == UNSENT, "who cancels needs no warning"
    lost = isinstance(answer, OutcomeUnknown | NewLife)
    assert (life.data.unknown, may_have_reached(life.data)) == (int(lost), lost or answer is PARTLY)


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("answer", NO_END, ids=named)
def test_s33c_held_while_the_body_is_under_way_it_waits_for_its_release(answer: Event) -> None:
    life = within(DELIVERING).hears(HOLD, answer)
    assert (life.state, life.data.retry_at, life.data.wish) == (HELD, None, None)
    assert within(DELIVERING).hears(HOLD, RELEASE, answer).state is WAITING


@pytest.mark.manual("S33c")
@pytest.mark.parametrize(
    ("lost", "most"),
    [(UNKNOWN, UNKNOWN_MOST), *((life, CUT_SHORT_MOST) for life in LIVES)],
    ids=named,
)
def test_s33c_with_the_last_unknown_outcome_it_ends_and_its_owner_is_told(lost: Event, most: int) -> None:
    life = within(DELIVERING)
    for _ in range(most - 1):
        life.hears(lost, TAKEN, BODY)
        assert life.state is DELIVERING
    life.hears(lost)
    assert (life.state, life.data.reason, life.data.unknown) == (ENDED, UNKNOWN_TOO_OFTEN, most)
    assert life.asked == TOLD
    assert may_have_reached(life.data)


@pytest.mark.manual("S33c")
@pytest.mark.parametrize("state", [WAITING, SENDING])
def test_s33c_held_by_a_person_until_release(state: object) -> None:
    life = within(state).hears(HOLD)
    assert life.state is HELD
    for fact in (TAKEN, DUE, NOW_PLEASE, HOLD):
        assert life.changes_nothing(fact)
    assert life.hears(RELEASE).state is WAITING


@pytest.mark.manual("S33")
@pytest.mark.parametrize("life_", LIVES, ids=named)
def test_s33_a_power_cut_before_the_body_sends_it_again(life_: Event) -> None:
    life = within(SENDING).hears(life_)
    assert (life.state, life.data) == (WAITING, progress(number=1))


@pytest.mark.manual("S33")
@pytest.mark.parametrize("life_", LIVES, ids=named)
def test_s33_a_power_cut_after_the_body_began_is_written_down_as_unknown(life_: Event) -> None:
    life = within(DELIVERING).hears(life_)
    assert (life.state, life.data) == (
        WAITING,
        progress(unknown=1, reason="outcome unknown", number=1),
    )


@pytest.mark.manual("S33")
def test_s33_a_connection_lost_after_the_final_dot_is_unknown_and_tried_again() -> None:
    life = within(DELIVERING).hears(UNKNOWN)
    assert (life.state, life.data) == (
        WAITING,
        Progress(
            unknown=1,
            tries=1,
            retry_at=RETRY_AT,
            since=NEWLY.at,
            reason="outcome unknown",
            number=1,
        ),
    )


@pytest.mark.manual("S33")
@pytest.mark.parametrize("state", [NEW, WAITING, HELD, SENT, ENDED])
@pytest.mark.parametrize("life_", LIVES, ids=named)
def test_s33_what_is_safe_on_the_disk_ignores_a_new_life(state: object, life_: NewLife) -> None:
    life = within(state)
    assert life.changes_nothing(life_)
    assert not JOB.wakes(life.state, type(life_))


@pytest.mark.manual("S33")
@pytest.mark.parametrize("state", [SENT, ENDED])
@pytest.mark.parametrize(
    "fact",
    [
        *(NEWLY, TAKEN, BODY, DELIVERED, PARTLY, IN_PART_ENDED, FAILED, UNKNOWN, deferred()),
        *(HOLD, RELEASE, CANCEL, DUE, NOW_PLEASE),
    ],
    ids=named,
)
def test_s33_nothing_moves_a_job_that_is_over(state: object, fact: Event) -> None:
    assert within(state).changes_nothing(fact)


@pytest.mark.manual("S33")
@pytest.mark.parametrize("state", [WAITING, HELD])
@pytest.mark.parametrize(
    "late", [BODY, DELIVERED, PARTLY, IN_PART_ENDED, FAILED, UNKNOWN, deferred()], ids=named
)
def test_s33_a_late_word_about_a_transfer_that_is_over_changes_nothing(state: object, late: Event) -> None:
    assert within(state).changes_nothing(late)


@pytest.mark.parametrize("fact", [TAKEN, BODY, DELIVERED, FAILED, HOLD, RELEASE, CANCEL, *LIVES], ids=named)
def test_a_late_word_about_a_job_that_nobody_knows_makes_no_ghost(fact: Event) -> None:
    assert Life(JOB).changes_nothing(fact)


# How long it waits for its user (S18)


def waits() -> Life[Progress]:
    return Life(JOB).hears(at(NEWLY, 0).model_copy(update={"look_at": RETRY_AT}))


@pytest.mark.manual("S18")
def test_s18_a_look_is_asked_for_and_comes_again_should_its_answer_be_lost() -> None:
    life = waits()
    assert life.data.look_at == RETRY_AT
    life.hears(at(SignInLookDue(job=1), 60))
    assert (life.state, life.asked) == (WAITING, ["LookAtSignIn"])
    assert life.data.look_at == NOW + timedelta(seconds=60) + LOOK_AGAIN


@pytest.mark.manual("S18")
def test_s18_it_goes_on_waiting_until_the_next_look() -> None:
    life = waits().hears(SignInLookedAt(job=1, look_at=RETRY_AT + LOOK_AGAIN))
    assert (life.state, life.data.look_at) == (WAITING, RETRY_AT + LOOK_AGAIN)


@pytest.mark.manual("S18", "S33b")
def test_s18_given_up_it_ends_its_scan_is_erased_and_its_owner_told() -> None:
    life = waits().hears(JobGivenUp(job=1, identity=USER, waited_since=NOW))
    assert (life.state, life.data.reason) == (ENDED, "given up: nobody signed in")
    assert life.asked == TOLD


@pytest.mark.manual("S18")
@pytest.mark.parametrize("reach", ["sending", "delivering", "held"])
def test_s18_what_does_not_wait_is_not_given_up(reach: str) -> None:
    life = waits()
    facts: dict[str, list[Event]] = {"sending": [TAKEN], "delivering": [TAKEN, BODY], "held": [HOLD]}
    life.hears(*facts[reach])
    assert life.changes_nothing(JobGivenUp(job=1, identity=USER, waited_since=NOW))
    assert life.changes_nothing(SignInLookDue(job=1))


@pytest.mark.manual("S18")
def test_s18_released_it_waits_from_then_on() -> None:
    life = waits().hears(HOLD, at(RELEASE, 500))
    assert life.data.since == NOW + timedelta(seconds=500)


@pytest.mark.manual("S18", "S28")
@pytest.mark.parametrize("why", [each for each in Ending if each is not Ending.REVOKED])
def test_s28_a_cancelled_job_says_why(why: Ending) -> None:
    life = waits().hears(JobCancelled(job=1, why=why))
    assert (life.state, life.data.reason, life.asked) == (ENDED, why.value, UNSENT)
