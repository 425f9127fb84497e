"""E-mail from a program that cannot sign in: its message as it was given (B13); and a
report about mail, which was composed when it was known what to say.
"""

from collections.abc import Sequence

from ...events.request import AnyAsGiven
from ..ports import Attachment
from ..smtp.as_given import GivenMessage, as_given
from .letter import Header


def compose(request: AnyAsGiven, header: Header, files: Sequence[Attachment]) -> GivenMessage:
    """Raises FileChanged, OSError, Unencodable."""
    (message,) = files
    return as_given(message.content, (header.from_address, *header.aliases), header.message_id, header.date)
