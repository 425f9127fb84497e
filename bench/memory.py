"""What an open engine weighs that has nothing to do: before the first sign-in, and with one identity.

With one identity means: it signed in once, the device was switched off and on since, and the access token of
this hour has been refreshed, as it is for years.

Rule: the engine is alone in a process of its own; provider and person are in this one.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from ..engine.clock import SystemClock
from ..testing.kit import Kit, playing
from .measure import Figure, Figures

ROUNDS = 3
ADDRESS = "printer@example.com"
DEVICE = """
import asyncio, gc, sys
from franking import Engine, Settings
from franking.events.token import TokenWanted

class Printed:
    async def open(self, place, address, closes_at):
        print(address, flush=True)
    async def close(self, place):
        pass

async def main(life, folder, authority, client, trust, address):
    settings = Settings().changed(
        administrator={"address": address}, store={"path": folder}, tls={"trust": trust},
        oauth={"enabled": True, "authority": authority, "client_id": client},
    )
    async with Engine.open(settings, screen=Printed()) as engine:
        came = asyncio.Event()
        engine.watch(lambda move: came.set() if move.after.state.name == "FRESH" else None)
        if life == "second":
            await engine.publish(TokenWanted(identity="administrator"))
            await came.wait()
        await engine.settle()
        gc.collect()
        with open("/proc/self/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        print(int(line.split()[1]) / 1024, flush=True)
        if life == "first":
            await engine.acquire("panel")
            await came.wait()

asyncio.run(main(*sys.argv[1:]))
"""


def memory() -> Figures:
    rounds = [asyncio.run(megabytes()) for _ in range(ROUNDS)]
    return {
        "idle_rss_mb": Figure(median(first for first, _ in rounds), "MB"),
        "idle_rss_one_identity_mb": Figure(median(second for _, second in rounds), "MB"),
    }


async def megabytes() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="franking-bench-") as folder:
        async with playing(SystemClock(), Path(folder) / "kit", ("microsoft",)) as kit:
            kit.add_account(ADDRESS, "password")
            store = Path(folder) / "store"
            return await resident("first", store, kit), await resident("second", store, kit)


async def resident(life: str, store: Path, kit: Kit) -> float:
    provider = kit.microsoft
    command: list[str | Path] = [sys.executable, "-I", "-c", DEVICE, life, store, provider.base]
    process = await asyncio.create_subprocess_exec(
        *command, provider.client_id, kit.ca_file, ADDRESS, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    idle = float(await process.stdout.readline())
    if life == "first":
        await kit.person().sign_in((await process.stdout.readline()).decode().strip(), ADDRESS, "password")
    await process.wait()
    return idle
