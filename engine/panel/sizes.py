"""Octets as people read them.

Rule: decimal units, as disks and mail servers count; two figures are enough.
"""

UNITS = ("kB", "MB", "GB")


def size(octets: int) -> str:
    """`640 kB`, `9.4 MB`; nothing is smaller than 1 kB."""
    value, unit = octets / 1000, UNITS[0]
    for larger in UNITS[1:]:
        if round(value) < 1000:
            break
        value, unit = value / 1000, larger
    whole = round(value, 1) >= 10 or unit == UNITS[0]
    return f"{max(value, 1):.0f} {unit}" if whole else f"{value:.1f} {unit}"


def of(octets: int, all_of_them: int) -> str:
    """`9.4 of 15 MB`, without the word between: both in the unit of the larger one."""
    whole = size(all_of_them)
    _, _, unit = whole.partition(" ")
    part = octets / 1000 ** (UNITS.index(unit) + 1)
    return f"{part:.0f}" if unit == UNITS[0] else f"{part:.1f}"
