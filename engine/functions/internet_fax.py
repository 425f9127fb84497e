"""Internet Fax TX: the pages as a fax in a simple-mode message (S20, S22; RFC 3965).

Rule: the fax is one file, TIFF-FX profile S (sections 2.2.4 and 4), and says so; the text of the person, if
any, stands above it. Notifications go to the From address alone, else no program may send them by itself
(RFC 8098 section 2.1).
"""

from collections.abc import Sequence
from dataclasses import replace

from ...events.request import InternetFax
from ..ports import Attachment
from ..smtp.compose import Message, Part
from ..smtp.fields import Mailbox, Mailboxes
from .letter import Header, attached, letter

BLACK_AND_WHITE = "faxbw"
"A fax without colours, as `application` of image/tiff."


def compose(request: InternetFax, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    words = [Part.text(request.text)] if request.text else []
    fax = [replace(part, application=BLACK_AND_WHITE) for part in attached(files)]
    wanted = [Mailboxes("Disposition-Notification-To", (Mailbox(header.from_address),))] if header.mdn else []
    subject = request.subject or header.words.say("internet-fax.subject")
    return letter(request, header, subject, [*words, *fax], wanted)
