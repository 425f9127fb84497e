"""What a client sends, as command lines and as the lines of a message (RFC 5321 sections 2.3.8 and 4.5.2).

Rule: CR and LF together end a line, and nothing else does; a message ends with a line that is one dot, and
with nothing else. What stands behind either is kept for what comes next.
"""

import asyncio

READ_OCTETS = 1 << 16
"At once, and what may wait unread: more than that the client has to keep."
LINE_MOST = 4_096
"Octets of a command with its CRLF: 512 and what the extensions add to them (RFC 5321 section 4.5.3.1.4)."
SASL_LINE_MOST = 12_288
"The same for a response to a challenge (RFC 4954 section 4)."
SKIPPED_MOST = 1 << 20
"Octets of one line that are thrown away before its sender is let go."
MESSAGE_LINE_MOST = 1_000
"With its CRLF, without the dot that was put in front (RFC 5321 section 4.5.3.1.6)."
END = b"\r\n.\r\n"


class LineUnfit(Exception):
    """A command line that is none; it was read to its end."""


class LineTooLong(LineUnfit):
    pass


class LineBare(LineUnfit):
    """LF alone ended it, or CR stands within it."""


class GoneAway(Exception):
    """The client has closed the connection, or sends a line without end."""


class Wire:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.held = bytearray()
        "What came and was not asked for yet."

    @property
    def more_waits(self) -> bool:
        """Another command has come already (RFC 2920)."""
        return b"\n" in self.held

    @property
    def anything_waits(self) -> bool:
        return bool(self.held) or bool(getattr(self.reader, "_buffer", b""))

    async def more(self) -> bytes:
        """Raises GoneAway, ConnectionError."""
        octets = await self.reader.read(READ_OCTETS)
        if not octets:
            raise GoneAway
        return octets

    async def line(self, most: int = LINE_MOST) -> bytes:
        """The next command, without its end. Raises LineUnfit, GoneAway, ConnectionError."""
        held = self.held
        while (end := held.find(b"\n")) < 0:
            if len(held) > most:
                await self.skip()
                raise LineTooLong
            held += await self.more()
        line = bytes(held[: end + 1])
        del held[: end + 1]
        if len(line) > most:
            raise LineTooLong
        if not line.endswith(b"\r\n") or line.find(b"\r") != end - 1:
            raise LineBare
        return line[:-2]

    async def skip(self) -> None:
        """To the end of the line. Raises GoneAway, ConnectionError."""
        skipped = 0
        while (end := self.held.find(b"\n")) < 0:
            skipped += len(self.held)
            if skipped > SKIPPED_MOST:
                raise GoneAway
            self.held[:] = await self.more()
        del self.held[: end + 1]


class Body:
    """The message that comes now."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.octets = len(wire.held)
        "That came of it, with what was thrown away and what stands behind it."
        # What stands before is the end of the DATA command, so that a dot may come first.
        self.held, wire.held = bytearray(b"\r\n") + wire.held, bytearray()
        self.looked = 0
        "Octets in which its end was not found."
        self.ended = False

    async def block(self) -> bytes:
        """The next whole lines, without the dots that were put in front; nothing: that was all. A line that
        is longer than any may be comes in parts. Raises GoneAway, ConnectionError.
        """
        while not self.ended:
            held = self.held
            end = held.find(END, max(0, self.looked - len(END)))
            if end >= 0:
                self.ended = True
                self.wire.held = held[end + len(END) :]
                return unstuffed(held[: end + 2])
            if found := self.lines():
                return found
            octets = await self.wire.more()
            self.octets += len(octets)
            held += octets
        return b""

    def lines(self) -> bytes:
        held, found = self.held, b""
        last = held.rfind(b"\r\n")
        if last > 0:
            found = unstuffed(held[: last + 2])
            del held[:last]
        elif len(held) > 2 * MESSAGE_LINE_MOST:  # nobody takes it: what it ends with matters alone
            found = unstuffed(held)
            del held[: -len(END)]
        self.looked = len(held)
        return found


def unstuffed(held: bytearray) -> bytes:
    """`held` begins with the end of the line before."""
    return bytes(held.replace(b"\r\n.", b"\r\n"))[2:]
