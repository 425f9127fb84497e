"""A message as `franking-sendmail` reads it from its standard input, and as it hands it on.

A small one stays in memory, a larger one in a file without a name, for it may have to be handed over twice:
to an engine that ends meanwhile, and then to the drop folder.
"""

import os
from collections.abc import Iterator

MEMORY_MOST = 1 << 20
BLOCK = 1 << 16
DOTS = (b".\n", b".\r\n")


class Outgoing:
    def __init__(self) -> None:
        self.begin = bytearray()
        "The message, as far as it is kept in memory."
        self.more: int | None = None
        "The file with what follows."
        self.size = 0

    def add(self, octets: bytes) -> None:
        """Raises OSError."""
        self.size += len(octets)
        room = MEMORY_MOST - len(self.begin)
        if room > 0:
            self.begin += octets[:room]
            octets = octets[room:]
        if octets:
            if self.more is None:
                self.more = nameless(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - it gets no name there
            write_all(self.more, octets)

    def put_before(self, octets: bytes) -> None:
        self.size += len(octets)
        self.begin[:0] = octets

    def drop_first_line(self) -> None:
        end = self.begin.find(b"\n") + 1 or len(self.begin)
        self.size -= end
        del self.begin[:end]

    def blocks(self) -> Iterator[bytes]:
        """Raises OSError."""
        for at in range(0, len(self.begin), BLOCK):
            yield bytes(self.begin[at : at + BLOCK])
        if self.more is not None:
            at = 0
            while block := os.pread(self.more, BLOCK, at):
                at += len(block)
                yield block


def nameless(folder: str) -> int:
    """Raises OSError."""
    return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)


def write_all(file: int, octets: bytes) -> None:
    """Raises OSError."""
    left = memoryview(octets)
    while left:
        left = left[os.write(file, left) :]


def read(file: int, *, until_dot: bool) -> Outgoing:
    """`until_dot`: a line with nothing but a dot ends it. Raises OSError."""
    found = Outgoing()
    with open(file, "rb", closefd=False) as stream:
        at_line = True
        while octets := stream.readline(BLOCK) if until_dot else stream.read(BLOCK):
            if until_dot and at_line and octets in DOTS:
                break
            found.add(octets)
            at_line = octets.endswith(b"\n")
    return found


def has_from(begin: bytes | bytearray) -> bool:
    """Whether the header names who writes; what is no field ends the header."""
    for line in bytes(begin).split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            continue
        name, colon, _ = line.partition(b":")
        if not colon or not name or b" " in name.rstrip(b" \t"):
            return False
        if name.rstrip(b" \t").lower() == b"from":
            return True
    return False


def from_line(name: str, address: str) -> bytes:
    """With what is no ASCII as encoded words (RFC 2047)."""
    if not name:
        return os.fsencode(f"From: {address}\n")
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return os.fsencode(f'From: "{quoted}" <{address}>\n')
    from binascii import b2a_base64

    pieces = [name[at : at + 10] for at in range(0, len(name), 10)]
    words = (b2a_base64(each.encode(errors="replace"), newline=False).decode() for each in pieces)
    encoded = "\n ".join(f"=?utf-8?b?{each}?=" for each in words)
    return os.fsencode(f"From: {encoded} <{address}>\n")
