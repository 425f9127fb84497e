"""What Forward TX and TSI Routing share: a fax that came in, with where it came from (S21, S22).

Rule: the pages go on as they came in.
"""

from collections.abc import Sequence

from ...events.request import Received
from ..ports import Attachment
from ..smtp.compose import Message
from .letter import Header, attached, letter, named, paragraphs, titled


def passed_on(request: Received, header: Header, why: str, files: Sequence[Attachment]) -> Message:
    """`why`: the code of the sentence that says why the reader gets it. Raises Unencodable."""
    say, sender = header.words.say, request.sender_number
    title = say("received-fax.subject", sender=sender) if sender else say("received-fax.subject-unknown")
    text = paragraphs(
        [say(why)],
        named(
            header,
            ("letter.sender-number", sender),
            ("letter.time", request.received_at),
            ("letter.device", header.device_name),
        ),
        [request.text],
    )
    return letter(request, header, titled(request, header, title), [text, *attached(files)])
