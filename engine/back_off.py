"""How long a refresh waits while the provider is down or says «not now» (S29, B11).

It grows from seconds to a quarter of an hour, and from the second day on to an hour. Whoever has reason to
believe that the provider can be reached again does not wait for that: a changed network or proxy, a device
that woke, a person who tries a job again or signs in. A time that the provider names is never cut short by
anybody's trying again.

Rule: the waits are the table's. What spreads them comes from the clock and from whose sign-in it is, so that
the devices of a house do not come back together, and the same moment gives the same wait.
"""

from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32


class Step(NamedTuple):
    times: int
    "How often in a row."
    wait: timedelta


BACK_OFF = (
    Step(1, timedelta(seconds=5)),
    Step(1, timedelta(seconds=10)),
    Step(1, timedelta(seconds=20)),
    Step(1, timedelta(seconds=40)),
    Step(1, timedelta(seconds=80)),
    Step(1, timedelta(minutes=3)),
    Step(1, timedelta(minutes=5)),
    Step(1, timedelta(minutes=10)),
    Step(95, timedelta(minutes=15)),  # until a day is over
)
SELDOM = timedelta(hours=1)
"From then on."
JITTER = 0.2
"By this part of itself a wait is longer or shorter."
REACHED = tuple(accumulate(step.times for step in BACK_OFF))


def wait(failures: int) -> timedelta:
    """After so many failures in a row before this one."""
    return next((step.wait for step, most in zip(BACK_OFF, REACHED, strict=True) if failures < most), SELDOM)


def spread(wait: timedelta, identity: str, now: datetime) -> timedelta:
    part = crc32(f"{identity} {now.timestamp()}".encode()) / 2**32
    return wait * (1 + JITTER * (2 * part - 1))


def ask_again(failures: int, identity: str, now: datetime, not_before: timedelta | None) -> datetime:
    """`not_before`: what the provider named (Retry-After, RFC 9110 section 10.2.3)."""
    return now + max(spread(wait(failures), identity, now), not_before or timedelta())
