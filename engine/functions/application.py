"""E-mail sending from the OpenAPI/IWS application: what the application says and brings (S20, S22)."""

from collections.abc import Sequence

from ...events.request import FromApplication
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, carrying


def compose(request: FromApplication, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return carrying(
        request, header, header.words.say("application.subject", application=request.application), files
    )
