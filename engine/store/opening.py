"""Opening the store's file: what may be opened and by whom, looked at before anything is written."""

import sqlite3
from pathlib import Path

from . import schema

PATIENCE_MS = 5000


class StoreUnusable(Exception):
    """The file is no store that this program may open; it was not modified."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        super().__init__(f"{path}: {why}. {remedy}")
        self.path, self.why, self.remedy = path, why, remedy


def unusable(path: Path, error: sqlite3.Error) -> StoreUnusable:
    return StoreUnusable(path, f"the store cannot be opened ({error})", "Restore it, or move it away")


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


def prepare(path: Path) -> None:
    """Makes the tables of a new store, or checks those that are there, before anything is written."""
    finish_rollback(path)
    new = not path.exists() or path.stat().st_size == 0
    try:
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if new else 'ro'}"
        probe = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            if new:
                probe.executescript(
                    f"begin;{schema.TABLES};pragma user_version={schema.SCHEMA_VERSION};commit;"
                )
            (version,) = probe.execute("pragma user_version").fetchone()
            if version > schema.SCHEMA_VERSION:
                why = f"the store has version {version}, this program knows {schema.SCHEMA_VERSION}"
                raise StoreUnusable(path, why, "Start the newer release that wrote it")
            if version < 1:
                raise StoreUnusable(
                    path, "this file is not a store of franking", "Name another folder in `store.path`"
                )
        finally:
            probe.close()
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def finish_rollback(path: Path) -> None:
    """A power cut while the tables were made leaves a part of them, and the journal that takes it back; that
    needs the right to write. A store that was made has no such journal.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("select count(*) from sqlite_schema").fetchone()
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    finally:
        connection.close()
