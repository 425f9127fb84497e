"""A store that is erased as a whole (B14): grants, spool, user boxes, journal and key.

A mark is on the disk before anything is taken away; whoever opens the store, or erases it again, finds the
mark and goes on, so that a power cut cannot leave a half. The key goes first: what is sealed with it is worth
nothing from then on, on flash, too, where nothing is overwritten in place.

Rule: only what this program wrote is erased. The folder `credentials` is the administrator's.
"""

import os
import shutil
from pathlib import Path

from .keys import FILE, NEXT, erase, sync
from .lock import StoreLock

MARK = "reset"
KEYS = (FILE, NEXT, f"{FILE}.part", f"{NEXT}.part")
FILES = ("reserve", "reserve.part", "store.db", "store.db-wal", "store.db-shm", "store.db-journal")
FOLDERS = ("spool", "boxes")


def factory_reset(folder: Path) -> None:
    """Erases a store that no engine has open, whatever is the matter with it; nobody is revoked. Raises
    StoreInUse, OSError; then the next call or start goes on.
    """
    if not folder.is_dir():
        return
    with StoreLock(folder):
        mark(folder)
        finish_reset(folder)


def mark(folder: Path) -> None:
    """From here on there is no way back."""
    os.close(os.open(folder / MARK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync(folder)


def go_on(folder: Path) -> bool:
    """Whatever else is the matter with the device. False: nothing was begun. Raises StoreInUse, OSError."""
    if not (folder / MARK).exists():
        return False
    with StoreLock(folder):
        finish_reset(folder)
    return True


def finish_reset(folder: Path) -> None:
    """For whoever holds the lock."""
    for name in KEYS:
        erase(folder / name)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for name in FOLDERS:
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    sync(folder)
    (folder / MARK).unlink()
    sync(folder)
