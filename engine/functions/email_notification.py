"""E-mail Notification: what the device has to tell, as text (S21, S22)."""

from collections.abc import Sequence

from ...events.request import EmailNotification
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, attached, letter, named, paragraphs, titled
from .table import one_line


def compose(request: EmailNotification, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    text = paragraphs(
        [
            one_line(request.event),
            *named(header, ("letter.device", header.device_name), ("letter.time", request.happened_at)),
        ],
        [request.text],
    )
    return letter(request, header, titled(request, header, request.event), [text, *attached(files)])
