"""Header fields of a download: what it is called, and which part of it is wanted.

Rule: what a client writes there can at most make it get all of the file.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

PLAIN = re.compile(r"[^A-Za-z0-9 !#$&'()+,.;=@\[\]^_`{}~-]")
"What may not stand in the plain form of a name: some clients take `%41` and `\\` for something else."
ATTRIBUTE = "!#$&+^`|"
"Beside letters, digits, `-._~`: what stands unencoded in the extended form (RFC 8187 section 3.2.1)."
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class Span(NamedTuple):
    """A part of a file."""

    first: int
    "Octet, from 0."
    octets: int


def attachment(name: str) -> str:
    """Content-Disposition (RFC 6266): saved under this name, never shown; the extended form brings any
    Unicode.
    """
    extended = quote(name, safe=ATTRIBUTE)
    return f"attachment; filename=\"{PLAIN.sub('_', name)}\"; filename*=UTF-8''{extended}"


def span(headers: Mapping[str, str], size: int, etag: str) -> Span | None:
    """The part that is asked for (RFC 9110 section 14.2); None: there is no such part.

    Several parts at once, another unit and what cannot be read mean the whole, as does a part of another
    version of the file (If-Range).
    """
    whole = Span(0, size)
    match = RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or headers.get("if-range", etag) != etag or not any(match.groups()):
        return whole
    first, last = match.groups()
    if not first:
        octets = min(int(last), size)
        return Span(size - octets, octets) if octets else None
    if last and int(last) < int(first):
        return whole
    if int(first) >= size:
        return None
    return Span(int(first), min(int(last) if last else size - 1, size - 1) - int(first) + 1)
