"""Forward TX: a received fax goes on to addresses that the device was given (S21, S22)."""

from collections.abc import Sequence

from ...events.request import ForwardTx
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header
from .received_fax import passed_on


def compose(request: ForwardTx, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    return passed_on(request, header, "forward-tx.text", files)
