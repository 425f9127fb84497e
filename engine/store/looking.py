"""Looking into a store without opening it, also while an engine uses it: for who tells what happened.

Rule: nothing is written; all that is read is of one moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

from .opening import NAME, StoreMissing, check_owner, check_version, opened, untouched
from .reads import Reads


class StoreSeen(Reads):
    def __init__(self, reader: Connection) -> None:
        self.reader = reader


@contextmanager
def seen(folder: Path) -> Iterator[StoreSeen]:
    """The store in this folder. Raises StoreUnusable; reading raises StoreFailed."""
    check_owner(folder)
    path = folder / NAME
    if not path.exists():
        raise StoreMissing(path)
    with untouched(path), opened(path, "ro") as reader:
        check_version(reader, path)
        reader.execute("begin")
        yield StoreSeen(reader)
