"""Files that come over the socket before the job that sends them: in memory, until the job takes them.

A file that this process cannot read, or that nobody else should be able to name to it, is sent here first and
named in the request by its number. It is good for ten minutes, and for whoever sent it.

Rule: nothing of it is ever on a disk in clear, and all of them together take no more memory than `MOST`.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ...machines.roles import Role, Viewer
from ..words import Spoken

MOST = 96 << 20
"Octets of all that wait for their job."
OF_ONE = MOST // 4
"Octets of one caller who does not speak for the device: others find room beside him."
FILES_MOST, FILES_OF_ONE = 128, 16
"Each keeps a file open, of which a process has few."
GOOD_S = 600.0
NAME_MOST = 255
"Octets (POSIX NAME_MAX)."
REFERENCE = re.compile(r"upload:(\d{1,18})")


class NoPlace(Spoken):
    """So much cannot be kept in memory now."""

    def __init__(self) -> None:
        super().__init__("control.no-place", most=f"{MOST >> 20} MB", number=FILES_OF_ONE)


class UnknownUpload(Spoken, LookupError):
    def __init__(self, number: int) -> None:
        super().__init__("control.upload", number=number)
        self.number = number


class WrongName(Spoken, ValueError):
    def __init__(self) -> None:
        super().__init__("control.name")


class PathNotAllowed(Spoken, PermissionError):
    """Only who speaks for the device names files to it: it can read what others cannot."""

    def __init__(self, path: Path) -> None:
        super().__init__("control.path", path=repr(str(path)))


class Uploaded(NamedTuple):
    upload: int
    "Its number: a job names it as `upload:NUMBER`."
    name: str
    octets: int
    sha256: str
    good_for: int
    "Seconds."


class Kept(NamedTuple):
    of: Viewer
    told: Uploaded
    file: int
    path: Path
    "Under its own name; what stands there is read from memory."
    forgotten: asyncio.TimerHandle


class Uploads:
    def __init__(self, folder: Path) -> None:
        """`folder`: for the names of the files, made when the first one comes; it is erased at the end."""
        self.folder = folder
        self.kept: dict[int, Kept] = {}
        self.last = 0
        self.held: dict[Viewer, tuple[int, int]] = {}
        "Files and their octets by whose they are; of those that are coming, too."

    async def take(self, viewer: Viewer, name: str, blocks: AsyncIterator[bytes]) -> Uploaded:
        """Raises WrongName, NoPlace; then nothing of it is kept."""
        if name in ("", ".", "..") or set(name) & set("/\0") or len(os.fsencode(name)) > NAME_MOST:
            raise WrongName
        self.room(viewer, files=1)
        octets, digest, file = 0, sha256(), None
        try:
            file = os.memfd_create("franking", os.MFD_CLOEXEC)
            async for block in blocks:
                self.room(viewer, octets=len(block))
                octets += len(block)
                digest.update(block)
                os.write(file, block)
            self.last += 1
            path = self.folder / str(self.last) / name
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700)
            path.symlink_to(f"/proc/self/fd/{file}")
        except BaseException:
            self.holds(viewer, -1, -octets)
            if file is not None:
                os.close(file)
            raise
        told = Uploaded(self.last, name, octets, digest.hexdigest(), int(GOOD_S))
        ends = asyncio.get_running_loop().call_later(GOOD_S, self.forget, self.last)
        self.kept[self.last] = Kept(viewer, told, file, path, ends)
        return told

    def room(self, viewer: Viewer, files: int = 0, octets: int = 0) -> None:
        """Takes so much of it. Raises NoPlace."""
        all_files, all_octets = (sum(each) for each in zip((0, 0), *self.held.values(), strict=True))
        own_files, own_octets = self.held.get(viewer, (0, 0))
        most = (FILES_MOST, MOST) if viewer.role is Role.CONTROLLER else (FILES_OF_ONE, OF_ONE)
        if all_files + files > FILES_MOST or all_octets + octets > MOST:
            raise NoPlace
        if own_files + files > most[0] or own_octets + octets > most[1]:
            raise NoPlace
        self.holds(viewer, files, octets)

    def holds(self, viewer: Viewer, files: int, octets: int) -> None:
        held = self.held.get(viewer, (0, 0))
        self.held[viewer] = (held[0] + files, held[1] + octets)
        if self.held[viewer] == (0, 0):
            del self.held[viewer]

    def paths(self, viewer: Viewer, named: Sequence[Path]) -> tuple[list[Path], list[int]]:
        """Where the files lie that a request names, and which of them are uploads. Raises UnknownUpload,
        PathNotAllowed.
        """
        found, uploads = [], []
        for path in named:
            match = REFERENCE.fullmatch(str(path))
            if match is None and viewer.role is not Role.CONTROLLER:
                raise PathNotAllowed(path)
            kept = self.kept.get(int(match[1])) if match else None
            if match is not None and (kept is None or kept.of != viewer):
                raise UnknownUpload(int(match[1]))
            found.append(kept.path if kept else path)
            uploads += [kept.told.upload] if kept else []
        return found, uploads

    def forget(self, number: int) -> None:
        kept = self.kept.pop(number, None)
        if kept is not None:
            kept.forgotten.cancel()
            self.holds(kept.of, -1, -kept.told.octets)
            with suppress(OSError):
                shutil.rmtree(kept.path.parent)  # before its number can be another file's
            os.close(kept.file)

    def close(self) -> None:
        for number in list(self.kept):
            self.forget(number)
        shutil.rmtree(self.folder, ignore_errors=True)
