"""E-mail Notification: what the device has to tell, as text (S21, S22)."""

from collections.abc import Sequence
from email.utils import format_datetime

from ...events.request import EmailNotification
from ..ports import Attachment
from ..smtp.compose import File, Message, Part
from .letter import Header, letter


def compose(request: EmailNotification, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises OSError where a file cannot be looked at, Unencodable where a field cannot carry a value."""
    lines = [request.event]
    if header.device_name:
        lines.append(f"Device: {header.device_name}")
    if request.happened_at is not None:
        lines.append(f"Time: {format_datetime(request.happened_at)}")
    if request.text:
        lines += ["", request.text]
    attached = [Part.attachment(File.at(each.path), each.name, each.media_type) for each in files]
    subject = request.subject or ": ".join(filter(None, (header.device_name, request.event)))
    return letter(request, header, subject, [Part.text("\n".join(lines)), *attached])
