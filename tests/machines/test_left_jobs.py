"""What is chosen for the jobs that a user leaves behind (S28)."""

import pytest

from franking.events.base import ADMINISTRATOR, Event
from franking.events.device import EngineStarted
from franking.events.job import JobGivenUp, JobsDiscarded, LeftJobsCancelled, LeftJobsSettled
from franking.events.settings import LeftJobs
from franking.events.token import SignInSucceeded, TokenDeleted
from franking.machines.left_jobs import LEFT_JOBS, SETTLED, SETTLING, Chosen
from franking.tests.machines.life import NOW, USER, Life, at


def deleted(left_jobs: LeftJobs, identity: str = USER) -> TokenDeleted:
    return at(TokenDeleted(identity=identity, left_jobs=left_jobs), 0)


def settled(cancelled: int = 0, waiting: int = 0) -> LeftJobsSettled:
    return LeftJobsSettled(identity=USER, cancelled=cancelled, waiting=waiting)


def signed_in(right: bool = True) -> SignInSucceeded:
    return SignInSucceeded(place="panel", identity=USER, right=right, renew_at=NOW, stale_at=NOW)


def settling(left_jobs: LeftJobs) -> Life[Chosen]:
    return Life(LEFT_JOBS).hears(deleted(left_jobs))


@pytest.mark.manual("S28")
@pytest.mark.parametrize("left_jobs", LeftJobs)
def test_s28_a_deletion_is_followed_by_what_was_chosen(left_jobs: LeftJobs) -> None:
    life = settling(left_jobs)
    assert (life.state, life.data) == (SETTLING, Chosen(left_jobs, NOW))
    assert life.asked == ["Clear JOBS_WAIT", "SettleJobs"]


@pytest.mark.manual("S28")
@pytest.mark.parametrize("left_jobs", LeftJobs)
def test_s28_the_administrators_jobs_are_not_touched(left_jobs: LeftJobs) -> None:
    assert Life(LEFT_JOBS).changes_nothing(deleted(left_jobs, ADMINISTRATOR))


@pytest.mark.manual("S28")
def test_s28_each_round_is_counted_and_followed_by_the_next() -> None:
    life = settling(LeftJobs.CANCEL)
    for number in (64, 128):
        life.hears(LeftJobsCancelled(identity=USER, jobs=64))
        assert (life.state, life.data.cancelled, life.asked) == (SETTLING, number, ["SettleJobs"])


@pytest.mark.manual("S28")
@pytest.mark.parametrize(
    ("end", "told"),
    [
        (settled(cancelled=3), ["Inform JOBS_CANCELLED"]),
        (settled(waiting=2), ["Inform JOBS_WAIT"]),
        (settled(), []),
    ],
)
def test_s28_the_user_is_told_where_there_were_jobs(end: LeftJobsSettled, told: list[str]) -> None:
    life = settling(LeftJobs.CANCEL).hears(end)
    assert (life.state, life.data, life.asked) == (SETTLED, Chosen(), told)


@pytest.mark.manual("S28", "S33")
def test_s28_a_power_cut_lets_it_go_on_with_its_count() -> None:
    life = settling(LeftJobs.CANCEL).hears(LeftJobsCancelled(identity=USER, jobs=64))
    before = life.data
    life.hears(EngineStarted(oauth=True))
    assert (life.state, life.data, life.asked) == (SETTLING, before, ["SettleJobs"])
    assert Life(LEFT_JOBS).changes_nothing(EngineStarted(oauth=True))


@pytest.mark.manual("S28")
def test_s28_who_signs_in_meanwhile_is_not_told_that_his_jobs_wait() -> None:
    life = settling(LeftJobs.WAIT).hears(signed_in())
    assert life.state is SETTLED
    assert life.changes_nothing(settled(waiting=2)), "a late count"


@pytest.mark.manual("S28")
def test_s28_a_sign_in_does_not_save_what_is_being_cancelled() -> None:
    assert settling(LeftJobs.CANCEL).changes_nothing(signed_in())


@pytest.mark.manual("S28", "S19")
@pytest.mark.parametrize("left_jobs", LeftJobs)
def test_s28_another_account_ends_no_waiting(left_jobs: LeftJobs) -> None:
    assert settling(left_jobs).changes_nothing(signed_in(right=False))
    assert Life(LEFT_JOBS).changes_nothing(signed_in(right=False))


@pytest.mark.manual("S28", "S18")
@pytest.mark.parametrize(
    "fact",
    [
        signed_in(),
        JobsDiscarded(identity=USER, jobs=2),
        JobGivenUp(job=1, identity=USER, waited_since=NOW),
        deleted(LeftJobs.WAIT),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_s28_nothing_says_that_jobs_wait_when_they_do_not_any_more(fact: Event) -> None:
    assert "Clear JOBS_WAIT" in Life(LEFT_JOBS).hears(fact).asked


@pytest.mark.manual("S28")
def test_s28_a_second_deletion_meanwhile_brings_its_own_choice() -> None:
    life = settling(LeftJobs.WAIT).hears(deleted(LeftJobs.CANCEL))
    assert (life.state, life.data.left_jobs) == (SETTLING, LeftJobs.CANCEL)
