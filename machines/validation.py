"""Send-job validation for the device: whether OAuth sending may go on with these settings and this network
(S12-S16).

The rules themselves are a table, `rules.py`; what they find rides on the fact. Nothing is lost while OAuth is
not available: jobs wait, tokens are kept, and both go on when the rules hold again. What depends on one job
(recipients, size, From) is found when that job is submitted and taken, and is the job's own business.
"""

from dataclasses import dataclass
from enum import StrEnum

from ..events.base import OfDevice
from ..events.device import Availability, DeviceResumed, EngineStarted, NetworkChanged, SettingsChanged
from ..events.information import Info
from .definition import Definition, always, on, state
from .effects import Clear, Inform

Sending = StrEnum("Sending", {"OFF": "Off", "AVAILABLE": "Available", "NOT_AVAILABLE": "Not available"})
OFF, AVAILABLE, NOT_AVAILABLE = Sending
CHANGES = (EngineStarted, DeviceResumed, SettingsChanged, NetworkChanged)


@dataclass(frozen=True, slots=True)
class Findings:
    broken: tuple[str, ...] = ()
    "Codes of the rules that make OAuth not available."


def off(findings: Findings, event: Availability) -> bool:
    return not event.oauth


def broken(findings: Findings, event: Availability) -> bool:
    return bool(event.broken)


def note(findings: Findings, event: Availability) -> Findings:
    return Findings(event.broken if event.oauth else ())


VALIDATION = Definition(
    "validation", Findings,
    always(
        on(*CHANGES, when=off, to=OFF, data=note, ask=[Clear(Info.NOT_AVAILABLE)]),
        on(*CHANGES, when=broken, unless=off, to=NOT_AVAILABLE, data=note, ask=[Inform(Info.NOT_AVAILABLE)]),
        on(*CHANGES, unless=[off, broken], to=AVAILABLE, data=note, ask=[Clear(Info.NOT_AVAILABLE)]),
    ),
    state(OFF, "[OAuth 2.0] is OFF: jobs go without it, and none of its rules applies."),
    state(AVAILABLE, "Jobs go out."),
    state(NOT_AVAILABLE, "A rule is broken: sign-in is refused and jobs wait until it holds again."),
    per=OfDevice,
)  # fmt: skip
