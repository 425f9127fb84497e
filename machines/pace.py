"""How much of what a provider allows one mailbox has used, and when there is room again (B11).

What was sent is kept as counters: one for each second of the last minute, one for each hour of the last day.
A second or an hour counts whole until its last moment is out of the window, so a counter can hold a message
a little longer than the provider does, and never shorter.

Rule: what is counted ahead of now, by a clock that has been set back since, counts as now: it never stops a
mailbox for longer than the provider would.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

WINDOW_S = 61
"The provider's minute, and a second for a message that reaches it later than another one."
DAY_H = 24
HOUR_S = 3_600
NEAR = 0.9
"The part of a day's allowance from which people are told."
LATE = timedelta(seconds=1)
"A message that ends so long after it was counted is counted for the minute anew."


class Pace(NamedTuple):
    """What a provider lets one mailbox submit, over all its connections; 0: as much as it likes."""

    messages_a_minute: int = 0
    messages_a_day: int = 0
    "In any 24 hours."
    recipients_a_day: int = 0
    "In any 24 hours; a message to three people counts three."


UNLIMITED = Pace()


@dataclass(frozen=True, slots=True)
class Use:
    seconds: tuple[tuple[int, int], ...] = ()
    "Second of the epoch, and the messages in it."
    hours: tuple[tuple[int, int, int], ...] = ()
    "Hour of the epoch, messages and recipients in it."

    def __str__(self) -> str:
        minute, day = sum(each[1] for each in self.seconds), sum(each[1] for each in self.hours)
        return f"{minute} in the minute, {day} in the day to {sum(each[2] for each in self.hours)}"


def second_of(moment: datetime) -> int:
    return int(moment.timestamp())


def at_second(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def current(use: Use, now: datetime) -> Use:
    """Without what has passed; what lies ahead of now is of now."""
    this = second_of(now)
    seconds: dict[int, int] = {}
    for second, messages in use.seconds:
        if min(second, this) >= this - WINDOW_S:
            seconds[min(second, this)] = seconds.get(min(second, this), 0) + messages
    hours: dict[int, tuple[int, int]] = {}
    for hour, messages, recipients in use.hours:
        at = min(hour, this // HOUR_S)
        if at >= this // HOUR_S - DAY_H:
            before = hours.get(at, (0, 0))
            hours[at] = (before[0] + messages, before[1] + recipients)
    return Use(tuple(sorted(seconds.items())), tuple((at, *hours[at]) for at in sorted(hours)))


def used(use: Use, now: datetime, recipients: int) -> Use:
    """With one message to so many recipients, now."""
    use, this = current(use, now), second_of(now)
    seconds = dict(use.seconds)
    seconds[this] = seconds.get(this, 0) + 1
    hours = {hour: (messages, to) for hour, messages, to in use.hours}
    messages, to = hours.get(this // HOUR_S, (0, 0))
    hours[this // HOUR_S] = (messages + 1, to + recipients)
    return Use(tuple(seconds.items()), tuple((hour, *counts) for hour, counts in hours.items()))


def moved(use: Use, now: datetime, used_at: datetime) -> Use:
    """With the message that was counted at `used_at` counted for the minute from now on: it came to the
    provider between the two.
    """
    then = min(second_of(used_at), second_of(now))
    seconds = dict(use.seconds)
    if seconds.get(then, 0) > 0:
        seconds[then] -= 1
    seconds[second_of(now)] = seconds.get(second_of(now), 0) + 1
    left = tuple(sorted((second, messages) for second, messages in seconds.items() if messages))
    return current(replace(use, seconds=left), now)


def given_back(use: Use, now: datetime, used_at: datetime, recipients: int) -> Use:
    """With that message taken out of the day: the provider did not take it."""
    use = current(use, now)
    then = min(second_of(used_at), second_of(now)) // HOUR_S
    hours = tuple(
        (hour, max(messages - 1, 0), max(to - recipients, 0)) if hour == then else (hour, messages, to)
        for hour, messages, to in use.hours
    )
    return replace(use, hours=tuple(each for each in hours if each[1]))


class Left(NamedTuple):
    """How much more may go now; None: as much as it likes."""

    messages: int | None
    recipients: int | None


def left(use: Use, pace: Pace, now: datetime) -> Left:
    use = current(use, now)
    minute = sum(messages for _, messages in use.seconds)
    day = sum(messages for _, messages, _ in use.hours)
    to = sum(recipients for _, _, recipients in use.hours)
    rooms = [pace.messages_a_minute - minute] if pace.messages_a_minute else []
    rooms += [pace.messages_a_day - day] if pace.messages_a_day else []
    return Left(
        max(min(rooms), 0) if rooms else None,
        max(pace.recipients_a_day - to, 0) if pace.recipients_a_day else None,
    )


def free_at(use: Use, pace: Pace, now: datetime, recipients: int = 1) -> datetime | None:
    """When a message to so many recipients may go; None: now. One to more than a day's recipients may go when
    nothing else counts.
    """
    use = current(use, now)
    minute = freed([(second + WINDOW_S + 1, n) for second, n in use.seconds], pace.messages_a_minute, 1)
    ends = [((hour + DAY_H + 1) * HOUR_S, messages, to) for hour, messages, to in use.hours]
    day = freed([(end, messages) for end, messages, _ in ends], pace.messages_a_day, 1)
    people = freed([(end, to) for end, _, to in ends], pace.recipients_a_day, recipients)
    moment = max(minute, day, people)
    return at_second(moment) if moment else None


def freed(ends: list[tuple[int, int]], most: int, wanted: int) -> int:
    """The second at which so much is free that `wanted` more fit; 0: they do now."""
    counted = sum(counts for _, counts in ends)
    fits = max(most - wanted, 0)
    moment = 0
    for end, counts in sorted(ends):
        if not most or counted <= fits:
            break
        counted, moment = counted - counts, end
    return moment


def quota(use: Use, pace: Pace, now: datetime) -> bool:
    """It is the day's allowance that is used up, not the minute's."""
    return free_at(use, pace._replace(messages_a_minute=0), now) is not None


def eases_at(use: Use, pace: Pace, now: datetime) -> datetime | None:
    """Until when a day's allowance is nearly used up; None: it is not."""
    near = Pace(0, near_of(pace.messages_a_day), near_of(pace.recipients_a_day))
    return free_at(use, near, now, 1)


def near_of(most: int) -> int:
    return max(int(most * NEAR), 1) if most else 0
