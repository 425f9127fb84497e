"""A device that is killed at random moments while many people send, through a server that refuses some for
now, drops connections and keeps quiet about what it took: nothing is lost, and what went twice is written
down (S33, S33c, RFC 1047).
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from .lives import Lives, kill, lives
from .parts import PEOPLE, PRESSES

MOMENTS = 700
"About as many as a life has that is not killed."
LIFE_S = 1.5
"From when the moments begin to count until all is sent, about."
LIVES = 20
"Of one device; then another one begins."
NOT_NOW = ("451 4.3.2 Not now", "452 4.3.1 Insufficient system storage")


def trouble(device: Lives, chance: random.Random) -> None:
    """What the server does to some of the messages."""
    mailbox, server = device.here.kit.mailbox, device.here.server
    mailbox.forget_replies()
    server.drops.clear()
    for _ in range(chance.randrange(4)):
        chance.choice((server.drop_at_dot, server.drop_after_dot))()
    for _ in range(chance.randrange(3)):
        mailbox.refuse_next(chance.choice(("mail", "rcpt", "data")), chance.choice(NOT_NOW))


async def one_life(device: Lives, chance: random.Random) -> bool:
    """Whether it was killed."""
    kind = chance.choice(("moment", "time", "arrival"))
    timers: list[asyncio.TimerHandle] = []
    arrivals: list[asyncio.Task[None]] = []
    mailbox = device.here.kit.mailbox

    async def arrival(count: int) -> None:
        await mailbox.wait_for(count)
        kill(device.number)

    def begins() -> None:
        trouble(device, chance)
        if kind == "time":
            loop = asyncio.get_running_loop()
            timers.append(loop.call_later(chance.uniform(0, LIFE_S), kill, device.number))
        elif kind == "arrival":
            more = chance.randrange(1, PEOPLE * PRESSES)
            arrivals.append(asyncio.create_task(arrival(len(mailbox.messages) + more)))

    cut = str(chance.randrange(1, MOMENTS)) if kind == "moment" else ""
    ended = await device.live("load", cut, meanwhile=begins, spool={"seal": chance.random() < 0.5})
    for timer in timers:
        timer.cancel()
    for task in arrivals:
        task.cancel()
    await asyncio.gather(*arrivals, return_exceptions=True)
    return ended.killed


@pytest.mark.manual("S33", "S33b", "S33c", "B5")
async def test_s33_a_device_that_is_killed_at_random_under_load_loses_nothing(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    chance = random.Random(6)  # noqa: S311 - the same kinds of moments each time
    wanted, killed, number = long_count(4, 200), 0, 0
    while killed < wanted:
        number += 1
        (folder := tmp_path / str(number)).mkdir()
        async with lives(folder, forking) as device:
            for _ in range(min(LIVES, wanted - killed)):
                killed += await one_life(device, chance)
                await device.check_left()
            trouble_over = device.here.kit.mailbox.forget_replies
            await device.live("nothing", meanwhile=trouble_over)
            assert device.receipts
        assert number <= wanted, "no life was killed"
