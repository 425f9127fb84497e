"""A server's replies (RFC 5321 section 4.2) and the strict reader that finds them in a stream.

Rule: whatever is not a reply within the limits ends the connection; a reply's words hold no control
character, so that they may be shown and logged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_MAX = 2_048
"Octets; RFC 5321 section 4.5.3.1.5 asks for 512."
LINES_MAX = 128

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CODES = range(200, 600)
"Of the replies that a command may have."


class Malformed(Exception):
    """Not a reply of RFC 5321."""


def shown(words: str) -> str:
    """In one line that may be shown and logged."""
    return _CONTROL.sub(" ", words).strip()


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    lines: tuple[str, ...]
    "Without the code."

    @classmethod
    def of(cls, code: int, text: str) -> "Reply":
        return cls(code, tuple(map(shown, text.split("\n"))))

    @classmethod
    def read(cls, code: int, text: str) -> "Reply":
        """As another reader found it. Raises Malformed for a code that is none."""
        if code not in CODES:
            raise Malformed(f"{code} {text}")
        return cls.of(code, text)

    @property
    def enhanced(self) -> str:
        """RFC 3463, of the same class as the code (RFC 2034 section 4); empty where the server gives none."""
        found = _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    @property
    def status(self) -> str:
        """`535 5.7.3`, or `535`."""
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def words(self) -> str:
        """In one line, without codes."""
        lead = self.enhanced
        bare = (
            _ENHANCED.sub("", line, count=1) if lead and line.startswith(lead) else line
            for line in self.lines
        )
        return " ".join(filter(None, bare))

    def __str__(self) -> str:
        return f"{self.status} {self.words}".rstrip()

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300


class Reader:
    """Fed with what arrives; gives whole replies."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._code = b""
        self._lines: list[str] = []

    def feed(self, octets: bytes) -> Iterator[Reply]:
        """Raises Malformed."""
        self._octets += octets
        while (end := self._octets.find(b"\n")) >= 0:
            if end > LINE_MAX:
                raise Malformed
            line = bytes(self._octets[:end]).removesuffix(b"\r")
            del self._octets[: end + 1]
            reply = self._line(line)
            if reply is not None:
                yield reply
        if len(self._octets) > LINE_MAX:
            raise Malformed

    def _line(self, line: bytes) -> Reply | None:
        found = _LINE.fullmatch(line)
        if found is None or (self._lines and found[1] != self._code) or len(self._lines) == LINES_MAX:
            raise Malformed
        self._code = found[1]
        self._lines.append((found[3] or b"").decode("utf-8", "backslashreplace"))
        if found[2] == b"-":
            return None
        text, self._lines = "\n".join(self._lines), []
        return Reply.of(int(found[1]), text)
