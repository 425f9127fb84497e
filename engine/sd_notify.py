"""What a service tells its manager (sd_notify(3)): that it is ready, that it lives, that it ends.

The watchdog is fed at half its time, and only where the loop turned, no part of the engine has failed and
the store wrote: a line of the journal since the last time, or else a note of its own. A disk that is full is
no reason to be restarted, for that would mend nothing; the device says so by itself.

Rule: without a manager nothing is said. A message to it never waits: one that cannot be said is logged.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from .clock import sleep
from .records import Batch, DiskFull, StoreFailed
from .runtime import Runtime
from .vault_rows import Noted

ALIVE = "alive"
"Noted: when the watchdog was last fed without another reason to write."
log = logging.getLogger("franking")


def say(environment: Mapping[str, str], *words: str) -> None:
    """`READY=1` and the like, in one message."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.setblocking(False)
            manager.sendto("\n".join(words).encode(), address)
    except OSError as error:
        log.error("the service manager was not told %s: %s", words[0], error.strerror or error)


def watchdog(environment: Mapping[str, str]) -> timedelta | None:
    """How often the manager wants to hear that this process lives (sd_watchdog_enabled(3)); None: it does not
    ask.
    """
    time_us, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not time_us.isdecimal() or int(time_us) == 0 or whose not in ("", str(os.getpid())):
        return None
    return timedelta(microseconds=int(time_us))


@asynccontextmanager
async def told(runtime: Runtime, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Ready now, alive until the block ends, and then about to end."""
    every = watchdog(environment)
    feeding = None if every is None else asyncio.ensure_future(feed(runtime, environment, every / 2))
    say(environment, "READY=1")
    try:
        yield
    finally:
        say(environment, "STOPPING=1")
        if feeding is not None:
            feeding.cancel()
            with suppress(asyncio.CancelledError):
                await feeding


async def feed(runtime: Runtime, environment: Mapping[str, str], every: timedelta) -> None:
    written = 0
    while True:
        with runtime.activity.busy():
            lives = await wrote(runtime, written)
        if lives:
            say(environment, "WATCHDOG=1")
        written = runtime.sequence
        await sleep(runtime.clock, every)


async def wrote(runtime: Runtime, before: int) -> bool:
    """`before`: the journal's last line when this was asked the last time."""
    if runtime.failed:
        return False
    if runtime.sequence > before:
        return True
    try:
        await runtime.store.commit(Batch([], [], [], [Noted(ALIVE, runtime.clock.now().isoformat())]))
    except DiskFull:
        return True
    except StoreFailed as failure:
        log.error("the watchdog is not fed: %s", failure)
        return False
    return True
