"""A device that is killed at any moment, and started again: nothing accepted is lost, and whatever went twice
is written down (S33, RFC 1047).
"""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from franking.engine.clock import SystemClock
from franking.engine.codec import instance_of
from franking.engine.store.sqlite import SqliteStore
from franking.machines.job import JOB

from ..engine.device import PAGES, PASSWORDS, Office, office
from ..engine.stored import assert_equals_replay
from .device_process import Device

SCRIPT = Path(__file__).with_name("device_process.py")
JOBS = 9
"Submitted in each life, if it lasts long enough."
LIFE_S = 2.5
"From the start of a process until it has sent its jobs, and a little more."


@dataclass(slots=True)
class Bench:
    """The servers, and a device that is started in lives."""

    here: Office
    config: Path
    receipts: dict[int, str] = field(default_factory=dict)
    "Of all lives: the Message-ID of each accepted job."

    @asynccontextmanager
    async def process(self, jobs: int, prepare: str = "as it is") -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), str(self.config), str(jobs), prepare, stdout=PIPE
        )
        try:
            yield process
        finally:
            kill(process)
            await self.said(process)
            await process.wait()

    async def said(self, process: Process, until: str = "") -> bool:
        """Reads what it says, up to this word or to its end; whether the word came."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            words = line.decode().split()
            if line.endswith(b"\n") and words[0] == "receipt":
                self.receipts[int(words[1])] = words[2]
            if words[0] == until:
                return True
        return False

    async def check_store(self) -> None:
        """After a kill: what the next start will find is what the journal says."""
        store = SqliteStore(self.here.store / "store.db")
        try:
            assert_equals_replay(store)
            accepted = {row.job for row, _ in store.jobs()}
            assert set(self.receipts) <= accepted
        finally:
            await store.aclose()

    async def to_the_end(self) -> None:
        """A last life, which submits nothing and ends when all that was accepted is sent."""
        async with self.process(0) as process:
            assert await self.said(process, "done")
            await process.wait()
            assert process.returncode == 0
        await self.check_store()

    async def unknown(self) -> dict[str, int]:
        """How often the outcome of each message was not known, by Message-ID; all must be sent."""
        store = SqliteStore(self.here.store / "store.db")
        try:
            found = {}
            for row, moved in store.jobs():
                assert moved.state == "SENT"
                stored = store.instance(JOB.title, str(row.job))
                assert stored is not None
                found[row.message_id] = instance_of(JOB, stored).data.unknown
            return found
        finally:
            await store.aclose()

    def arrived(self) -> Counter[str]:
        return Counter(str(each.message()["Message-ID"]) for each in self.here.kit.mailbox.messages)

    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.here.store / "spool").iterdir())

    async def assert_all_arrived(self) -> None:
        """Each accepted job at least once; twice only where it is written down; nothing is left behind."""
        unknown, arrived = await self.unknown(), self.arrived()
        assert set(self.receipts.values()) <= set(unknown)
        assert set(arrived) == set(unknown)
        assert {message for message, count in arrived.items() if count > 1 + unknown[message]} == set()
        assert self.folders() == []
        assert {each.attachments()[0][1] for each in self.here.kit.mailbox.messages} == {PAGES}


def kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)  # Process.kill looks first, and takes the end from its watcher


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    setting = {"setting": "Fix Administrator Address"}
    async with office(folder, clock=SystemClock(), from_address=setting) as here:
        scan, config = folder / "scan.pdf", folder / "device.json"
        scan.write_bytes(PAGES)
        Device(here.settings, PASSWORDS, scan).save(config)
        yield Bench(here, config)


async def at_random(bench: Bench, process: Process, chance: random.Random) -> None:
    """Kills it at a moment of its life, at a receipt, or at a message that arrives; or lets it end."""
    kinds = ("time", "time after open", "receipt", "arrival")
    kind = chance.choice(kinds)
    if kind == "receipt":
        for _ in range(chance.randrange(1, JOBS)):
            await bench.said(process, "receipt")
    elif kind == "arrival":
        mailbox = bench.here.kit.mailbox
        arrival = asyncio.ensure_future(mailbox.wait_for(len(mailbox.messages) + chance.randrange(1, JOBS)))
        ended = asyncio.ensure_future(bench.said(process))
        await asyncio.wait([arrival, ended], return_when=asyncio.FIRST_COMPLETED)
        kill(process)
        arrival.cancel()
        await ended
    else:
        if kind == "time after open":
            await bench.said(process, "open")
        timer = asyncio.get_running_loop().call_later(chance.uniform(0, LIFE_S), kill, process)
        await bench.said(process)
        timer.cancel()


@pytest.mark.manual("S33", "B5", "S33c")
async def test_s33_a_device_that_is_killed_at_random_loses_nothing(
    tmp_path: Path, long_count: Callable[[int, int], int]
) -> None:
    chance = random.Random(33)  # noqa: S311 - the same kinds of moments each time
    async with bench(tmp_path) as device:
        lives, killed = long_count(4, 20), 0
        for _ in range(lives):
            async with device.process(JOBS) as process:
                await at_random(device, process, chance)
            killed += process.returncode == -signal.SIGKILL
            if (device.here.store / "store.db").exists():
                await device.check_store()
        await device.to_the_end()
        assert killed >= lives / 2
        assert len(device.receipts) >= JOBS
        await device.assert_all_arrived()


@pytest.mark.manual("S33")
async def test_s33_a_kill_between_the_files_and_the_commit_leaves_no_job_and_no_files(tmp_path: Path) -> None:
    async with bench(tmp_path) as device:
        async with device.process(JOBS, "stop before commit") as process:
            assert await device.said(process, "spooled")
            assert device.folders() != []
            assert all((device.here.store / "spool" / job / "0").is_file() for job in device.folders()[:1])
        assert device.folders() != []
        assert device.receipts == {}
        await device.to_the_end()
        assert device.folders() == []
        assert await device.unknown() == {}
        assert device.arrived() == Counter()


@pytest.mark.manual("S33", "S33c")
async def test_s33c_a_kill_while_the_answer_is_awaited_is_written_down(tmp_path: Path) -> None:
    async with bench(tmp_path) as device:
        async with device.here.server.hold_bodies() as gate, device.process(3) as process:
            assert await device.said(process, "open")
            reading = asyncio.ensure_future(device.said(process))
            await gate.arrived(1)
            kill(process)
            await reading
        await device.check_store()
        await device.to_the_end()
        unknown = await device.unknown()
        assert sum(unknown.values()) >= 1
        await device.assert_all_arrived()
