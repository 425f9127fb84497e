"""E-mail from a program that cannot sign in: its message as it was given (B13); and a
report about mail, which was composed when it was known what to say.
"""

from collections.abc import Sequence

from ...events import request as r
from ..ports import Attachment
from ..smtp.as_given import AsGiven, as_given
from .letter import Header

Given = r.FromProgram | r.ByProgram | r.Report | r.DeviceReport


def compose(request: Given, header: Header, files: Sequence[Attachment]) -> AsGiven:
    """Raises FileChanged, OSError, Unencodable."""
    (message,) = files
    return as_given(message.content, header.from_address, header.message_id, header.date)
