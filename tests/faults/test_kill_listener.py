"""A device that is killed at random moments while a program feeds it by SMTP: whatever was answered with 250
arrives, and of what was not there is all or nothing (B13, S33).
"""

import asyncio
import random
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from shutil import which
from subprocess import Popen

import pytest

from franking.engine.spool import SMALL_OCTETS
from franking.engine.store.sqlite import SqliteStore

from ..engine.device import KIM, OFFICE
from .lives import Lives, copied, kill, lives

SOURCE = which("smtp-source", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(
    SOURCE is None, reason="smtp-source is not installed: apt-get install postfix"
)
ACCEPTED = re.compile(rb"<<< 250 2\.0\.0 Ok: job (\d+)")
MOMENTS, LIFE_S, LIVES = 400, 0.8, 20
SIZES = (1_500, 3 * SMALL_OCTETS)
"Octets without the last line's end, as smtp-source counts them."
SESSIONS, MESSAGES = 6, 400
"More messages than a life has time for."


class Feeder:
    """Sends over several sessions, and notes which jobs it was promised."""

    def __init__(self, octets: int) -> None:
        self.octets, self.promised = octets, set[int]()
        self.task: asyncio.Task[None] | None = None

    def begin(self, port: int) -> None:
        self.task = asyncio.create_task(self.run(port))

    async def run(self, port: int) -> None:
        told = (
            "-v",
            "-s",
            str(SESSIONS),
            "-m",
            str(MESSAGES),
            "-l",
            str(self.octets),
            "-f",
            KIM,
            "-t",
            OFFICE,
        )
        assert SOURCE is not None
        process = await asyncio.create_subprocess_exec(
            SOURCE, *told, f"127.0.0.1:{port}", stdout=PIPE, stderr=STDOUT
        )
        assert process.stdout is not None
        async for line in process.stdout:
            if found := ACCEPTED.search(line):
                self.promised.add(int(found[1]))
        await process.wait()

    async def end(self) -> None:
        if self.task is not None:
            await self.task


async def one_life(device: Lives, chance: random.Random) -> set[int]:
    """Jobs that were promised before it was killed."""
    feeder, timers = Feeder(chance.choice(SIZES)), list[asyncio.TimerHandle]()
    cut = str(chance.randrange(1, MOMENTS)) if chance.random() < 0.5 else ""

    def listens(port: int) -> None:
        feeder.begin(port)
        after_s = LIFE_S * 3 if cut else chance.uniform(0, LIFE_S)  # a moment may not come
        timers.append(asyncio.get_running_loop().call_later(after_s, kill, device.number))

    device.listens = listens
    ended = await device.live("listens", cut, spool={"seal": chance.random() < 0.5})
    assert ended.killed
    for timer in timers:
        timer.cancel()
    await feeder.end()
    return feeder.promised


async def messages_of(device: Lives) -> dict[int, str]:
    """What the store has, by job."""
    with copied(device.here.store) as folder:
        async with aclosing(SqliteStore(folder / "store.db")) as found:
            return {row.job: row.message_id for row, _ in found.jobs()}


def check_whole(device: Lives, begin: int) -> None:
    """What has arrived since is all of what the feeder wrote."""
    for each in device.here.kit.mailbox.messages[begin:]:
        header, _, body = each.raw().partition(b"\r\n\r\n")
        assert header.startswith(b"From: <kim@example.com>\r\nTo: <office@example.com>\r\n")
        octets = len(body.rstrip(b"\r\n"))
        assert octets in SIZES
        odd = body.strip(b"0123456789X\r\n")
        assert odd == b""


@pytest.mark.manual("B13", "S33", "S33b")
async def test_b13_what_was_answered_with_250_arrives_whatever_happens(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    chance = random.Random(13)  # noqa: S311 - the same kinds of moments each time
    wanted, killed, number, promised = long_count(4, 200), 0, 0, 0
    while killed < wanted:
        number += 1
        (folder := tmp_path / str(number)).mkdir()
        async with lives(folder, forking) as device:
            for _ in range(min(LIVES, wanted - killed)):
                begin = len(device.here.kit.mailbox.messages)
                jobs = await one_life(device, chance)
                killed, promised = killed + 1, promised + len(jobs)
                known = await messages_of(device)
                assert jobs <= known.keys(), "answered with 250, and lost"
                device.receipts |= {known[job]: "listens" for job in jobs}
                await device.check_left()
                check_whole(device, begin)
            await device.live("nothing")
            check_whole(device, 0)
    assert promised > wanted, "nothing was fed"
