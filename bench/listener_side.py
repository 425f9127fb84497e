"""The engine with its SMTP listener, in a process of its own: it says where it listens, and answers each line
on its standard input, a number, once so many jobs were sent.

Rule: the public engine alone, with a real store on a real disk.
"""

import asyncio
import sys
from time import process_time
from typing import Any

from pydantic import BaseModel

from ..engine.engine import Engine
from ..engine.passwords import hashed
from ..engine.programs.listener import serve
from ..engine.secret import Secret
from ..engine.settings import Settings
from .engine_side import Arrivals
from .sides import CLEAR, kilobytes


class ListenerTask(BaseModel):
    settings: dict[str, Any]
    "Sections of `Settings.changed`."
    passwords: dict[str, str] = {}
    "Names of kept secrets to passwords, of which the hashes are kept there."


class Stands(BaseModel):
    """What the listener says of itself."""

    cpu_s: float
    "Of this process so far."
    growth_mb: float
    "Of the memory's peak, over what was resident when this was asked for the last time."


async def main(task: ListenerTask) -> None:
    async with Engine.open(Settings().changed(**task.settings)) as engine:
        for name, password in task.passwords.items():
            await engine.keep_secret(name, hashed(Secret(password)))
        arrivals = Arrivals()
        engine.watch(arrivals.watch)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        async with serve(engine, "127.0.0.1", 0) as address:
            print(f"port {address.port}", flush=True)
            resident = kilobytes("VmRSS")
            while line := await reader.readline():
                await arrivals.these(int(line))
                stands = Stands(cpu_s=process_time(), growth_mb=(kilobytes("VmHWM") - resident) / 1024)
                print(stands.model_dump_json(), flush=True)
                CLEAR.write_text("5", encoding="ascii")  # the peak begins anew
                resident = kilobytes("VmRSS")


if __name__ == "__main__":
    asyncio.run(main(ListenerTask.model_validate_json(sys.argv[1])))
