"""Whether the device's clock can be believed.

A dead battery lets it begin in 1970 until NTP has set it. Then connections fail for want of a valid
certificate, and what was to be given up or erased by a moment would be, in the instant in which the clock
comes right. So a clock that stands before the newest line of the journal, or before this program was built,
is doubted: nothing is given up or erased by it, and the [Information] screen says what to do. It is believed
again when it has passed what it was doubted for, or when the provider's certificate is valid by it.

Rule: a doubt ends no grant and stops no mail.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..events.base import OfDevice
from ..events.device import ClockBelieved, ClockDoubted
from ..events.information import Info
from .definition import Definition, ignore, lasts, on, state
from .effects import Clear, Inform

Belief = StrEnum("Belief", ["BELIEVED", "DOUBTED"])
BELIEVED, DOUBTED = Belief


@dataclass(frozen=True, slots=True)
class Doubt:
    right_from: datetime | None = None


def note(doubt: Doubt, event: ClockDoubted) -> Doubt:
    return Doubt(event.right_from)


def dispel(doubt: Doubt, event: ClockBelieved) -> Doubt:
    return Doubt()


CLOCK = Definition(
    "clock", Doubt,
    state(BELIEVED, "Nothing speaks against the clock.",
        on(ClockDoubted, to=DOUBTED, data=note, ask=[Inform(Info.CLOCK_NOT_SET)]),
        ignore(ClockBelieved, why="it is believed")),
    state(DOUBTED, "The clock is not set: nothing is given up or erased by it.",
        lasts(until="right_from", then=ClockBelieved),
        on(ClockDoubted, data=note),
        on(ClockBelieved, to=BELIEVED, data=dispel, ask=[Clear(Info.CLOCK_NOT_SET)])),
    per=OfDevice,
)  # fmt: skip
