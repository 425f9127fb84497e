"""What the listener answers: which error means which reply, and what a reply looks like (RFC 5321 section
4.2, RFC 2034, RFC 3463).

Rule: a reply says what is wrong, what to do about it, and who must; the code says whether trying again helps.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ...machines.rules import Rule
from ..at_the_panel import UnknownUser
from ..incoming import MessageUnfit
from ..people import AddressUnusable, LoginEmpty, LoginReserved
from ..records import SealFailed, StoreFailed
from ..refusal import Refused
from ..room import NoRoom
from ..runtime import EngineFailed, EngineStopped
from ..smtp.fields import Unencodable
from ..words import Words
from .intake import NoSuchRecipient, NoSuchWriter, NotTaken, TooLarge, TooOften

LINE_MOST = 512
"Octets of a reply line with its CRLF (RFC 5321 section 4.5.3.1.5)."


class Reply(NamedTuple):
    code: int
    enhanced: str
    "Empty where there is none, such as in a greeting."
    text: str

    @property
    def ends(self) -> bool:
        """The connection is closed after it (RFC 5321 section 3.8)."""
        return self.code in (221, 421)

    @property
    def wrong(self) -> bool:
        """The client has to do something else; trying again does not help."""
        return self.code >= 500


def rendered(reply: Reply, *, utf8: bool = False) -> bytes:
    """Its lines; broken where a line would be too long. What is not ASCII is told where the client reads it
    (RFC 6531 section 3.7.4.1).
    """
    code, enhanced, text = reply
    if not text.isascii() and not utf8:
        text = text.encode("ascii", "backslashreplace").decode()
    begin = f" {enhanced} " if enhanced else " "
    room = LINE_MOST - len(f"{code}{begin}\r\n")
    if "\n" not in text and len(text) <= room and text.isascii() and text.isprintable():
        return f"{code}{begin}{text}\r\n".encode()
    lines = [each for line in text.splitlines() for each in broken(line, room)] or [""]
    begins = [*[begin.replace(" ", "-", 1)] * (len(lines) - 1), begin]
    return b"".join(f"{code}{each}{line}\r\n".encode() for each, line in zip(begins, lines, strict=True))


def broken(line: str, room: int) -> list[str]:
    """At blanks, into lines of at most `room` octets."""
    found, made = [], ""
    for word in "".join(each if each.isprintable() else " " for each in line).split():
        for part in pieces(word, room):
            wider = f"{made} {part}" if made else part
            if len(wider.encode()) > room:
                found.append(made)
                wider = part
            made = wider
    return [*found, made] if made else found


def pieces(word: str, room: int) -> list[str]:
    if len(word.encode()) <= room:
        return [word]
    step = room // 4  # octets of one character at most
    return [word[at : at + step] for at in range(0, len(word), step)]


OF_RULE: Mapping[str, tuple[int, str]] = MappingProxyType({
    "S33-size": (552, "5.3.4"),
    "S33-many": (550, "5.5.3"),
    "S5-none": (550, "5.3.5"),
    "S7-bulk": (550, "5.3.5"),
    "S17-sender": (550, "5.3.5"),
})  # fmt: skip
"Rules that are not about what somebody may do; the first that is broken says the code."
NOT_ALLOWED = (550, "5.7.1")
NOT_NOW = (450, "4.7.0")
"""A person's mail that the device's own would wait with (`Verdict.NOT_AVAILABLE`): it goes when the settings
are put right, so whoever has a queue of his own may try again.
"""
OF_ERROR: tuple[tuple[tuple[type[Exception], ...], int, str], ...] = (
    ((NotTaken,), 550, "5.7.1"),
    ((NoSuchWriter,), 550, "5.1.7"),
    ((NoSuchRecipient,), 550, "5.1.1"),
    ((TooLarge,), 552, "5.3.4"),
    ((TooOften,), 450, "4.7.1"),
    ((MessageUnfit,), 554, "5.6.0"),
    ((AddressUnusable, LoginReserved, LoginEmpty, UnknownUser), 550, "5.7.1"),
    ((Unencodable,), 554, "5.6.0"),
    ((NoRoom,), 452, "4.3.1"),
    ((StoreFailed, SealFailed), 451, "4.3.0"),
    ((EngineStopped, EngineFailed), 421, "4.3.2"),
)
"In this order; what is none of these is a fault of ours."
NOT_AN_ADDRESS = "5.1.3"
"In place of 5.1.1 where a recipient with an @ is none."
FAULT = Reply(
    451, "4.3.0", "The engine met a fault of its own, which its log names; nothing was kept. Try again"
)
STOPS = Reply(421, "4.3.2", "The engine stops; try again when it runs")


def reply_to(error: Exception, words: Words, rules: tuple[Rule, ...]) -> Reply | None:
    """`words`: of the language in which the client is told; `rules`: those of the engine, for a refusal keeps
    its rules in the device's language. None: a fault of ours.
    """
    if isinstance(error, Refused):
        return refusal(error, words, rules)
    if isinstance(error, NoSuchRecipient) and not error.is_name:
        return Reply(550, NOT_AN_ADDRESS, words.error(error))
    for kinds, code, enhanced in OF_ERROR:
        if isinstance(error, kinds):
            return Reply(code, enhanced, sentence(error, words))
    return None


def sentence(error: Exception, words: Words) -> str:
    """Never a value of a field that cannot be encoded."""
    if isinstance(error, Unencodable):
        return f"{error.field} cannot be written into a mail: {error.why}. Let the program write it otherwise"
    return words.error(error)


def refusal(error: Refused, words: Words, rules: tuple[Rule, ...]) -> Reply:
    own = {rule.code: rule for rule in rules}
    found = [words.told(own.get(rule.code, rule))._replace(actor=rule.actor) for rule in error.rules]
    lines = [f"{rule.sentence} {rule.remedy} ({words.actor(rule.actor)}; {rule.code})" for rule in found]
    code, enhanced = next((OF_RULE[rule.code] for rule in found if rule.code in OF_RULE), NOT_ALLOWED)
    if error.for_now:
        code, enhanced = NOT_NOW
    return Reply(code, enhanced, "\n".join(lines) or words.error(error))
