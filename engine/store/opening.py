"""Opening the store's file: what may be opened and by whom, looked at before anything is written.

Rule: whoever is refused leaves every file of the store as it was.
"""

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..words import Spoken, Words
from . import schema

PATIENCE_MS = 5000
"How long another program may hold the file."
NAME = "store.db"


class StoreUnusable(Spoken):
    """The store may not be opened; no file of it was modified."""

    meaning = "store.cannot-open"
    "Cause and remedy in the catalogues."

    def __init__(self, path: Path, **fields: object) -> None:
        self.path, self.values = path, fields
        super().__init__(self.meaning, path=path, **fields)

    def told(self, words: Words) -> str:
        cause, remedy = (words.say(f"{self.meaning}.{part}", **self.values) for part in ("cause", "remedy"))
        return f"{self.path}: {cause}. {remedy}"


class StoreTooNew(StoreUnusable):
    meaning = "store.too-new"

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(path, version=version, known=known)
        self.version, self.known = version, known


class NoStore(StoreUnusable):
    meaning = "store.another-file"


class StoreMissing(StoreUnusable):
    """Nothing was ever stored there."""

    meaning = "store.nothing"


class StoreLocked(StoreUnusable):
    """Another program has the file, such as a tool that copies or repairs it."""

    meaning = "store.locked"


class StoreReadOnly(StoreUnusable):
    meaning = "store.read-only"


class StoreNotWhole(StoreUnusable):
    meaning = "store.not-whole"


class StoreOfAnother(StoreUnusable):
    """It belongs to another user of the system, whose files it would spoil."""

    meaning = "store.of-another"

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(path, owner=owner)
        self.owner = owner


KINDS: dict[int, type[StoreUnusable]] = {
    sqlite3.SQLITE_BUSY: StoreLocked,
    sqlite3.SQLITE_LOCKED: StoreLocked,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
    sqlite3.SQLITE_CORRUPT: StoreNotWhole,
    sqlite3.SQLITE_NOTADB: StoreNotWhole,
}


def unusable(path: Path, error: sqlite3.Error) -> StoreUnusable:
    kind = KINDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, StoreUnusable)
    return kind(path, why=error)


def connect(path: Path) -> sqlite3.Connection:
    """Raises StoreUnusable."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=PATIENCE_MS / 1000
    )
    try:
        for pragma in schema.PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    return connection


def check_owner(folder: Path) -> None:
    """Before anything in the folder is touched. Raises StoreOfAnother."""
    try:
        found = (folder / NAME).stat()
    except PermissionError:
        found = folder.stat()
    except OSError:
        return  # there is none yet
    if found.st_uid != os.geteuid():
        try:
            owner = pwd.getpwuid(found.st_uid).pw_name
        except KeyError:
            owner = f"#{found.st_uid}"
        raise StoreOfAnother(folder / NAME, owner)


def prepare(path: Path) -> None:
    """Makes the tables of a new store, or checks those that are there, before anything is written. Raises
    StoreUnusable.
    """
    finish_rollback(path)
    if not path.exists() or path.stat().st_size == 0:
        with opened(path, "rwc") as made:
            made.executescript(f"begin;{schema.TABLES};pragma user_version={schema.WRITTEN};commit;")
        return
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise StoreReadOnly(path)
    with untouched(path), opened(path, "ro") as probe:
        check_version(probe, path)


def check_version(probe: sqlite3.Connection, path: Path) -> None:
    """Raises NoStore, StoreTooNew."""
    (found,) = probe.execute("pragma user_version").fetchone()
    probe.execute("select count(*) from sqlite_schema").fetchone()
    version, oldest_reader = found & 0xFFFF, found >> 16
    if version < 1:
        raise NoStore(path)
    if version > schema.SCHEMA_VERSION and oldest_reader > schema.SCHEMA_VERSION:
        raise StoreTooNew(path, version, schema.SCHEMA_VERSION)


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=PATIENCE_MS / 1000,
        )
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unusable(path, error) from error


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """What a reader makes beside a file that it then refuses does not stay."""
    beside = [path.with_name(f"{path.name}{end}") for end in ("-shm", "-wal")]
    new = [each for each in beside if not each.exists()]
    try:
        yield
    finally:
        for each in new:
            with suppress(OSError):
                each.unlink()


def finish_rollback(path: Path) -> None:
    """A power cut while the tables were made leaves a part of them, and the journal that takes it back; that
    needs the right to write. A store that was made has no such journal.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    with opened(path, "rw") as connection:
        connection.execute("select count(*) from sqlite_schema").fetchone()
