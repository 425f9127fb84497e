"""One engine owns a store: a lock on a file of its folder, which dies with the process that holds it."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class StoreInUse(Exception):
    """Another engine has this store."""

    def __init__(self, folder: Path, process: str) -> None:
        super().__init__(
            f"{folder}: the store is in use by the engine of process {process}. "
            "Stop that one first, or name another folder in `store.path`"
        )
        self.folder, self.process = folder, process


class StoreLock:
    """Held between `__enter__` and `__exit__`; raises StoreInUse. The file stays: only the lock on it
    counts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.descriptor = -1

    def __enter__(self) -> Self:
        self.descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            process = os.pread(self.descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self.descriptor)
            raise StoreInUse(self.folder, process) from None
        os.truncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
