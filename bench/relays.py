"""From `submit` until sent, beside Postfix from accepting until relayed: small messages without TLS into one
and the same sink, smtp-sink of Postfix.

Rule: 64 sessions or submitters on either side. Postfix has relayed when its queue is empty; it opens as many
connections as it likes, ours one, and several.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import perf_counter

from ..tests.engine.proxies import free_port
from ..tests.interop.postfix import Postfix
from .engine_side import USER
from .measure import Figures, beside, turns
from .sides import SENDER
from .stage import Missing, Stage, installed, stage
from .submits import OCTETS, accepting, offered

ROUNDS = 7
RELAYED, OURS = 1_000, 1_500
SEVERAL = 4
QUEUES = ("maildrop", "incoming", "active", "deferred")
LOOKS_S = 0.01
SESSIONS_MOST = "256"


@asynccontextmanager
async def smtp_sink() -> AsyncIterator[int]:
    """Raises Missing."""
    program, port = installed("smtp-sink", "postfix"), free_port()
    whom = ("-u", "nobody") if os.geteuid() == 0 else ()
    process = await asyncio.create_subprocess_exec(program, *whom, f"127.0.0.1:{port}", SESSIONS_MOST)
    try:
        while not await listens(port):  # noqa: ASYNC110 - it has no other way to say so
            await asyncio.sleep(LOOKS_S)
        yield port
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True


def queued(server: Postfix) -> bool:
    return any(files for name in QUEUES for _, _, files in os.walk(server.queue / name))


async def by_postfix(server: Postfix, port: int) -> float:
    """Messages a second."""
    began = perf_counter()
    await offered(port, RELAYED)
    while queued(server):  # noqa: ASYNC110 - nor has Postfix
        await asyncio.sleep(LOOKS_S)
    return RELAYED / (perf_counter() - began)


async def by_us(at: Stage, port: int, connections: int) -> float:
    """Messages a second."""
    smtp = {"server": "127.0.0.1", "port": port, "security": "none", "connections": connections}
    settings = {"administrator": {"address": SENDER}, "users": {USER: SENDER}, "smtp": smtp}
    return (await at.ours(OCTETS, OURS, settings)).per_s


def relays() -> Figures:
    try:
        return asyncio.run(beside_postfix())
    except Missing as why:
        print(f"no figures beside Postfix as a relay: {why}")
        return {}


async def beside_postfix() -> Figures:
    """Raises Missing."""
    async with (
        stage() as at,
        smtp_sink() as sink,
        accepting(at.folder, f"smtp:[127.0.0.1]:{sink}") as (server, port),
    ):
        sides = {
            "one": partial(by_us, at, sink, 1),
            "many": partial(by_us, at, sink, SEVERAL),
            "postfix": partial(by_postfix, server, port),
        }
        found = await turns(ROUNDS, sides)
    return {
        "relay_one_vs_postfix": beside("messages/s", found["one"], found["postfix"]),
        "relay_many_vs_postfix": beside("messages/s", found["many"], found["postfix"]),
    }
