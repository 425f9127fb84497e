"""The mailbox of one account: a refusal that counts for all its mail closes it, a message opens it (B11)."""

from datetime import timedelta

import pytest

from franking.events.mailbox import MailboxClosed, MailboxProved, MailboxTryDue, MailboxTryWanted
from franking.machines.mailbox import CLOSED, MAILBOX, OPEN, TRYING, Closure
from franking.tests.machines.life import NOW, Life

ACCOUNT = "mailbox:1"
IN_AN_HOUR = NOW + timedelta(hours=1)
OFF, FULL = "535 5.7.139", "554 5.2.2"
DUE, WANTED = MailboxTryDue(account=ACCOUNT), MailboxTryWanted(account=ACCOUNT)
PROVED = MailboxProved(account=ACCOUNT)


def closed_by(code: str) -> MailboxClosed:
    return MailboxClosed(account=ACCOUNT, try_at=IN_AN_HOUR, code=code)


def life(*facts: object) -> Life[Closure]:
    found = Life(MAILBOX)
    for fact in facts:
        assert isinstance(fact, MailboxClosed | MailboxTryDue | MailboxTryWanted | MailboxProved)
        found.hears(fact)
    return found


@pytest.mark.manual("B10", "B11", "S31")
def test_b11_a_refusal_that_counts_for_all_mail_closes_it_and_is_told() -> None:
    closed = life(closed_by(OFF))
    assert (closed.state, closed.data) == (CLOSED, Closure(OFF, IN_AN_HOUR))
    assert closed.asked == ["Inform MAILBOX_CLOSED"]


@pytest.mark.manual("B11")
@pytest.mark.parametrize("fact", [DUE, WANTED], ids=["after its time", "by a person's act"])
def test_b11_it_is_tried_after_a_while_or_when_somebody_acts(fact: object) -> None:
    assert life(closed_by(OFF), fact).state is TRYING


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
