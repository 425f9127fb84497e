"""Scan to E-mail: the scan as attachments, with what the person wrote above them (S20, S22)."""

from collections.abc import Sequence

from ...events.request import ScanToEmail
from ..ports import Attachment
from ..smtp.compose import File, Message, Part
from .letter import Header, letter

SUBJECT = "Scan to E-mail"


def compose(request: ScanToEmail, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises OSError where a file cannot be looked at, Unencodable where a field cannot carry a value."""
    words = [Part.text(request.text)] if request.text else []
    scans = [Part.attachment(File.at(each.path), each.name, each.media_type) for each in files]
    return letter(request, header, request.subject or SUBJECT, [*words, *scans])
