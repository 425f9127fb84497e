"""Whose message goes next through one mailbox (S33c): who waits at the panel, then what the device sends by
itself, then the rest; within these the users by turns; within a user the oldest.

Rule: nobody starves. What comes later in that order goes all the same when `PATIENCE` messages of others went
before it, and a user who comes anew stands behind those who wait already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple


class Turn(IntEnum):
    """The three classes, the first one first."""

    PANEL = 0
    "Its person stands at the panel and waits for it."
    DEVICE = 1
    "The device sends it by itself."
    REST = 2


PATIENCE: Mapping[Turn, int] = MappingProxyType({Turn.DEVICE: 3, Turn.REST: 5})
"After so many messages of others it is this one's turn."


class Head(NamedTuple):
    """The next message of one user in one class."""

    turn: Turn
    user: str
    job: int


@dataclass(frozen=True, slots=True)
class Turns:
    """What one mailbox remembers of who had a turn."""

    waited: tuple[int, ...] = (0,) * len(Turn)
    "Messages of others since a class had its turn, while it had something to send."
    number: int = 0
    "Of the turn."
    last: Mapping[tuple[Turn, str], int] = field(default_factory=dict)
    "The number of each user's last turn in a class; of one who came anew, that at which he came."


def next_class(turns: Turns, there: Sequence[Turn]) -> Turn:
    late = [turn for turn in there if turn and turns.waited[turn] >= PATIENCE[turn]]
    return max(late, key=lambda turn: (turns.waited[turn] - PATIENCE[turn], turn), default=there[0])


def choose(turns: Turns, heads: Sequence[Head]) -> tuple[Head, Turns]:
    """The next one of these, of which there is at least one; and what is remembered of it. `heads`: for each
    user and class the oldest message.
    """
    there = sorted({head.turn for head in heads})
    waited = tuple(count if turn in there else 0 for turn, count in zip(Turn, turns.waited, strict=True))
    turn = next_class(Turns(waited), there)
    last = {(each, user): turns.last.get((each, user), turns.number) for each, user, _ in heads}
    _, _, head = min((last[head[:2]], head.job, head) for head in heads if head.turn is turn)
    last[head[:2]] = turns.number + 1
    after = tuple(
        count + 1 if each is not turn and each in there else 0
        for each, count in zip(Turn, waited, strict=True)
    )
    return head, Turns(after, turns.number + 1, last)
