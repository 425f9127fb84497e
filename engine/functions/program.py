"""E-mail from a program that cannot sign in: its message as it was given (B13)."""

from collections.abc import Sequence

from ...events.request import ByProgram, FromProgram
from ..ports import Attachment
from ..smtp.as_given import AsGiven, as_given
from .letter import Header


def compose(request: FromProgram | ByProgram, header: Header, files: Sequence[Attachment]) -> AsGiven:
    """Raises FileChanged, OSError, Unencodable."""
    (message,) = files
    return as_given(message.content, header.from_address, header.message_id, header.date)
