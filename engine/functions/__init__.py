"""The functions that send mail, one module each; a request goes to its composer by this table (S20, S21)."""

from collections.abc import Mapping, Sequence

from ...events.request import EmailNotification, Function, Request, ScanToEmail
from ..ports import Attachment
from ..smtp.compose import Message
from . import email_notification, scan_to_email
from .letter import Composer, Header, composer
from .media_types import media_type

__all__ = ["COMPOSERS", "Header", "compose", "media_type"]

COMPOSERS: Mapping[Function, Composer] = {
    Function.SCAN_TO_EMAIL: composer(ScanToEmail, scan_to_email.compose),
    Function.EMAIL_NOTIFICATION: composer(EmailNotification, email_notification.compose),
}


def compose(request: Request, header: Header, files: Sequence[Attachment]) -> Message:
    """The message that `request` asks for; its files are looked at, not read.

    Raises OSError where a file cannot be looked at, Unencodable where a header field cannot carry a value.
    """
    return COMPOSERS[request.function](request, header, files)
