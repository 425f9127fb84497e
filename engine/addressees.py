"""What became of each recipient of a job, over all its tries (S33c).

A server may take a message for some, refuse others for now and others for good. Whoever was taken or refused
for good is settled; a retry goes to those who wait, and to nobody else. Where the outcome of a try stayed
unknown, those whom it was under way to go on waiting, and are marked: they alone may get the message twice.

Rule: nobody who was taken is ever asked for again. What cannot be told apart counts as waiting.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import TypeAdapter

from .ports import Outcome, Recipient, Verdict
from .records import JobOutcome


class Fate(StrEnum):
    """Of one recipient."""

    WAITS = "waits"
    TAKEN = "taken"
    REFUSED = "refused"
    "For good."


@dataclass(frozen=True, slots=True)
class Addressee:
    address: str
    fate: Fate = Fate.WAITS
    reply: str = ""
    "What the server said last of this recipient, or of the whole message."
    unknown: int = 0
    "Tries with no known end that it may have been taken in (RFC 1047)."
    notified: bool = False
    "The server that took it was asked to tell what becomes of it (RFC 3461)."


Addressees = tuple[Addressee, ...]
ADDRESSEES: TypeAdapter[Addressees] = TypeAdapter(Addressees, config={"defer_build": True})
FOR_GOOD = frozenset({Verdict.ENDED, Verdict.SENDER_REFUSED})


def addressees(addresses: Iterable[str], outcome: JobOutcome | None, unknown: int) -> Addressees:
    """As the store knows them. `unknown`: how often the outcome of a try was, by the job's machine; what is
    more than the row tells of was cut short, so that it may have reached whoever waited.
    """
    stored = ADDRESSEES.validate_json(outcome.recipients) if outcome else ()
    known = {each.address: each for each in stored}
    found = (known.get(address, Addressee(address)) for address in dict.fromkeys(addresses))
    untold = max(unknown - (outcome.unknown if outcome else 0), 0)
    if not untold:
        return tuple(found)
    return tuple(
        replace(each, unknown=each.unknown + untold) if each.fate is Fate.WAITS else each for each in found
    )


def waiting(before: Addressees) -> tuple[str, ...]:
    return tuple(each.address for each in before if each.fate is Fate.WAITS)


def count(found: Addressees, fate: Fate) -> int:
    return sum(each.fate is fate for each in found)


def after(before: Addressees, sent: Outcome) -> Addressees:
    """After a try that went to those who waited. A server that says nothing of a recipient has said of it
    what it said of the message.
    """
    said = {each.address: each for each in sent.recipients}
    return tuple(
        settled(each, said.get(each.address), sent) if each.fate is Fate.WAITS else each for each in before
    )


def settled(one: Addressee, said: Recipient | None, sent: Outcome) -> Addressee:
    """Of one who waited. A message that is refused for good is so for whom the server put off, too."""
    own = said if said is not None and not said.accepted else None
    words = own.reply if own is not None else f"{sent.code} {sent.reply}".rstrip()
    if sent.verdict in FOR_GOOD or (own is not None and own.verdict in FOR_GOOD):
        return replace(one, fate=Fate.REFUSED, reply=words)
    if own is not None:
        return replace(one, reply=words)
    if sent.verdict is Verdict.SENT:
        said_last = said.reply if said is not None else words
        return replace(one, fate=Fate.TAKEN, reply=said_last, notified=sent.notified)
    if sent.verdict is Verdict.UNKNOWN:
        return replace(one, unknown=one.unknown + 1, reply=words)
    return replace(one, reply=words) if sent.answered else one


def first_refused(sent: Outcome, verdicts: Sequence[Verdict]) -> Recipient | None:
    """The first recipient of whom the server said something of this kind."""
    return next((each for each in sent.recipients if not each.accepted and each.verdict in verdicts), None)
