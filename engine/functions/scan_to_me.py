"""Scan to Me: the scan as attachments, to the person who stands at the panel (S20, S22)."""

from collections.abc import Sequence

from ...events.request import ScanToMe
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, carrying


def compose(request: ScanToMe, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return carrying(request, header, header.words.say("scan-to-me.subject"), files)
