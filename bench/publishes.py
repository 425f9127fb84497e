"""Durable publishes: a fact that moves one state, 64 publishers at once, each waiting for its own commit.

Rule: a real store on a real disk, with all the parts of an engine that is open and listening.
"""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter

from ..engine.engine import Engine
from ..engine.settings import Settings
from ..events.device import PanelUsed
from .measure import Figures, alone

ROUNDS = 7
PUBLISHERS = 64
FACTS = 20_000


def publishes() -> Figures:
    return {"publish_64_per_s": alone(ROUNDS, "facts/s", lambda: asyncio.run(rate(PUBLISHERS, FACTS)))}


async def rate(publishers: int, facts: int) -> float:
    with tempfile.TemporaryDirectory(prefix="franking-bench-") as folder:
        settings = Settings().changed(store={"path": Path(folder)})
        async with Engine.open(settings) as engine:
            await engine.log_in("panel", "kim", "kim@example.com")
            left = iter(range(facts))

            async def publisher() -> None:
                for _ in left:
                    await engine.publish(PanelUsed(place="panel"))

            began = perf_counter()
            await asyncio.gather(*(publisher() for _ in range(publishers)))
            return facts / (perf_counter() - began)
