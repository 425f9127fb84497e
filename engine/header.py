"""The header of a message that somebody else wrote, as far as the device must read or change it (RFC 5322).

Rule: nothing here corrects anybody's message. A line that is no field ends the header, and is the body's
first one.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses
from functools import cached_property
from typing import NamedTuple

HEADER_MOST = 256 * 1024
"Octets: no mail that people or programs write has more."
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*\r\n(?:[ \t][^\n]*\r\n)*)")
FOLD = re.compile(r"\r\n(?=[ \t])")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
PLAIN = re.compile(
    rf"(?P<one>{ATOM}@{ATOM})|"
    rf"(?:\"?(?P<name>[A-Za-z0-9_' -]*[A-Za-z0-9_'-])\"? *)?<(?P<address>{ATOM}@{ATOM})>"
)
BLANKS = r"(?:[ \t]|\((?:[^()\\\x00-\x1f\x7f]|\\[ -~])*\))*+"
"And comments, each closed, none within another (RFC 5322 section 3.2.2)."
WORD = r"(?:[^\s()<>\[\]:;@\\,\"\x00-\x1f\x7f]++|\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*+\")"
ONE_MAILBOX = re.compile(
    rf"{BLANKS}(?:(?P<one>{ATOM}@{ATOM})|(?:{WORD}{BLANKS})*+<(?P<address>{ATOM}@{ATOM})>){BLANKS}"
)
"However a parser reads it: no group, no route, no second one."
MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
SHOWN = 900
"Characters of a subject that lists show."


class GivenField(NamedTuple):
    """One field."""

    name: str
    "In small letters."
    octets: bytes
    "All of it, as it was given, with its line ends."

    @property
    def text(self) -> str:
        """What stands behind the colon, in one line; what is no UTF-8 is read as Latin-1."""
        value = self.octets.partition(b":")[2]
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        return FOLD.sub("", text).strip()

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """Display name and address of each mailbox."""
        text = self.text
        if plain := PLAIN.fullmatch(text):  # as nearly all are: the parser takes ten times as long
            return ((plain["name"] or "", plain["one"] or plain["address"]),)
        try:
            return tuple((name, address) for name, address in getaddresses([text]) if address)
        except RecursionError:
            return ()

    @property
    def mailbox(self) -> str:
        """The one address, where nobody could read another one in it; else empty."""
        found = ONE_MAILBOX.fullmatch(self.text)
        return (found["one"] or found["address"]) if found else ""


def decoded(text: str) -> str:
    """With its encoded words as people read them (RFC 2047)."""
    text = text[: 4 * SHOWN]
    if "=?" in text:
        with suppress(HeaderParseError, LookupError, ValueError):  # it is shown as it was written
            return str(make_header(decode_header(text)))
    return text


@dataclass(frozen=True)
class Header:
    """What several ask of it is found once."""

    fields: tuple[GivenField, ...]
    end: int
    "Octets, with the empty line: where the body begins."

    @classmethod
    def of(cls, octets: bytes) -> "Header":
        """`octets`: the message, or at least its header; lines end with CRLF."""
        fields, at = [], 0
        if octets.startswith(b"From "):  # a mailbox file's line, which is no part of the message
            at = octets.find(b"\n") + 1
        while match := FIELD.match(octets, at):
            fields.append(GivenField(match[1].decode().lower(), match[0]))
            at = match.end()
        return cls(tuple(fields), at + 2 if octets.startswith(b"\r\n", at) else at)

    def named(self, name: str) -> Iterator[GivenField]:
        return (each for each in self.fields if each.name == name)

    def text(self, name: str) -> str:
        """Of the first field with this name; empty: there is none."""
        return next((each.text for each in self.named(name)), "")

    @cached_property
    def message_id(self) -> str:
        """With its angle brackets; empty: there is none that is one."""
        found = MESSAGE_ID.search(self.text("message-id"))
        return found[0] if found else ""

    @property
    def subject(self) -> str:
        """As people read it, in one line."""
        text = decoded(self.text("subject"))
        return "".join(each if each.isprintable() else " " for each in text)[:SHOWN].strip()

    @cached_property
    def writers(self) -> tuple[tuple[str, str], ...]:
        """Display name and address of each mailbox in From."""
        return tuple(found for each in self.named("from") for found in each.addresses)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Of To, Cc and Bcc, each once."""
        found = (
            address
            for each in self.fields
            if each.name in ("to", "cc", "bcc")
            for _, address in each.addresses
        )
        return tuple(dict.fromkeys(found))
