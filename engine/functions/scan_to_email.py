"""Scan to E-mail: the scan as attachments, with what the person wrote above them (S20, S22)."""

from collections.abc import Sequence

from ...events.request import ScanToEmail
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, carrying


def compose(request: ScanToEmail, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return carrying(request, header, header.words.say("scan-to-email.subject"), files)
