"""A browser's profile: a folder that is made for one visit, and gone with it (S19a).

It lies below `$RUNTIME_DIRECTORY`, which is memory on most devices, else below the temp folder, and is the
HOME of the browser, so that whatever the browser keeps lies in it. Its owner holds a lock on it, which dies
with the process: what a crash left has none, and is swept.

Rules: only folders of this program and user are erased. Only a process whose HOME is such a folder is ended:
that is the browser, whatever it started, and nobody else. Needs Linux 5.3 or newer.
"""

import fcntl
import logging
import os
import select
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "franking-screen-"
ROUNDS = 20
"A process may start another one while it is ended; so often it is looked again."
EXIT_S = 2.0
"How long a killed process may take to be gone."
TRIES = 8
log = logging.getLogger("franking")


def folder_of_profiles(environment: Mapping[str, str]) -> Path:
    """Of a service, what its manager names; else the temp folder."""
    named = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(named) if named else Path(tempfile.gettempdir())


@dataclass(frozen=True, slots=True)
class Profile:
    folder: Path
    lock: int
    "Descriptor of the folder, locked."

    @classmethod
    def made(cls, below: Path) -> "Profile":
        """A fresh one, which nobody else can read. Raises OSError."""
        for _ in range(TRIES):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=below))
            lock = locked(folder)
            if lock is None:
                continue
            if folder.exists():  # nobody swept it before it was locked
                (folder / "tmp").mkdir(mode=0o700)
                return cls(folder, lock)
            os.close(lock)
        raise OSError(f"{below}: somebody else takes away what is made there")

    def write(self, name: str, text: str) -> Path:
        """A file of the profile, in folders of its own if `name` says so; for this user alone."""
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return path

    def erase(self) -> None:
        """Ends whatever still runs in it, and removes it. Blocks; raises OSError, and then it is swept
        later.
        """
        try:
            end_processes(self.folder)
            shutil.rmtree(self.folder)
        finally:
            os.close(self.lock)


def sweep(below: Path) -> None:
    """Erases what a crash left: the folders, and the browsers that still show it. Blocks."""
    for folder in below.glob(f"{PREFIX}*"):
        try:
            lock = locked(folder) if is_ours(folder) else None
            if lock is not None:
                Profile(folder, lock).erase()
                log.warning("a browser profile that a crash had left is gone: %s", folder)
        except OSError as error:
            log.error("%s, left by a crash, cannot be erased: %s", folder, error.strerror or error)


def is_ours(folder: Path) -> bool:
    """A folder, no link to one, of this user: in a shared temp folder anybody may use any name."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def locked(folder: Path) -> int | None:
    """The folder's descriptor, with the lock; None: it is gone, or another process has the lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def end_processes(home: Path) -> None:
    """Kills what has this HOME, and waits until it is gone."""
    for _ in range(ROUNDS):
        descriptors = list(processes(home))
        if not descriptors:
            return
        for descriptor in descriptors:
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                select.select([descriptor], [], [], EXIT_S)
            except ProcessLookupError:
                pass  # it has just ended
            finally:
                os.close(descriptor)
    log.error("a process of the browser in %s does not end", home)


def processes(home: Path) -> Iterator[int]:
    """Descriptors of the processes with this HOME; the caller closes them. Opened before it is looked, so
    that a number that is given away meanwhile hits nobody.
    """
    wanted = b"HOME=" + os.fsencode(home)
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            descriptor = os.pidfd_open(int(process.name))
        except (ProcessLookupError, PermissionError, ValueError):
            continue
        try:
            found = wanted in (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended, or is somebody else's
            found = False
        if found:
            yield descriptor
        else:
            os.close(descriptor)
