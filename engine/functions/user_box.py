"""E-mail sending from a User Box: the documents as attachments (S20, S22).

Rule: what is attached are the copies in the spool, whatever becomes of the box meanwhile.
"""

from collections.abc import Sequence

from ...events.request import FromUserBox
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, carrying


def compose(request: FromUserBox, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return carrying(request, header, header.words.say("user-box.subject"), files)
