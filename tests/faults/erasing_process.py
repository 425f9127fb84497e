"""One device in a process of its own that erases something, or seals it anew, and is killed while it does.

Reads a configuration as `device_process` does, signs kim in, prints `kept` with the refresh token and what is
sealed of it, then does what it is told. At the cut that it is told it prints `cut` and stands still; without
one it prints `done`.

Rule: time is a virtual clock of this process, so that system auto reset need not be waited for.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.engine.records import Batch, ErasedGrant
from franking.engine.store import erasure, keys
from franking.engine.vault_rows import ResealedGrant
from franking.testing.clock import VirtualClock
from franking.testing.person import Person
from franking.testing.screen import PersonAtTheScreen
from franking.testing.travel import pass_time
from franking.tests.faults.device_process import Device, say


async def stand_still() -> None:
    say("cut")
    await asyncio.Event().wait()


def freeze() -> None:
    say("cut")
    while sys.stdin.read(1):
        """Whoever started this keeps the other end open."""


def before_commit(engine: Engine) -> None:
    commit = engine.store.commit

    async def stops(batch: Batch) -> None:
        if any(isinstance(write, ErasedGrant | ResealedGrant) for write in batch.writes):
            await stand_still()
        await commit(batch)

    engine.store.commit = stops  # type: ignore[method-assign]


def after_commit(engine: Engine) -> None:
    engine.store.forget = stand_still  # type: ignore[attr-defined]


def after_checkpoint(engine: Engine) -> None:
    commit = engine.store.commit

    async def stops(batch: Batch) -> None:
        await commit(batch)
        if any(isinstance(write, ErasedGrant | ResealedGrant) for write in batch.writes):
            await stand_still()

    engine.store.commit = stops  # type: ignore[method-assign]


def before_rename(engine: Engine) -> None:
    engine.vault.key.exchanged = freeze  # type: ignore[method-assign]


def after_rename(engine: Engine) -> None:
    exchanged = engine.vault.key.exchanged

    def stops() -> None:
        exchanged()
        freeze()

    engine.vault.key.exchanged = stops  # type: ignore[method-assign]


def after_mark(engine: Engine) -> None:
    engine.deeds.ended = lambda *_: stand_still()  # type: ignore[method-assign]


def after_key(engine: Engine) -> None:
    """The key is gone, the rest is there."""

    def stops(path: Path) -> None:
        keys.erase(path)
        freeze()

    erasure.erase = stops  # type: ignore[attr-defined]


CUTS: dict[str, Callable[[Engine], None]] = {
    "before the commit": before_commit,
    "after the commit": after_commit,
    "after the checkpoint": after_checkpoint,
    "before the rename": before_rename,
    "after the rename": after_rename,
    "after the mark": after_mark,
    "after the key": after_key,
    "at random": lambda engine: None,
}


async def erase(engine: Engine, clock: VirtualClock, how: str) -> None:
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "Delete": engine.delete_tokens,
        "logout": lambda: engine.log_out("panel"),
        "auto reset": lambda: pass_time(engine, clock, seconds=61),
        "forget": lambda: engine.forget("kim"),
        "key": engine.rotate_key,
        "reset": engine.factory_reset,
    }
    say("begun")
    await acts[how]()


async def run(device: Device, how: str, cut: str) -> None:
    clock = VirtualClock(SystemClock().now())
    screen = PersonAtTheScreen(Person(device.settings.tls.trust or Path("ca.pem")), device.passwords)
    async with Engine.open(device.settings, clock=clock, screen=screen) as engine:
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        (grant,) = engine.store.grants()
        say("kept", engine.vault.open(grant).reveal(), grant.sealed.hex())
        CUTS[cut](engine)
        await erase(engine, clock, how)
    say("done")


if __name__ == "__main__":
    asyncio.run(run(Device.load(Path(sys.argv[1])), *sys.argv[2:4]))
