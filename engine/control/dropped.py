"""The drop folder: where programs of this machine leave their mail while no engine answers (B13).

A file there is written under another name, synchronised, and then named by its mark, which nobody can guess;
whose it is says its owner, as the system's word does at the socket. What exists when:

    the file                                   it was dropped
    the file and a job with its mark           its job is durable: the file goes, and makes no other one
    the job alone                              that was done
    the file in `refused`, and a text          it can never be taken

Rule: nothing that is written in a file says whose it is, and a file goes only when its job is durable.
"""

import asyncio
import logging
import os
import re
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError

from ..clock import EPOCH, sleep
from ..deeds import where
from ..header import HEADER_MOST
from ..programs.handing import MAGIC, MODE
from ..programs.intake import TooLarge
from ..programs.turned_away import of_error
from ..records import SealFailed, StoreFailed
from ..refusal import Refused
from ..room import NoRoom
from ..runtime import EngineFailed, EngineStopped
from ..spool import sync
from ..words import Spoken
from .messages import Messages, NotNow, Said, UnderWay, marked
from .peers import Peer, name_of, viewer_of
from .untaken import Untaken, tell

LOOK = timedelta(seconds=15)
"Between two looks; who drops has asked at the socket before."
LATEST = timedelta(minutes=15)
"A file that cannot be taken now is tried less and less often, and at least so often."
LEFT = timedelta(days=1)
"After which what a program began to write and did not finish is erased."
NAME = re.compile(r"[0-9a-f]{32}")
BEGIN = re.compile(rf"{MAGIC} ([0-9]{{20}})\n".encode())
BEGIN_OCTETS = len(MAGIC) + 22
QUERY_MOST = 600_000
STEP_OCTETS = 1 << 20
REFUSED = "refused"
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
LATER = (NoRoom, StoreFailed, SealFailed, EngineStopped, EngineFailed, UnderWay, NotNow, OSError)
log = logging.getLogger("franking")


class NotTakenUp(Spoken, ValueError):
    """What lies there is no message that a program dropped."""


class Dropped(NamedTuple):
    """One that is open."""

    file: int
    peer: Peer
    said: Said
    begin: int
    "Octets before the message."
    size: int
    "Of the message, in octets."


class Waits(NamedTuple):
    tries: int
    until: datetime


class Drop:
    def __init__(self, messages: Messages, folder: Path) -> None:
        self.messages, self.engine, self.folder = messages, messages.engine, folder
        self.waiting: dict[str, Waits] = {}
        self.left: set[tuple[str, int]] = set()
        "Names and inodes of what cannot even be moved."
        self.told: set[tuple[str, int]] = set()
        "Of what is to be moved, and whose owner knows it."

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except (OSError, StoreFailed) as error:
                log.error("the drop folder cannot be looked at now: %s", error)
            await sleep(self.engine.clock, LOOK)

    async def look(self) -> None:
        """Takes up what lies there and can be taken now. Raises OSError, StoreFailed."""
        names = await asyncio.to_thread(self.names)
        self.waiting = {name: each for name, each in self.waiting.items() if name in names}
        self.told = {each for each in self.told if each[0] in names}
        now = self.engine.clock.now()
        asked = {each.rpartition(":")[2] for each in self.messages.under_way}
        due = [each for each in names if each not in asked and self.is_due(each, now)]
        if not due:
            return
        for name in due:
            try:
                await self.take_up(name)
            except LATER as error:
                self.later(name, error)

    def is_due(self, name: str, now: datetime) -> bool:
        return name not in self.waiting or self.waiting[name].until <= now

    def names(self) -> list[str]:
        """The oldest first. What was begun long ago is erased."""
        found, there = list[tuple[int, str]](), set[tuple[str, int]]()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                there.add((entry.name, entry.inode()))
                with suppress(FileNotFoundError):  # it was taken away since then
                    found += self.waits(entry)
        self.left &= there
        return [name for _, name in sorted(found)]

    def waits(self, entry: os.DirEntry[str]) -> Iterator[tuple[int, str]]:
        """With its time, where it does. Raises OSError."""
        about = entry.stat(follow_symlinks=False)
        begun = (self.engine.clock.now() - LEFT - EPOCH).total_seconds()
        if entry.name == REFUSED or (entry.name, about.st_ino) in self.left:
            return
        if not entry.name.startswith("."):
            yield about.st_mtime_ns, entry.name
        elif about.st_mtime < begun and not entry.is_dir(follow_symlinks=False):
            (self.folder / entry.name).unlink(missing_ok=True)

    async def take_up(self, name: str) -> None:
        """Raises what is for later."""
        try:
            dropped = await asyncio.to_thread(self.opened, name)
        except FileNotFoundError:
            return
        except NotTakenUp as error:
            await self.refuse(name, error)
            return
        try:
            if self.messages.known(marked(dropped.peer, name)) is None:
                await self.take(dropped)
        except LATER:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its owner is told
            if not isinstance(error, Spoken | Refused | ValidationError):
                log.error("a dropped message met a fault of the program: %s", where(error))
            await self.refuse(name, error, dropped)
        else:
            await asyncio.to_thread(self.erase, name)
        finally:
            os.close(dropped.file)
        self.waiting.pop(name, None)

    async def take(self, dropped: Dropped) -> None:
        most, peer = self.engine.settings.programs.octets, dropped.peer
        if dropped.size > most:
            raise TooLarge(most)
        viewer = viewer_of(peer, self.engine.settings.control)
        await self.messages.take(peer, viewer, dropped.said, octets(dropped))

    def later(self, name: str, error: Exception) -> None:
        tries = self.waiting[name].tries + 1 if name in self.waiting else 1
        wait = min(LATEST, LOOK * 2 ** min(tries, 10))
        self.waiting[name] = Waits(tries, self.engine.clock.now() + wait)
        level = logging.WARNING if tries == 1 else logging.INFO
        log.log(level, "a dropped message waits for %s: %s", wait, of_error(error))

    def opened(self, name: str) -> Dropped:
        """Raises NotTakenUp, OSError."""
        path, group = self.folder / name, self.folder.stat().st_gid
        check(path.lstat(), group)
        if NAME.fullmatch(name) is None:
            raise NotTakenUp("drop.name")
        try:
            file = os.open(path, READ)
        except PermissionError:
            raise NotTakenUp("drop.mode") from None
        try:
            about = os.fstat(file)
            check(about, group)
            owner = name_of(about.st_uid)
            if owner.startswith("#"):
                raise NotTakenUp("drop.owner", number=about.st_uid)
            begin = os.pread(file, BEGIN_OCTETS + QUERY_MOST, 0)
            match, end = BEGIN.match(begin), begin.find(b"\n", BEGIN_OCTETS)
            if match is None or end < 0:
                raise NotTakenUp("drop.form")
            size = int(match[1])
            if about.st_size != end + 1 + size:
                raise NotTakenUp("drop.half")
            said = said_in(begin[BEGIN_OCTETS:end])
            if said.mark != name:
                raise NotTakenUp("drop.name")
        except BaseException:
            os.close(file)
            raise
        return Dropped(file, Peer(about.st_uid, owner), said, end + 1, size)

    def erase(self, name: str) -> None:
        """Raises OSError."""
        (self.folder / name).unlink(missing_ok=True)
        sync(self.folder)

    async def refuse(self, name: str, error: Exception, dropped: Dropped | None = None) -> None:
        """The text first, so that nothing lies there without its reason, and the owner before it is moved: a
        power cut in between tells him again. `dropped`: None where nothing of it is to be read. Raises
        OSError, StoreFailed, EngineStopped, EngineFailed.
        """
        log.warning("a dropped message cannot be taken, and lies in %s: %r", self.folder / REFUSED, name)
        self.waiting.pop(name, None)
        why = self.why(error)
        about = await asyncio.to_thread((self.folder / name).lstat)
        lies = await asyncio.to_thread(self.explained, name, about, why)
        if (name, about.st_ino) not in self.told:
            untaken = Untaken(await asyncio.to_thread(name_of, about.st_uid), why, lies)
            if dropped is not None:
                begin = await asyncio.to_thread(os.pread, dropped.file, HEADER_MOST, dropped.begin)
                untaken = untaken._replace(said=dropped.said, begin=begin)
            await tell(self.engine, untaken)
            self.told.add((name, about.st_ino))
        await asyncio.to_thread(self.move, name, about, lies)

    def why(self, error: Exception) -> str:
        words = self.engine.words
        if isinstance(error, ValidationError):
            return words.say("control.fields")
        return words.error(error) if isinstance(error, Spoken | Refused) else words.say("control.fault")

    def explained(self, name: str, about: os.stat_result, why: str) -> Path:
        """Where it is to lie, beside the text that says why. Whatever somebody called it, it has a name there
        that is short and unlike the others'. Raises OSError.
        """
        there = self.folder / REFUSED
        there.mkdir(mode=0o700, exist_ok=True)
        if not mine(there):
            raise PermissionError(f"{there} is somebody else's")
        known = f"{name}-" if NAME.fullmatch(name) else ""
        lies = there / f"{known}{about.st_ino}"
        text = f"{why}\n{name_of(about.st_uid)}, {self.engine.clock.now().isoformat()}, {name!r}\n"
        lies.with_name(f"{lies.name}.txt").write_text(text, encoding="utf-8")
        return lies

    def move(self, name: str, about: os.stat_result, lies: Path) -> None:
        """Raises OSError."""
        try:
            (self.folder / name).rename(lies)
        except PermissionError:  # another one's folder, which only he or root can move
            self.left.add((name, about.st_ino))
            log.error("%r in the drop folder can neither be taken nor moved away: remove it", name)
        sync(lies.parent)
        sync(self.folder)


def check(about: os.stat_result, group: int) -> None:
    """`group`: the folder's. Raises NotTakenUp where another than its owner may have made it what it is, or
    moved it here.
    """
    if not stat.S_ISREG(about.st_mode):
        raise NotTakenUp("drop.kind")
    if about.st_nlink != 1:
        raise NotTakenUp("drop.links")
    if stat.S_IMODE(about.st_mode) != MODE or about.st_gid != group:
        raise NotTakenUp("drop.mode")


def said_in(query: bytes) -> Said:
    """Raises NotTakenUp."""
    from .app import checked_query
    from .operations import BY_RUN
    from .requests import bring

    try:
        given = dict(parse_qsl(query.decode("ascii"), strict_parsing=True, errors="strict"))
        named = {name: given.pop(name) for name in ("to",) if name in given}  # more than a request can name
        return Said.of_query(checked_query(BY_RUN[bring], given) | named)
    except ValueError:  # ValidationError is one
        raise NotTakenUp("drop.form") from None


def mine(folder: Path) -> bool:
    about = folder.lstat()
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()


async def octets(dropped: Dropped) -> AsyncIterator[bytes]:
    """Raises NotTakenUp, OSError."""
    at, end = dropped.begin, dropped.begin + dropped.size
    while at < end:
        block = await asyncio.to_thread(os.pread, dropped.file, min(STEP_OCTETS, end - at), at)
        if not block:
            raise NotTakenUp("drop.half")
        at += len(block)
        yield block


def made(folder: Path, group: int | None) -> None:
    """Whoever is in the group may put something into it and see nothing of it; where what is refused will lie
    is there before he may, or he could make it his. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not mine(folder):
        raise PermissionError(f"{folder} is no folder of this user's")
    (folder / REFUSED).mkdir(mode=0o700, exist_ok=True)
    if group is not None:
        os.chown(folder, -1, group)
    folder.chmod(0o1700 if group is None else 0o1730)


@asynccontextmanager
async def taking_up(messages: Messages, folder: Path | None, group: int | None) -> AsyncIterator[None]:
    """As long as the block lasts. A folder that cannot be had is said, and nothing is taken up."""
    try:
        if folder is not None:
            made(folder, group)
    except OSError as error:
        log.warning("programs cannot leave mail in %s while the engine is away: %s", folder, error)
        folder = None
    if folder is None:
        yield
        return
    task = asyncio.ensure_future(Drop(messages, folder).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
