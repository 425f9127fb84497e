"""Header fields as data, and as the octets of RFC 5322, 2047 and 2231.

Rule: a field's octets are printable ASCII (UTF-8 only inside an address, RFC 6532) in lines of at most 78
octets where the value allows it and never more than 998; whatever could end the line or pass for an encoded
word is encoded, so that no value adds a field. The standard library's `Header` is not used: it splits at
every line separator that Unicode knows and loses them.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

LINE = 78
LINE_MAX = 998
ADDRESSES = 256
"Remembered in their form on the wire: each stands in the header and in the envelope, and most come again."
WORD = 60
"Longer words of plain text are encoded, for they could not be folded."
ENCODED_WORD = 39
"Octets of UTF-8 in one encoded word: 64 characters with its marks, so that one fits behind any field's name."
SECTION = 56
"Characters of a parameter's value in one section (RFC 2231 section 3)."
ATTRIBUTE = "!#$&+-.^_`{}~|"
"What a section may hold as it is, beside letters and digits."

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTABLE = re.compile(r"[ -~]{1,60}")
_UNQUOTED = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")
_LOCAL = re.compile(r"[^\s<>\x00-\x1f\x7f]+")
_DOT_ATOM = re.compile(r"[^\s()<>@,;:\\\".\[\]]+(?:\.[^\s()<>@,;:\\\".\[\]]+)*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_DOMAIN = re.compile(r"[^\s()<>@,;:\\\"\[\]\x00-\x1f\x7f]+|\[[0-9A-Za-z.:-]+\]")


class Unencodable(ValueError):
    """A value that no header field or command line can carry: where it stands, and why; never the value."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(field, why)
        self.field = field
        self.why = why


class Field(Protocol):
    @property
    def octets(self) -> bytes:
        """The whole field with its line ends; raises Unencodable."""

    @property
    def international(self) -> bool:
        """It can only be sent with SMTPUTF8 (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Text:
    """An unstructured field: Subject and its like."""

    name: str
    value: str

    @property
    def octets(self) -> bytes:
        return fold(self.name, _words(self.value))

    @property
    def international(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Mailbox:
    address: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """An address field: From, To, Cc."""

    name: str
    mailboxes: tuple[Mailbox, ...]

    @property
    def octets(self) -> bytes:
        words: list[str] = []
        for mailbox in self.mailboxes:
            words += [*_phrase(mailbox.display_name), f"<{addr_spec(mailbox.address)}>,"]
        words[-1] = words[-1].removesuffix(",")
        return fold(self.name, words)

    @property
    def international(self) -> bool:
        return not all(mailbox.address.isascii() for mailbox in self.mailboxes)


@dataclass(frozen=True, slots=True)
class Structured:
    """A field whose value is in its final form already: Message-ID, MIME-Version, Content-Type."""

    name: str
    words: tuple[str, ...]

    @property
    def octets(self) -> bytes:
        if not all(map(_PLAIN.fullmatch, self.words)):
            raise Unencodable(self.name, "not printable ASCII")
        return fold(self.name, self.words)

    @property
    def international(self) -> bool:
        return False


def date(when: datetime) -> Structured:
    """Raises Unencodable for a moment without a time zone (RFC 5322 section 3.3)."""
    if when.tzinfo is None:
        raise Unencodable("Date", "no time zone")
    return _date(when.replace(microsecond=0), when.utcoffset())


@lru_cache(8)
def _date(when: datetime, _: timedelta | None) -> Structured:
    """Of one second: very many messages may be made in it. The same moment of another time zone is another
    one.
    """
    return Structured("Date", (format_datetime(when),))


@lru_cache(ADDRESSES)
def addr_spec(address: str) -> str:
    """RFC 5321 section 4.1.2: the local part is quoted where it must be. Raises Unencodable."""
    local, _, domain = address.rpartition("@")
    if not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise Unencodable("address", "not an e-mail address")
    return address if _DOT_ATOM.fullmatch(local) else f"{quoted_string(local)}@{domain}"


def xtext(text: str) -> str:
    """For a parameter of a command (RFC 3461 section 4). Raises Unencodable for what is not ASCII."""
    if not text.isascii():
        raise Unencodable("parameter", "not ASCII")
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in text)


def plain_of(text: str) -> str:
    """What xtext says."""
    return _HEX.sub(lambda found: chr(int(found[1], 16)), text)


def quoted_string(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def parameter(name: str, value: str) -> list[str]:
    """A MIME parameter in words that end with a semicolon: quoted, or in the sections of RFC 2231.

    A quotation mark goes in a section, too: some readers end the value at it, whatever stands before it.
    """
    if len(value) <= WORD and _UNQUOTED.fullmatch(value) and "=?" not in value:
        return [f"{name}={quoted_string(value)};"]
    sections = list(_sections(value))
    if len(sections) == 1:
        return [f"{name}*=utf-8''{sections[0]};"]
    lead = (f"utf-8''{sections[0]}", *sections[1:])
    return [f"{name}*{number}*={section};" for number, section in enumerate(lead)]


def fold(name: str, words: Sequence[str]) -> bytes:
    """The field, folded between words. Raises Unencodable if a word leaves no room for that."""
    if not _NAME.fullmatch(name):
        raise Unencodable(name, "not the name of a field")
    whole = " ".join((f"{name}:", *words)).encode()
    if len(whole) <= LINE:
        return whole + b"\r\n"
    lines, line = [], f"{name}:".encode()
    for number, word in enumerate(words):
        octets = word.encode()
        if number and len(line) + 1 + len(octets) > LINE:
            lines.append(line)
            line = b""
        line += b" " + octets
    lines.append(line)
    if max(map(len, lines)) > LINE_MAX:
        raise Unencodable(name, "too long for a line")
    return b"\r\n".join(lines) + b"\r\n"


def _words(text: str) -> list[str]:
    if not text:
        return []
    plain = text.split(" ")
    if _PLAIN.fullmatch(text) and "=?" not in text and max(map(len, plain)) <= WORD:
        return plain
    return list(_encoded_words(text))


def _phrase(name: str) -> list[str]:
    if not name:
        return []
    if _ATOMS.fullmatch(name) and "=?" not in name and max(map(len, name.split(" "))) <= WORD:
        return name.split(" ")
    if _QUOTABLE.fullmatch(name) and "=?" not in name:
        return [quoted_string(name)]
    return list(_encoded_words(name))


def _encoded_words(text: str) -> Iterator[str]:
    """RFC 2047 section 5(3): each word holds whole characters."""
    for chunk in _chunks(text, ENCODED_WORD, len):
        yield f"=?utf-8?b?{b64encode(chunk).decode()}?="


def _sections(value: str) -> Iterator[str]:
    for chunk in _chunks(value, SECTION, lambda octets: len(quote(octets, safe=ATTRIBUTE))):
        yield quote(chunk, safe=ATTRIBUTE)


def _chunks(text: str, limit: int, measure: Callable[[bytes], int]) -> Iterator[bytes]:
    chunk, length = b"", 0
    for character in text:
        octets = character.encode("utf-8", "replace")
        size = measure(octets)
        if chunk and length + size > limit:
            yield chunk
            chunk, length = b"", 0
        chunk += octets
        length += size
    yield chunk
