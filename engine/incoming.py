"""A message that a program brings, on its way into the spool (B13): taken as it comes, sealed as it lies
there, and never whole in memory.

Its lines are ended by CRLF, whatever they were ended by; nothing else of it is changed here.

Rule: before its job is committed it is nothing: whoever stops in the middle leaves nothing behind.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from .content_port import Content, OpenContent
from .contents import InRow
from .header import HEADER_MOST, Header
from .pieces import PIECE_OCTETS, FileKey, Sealing, sealed
from .room import Reserved
from .spool import SMALL_OCTETS, Kept, SpooledFile, Taken, on_disk, origin, sync, write_all
from .spool_folders import Spool, unwritable
from .words import Spoken

LINE_MOST = 998
"Octets, without the line end (RFC 5322 section 2.1.1)."
NAME = "message.eml"
STEP_OCTETS = 1 << 20
"Of room that is taken at once."
END_OF_LINE = re.compile(rb"\r\n|\r|\n")


class MessageUnfit(Spoken, ValueError):
    """No server would take it, or not as it is. Nothing was kept of it."""

    def __init__(self, meaning: str, /, **fields: object) -> None:
        """`meaning`: such as `message.line`."""
        self.meaning = meaning
        super().__init__(meaning, **fields)


class Lines:
    """Of a message that comes in pieces: each ended by CRLF, none too long."""

    def __init__(self, *, strict: bool = False) -> None:
        """`strict`: by SMTP each line is ended by CRLF, and whatever else might pass for a line's end lets
        two readers see two messages.
        """
        self.strict, self.number, self.length, self.held = strict, 1, 0, b""

    def fed(self, octets: bytes) -> bytes:
        """Raises MessageUnfit."""
        octets = self.held + octets if self.held else octets
        self.held = b"\r" if octets.endswith(b"\r") else b""
        if self.held:
            octets = octets[:-1]
        if b"\0" in octets:
            raise MessageUnfit("message.nul", line=self.number + octets[: octets.index(b"\0")].count(b"\n"))
        whole = octets.count(b"\r\n")
        if octets.count(b"\n") != whole or octets.count(b"\r") != whole:
            if self.strict:
                raise MessageUnfit("message.bare")
            octets = END_OF_LINE.sub(b"\r\n", octets)
        self.measure(octets)
        return octets

    def measure(self, octets: bytes) -> None:
        """Raises MessageUnfit."""
        lines = octets.split(b"\r\n")
        self.length += len(lines[0])
        if self.length > LINE_MOST or (len(octets) > LINE_MOST and max(map(len, lines)) > LINE_MOST):
            lines[0] = lines[0].rjust(self.length)
            long = next(at for at, line in enumerate(lines) if len(line) > LINE_MOST)
            raise MessageUnfit("message.line", line=self.number + long, most=LINE_MOST)
        if len(lines) > 1:
            self.number += len(lines) - 1
            self.length = len(lines[-1])

    def ended(self) -> bytes:
        """What is left to be written. Raises MessageUnfit."""
        left = self.held
        self.held = b""
        if left and self.strict:
            raise MessageUnfit("message.bare")
        unended, self.length = bool(left or self.length), 0
        return b"\r\n" if unended else b""


class Written:
    """A file of the spool that is written as its octets come."""

    def __init__(self, path: Path, key: FileKey | None) -> None:
        """Raises OSError."""
        path.parent.mkdir(mode=0o700)
        self.path, self.sealing = path, None if key is None else Sealing(key)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            path.parent.rmdir()
            raise
        self.file = os.fdopen(file, "wb", buffering=0)
        self.rest = bytearray()

    def add(self, octets: bytes | bytearray) -> None:
        """Raises OSError. What is left is never nothing, so that the last piece is known for one."""
        self.rest += octets
        while len(self.rest) > PIECE_OCTETS:
            self.put(bytes(self.rest[:PIECE_OCTETS]), last=False)
            del self.rest[:PIECE_OCTETS]

    def put(self, piece: bytes, *, last: bool) -> None:
        write_all(self.file, piece if self.sealing is None else self.sealing.piece(piece, last=last))

    def finish(self) -> None:
        """It lies there durably. Raises OSError."""
        self.put(bytes(self.rest), last=True)
        self.rest.clear()
        os.fsync(self.file.fileno())
        self.file.close()
        sync(self.path.parent)
        sync(self.path.parent.parent)


@dataclass(frozen=True, slots=True)
class Begun:
    """A message of which the header is known already. Fulfils `ports.Content`."""

    content: Content
    header: Header

    @property
    def octets(self) -> int:
        return self.content.octets

    def open(self) -> OpenContent:
        return self.content.open()


class Incoming:
    def __init__(
        self,
        spool: Spool,
        room: Reserved,
        number: Callable[[], int],
        ready: Callable[[], None] | None,
        *,
        strict: bool,
    ) -> None:
        """`number`: the next job's; `ready`: raises SealFailed where nothing can be sealed; None: it lies
        unsealed on the disk.
        """
        self.spool, self.room, self.number, self.ready = spool, room, number, ready
        self.lines = Lines(strict=strict)
        self.mark = ""
        "As in `JobRow`."
        self.octets, self.digest = 0, sha256()
        self.buffer = bytearray()
        "What has come and is not written yet: all of it, while it is small."
        self.begin: bytearray | None = bytearray()
        "Of the message, until its header is whole."
        self.found: Header | None = None
        self.job = 0
        "Its number, once something lies on the disk, or it is submitted."
        self.key: FileKey | None = None
        self.file: Written | None = None
        self.thread: asyncio.Future[None] | None = None
        "Which writes it, or did last."
        self.kept = False
        "It is its job's now: whoever makes that durable drops what has no job."

    async def write(self, octets: bytes) -> None:
        """Raises MessageUnfit, NoRoom, SealFailed, StoreFailed."""
        await self.add(self.lines.fed(octets))

    async def add(self, octets: bytes) -> None:
        self.octets += len(octets)
        self.digest.update(octets)
        self.read_header(octets)
        self.buffer += octets
        if len(self.buffer) > (PIECE_OCTETS if self.file else SMALL_OCTETS):
            if self.file is None and self.ready is not None:
                self.ready()  # before much is written that could not be kept
            if self.octets > self.room.octets:
                self.room.at_least(self.octets + STEP_OCTETS)
            await self.in_thread(self.put)

    def read_header(self, octets: bytes) -> None:
        """Raises MessageUnfit."""
        if self.begin is None:
            return
        self.begin += octets
        whole = self.begin.startswith(b"\r\n") or b"\r\n\r\n" in self.begin
        if not whole and len(self.begin) < HEADER_MOST:
            return
        begin = bytes(self.begin[:HEADER_MOST])
        header = Header.of(begin)
        blank = header.end == 2 or begin.endswith(b"\r\n\r\n", 0, header.end)
        if not blank and b"\r\n" not in begin[header.end :]:  # a line that is no field ends it, too
            raise MessageUnfit("message.header", most=HEADER_MOST)
        self.found, self.begin = header, None

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Who is cancelled leaves it running, for no thread can be stopped: `gone` waits for it."""
        self.thread = asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.wait([self.thread])
        self.thread.result()

    def put(self) -> None:
        """In a thread. Raises StoreFailed."""
        try:
            if self.file is None:
                self.take_number()
                self.file = Written(self.spool.path(self.job, 0), self.key)
            self.file.add(self.buffer)
        except OSError as error:
            raise unwritable(error) from error
        self.buffer.clear()

    @property
    def on_disk(self) -> bool:
        return self.file is not None

    def take_number(self) -> int:
        if not self.job:
            self.job = self.number()
            self.key = FileKey.new(origin(self.job, 0)) if self.ready is not None else None
        return self.job

    async def ended(self) -> Header:
        """Nothing more comes. Raises MessageUnfit, NoRoom, SealFailed, StoreFailed."""
        await self.add(self.lines.ended())
        if self.begin is not None:
            self.found, self.begin = Header.of(bytes(self.begin)), None
        if self.octets == 0:
            raise MessageUnfit("message.empty")
        self.take_number()
        return self.header

    @property
    def header(self) -> Header:
        if self.found is None:
            raise AssertionError("it is known when the message has ended")
        return self.found

    async def taken(self) -> Taken:
        """It lies in the spool durably, or will with the job's commit. Raises StoreFailed."""
        digest = self.digest.hexdigest()
        if self.file is None:
            clear = bytes(self.buffer)
            body = clear if self.key is None else b"".join(sealed(self.key, [clear]))
            kept = Kept.ROW if self.key is None else Kept.SEALED_ROW
            row = SpooledFile(NAME, self.octets, digest, kept)
            content: Content = InRow(NAME, self.octets, body, self.key)
            return Taken((row,), (Begun(content, self.header),), (self.key,), body)
        await self.in_thread(partial(self.finish, self.file))
        kept = Kept.FILE if self.key is None else Kept.SEALED_FILE
        file = SpooledFile(NAME, self.octets, digest, kept)
        content = on_disk(self.file.path, file, self.key)
        return Taken((file,), (Begun(content, self.header),), (self.key,))

    def finish(self, file: Written) -> None:
        try:
            file.add(self.buffer)
            self.buffer.clear()
            file.finish()
        except OSError as error:
            raise unwritable(error) from error

    async def gone(self) -> None:
        """Nothing of it stays on the disk."""
        if self.thread is not None:
            await asyncio.wait([self.thread])
            self.thread.exception()  # whoever was cancelled did not hear of it
        if self.on_disk:
            await asyncio.to_thread(self.drop)

    def drop(self) -> None:
        if self.file is not None:
            self.file.file.close()
            shutil.rmtree(self.file.path.parent, ignore_errors=True)
