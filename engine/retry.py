"""When a job is tried again that could not go now: one table.

A server that answers «not now» is asked again after minutes, and then after hours: that is what RFC 5321
section 4.5.4.1 asks for, and what a provider's own pace wants (B11). One that cannot be reached is looked for
more often, for nobody is troubled by that, and mail shall go soon after the network is back.

Rule: never before the time that the server or the table of its answers names. Every wait is spread a little,
so that many devices do not come back at once.
"""

import random
from datetime import datetime, timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANSWERED = (
    1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 1 * HOUR, 1 * HOUR, 2 * HOUR, 4 * HOUR,
)  # fmt: skip
"The waits after the first, the second ... try that the server answered; the last one holds for all others."
UNANSWERED = (
    MINUTE / 6, MINUTE / 2, 1 * MINUTE, 2 * MINUTE, 5 * MINUTE, *[10 * MINUTE] * 6, *[20 * MINUTE] * 12,
    1 * HOUR,
)  # fmt: skip
"The same where there was no answer."
JITTER = 0.2
"Waits are longer or shorter by up to this part."


def wait(tries: int, answered: bool) -> timedelta:
    """After so many tries that came to nothing before this one."""
    table = ANSWERED if answered else UNANSWERED
    return table[min(tries, len(table) - 1)]


def again(now: datetime, tries: int, *, answered: bool, hint: timedelta | None) -> datetime:
    """When the next try is. `hint`: what the server asked for, or what its answer is known to want."""
    spread: timedelta = wait(tries, answered) * (1 + random.uniform(-JITTER, JITTER))  # noqa: S311 - spreads devices, protects nothing
    return now + max(spread, hint or timedelta())
