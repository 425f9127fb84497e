"""Lives of a device, each in a process of its own, forked from one that has loaded everything.

Reads one life a line (JSON) from its standard input: the settings, what the device does, and at which moment
it kills itself. Prints `life` with the process's number, what the life says, and `ended` with how it ended.

A life begins with what the former one left: every job comes to its end, and for each job a line says what
is known of it. Then `armed`, and the device does what its part says. Without a moment at which it kills
itself it prints all that it came through.

Rule: a line is printed after what it says is durable, and flushed at once.
"""

import asyncio
import importlib
import json
import logging
import os
import pkgutil
import signal
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import franking.engine
import franking.tests.faults.parts
from franking.engine.codec import instance_of
from franking.engine.engine import Engine
from franking.engine.settings import Settings
from franking.engine.store import sqlite
from franking.machines.job import JOB
from franking.machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from franking.testing.person import Person
from franking.testing.screen import PersonAtTheScreen
from franking.tests.engine.keeping import keeping
from franking.tests.engine.stored import START
from franking.tests.faults.moments import Moments
from franking.tests.faults.parts import GO, PARTS, say, to_the_end

LEFT_OUT = ("franking.engine.cli", "franking.engine.links", "franking.engine.screen")
KEEPS = "retention"
LOG_ROWS = 8
"The log is brought into the file often, so that each part sees it."


class Life(NamedTuple):
    folder: str
    settings: str
    passwords: dict[str, str]
    users: list[str]
    "Who signs in, each at a place of his own; none: nobody needs to."
    part: str
    cut: str = ""
    from_start: bool = False
    "Moments count from the start of the process."


async def sign_in(engine: Engine, users: list[str]) -> None:
    for user, place in zip(users, ("panel", "page"), strict=False):
        known = engine.people.find(user)
        if known and engine.runtime.instance(REFRESH_TOKEN, known.identity).state is ACQUIRED:
            continue
        await engine.log_in(place, user)
        await engine.sign_in(place, user)
        await engine.settle()


def tell(engine: Engine, folder: Path) -> None:
    for row, moved in engine.store.jobs():
        stored = engine.store.instance(JOB.title, str(row.job))
        assert stored is not None
        say("job", row.job, row.message_id, moved.state, instance_of(JOB, stored).data.unknown, row.addressed)
    for path in (folder / "store" / "spool").iterdir():
        say("orphan", path)
    kept = {str(row.document) for row in engine.store.documents()}
    for path in (folder / "store" / "boxes").iterdir():
        if path.name not in kept:
            say("orphan", path)


def wait_to_go() -> None:
    """Until the servers are ready for what follows. The process that forked this one reads nothing
    meanwhile.
    """
    say("armed")
    said = os.read(sys.stdin.fileno(), len(GO))
    assert said == GO


async def live(life: Life, moments: Moments) -> None:
    settings = Settings.checked("the test", json.loads(life.settings))
    screen = PersonAtTheScreen(Person(settings.tls.trust or Path("ca.pem")), life.passwords)
    moments.armed = life.from_start
    async with Engine.open(settings, screen=screen) as engine:
        say("open")
        await sign_in(engine, life.users)
        if not life.from_start:
            await to_the_end(engine)
            tell(engine, Path(life.folder))
            wait_to_go()
            moments.armed = True
        await PARTS[life.part](engine, Path(life.folder))
        assert isinstance(engine.store, sqlite.SqliteStore)
        await engine.store.forget()  # what is owed within a second
    moments.armed = False


async def keep(life: Life, moments: Moments) -> None:
    """What is kept for how long, without servers: what one life leaves, the next one, much later, brings to
    its end.
    """
    store = Path(life.folder) / "store"
    store.mkdir(exist_ok=True)
    again = (store / "store.db").exists()
    async with keeping(store, START + timedelta(days=200 * again), jobs_kept_most=2) as found:
        if not again:
            await found.over(1, 2, 3)
            moments.armed = True
            await found.later(days=31)
            moments.armed = False
            await found.over(4, 5)
            moments.armed = True
            await found.later(days=70)
            moments.armed = False
        await found.retention.round()
        say("kept", *found.jobs(), "named", *found.named())


def begin(life: Life) -> None:
    """In the forked process, which ends here."""
    status = 1
    try:
        moments = Moments(Path(life.folder), life.cut)
        moments.watch()
        sqlite.LOG_ROWS = LOG_ROWS
        asyncio.run(keep(life, moments) if life.part == KEEPS else live(life, moments))
        if not life.cut:
            kinds = {"moment": moments.seen, "unnamed": moments.unnamed, "site": moments.sites}
            for kind, found in kinds.items():
                for name in sorted(found):
                    say(kind, name)
        status = 0
    except BaseException:  # noqa: BLE001 - the forked process must not go on as the one that forked it
        traceback.print_exc()
    finally:
        os._exit(status)


def load() -> None:
    """What a device loads when it first needs it: each life would pay for it."""
    for found in pkgutil.walk_packages(franking.engine.__path__, "franking.engine."):
        if not found.name.startswith(LEFT_OUT):
            importlib.import_module(found.name)


def main() -> None:
    logging.basicConfig()
    load()
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            begin(Life(**json.loads(line)))
        say("life", child)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        say("ended", "killed" if killed else os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
