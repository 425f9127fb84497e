"""What settings would bring about, found out before they hold.

Rule: nothing is written, nobody is asked, and no engine runs: whoever calls has the store for himself.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import SystemClock
from .engine import Engine
from .settings import FileCredentials, Settings

if TYPE_CHECKING:
    from .oauth.providers import ProviderData


async def sign_ins_that_end(
    settings: Settings, folder: Path, providers: Mapping[str, "ProviderData"]
) -> tuple[str, ...]:
    """Whose sign-in, kept in this folder, an engine ends that starts with these settings (S26a): login names,
    or `administrator`. A store that cannot be used has none. Raises SealFailed.
    """
    from .store.keys import key_of
    from .store.opening import StoreUnusable
    from .store.sqlite import SqliteStore

    if not settings.oauth.enabled or not (folder / "store.db").exists():
        return ()
    try:
        store = SqliteStore(folder / "store.db")
    except StoreUnusable:
        return ()
    try:
        engine = Engine(
            settings,
            folder,
            store,
            SystemClock(),
            key_of(folder, os.environ, lambda: True),
            None,
            FileCredentials(folder / "credentials"),
            None,
            (),
            providers,
            str,
        )
        return tuple(engine.people.name(identity) for identity in engine.estranged())
    finally:
        await store.aclose()
