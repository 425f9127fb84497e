"""Moments as a person at this machine reads them. Where a program reads, ISO 8601 in UTC is written instead.

Rule: nothing here asks what time it is.
"""

from datetime import datetime, timedelta

DAY = timedelta(days=1)


def local(moment: datetime) -> str:
    """Date and minute in the machine's own time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def clock_time(moment: datetime) -> str:
    """The minute alone, for a moment of the next hours."""
    return moment.astimezone().strftime("%H:%M")


def whole_days(until: datetime, now: datetime) -> int:
    """Whole days that are left; none left: 0."""
    return max(until - now, timedelta()) // DAY


def local_seconds(moment: datetime) -> str:
    """The same with the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def read(text: str) -> datetime:
    """A moment that a person wrote; without a zone it is the machine's own. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.astimezone()
