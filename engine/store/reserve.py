"""Room on the disk that is held back for what must not be lost when everything else is full: outcomes of what
is under way, deletions, warnings.

Rule: it holds nothing; whoever needs the room removes the file, and it is made again when there is more room
than it takes.
"""

import os
from contextlib import suppress
from pathlib import Path

from .keys import sync

OCTETS = 1 << 20
LEFT = 4 << 20
"So much must be free before a store that was full takes new jobs again."


class Reserve:
    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def there(self) -> bool:
        return self.path.exists()

    def make(self) -> bool:
        """False: there is no room for it, or hardly any beside it."""
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            if self.free() < LEFT:
                return False
            if not self.there:
                descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                try:
                    os.posix_fallocate(descriptor, 0, OCTETS)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                part.rename(self.path)
                sync(self.path.parent)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return False
        return True

    def free(self) -> int:
        """Octets. Raises OSError."""
        found = os.statvfs(self.path.parent)
        return found.f_bavail * found.f_frsize

    def release(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
            sync(self.path.parent)
