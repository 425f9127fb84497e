"""Every moment at which something becomes durable or leaves the disk, and a process that ends itself at one.

The calls by which the device writes its disk are replaced, in the process that is to die: the engine knows
nothing of it. Each call is two moments, before it and after it. A commit is named by the facts in it, or else
by the kinds of its rows; a path by its place in the device's folder, each number in it being N.

Rule: what the interpreter's own audit sees change below the folder has to be one of these calls: `unnamed`
holds what is not.
"""

import os
import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from franking.engine import spool
from franking.engine.records import Batch
from franking.engine.store.sqlite import SqliteStore

NUMBER = re.compile(r"\d+")
AUDITED = {
    "os.link": 1, "os.rename": 1, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0, "open": 0,
}  # fmt: skip
"Events of the interpreter that change what lies on a disk, and which argument is the path."
DIRECTORY = {"os.link": 3, "os.rename": 3, "os.remove": 1, "os.mkdir": 2, "os.rmdir": 1}
"Which one is the folder that the path is relative to, as a descriptor."
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
BY_SQLITE = re.compile(r"store/store\.db(-wal|-shm)?")
ENGINE = str(Path(spool.__file__).parent)


def sites() -> set[str]:
    """Functions of the engine that are being called, as `store/sqlite.py:SqliteStore.write`."""
    found: set[str] = set()
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(ENGINE):
            found.add(f"{code.co_filename.removeprefix(ENGINE)[1:]}:{code.co_qualname}")
        frame = frame.f_back
    return found


class Moments:
    def __init__(self, folder: Path, cut: str = "") -> None:
        """`cut`: a moment, or the number of one."""
        self.folder, self.cut = folder, cut
        self.armed = False
        self.seen: set[str] = set()
        self.unnamed: set[str] = set()
        self.sites: set[str] = set()
        "Functions of the engine that were on the way to one of the calls."
        self.committing: list[str] = []
        self.count = 0
        self.inside = 0
        "Calls that are under way: what the audit sees meanwhile has its name."

    def reached(self, moment: str) -> None:
        if not self.armed:
            return
        self.seen.add(moment)
        self.count += 1
        if self.cut in (moment, str(self.count)):
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, *calls: str) -> Iterator[None]:
        if self.armed:
            self.sites |= sites()
        for call in calls:
            self.reached(f"before {call}")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
        for call in calls:
            self.reached(f"after {call}")

    def place(self, path: object, folder: int | None = None) -> str:
        """Empty: not of the device."""
        whole = Path(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else Path()
        if folder is not None and folder >= 0 and not whole.is_absolute():
            whole = Path(f"/proc/self/fd/{folder}").readlink() / whole
        if not whole.is_relative_to(self.folder):
            return ""
        return NUMBER.sub("N", str(whole.relative_to(self.folder)))

    @contextmanager
    def of(self, verb: str, place: str) -> Iterator[None]:
        """Of what lies elsewhere the device takes over files, and else only reads it."""
        if place.startswith("store") or (place and verb in ("unlink", "fsync")):
            with self.around(f"{verb} {place}"):
                yield
        else:
            yield

    # What is replaced

    def watch(self) -> None:
        """For the rest of this process's life."""
        self.descriptors("fsync", "posix_fallocate")
        self.paths("unlink", "remove", "mkdir", "rmdir")
        self.pairs("link", "rename", "replace")
        self.creations()
        self.pieces()
        self.commits()
        sys.addaudithook(self.audit)

    def replaced(self, name: str, around: Callable[..., Any]) -> None:
        call = getattr(os, name)
        setattr(os, name, lambda *given, **named: around(call, *given, **named))

    def descriptors(self, *names: str) -> None:
        for name in names:

            def call(real: Callable[..., Any], file: int, *given: Any, name: str = name) -> Any:
                with self.of(name, self.place(Path(f"/proc/self/fd/{file}").readlink())):
                    return real(file, *given)

            self.replaced(name, call)

    def paths(self, *names: str) -> None:
        for name in names:

            def call(
                real: Callable[..., Any], path: Any, *given: Any, name: str = name, dir_fd: int | None = None
            ) -> Any:
                with self.of(name, self.place(path, dir_fd)):
                    return real(path, *given, dir_fd=dir_fd)

            self.replaced(name, call)

    def pairs(self, *names: str) -> None:
        for name in names:

            def call(real: Callable[..., Any], old: Any, new: Any, name: str = name, **named: Any) -> Any:
                with self.of(name, self.place(new)):
                    return real(old, new, **named)

            self.replaced(name, call)

    def creations(self) -> None:
        def call(
            real: Callable[..., Any], path: Any, flags: int, *given: Any, dir_fd: int | None = None
        ) -> Any:
            with self.of("create", self.place(path, dir_fd)) if flags & os.O_CREAT else ExitStack():
                return real(path, flags, *given, dir_fd=dir_fd)

        self.replaced("open", call)

    def pieces(self) -> None:
        """A scan of which a part lies in the spool."""
        write = spool.write_all

        def call(file: Any, octets: bytes) -> None:
            with self.of("write", self.place(Path(f"/proc/self/fd/{file.fileno()}").readlink())):
                write(file, octets)

        spool.write_all = call

    def commits(self) -> None:
        moments, write, connect = self, SqliteStore.write, sqlite3.connect

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
                if sql == "commit":
                    with moments.around(*(f"commit {name}" for name in moments.committing)):
                        return super().execute(sql, *given)
                if sql.startswith("pragma wal_checkpoint"):
                    with moments.around(sql.removeprefix("pragma ")):
                        return super().execute(sql, *given)
                return super().execute(sql, *given)

            def executescript(self, script: str) -> sqlite3.Cursor:
                with moments.around("make tables"):
                    return super().executescript(script)

        def named(store: SqliteStore, batch: Batch) -> None:
            kinds = [type(row).__name__ for row in batch.writes]
            moments.committing = sorted({line.name for line in batch.lines} or set(kinds) or {"GONE"})
            write(store, batch)

        SqliteStore.write = named  # type: ignore[method-assign, assignment]
        watched = partial(connect, factory=Watched)
        sqlite3.connect = watched  # type: ignore[assignment]

    def audit(self, event: str, given: tuple[Any, ...]) -> None:
        """Whatever changes the disk and is none of the calls above."""
        if event not in AUDITED or self.inside or not self.armed:
            return
        if event == "open" and not (isinstance(given[2], int) and given[2] & WRITES):
            return
        folder = given[DIRECTORY[event]] if event in DIRECTORY else None
        place = self.place(given[AUDITED[event]], folder)
        if place.startswith("store") and not BY_SQLITE.fullmatch(place):
            self.unnamed.add(f"{event} {place}")
