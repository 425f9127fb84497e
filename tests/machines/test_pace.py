"""Pace and turns as numbers: never above what a provider allows in any window, never idle when there is room,
nobody starved (B11, S33c).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.events.mailbox import MailboxPaused, MailboxPauseEnded, MailboxUsed, MailboxUseEnded
from franking.machines.mailbox import MAILBOX, WAITING, Traffic
from franking.machines.pace import LATE, WINDOW_S, Pace, free_at, left
from franking.machines.turns import Head, Turn, Turns, choose
from franking.tests.machines.life import NOW, Life, at

ACCOUNT = "mailbox:1"
MINUTE, HOUR, DAY = 60, 3_600, 24 * 3_600
SLOW_MOST = 90


@dataclass
class Provider:
    """Counts a message at some moment between its start and its end."""

    counted: list[tuple[float, int]] = field(default_factory=list)

    def most_in(self, window_s: float) -> tuple[int, int]:
        """Messages and recipients of the fullest window."""
        messages = people = 0
        for end, _ in self.counted:
            inside = [to for moment, to in self.counted if end - window_s < moment <= end]
            messages, people = max(messages, len(inside)), max(people, sum(inside))
        return messages, people


@dataclass
class Message:
    recipients: int
    takes_s: float
    counted_after: float
    "The part of its time after which the provider counts it."


MESSAGES = st.lists(
    st.builds(
        Message,
        recipients=st.integers(1, 5),
        takes_s=st.one_of(st.floats(0, 0.9), st.floats(0, SLOW_MOST)),
        counted_after=st.floats(0, 1),
    ),
    min_size=1,
    max_size=40,
)


def sent(messages: Sequence[Message], pace: Pace, starts: Sequence[float]) -> Provider:
    """Sends them as the dispatcher does, one after the other as soon as there is room."""
    mailbox: Life[Traffic] = Life(MAILBOX)
    provider, now = Provider(), 0.0
    under_way: list[tuple[float, float]] = []
    limits = pace._asdict()
    for message, gap in zip(messages, [*starts, *[0.0] * len(messages)], strict=False):
        now += gap
        while True:
            for begun, ends in sorted(each for each in under_way if each[1] <= now):
                under_way.remove((begun, ends))
                if ends - begun >= LATE.total_seconds():
                    moment = NOW + timedelta(seconds=begun)
                    late = MailboxUseEnded(account=ACCOUNT, used_at=moment, given_back=0, **limits)
                    mailbox.hears(at(late, ends))
            if mailbox.state is WAITING:
                assert mailbox.data.until is not None
                until = (mailbox.data.until - NOW).total_seconds()
                now = max(now, min([until, *(ends for _, ends in under_way if ends > now)]))
                if now >= until:
                    mailbox.hears(at(MailboxPauseEnded(account=ACCOUNT), now))
                continue
            moment = NOW + timedelta(seconds=now)
            slow = sum(now - begun > WINDOW_S for begun, _ in under_way)
            found = left(mailbox.data.use, pace, moment)
            if found.messages is not None and found.messages <= slow:
                if (free := free_at(mailbox.data.use, pace, moment)) is not None:
                    mailbox.hears(at(MailboxPaused(account=ACCOUNT, until=free, code="pace"), now))
                else:
                    now = min(ends for _, ends in under_way)
                continue
            if found.recipients is not None and message.recipients > found.recipients:
                free = free_at(mailbox.data.use, pace, moment, message.recipients)
                assert free is not None
                mailbox.hears(at(MailboxPaused(account=ACCOUNT, until=free, code="quota"), now))
                continue
            break
        fact = MailboxUsed(account=ACCOUNT, recipient_count=message.recipients, **limits)
        mailbox.hears(at(fact, now))
        provider.counted.append((now + message.takes_s * message.counted_after, message.recipients))
        under_way.append((now, now + message.takes_s))
    return provider


@pytest.mark.manual("B11")
@given(MESSAGES, st.integers(1, 6), st.lists(st.floats(0, 70), max_size=40))
def test_b11_no_window_of_a_minute_holds_more_than_the_pace(
    messages: list[Message], most: int, starts: list[float]
) -> None:
    provider = sent(messages, Pace(most), starts)
    assert len(provider.counted) == len(messages)
    assert provider.most_in(MINUTE)[0] <= most


@pytest.mark.manual("B11")
@given(MESSAGES, st.integers(5, 20), st.lists(st.floats(0, 7_000), max_size=40))
def test_b11_no_window_of_a_day_holds_more_than_the_allowance(
    messages: list[Message], most: int, starts: list[float]
) -> None:
    quick = [Message(each.recipients, 0, 0) for each in messages]
    provider = sent(quick, Pace(0, 0, most), starts)
    assert provider.most_in(DAY)[1] <= most


@pytest.mark.manual("B11")
@given(st.integers(1, 40), st.integers(1, 6))
def test_b11_a_mailbox_that_has_room_never_waits(count: int, most: int) -> None:
    """As many as there may be in each window, and not one fewer."""
    provider = sent([Message(1, 0, 0)] * count, Pace(most), [])
    moments = [moment for moment, _ in provider.counted]
    assert moments == [(WINDOW_S + 1) * (number // most) for number in range(count)]


def heads(waiting: dict[tuple[Turn, str], list[int]]) -> list[Head]:
    return [Head(turn, user, jobs[0]) for (turn, user), jobs in waiting.items() if jobs]


QUEUES = st.dictionaries(
    st.tuples(st.sampled_from(Turn), st.sampled_from("abcd")), st.integers(1, 12), min_size=1
)


@pytest.mark.manual("S33c")
@given(QUEUES)
def test_s33c_no_class_waits_longer_than_five_messages_of_others(
    counts: dict[tuple[Turn, str], int],
) -> None:
    number = 0
    waiting: dict[tuple[Turn, str], list[int]] = {}
    for key, count in counts.items():
        waiting[key] = list(range(number, number + count))
        number += count
    turns, since = Turns(), Counter[Turn]()
    order: list[Head] = []
    while found := heads(waiting):
        head, turns = choose(turns, found)
        waiting[head[:2]].pop(0)
        order.append(head)
        for turn in {each.turn for each in found} - {head.turn}:
            since[turn] += 1
            assert since[turn] <= 5, (turn, order)
        since[head.turn] = 0
    assert sorted(head.job for head in order) == list(range(number)), "every one goes, once"
    for key in counts:
        mine = [head.job for head in order if head[:2] == key]
        assert mine == sorted(mine), "the oldest of a user first"


@pytest.mark.manual("S33c")
@given(QUEUES)
def test_s33c_within_a_class_no_user_has_two_turns_before_another_has_one(
    counts: dict[tuple[Turn, str], int],
) -> None:
    waiting = {key: list(range(count)) for key, count in counts.items()}
    turns, had = Turns(), Counter[tuple[Turn, str]]()
    while found := heads(waiting):
        head, turns = choose(turns, found)
        others = [had[each[:2]] for each in found if each.turn is head.turn]
        assert had[head[:2]] <= min(others), "whoever had fewest goes first"
        waiting[head[:2]].pop(0)
        had[head[:2]] += 1


@pytest.mark.manual("S33c")
def test_s33c_who_waits_at_the_panel_goes_first_then_the_device_then_the_rest() -> None:
    all_three = [Head(Turn.REST, "kim", 1), Head(Turn.DEVICE, "administrator", 2), Head(Turn.PANEL, "lee", 3)]
    order, turns = [], Turns()
    for _ in range(3):
        head, turns = choose(turns, [each for each in all_three if each not in order])
        order.append(head)
    assert [head.turn for head in order] == list(Turn)


@pytest.mark.manual("S33c")
def test_s33c_who_comes_anew_stands_behind_those_who_wait() -> None:
    turns = Turns()
    kim, lee = Head(Turn.REST, "kim", 1), Head(Turn.REST, "lee", 2)
    head, turns = choose(turns, [kim, lee])
    assert head == kim
    anew = Head(Turn.REST, "ann", 0)
    head, turns = choose(turns, [kim._replace(job=3), lee, anew])
    assert head == lee, "although the other one's message has a lower number"


@pytest.mark.manual("B11")
@pytest.mark.parametrize("back_s", [HOUR, 30 * 24 * HOUR])
def test_b11_what_was_counted_ahead_of_now_is_waited_for_once(back_s: int) -> None:
    """The clock was set back; the moments that stand ahead get older from the first pause on."""
    mailbox: Life[Traffic] = Life(MAILBOX)
    used = MailboxUsed(account=ACCOUNT, recipient_count=1, messages_a_minute=3)
    mailbox.hears(
        at(used, back_s), at(used, back_s), at(used, back_s), at(MailboxPauseEnded(account=ACCOUNT), 0)
    )
    free = free_at(mailbox.data.use, Pace(3), NOW)
    assert free == NOW + timedelta(seconds=WINDOW_S + 1)
    mailbox.hears(MailboxPaused(account=ACCOUNT, until=free, code="pace"))
    assert free_at(mailbox.data.use, Pace(3), free) is None
