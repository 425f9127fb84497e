"""The mailbox of one account: a refusal that counts for all its mail closes it, a message opens it, and what
the provider allows in a minute and in a day is counted (B11).
"""

from datetime import timedelta

import pytest

from franking.events.mailbox import (
    MailboxClosed,
    MailboxPaused,
    MailboxPauseEnded,
    MailboxProved,
    MailboxQuotaEased,
    MailboxTryDue,
    MailboxTryWanted,
    MailboxUsed,
    MailboxUseEnded,
)
from franking.machines.mailbox import CLOSED, MAILBOX, OPEN, TRIED_AFTER, TRYING, WAITING, Traffic
from franking.tests.machines.life import NOW, Life, at

ACCOUNT = "mailbox:1"
HOUR = 3_600
IN_AN_HOUR = NOW + timedelta(hours=1)
OFF, FULL, BUSY = "535 5.7.139", "554 5.2.2", "432 4.3.2"
DUE, WANTED = MailboxTryDue(account=ACCOUNT), MailboxTryWanted(account=ACCOUNT)
PROVED = MailboxProved(account=ACCOUNT)
PAUSE_OVER, EASED = MailboxPauseEnded(account=ACCOUNT), MailboxQuotaEased(account=ACCOUNT)
Fact = MailboxClosed | MailboxPaused | MailboxPauseEnded | MailboxProved | MailboxTryDue | MailboxTryWanted


def closed_by(code: str) -> MailboxClosed:
    return at(MailboxClosed(account=ACCOUNT, code=code), 0)


def paused_by(code: str, seconds: float = HOUR) -> MailboxPaused:
    return at(MailboxPaused(account=ACCOUNT, until=NOW + timedelta(seconds=seconds), code=code), 0)


def used(seconds: float, recipients: int = 1, minute: int = 3, people: int = 0) -> MailboxUsed:
    fact = MailboxUsed(
        account=ACCOUNT, recipient_count=recipients, messages_a_minute=minute, recipients_a_day=people
    )
    return at(fact, seconds)


def ended(used_at: float, ended_at: float, back: int = 0, minute: int = 3) -> MailboxUseEnded:
    moment = NOW + timedelta(seconds=used_at)
    fact = MailboxUseEnded(account=ACCOUNT, used_at=moment, given_back=back, messages_a_minute=minute)
    return at(fact, ended_at)


def life(*facts: Fact | MailboxUsed | MailboxUseEnded | MailboxQuotaEased) -> Life[Traffic]:
    return Life(MAILBOX).hears(*facts)


@pytest.mark.manual("B10", "B11", "S31")
def test_b11_a_refusal_that_counts_for_all_mail_closes_it_and_is_told() -> None:
    closed = life(closed_by(OFF))
    assert (closed.state, closed.data.code, closed.data.try_at) == (CLOSED, OFF, IN_AN_HOUR)
    assert closed.asked == ["Inform MAILBOX_CLOSED"]


@pytest.mark.manual("B11")
@pytest.mark.parametrize("fact", [DUE, WANTED], ids=["after its time", "by a person's act"])
def test_b11_it_is_tried_after_a_while_or_when_somebody_acts(fact: MailboxTryDue | MailboxTryWanted) -> None:
    assert life(closed_by(OFF), fact).state is TRYING


@pytest.mark.manual("B11")
def test_b11_each_try_in_vain_makes_the_next_one_wait_longer() -> None:
    closed, hours = life(closed_by(OFF)), []
    for _ in range(8):
        hours.append((closed.data.try_at or NOW) - NOW)
        closed.hears(DUE, closed_by(OFF))
    assert tuple(hours[: len(TRIED_AFTER)]) == TRIED_AFTER
    assert hours[-1] == hours[-2] == timedelta(hours=24)


@pytest.mark.manual("B11")
@pytest.mark.parametrize("anew", ["a person's act", "another refusal"])
def test_b11_a_persons_act_and_another_refusal_begin_the_times_anew(anew: str) -> None:
    closed = life(closed_by(OFF), DUE, closed_by(OFF), DUE, closed_by(OFF))
    assert closed.data.try_at == NOW + timedelta(hours=4)
    by_person = anew == "a person's act"
    closed.hears(WANTED if by_person else DUE, closed_by(OFF if by_person else FULL))
    assert closed.data.try_at == IN_AN_HOUR


@pytest.mark.manual("B11")
def test_b11_what_met_the_same_at_the_same_time_is_no_try_of_its_own() -> None:
    assert life(closed_by(OFF)).changes_nothing(closed_by(OFF))


@pytest.mark.manual("B11")
def test_b11_a_time_of_the_servers_own_is_kept() -> None:
    later = NOW + timedelta(hours=3)
    closed = life(at(MailboxClosed(account=ACCOUNT, code=OFF, not_before=later), 0))
    assert closed.data.try_at == later


@pytest.mark.manual("B10")
def test_b10_the_first_message_that_is_taken_opens_it_and_clears_the_warning() -> None:
    opened = life(closed_by(OFF), DUE, PROVED)
    assert (opened.state, opened.data) == (OPEN, MAILBOX.begins)
    assert opened.asked == ["Clear MAILBOX_CLOSED"]


@pytest.mark.manual("B11")
@pytest.mark.parametrize(
    ("again", "asked"), [(OFF, []), (FULL, ["Inform MAILBOX_CLOSED"])], ids=["the same", "another"]
)
def test_b11_another_refusal_closes_it_again_and_only_a_new_cause_is_told_anew(
    again: str, asked: list[str]
) -> None:
    """Somebody may have read the warning that stands."""
    closed = life(closed_by(OFF), DUE, closed_by(again))
    assert (closed.state, closed.data.code, closed.asked) == (CLOSED, again, asked)


@pytest.mark.manual("B11")
def test_b11_what_was_under_way_when_it_closed_does_not_open_it() -> None:
    """A connection that was signed in before goes on for a while."""
    assert life(closed_by(OFF)).changes_nothing(PROVED)


def test_what_is_open_is_not_tried() -> None:
    for found in (life(), life(closed_by(OFF), WANTED)):
        assert found.changes_nothing(DUE)
        assert found.changes_nothing(WANTED)
    assert life().changes_nothing(PROVED)


@pytest.mark.manual("B11")
def test_b11_the_last_message_of_a_minute_makes_it_wait_until_the_first_one_is_over() -> None:
    waits = life(used(0), used(10))
    assert waits.state is OPEN
    waits.hears(used(20))
    assert (waits.state, waits.data.why) == (WAITING, "pace")
    assert waits.data.until == NOW + timedelta(seconds=62)
    assert waits.hears(PAUSE_OVER).state is OPEN


@pytest.mark.manual("B11")
def test_b11_a_message_that_took_longer_is_counted_from_its_end() -> None:
    """Nobody knows when the server counted it."""
    waits = life(used(0), used(0), ended(0, 40), used(45))
    waits.hears(at(PAUSE_OVER, 62), used(62))
    assert waits.data.until == NOW + timedelta(seconds=102), "the end of the first one, and a minute"


@pytest.mark.manual("B11")
def test_b11_a_days_allowance_is_told_of_before_it_is_used_up_and_waited_for() -> None:
    mailbox = life(used(0, 8, 0, 10))
    assert mailbox.asked == []
    mailbox.hears(used(1, 1, 0, 10))
    assert (mailbox.state, mailbox.asked) == (OPEN, ["Inform QUOTA_NEAR"])
    mailbox.hears(used(2, 1, 0, 10))
    assert (mailbox.state, mailbox.data.why, mailbox.asked) == (WAITING, "quota", [])
    assert mailbox.data.until == NOW + timedelta(hours=25), "the hour counts whole until it is out of the day"
    assert mailbox.hears(at(PAUSE_OVER, 25 * HOUR)).state is OPEN
    assert mailbox.hears(at(EASED, 25 * HOUR)).asked == ["Clear QUOTA_NEAR"]


@pytest.mark.manual("B11", "B2")
def test_b11_what_the_server_did_not_take_is_free_for_the_day_again() -> None:
    mailbox = life(used(0, 8, 0, 10), ended(0, 5, back=8, minute=0), used(6, 8, 0, 10))
    assert (mailbox.state, mailbox.asked) == (OPEN, [])


@pytest.mark.manual("B11")
def test_b11_a_server_that_wants_a_while_gets_it_and_then_one_message() -> None:
    waits = life(paused_by(BUSY))
    assert (waits.state, waits.data.until, waits.data.why, waits.asked) == (WAITING, IN_AN_HOUR, BUSY, [])
    assert waits.changes_nothing(WANTED), "the server's time counts"
    assert waits.hears(PAUSE_OVER).state is TRYING
    assert waits.hears(PROVED).state is OPEN


@pytest.mark.manual("B11")
def test_b11_the_longer_of_two_pauses_counts() -> None:
    waits = life(paused_by("pace", 60), paused_by(BUSY, 600), paused_by("pace", 61))
    assert (waits.data.until, waits.data.why) == (NOW + timedelta(seconds=600), BUSY)
    longer = life(paused_by(BUSY, 600), paused_by("quota"))
    assert (longer.data.until, longer.data.first_one) == (IN_AN_HOUR, True)


@pytest.mark.manual("B11")
def test_b11_a_try_that_has_to_wait_for_the_pace_is_still_a_try() -> None:
    tried = life(closed_by(OFF), DUE, paused_by("pace"), PAUSE_OVER)
    assert (tried.state, tried.data.code) == (TRYING, OFF)


@pytest.mark.manual("B11")
def test_b11_what_was_counted_by_a_clock_that_was_ahead_counts_as_now() -> None:
    ahead = 40 * 24 * HOUR
    mailbox = life(used(ahead, 1, 0, 2), used(0, 1, 0, 2))
    assert mailbox.data.until == NOW + timedelta(hours=25)
    minute = life(used(ahead, 1, 2), used(0, 1, 2))
    assert minute.data.until == NOW + timedelta(seconds=62)
