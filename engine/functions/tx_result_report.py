"""TX Result Report Print: what became of transmissions, line by line and as a table for programs (S21, S22).

Rule: the attached table's names of columns and its words are the same in every language.
"""

from collections.abc import Sequence

from ...events.request import Medium, Transmission, TxResultReport
from ..ports import Attachment
from ..smtp.compose import Message, Part
from .letter import Header, letter, moment, named, paragraphs, titled
from .table import CHARSET, CSV, aligned, separated

FILE = "tx-result-report.csv"
COLUMNS = ("number", "destination", "medium", "started_at", "pages", "succeeded", "result")
HEADINGS = (
    "tx-result-report.number",
    "tx-result-report.destination",
    "tx-result-report.medium",
    "tx-result-report.started-at",
    "tx-result-report.pages",
    "tx-result-report.result",
)
"Codes of their words."
MEDIA = {Medium.FAX: "medium.fax", Medium.EMAIL: "medium.e-mail", Medium.FILE: "medium.file"}


def compose(request: TxResultReport, header: Header, files: Sequence[Attachment]) -> Message:
    """Raises Unencodable where a field cannot carry a value."""
    say, each = header.words.say, request.transmissions
    succeeded = sum(line.succeeded for line in each)
    headings = tuple(map(say, HEADINGS))
    text = paragraphs(
        [say("tx-result-report.text")],
        named(header, ("letter.device", header.device_name), ("letter.time", header.date)),
        aligned(headings, [printed(line, header) for line in each], right=(0, 4)),
        [request.text],
    )
    title = say("tx-result-report.subject", succeeded=succeeded, count=len(each))
    table = Part.attachment(separated(COLUMNS, list(map(counted, each))), FILE, CSV, CHARSET)
    return letter(request, header, titled(request, header, title), [text, table])


def printed(line: Transmission, header: Header) -> tuple[str, ...]:
    say = header.words.say
    outcome = say("tx-result-report.succeeded" if line.succeeded else "tx-result-report.failed")
    return (
        str(line.number),
        line.destination,
        say(MEDIA[line.medium]),
        moment(line.started_at),
        str(line.pages),
        ": ".join(filter(None, (outcome, line.result))),
    )


def counted(line: Transmission) -> tuple[str, ...]:
    return (
        str(line.number),
        line.destination,
        line.medium.value,
        moment(line.started_at),
        str(line.pages),
        "yes" if line.succeeded else "no",
        line.result,
    )
