"""Status Notification: how the device is, part by part (S21, S22)."""

from collections.abc import Sequence

from ...events.request import StatusNotification
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, letter, moment, named, paragraphs, titled
from .table import aligned

HEADINGS = ("status-notification.part", "status-notification.state", "status-notification.since")
"Codes of their words."


def compose(request: StatusNotification, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    say, conditions = header.words.say, request.conditions
    headings = tuple(map(say, HEADINGS))
    rows = [(each.part, each.state, moment(each.since) if each.since else "") for each in conditions]
    text = paragraphs(
        [say("status-notification.text")],
        named(header, ("letter.device", header.device_name), ("letter.time", header.date)),
        aligned(headings, rows),
        [request.text],
    )
    if len(conditions) == 1:
        title = f"{conditions[0].part}: {conditions[0].state}"
    else:
        title = say("status-notification.subject", count=len(conditions))
    return letter(request, header, titled(request, header, title), [text])
