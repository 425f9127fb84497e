"""What became of a mail, as a mail to whoever sent it (RFC 3464, RFC 6522): a part for people in the device's
language, one for programs, and the header that the mail had.

Rule: its fields for programs are ASCII, whatever a server said; whom the mail went to beside the others
(Bcc) stands in no header that goes back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from ...events.information import Actor
from ...events.request import Notify
from ...machines.delivery_status import Action, Known, of_server
from ..information import Advice
from ..smtp.compose import Encoding, Message, Part, quoted_lines
from ..smtp.fields import (
    LINE_MAX,
    Field,
    Mailbox,
    Mailboxes,
    Structured,
    Text,
    Unencodable,
    addr_spec,
    date,
    fold,
    plain_of,
)
from .letter import Header, named, paragraphs

REPORT = ("multipart/report;", "report-type=delivery-status;")
ANSWERS = Structured("Auto-Submitted", ("auto-replied",))
"RFC 3834 section 5; RFC 3464 section 2 for what must never be answered by itself."
SUBJECT_MOST = 200
"Characters of the mail's subject in the report's."
WORD_MOST = 900
"Characters of one word of a field."
DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
NO_XTEXT = re.compile(r"[^!-*,-<>-\[\]-~]")
"What stands in no address of the type utf-8 as it is, in seven bits (RFC 6533 section 3)."
SUBJECTS = {
    Notify.FAILURE: "report.failed.subject",
    Notify.DELAY: "report.delayed.subject",
    Notify.SUCCESS: "report.relayed.subject",
}
TEXTS = {
    Notify.FAILURE: "report.failed.text",
    Notify.DELAY: "report.delayed.text",
    Notify.SUCCESS: "report.relayed.text",
}
OUTCOMES = {
    Action.FAILED: "report.outcome.failed",
    Action.DELAYED: "report.outcome.delayed",
    Action.RELAYED: "report.outcome.relayed",
}
BY_KNOWN = {
    Known.TAKEN: Action.RELAYED,
    Known.TOLD_ELSEWHERE: Action.RELAYED,
    Known.REFUSED: Action.FAILED,
}
"What people read of a recipient of whom nothing is reported to programs."


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient."""

    address: str
    action: Action | None
    "None: nothing is reported of it to programs, and people read what is known."
    outcome: str
    "In words."
    reply: str
    "What was said last of it; empty: nothing."
    status: str
    "RFC 3463."
    will_retry_until: datetime | None = None
    original: str = ""
    "What it was called before, as ORCPT said it; empty: that was not said."


@dataclass(frozen=True, slots=True)
class About:
    """The mail that is reported."""

    job: int
    occasion: Notify
    to: str
    "Who is told."
    subject: str
    message_id: str
    submitted_at: datetime
    envelope_id: str
    recipients: Sequence[Reported]
    server: str
    "Name of the submission server."
    last_attempt: datetime | None
    "None: it was never tried."
    advice: Advice | None
    original: Part
    "Its header, or all of it."
    last: bool = False
    "For now: of other mails that end its reader is told otherwise."


def compose(about: About, header: Header) -> Message:
    """Raises Unencodable where an address or the Message-ID cannot stand in a header."""
    subject = about.subject[:SUBJECT_MOST] or header.words.say("report.no-subject")
    fields: tuple[Field, ...] = (
        date(header.date),
        Mailboxes("From", (Mailbox(header.from_address, header.from_name),)),
        Mailboxes("To", (Mailbox(about.to),)),
        Text("Subject", header.words.say(SUBJECTS[about.occasion], subject=subject)),
        Structured("Message-ID", (header.message_id,)),
        *answered(about.message_id),
        ANSWERS,
    )
    status = Part("message/delivery-status", Encoding.SEVEN_BIT, for_programs(about, header))
    return Message(
        header.message_id, fields, (for_people(about, header), status, about.original), together=REPORT
    )


def answered(message_id: str) -> tuple[Field, ...]:
    """So that it stands beside the mail that it is about."""
    try:
        fields = tuple(Structured(name, (message_id,)) for name in ("In-Reply-To", "References"))
        for each in fields:
            _ = each.octets
    except Unencodable:
        return ()
    return fields


def for_people(about: About, header: Header) -> Part:
    say, advice = header.words.say, about.advice
    lines = [f"{each.address}: {each.outcome}" for each in about.recipients]
    told = [] if advice is None else [
        say("report.cause", cause=advice.cause),
        say("report.remedy", remedy=advice.remedy),
        say("report.who", who=who(advice.actor, header)),
    ]  # fmt: skip
    return paragraphs(
        [say(TEXTS[about.occasion])],
        [
            *named(header, ("letter.device", header.device_name), ("report.job", str(about.job))),
            *named(header, ("report.subject", about.subject), ("report.given", about.submitted_at)),
        ],
        [say("report.recipients"), *lines],
        told,
        [say("report.last")] if about.last else [],
    )


def who(actor: Actor, header: Header) -> str:
    """Whoever reads it is the person that the advice means."""
    return header.words.say("report.you") if actor is Actor.PERSON else header.words.actor(actor)


def for_programs(about: About, header: Header) -> bytes:
    """RFC 3464 section 2."""
    domain = header.from_address.rpartition("@")[2]
    named_so = DOMAIN.fullmatch(header.device_name)
    mta = header.device_name if named_so else domain if domain.isascii() else "localhost"
    blocks = [
        [
            line("Reporting-MTA", f"dns; {mta}"),
            *([line("Original-Envelope-Id", about.envelope_id)] if about.envelope_id else []),
            line("Arrival-Date", format_datetime(about.submitted_at)),
        ]
    ]
    blocks += [of_recipient(each, each.action, about) for each in about.recipients if each.action]
    return b"\r\n".join(b"".join(block) for block in blocks)


def of_recipient(one: Reported, action: Action, about: About) -> list[bytes]:
    found = [
        *([line("Original-Recipient", first_typed(one.original))] if one.original else []),
        line("Final-Recipient", typed(one.address)),
        line("Action", action.value),
        line("Status", one.status),
    ]
    if of_server(one.reply):
        found += [line("Remote-MTA", f"dns; {about.server}")] if about.server.isascii() else []
        found.append(line("Diagnostic-Code", f"smtp; {one.reply}"))
    if about.last_attempt is not None:
        found.append(line("Last-Attempt-Date", format_datetime(about.last_attempt)))
    if one.will_retry_until is not None:
        found.append(line("Will-Retry-Until", format_datetime(one.will_retry_until)))
    return found


def typed(address: str) -> str:
    """With its type (RFC 3464 section 2.3.2), or that of RFC 6533 section 3."""
    if address.isascii():
        return f"rfc822; {addr_spec(address)}"
    return "utf-8; " + NO_XTEXT.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", address)


def first_typed(original: str) -> str:
    """An ORCPT that fits, as a field says it (RFC 3461 section 5.2.1 (d), RFC 6533 section 3)."""
    kind, _, address = original.partition(";")
    return f"{kind}; {address if kind.lower() == 'utf-8' else plain_of(address)}"


def line(name: str, value: str) -> bytes:
    """A field, in ASCII; what is not is a question mark."""
    text = "".join(each if " " <= each <= "~" else "?" if each > "~" else " " for each in value)
    return fold(name, [word[:WORD_MOST] for word in text.split()])


def header_back(octets: bytes) -> Part:
    """`octets`: fields, each with its line ends. Anything may stand in what a program wrote."""
    if octets.isascii() and all(len(each) <= LINE_MAX for each in octets.split(b"\r\n")):
        return Part("text/rfc822-headers", Encoding.SEVEN_BIT, octets)
    return Part("text/rfc822-headers", Encoding.QUOTED_PRINTABLE, quoted_lines(octets), charset="utf-8")


def message_back(octets: bytes) -> Part | None:
    """All of it; None: it is no message of seven bits, and RFC 2046 section 5.2.1 lets no other encoding
    stand there.
    """
    return Part("message/rfc822", Encoding.SEVEN_BIT, octets) if octets.isascii() else None
