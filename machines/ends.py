"""When to warn of something that ends on a known day: 30, 14, 7 and 1 days before, and at its end (B1).

Rule: each warning is said once; one whose moment was missed is said when that is noticed, unless a later one
has come meanwhile.
"""

from datetime import datetime, timedelta

DAYS = (30, 14, 7, 1, 0)
NOT_WARNED = 1_000_000
"More days than anything lasts."


def warned_of(ends_at: datetime, at: datetime) -> int:
    """The last warning whose moment has come, by its number of days."""
    return min((days for days in DAYS if ends_at - timedelta(days=days) <= at), default=NOT_WARNED)


def next_warning(ends_at: datetime, after: datetime) -> datetime | None:
    """The first warning whose moment comes after this one; None: there is none."""
    moments = (ends_at - timedelta(days=days) for days in DAYS)
    return next((moment for moment in moments if moment > after), None)
