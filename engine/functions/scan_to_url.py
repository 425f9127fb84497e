"""Scan to URL: where the scan is fetched, and until when (S20, S22).

Rule: the scan itself never goes with the mail, and its name stands in one line, whatever it is.
"""

from collections.abc import Sequence

from ...events.request import ScanToUrl
from ..ports import Attachment
from ..smtp.compose import Message, file_name
from ..smtp.fields import Unencodable
from .letter import Header, Link, letter, moment, named, paragraphs

KILOBYTE, MEGABYTE = 1_000, 1_000_000


def compose(request: ScanToUrl, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value, and where there is nothing to link to."""
    if not header.links:
        raise Unencodable("links", "a Scan to URL has at least one")
    say = header.words.say
    text = paragraphs(
        [request.text],
        [say("scan-to-url.text")],
        *([*described(link, header), link.url] for link in header.links),
        named(header, ("letter.device", header.device_name)),
    )
    return letter(request, header, request.subject or say("scan-to-url.subject"), [text])


def described(link: Link, header: Header) -> list[str]:
    line = header.words.say(
        "scan-to-url.file",
        name=file_name(link.name),
        size=size(link.octets),
        expires_at=moment(link.expires_at),
    )
    return [line]


def size(octets: int) -> str:
    """Rounded up, in words that need no decimal sign: that differs by language."""
    if octets < 10 * MEGABYTE:
        return f"{-(-octets // KILOBYTE)} kB"
    return f"{-(-octets // MEGABYTE)} MB"
