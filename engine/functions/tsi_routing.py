"""TSI Routing: a received fax goes where its sender's number sends it (S21, S22)."""

from collections.abc import Sequence

from ...events.request import TsiRouting
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header
from .received_fax import passed_on


def compose(request: TsiRouting, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return passed_on(request, header, "tsi-routing.text", files)
