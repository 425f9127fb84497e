"""Total Counter Notification: what the device has counted, as text and as a table for programs (S21, S22).

Rule: each line of the attached table says whose count it is and when it was read, so that tables of many
devices can be put below each other; its names of columns are the same in every language.
"""

from collections.abc import Sequence

from ...events.request import TotalCounter
from ..ports import Attachment
from ..smtp.compose import Message, Part
from .letter import Header, letter, moment, named, paragraphs, titled
from .table import CHARSET, CSV, aligned, separated

FILE = "total-counter.csv"
COLUMNS = ("device", "serial_number", "read_at", "counter", "count")


def compose(request: TotalCounter, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    say = header.words.say
    read_at = request.read_at or header.date
    headings = (say("total-counter.counter"), say("total-counter.count"))
    counts = [(each.name, str(each.count)) for each in request.counters]
    text = paragraphs(
        [say("total-counter.text")],
        named(
            header,
            ("letter.device", header.device_name),
            ("letter.serial-number", request.serial_number),
            ("letter.time", read_at),
        ),
        aligned(headings, counts, right=(1,)),
        [request.text],
    )
    source = (header.device_name, request.serial_number, moment(read_at))
    table = separated(COLUMNS, [(*source, *each) for each in counts])
    subject = titled(request, header, say("total-counter.subject"))
    return letter(request, header, subject, [text, Part.attachment(table, FILE, CSV, CHARSET)])
