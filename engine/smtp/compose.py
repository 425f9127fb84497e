"""One message as header fields and ordered parts, and the one writer that makes its octets.

Rule: the size is known before anything is written, and the writer never holds more than one block: about a
TLS record of whole lines, each ended by CRLF. The octets are a function of the message alone, so a retry
sends the same ones. Every part goes as 7-bit lines of at most 76 characters, so that no server needs
8BITMIME and nobody rewraps it.
"""

import binascii
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from typing import Self

from ..content_port import Content
from .as_given import GivenMessage
from .fields import Field, Structured, Unencodable, parameter

ENCODED_LINE = 76
INPUT_LINE = 57
LINES = 210
"210 lines of 78 octets are 16,380: one TLS record, and small enough for a processor's first cache."
BLOCK = INPUT_LINE * LINES
VERSION = b"MIME-Version: 1.0\r\n"
PART_HEADERS = 64
"Remembered: most parts have the same as one before, but for the file's name."

_split_lines = struct.Struct(f"{ENCODED_LINE}s" * LINES).unpack
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEVEN_BIT = re.compile(r"[\t -~]{0,76}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\ud800-\udfff]")


def file_name(name: str) -> str:
    """In one line: what no file name may hold becomes `_`, and space around it goes; `..` names no file."""
    safe = _UNSAFE.sub("_", name).strip()
    return safe if safe.strip(".") else "_"


class Encoding(StrEnum):
    SEVEN_BIT = "7bit"
    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the spool, to be sent in base64."""

    content: Content

    @property
    def size(self) -> int:
        characters = (self.content.octets + 2) // 3 * 4
        return characters + 2 * -(-characters // ENCODED_LINE)

    def check(self) -> None:
        """Raises FileChanged, or OSError where it cannot be read."""
        self.content.open().close()

    def blocks(self) -> Iterator[bytes]:
        """Raises FileChanged, OSError."""
        with closing(self.content.open()) as opened:
            for block in whole_blocks(opened.pieces()):
                yield base64_lines(block)


@dataclass(frozen=True, slots=True)
class Part:
    """A body part: encoded lines that are small enough to hold, or a file."""

    media_type: str
    encoding: Encoding
    content: bytes | File
    "Lines in their encoded form, or the file."
    name: str = ""
    "File name of an attachment; empty: shown in place."
    charset: str = ""
    application: str = ""
    "Which use of the media type it is (RFC 3302 section 5.2)."

    @classmethod
    def text(cls, text: str) -> Self:
        """Plain text of any length of lines, in any script."""
        lines = _LINE_END.split(text)
        if lines[-1] == "":
            lines.pop()
        if all(_SEVEN_BIT.fullmatch(line) and not line.startswith("From ") for line in lines):
            charset = "us-ascii"
            encoded = {Encoding.SEVEN_BIT: b"".join(f"{line}\r\n".encode() for line in lines)}
        else:
            charset = "utf-8"
            octets = [line.encode("utf-8", "replace") for line in lines]
            encoded = {
                Encoding.QUOTED_PRINTABLE: b"".join(map(_quoted_printable, octets)),
                Encoding.BASE64: base64_lines(b"".join(line + b"\r\n" for line in octets)),
            }
        encoding, content = min(encoded.items(), key=lambda item: len(item[1]))
        return cls("text/plain", encoding, content, charset=charset)

    @classmethod
    def attachment(cls, content: bytes | File, name: str, media_type: str, charset: str = "") -> Self:
        """Any name, as `file_name` makes it safe. Raises Unencodable for a malformed media type."""
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise Unencodable("Content-Type", "not a media type")
        lines = base64_lines(content) if isinstance(content, bytes) else content
        return cls(media_type, Encoding.BASE64, lines, file_name(name), charset)

    @property
    def header(self) -> bytes:
        """The fields' octets. Raises Unencodable."""
        return _part_header(self.media_type, self.encoding, self.name, self.charset, self.application)

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.size


@dataclass(frozen=True)
class Message:
    """Fulfils `ports.Composed`. The header has no Bcc, ever: those addresses are the envelope's alone."""

    message_id: str
    "With its angle brackets."
    fields: tuple[Field, ...]
    "What stands before the MIME fields, in order; Message-ID among them."
    parts: tuple[Part, ...]
    together: tuple[str, ...] = ("multipart/mixed;",)
    "What several parts are to each other: the media type, with its parameters but for the boundary."

    def __post_init__(self) -> None:
        if not self.parts:
            raise Unencodable("parts", "a message has at least one")
        # What no field can carry is told here, to whoever composes, and not in the middle of a dialogue.
        _ = self.pieces

    @cached_property
    def needs_smtputf8(self) -> bool:
        """An address in the header is not ASCII (RFC 6531)."""
        return any(each.international for each in self.fields)

    may_be_8bit = needs_8bitmime = False

    @cached_property
    def size(self) -> int:
        """Octets on the wire, before dots are doubled and without the final one (RFC 1870 section 3)."""
        return sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in self.pieces)

    @cached_property
    def files(self) -> tuple[File, ...]:
        return tuple(part.content for part in self.parts if isinstance(part.content, File))

    @cached_property
    def _boundary(self) -> str:
        """From the Message-ID, so that a retry has the same. `=_` stands in no quoted-printable or base64
        line (RFC 2045 section 6.7); plain ones are searched."""
        plain = b"".join(p.content for p in self.parts if isinstance(p.content, bytes))
        salt = self.message_id
        while (boundary := f"=_{sha256(salt.encode()).hexdigest()[:32]}").encode() in plain:
            salt += "."
        return boundary

    @cached_property
    def pieces(self) -> tuple[bytes | File, ...]:
        """The whole message, files left as files; each ends with CRLF."""
        if len(self.parts) == 1:
            part = self.parts[0]
            return _octets(self.fields) + VERSION + part.header + b"\r\n", part.content
        boundary = self._boundary
        together = Structured("Content-Type", (*self.together, f'boundary="{boundary}"'))
        pieces: list[bytes | File] = [_octets(self.fields) + VERSION + together.octets + b"\r\n"]
        for part in self.parts:
            pieces += [f"--{boundary}\r\n".encode() + part.header + b"\r\n", part.content]
            if part.encoding is not Encoding.BASE64:
                # The line end before a boundary is the boundary's (RFC 2046 section 5.1.1); base64 has one to
                # spare.
                pieces.append(b"\r\n")
        return *pieces, f"--{boundary}--\r\n".encode()


Sendable = Message | GivenMessage
"What goes over a connection."


def blocks(message: Sendable) -> Iterator[bytes]:
    """The octets of `message`, in blocks of whole lines; a block with no dot needs no dot doubled.

    Raises FileChanged, OSError: what was written then is no message and must not be ended as one.
    """
    small: list[bytes] = []
    for piece in message.pieces:
        if isinstance(piece, bytes):
            small.append(piece)
            continue
        yield b"".join(small)
        small = []
        yield from piece.blocks()
    if small:
        yield b"".join(small)


def whole_blocks(pieces: Iterator[bytes]) -> Iterator[bytes | memoryview]:
    """What comes in pieces of any size, in blocks of whole lines. Only what spans two pieces is put together
    anew.
    """
    rest = b""
    for piece in pieces:
        begin = 0
        if rest:
            begin = BLOCK - len(rest)
            rest += piece[:begin]
            if len(rest) < BLOCK:
                continue
            yield rest
        view, end = memoryview(piece), len(piece) - (len(piece) - begin) % BLOCK
        for at in range(begin, end, BLOCK):
            yield view[at : at + BLOCK]
        rest = piece[end:]
    if rest:
        yield rest


def _encoder() -> Callable[[bytes | memoryview], bytes]:
    try:
        from pybase64 import b64encode
    except ImportError:  # the extra `fast` is not installed
        return partial(binascii.b2a_base64, newline=False)
    return b64encode


_encoded = _encoder()


def base64_lines(octets: bytes | memoryview) -> bytes:
    """RFC 2045 section 6.8, every line ended."""
    encoded = _encoded(octets)
    if len(octets) == BLOCK:
        return b"\r\n".join(_split_lines(encoded)) + b"\r\n"
    return b"".join([encoded[i : i + ENCODED_LINE] + b"\r\n" for i in range(0, len(encoded), ENCODED_LINE)])


def quoted_lines(octets: bytes) -> bytes:
    """RFC 2045 section 6.7 of lines that each end with CRLF."""
    return b"".join(map(_quoted_printable, octets.removesuffix(b"\r\n").split(b"\r\n")))


def _quoted_printable(line: bytes) -> bytes:
    # Line by line, because b2a_qp guesses the kind of line end from the first that it meets.
    encoded = binascii.b2a_qp(line, istext=True).replace(b"=\n", b"=\r\n")
    return (b"=46" + encoded[1:] if encoded.startswith(b"From ") else encoded) + b"\r\n"


@lru_cache(PART_HEADERS)
def _part_header(media_type: str, encoding: Encoding, name: str, charset: str, application: str) -> bytes:
    media = [f"{media_type};"]
    if charset:
        media.append(f"charset={charset};")
    if application:
        media.append(f"application={application};")
    disposition = ["attachment;", *parameter("filename", name)] if name else ["inline;"]
    fields = (
        _last("Content-Type", media),
        Structured("Content-Transfer-Encoding", (encoding,)),
        _last("Content-Disposition", disposition),
    )
    return _octets(fields)


def _octets(fields: tuple[Field, ...]) -> bytes:
    return b"".join([each.octets for each in fields])


def _last(name: str, words: list[str]) -> Structured:
    return Structured(name, (*words[:-1], words[-1].removesuffix(";")))
