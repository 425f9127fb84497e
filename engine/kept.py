"""Rows of what leaves the store because it was kept for long enough.

Rule: what a standing warning tells of is kept as long as the warning stands.
"""

from typing import NamedTuple


class LinesGone(NamedTuple):
    """Lines of the journal, from the first number to the last."""

    first: int
    last: int


class JobNamesGone(NamedTuple):
    """Addresses, request and what the server said of a job that is over."""

    job: int
    files: str
    "As `JobRow.files`, without their names."


class JobTriesGone(NamedTuple):
    job: int


class JobGone(NamedTuple):
    """The rest of a job that is over."""

    job: int


class Over(NamedTuple):
    """A job that is over."""

    job: int
    at: str
    "ISO 8601, UTC: when it ended, by the clock of that moment."
    named: bool
    "Its names are still there."


class Checkpoint(NamedTuple):
    """The journal's last checkpoint."""

    sequence: int
    at: str
    definition: str
    "Digest of the machines that wrote it."
