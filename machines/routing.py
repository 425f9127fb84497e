"""Where a received fax goes by the number of its sender (TSI Routing, S21).

Rule: numbers are compared by what is dialled: digits and a leading `+`; how they are grouped does not count.
"""

from ..events.settings import DeviceSettings

DIALLED = frozenset("0123456789*#")


def dialled(number: str) -> str:
    """What of a number counts."""
    kept = "".join(character for character in number if character in DIALLED)
    return f"+{kept}" if number.strip().startswith("+") else kept


def routed(settings: DeviceSettings, number: str) -> tuple[str, ...]:
    """The addresses for this sender's number; empty: nobody takes it."""
    wanted = dialled(number)
    for known, addresses in settings.tsi_routing.routes.items():
        if wanted and dialled(known) == wanted:
            return addresses
    return settings.tsi_routing.otherwise
