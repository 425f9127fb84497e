"""Whether the disk has room for new jobs.

While it has none, what is held back for such a time (`engine/store/reserve.py`) takes what must not be lost:
outcomes of what is under way, deletions, warnings. New jobs are refused, each with its sentence.

Rule: this machine decides nothing about a commit; it says what people see.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..events.base import OfDevice
from ..events.device import DiskFilled, DiskRoomRegained
from ..events.information import Info
from .definition import Definition, ignore, on, state
from .effects import Clear, Inform

Room = StrEnum("Room", ["ROOMY", "FULL"])
ROOMY, FULL = Room


@dataclass(frozen=True, slots=True)
class Nothing:
    """It remembers nothing."""


DISK = Definition(
    "disk", Nothing,
    state(ROOMY, "New jobs are taken.",
        on(DiskFilled, to=FULL, ask=[Inform(Info.DISK_FULL)]),
        ignore(DiskRoomRegained, why="it has had room")),
    state(FULL, "No new job is taken; what is under way comes to its end.",
        on(DiskRoomRegained, to=ROOMY, ask=[Clear(Info.DISK_FULL)]),
        ignore(DiskFilled, why="it is known")),
    per=OfDevice,
)  # fmt: skip
