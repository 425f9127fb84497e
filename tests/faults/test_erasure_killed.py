"""A device that is killed in the middle of an erasure, or of the exchange of its key, and started again.

Rule: what is looked for is looked for in every file below the store's folder, at the start that follows the
kill.
"""

import asyncio
import random
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.testing.clock import VirtualClock

from ..engine.device import PASSWORDS, Office, anywhere, office, refresh_token, states
from .device_process import Device
from .test_kill import kill

SCRIPT = Path(__file__).with_name("erasing_process.py")
MOST_S = 0.15
"How long an erasure takes at the most, or about."
DELETIONS = ["Delete", "logout", "auto reset", "forget"]
COMMITS = ["before the commit", "after the commit", "after the checkpoint"]


class Kept(NamedTuple):
    """What was there before, as it would be found in a file."""

    token: bytes
    sealed: bytes

    def found(self, folder: Path) -> list[str]:
        return sorted({*anywhere(folder, self.token), *anywhere(folder, self.sealed)})


async def killed(here: Office, how: str, cut: str, after_s: float = 0.0) -> Kept:
    """Starts the process, and kills it at this cut, or so long after it has begun."""
    config = here.folder / "device.json"
    Device(here.settings, PASSWORDS, here.folder / "none").save(config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(config), how, cut, stdout=PIPE, stdin=PIPE
    )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).split()
        assert line[0] == b"kept"
        assert await process.stdout.readline() == b"begun\n"
        if cut == "at random":
            timer = asyncio.get_running_loop().call_later(after_s, kill, process)
            await process.stdout.read()
            timer.cancel()
        else:
            assert await process.stdout.readline() == b"cut\n"
    finally:
        kill(process)
        await process.communicate()
    assert process.returncode in (-signal.SIGKILL, *([0] if cut == "at random" else []))
    return Kept(line[1], bytes.fromhex(line[2].decode()))


async def started(here: Office, kept: Kept) -> list[str]:
    """The next start; the files in which something is found of what was kept, as soon as it is open."""
    async with Engine.open(here.settings, clock=VirtualClock(SystemClock().now()), screen=here.screen):
        return kept.found(here.store)


@pytest.mark.manual("S27", "S28", "B14")
@pytest.mark.parametrize("cut", COMMITS)
@pytest.mark.parametrize("how", DELETIONS)
async def test_s27_a_kill_in_the_middle_leaves_no_token(tmp_path: Path, how: str, cut: str) -> None:
    """[Delete] and `forget` that nobody was told of may not have happened; a start is a logout (S28)."""
    auto_delete = how in ("logout", "auto reset")
    async with office(tmp_path, "Google", clock=SystemClock()) as here:
        here.settings = here.settings.changed(oauth={"auto_delete": auto_delete})
        kept = await killed(here, how, cut)
        found = await started(here, kept)
        assert anywhere(here.store, kept.token) == []
        undone = cut == "before the commit" and not auto_delete
        assert found == (["store.db"] if undone else [])


@pytest.mark.manual("S27", "S28", "B14")
@pytest.mark.parametrize("how", DELETIONS)
async def test_s27_a_kill_at_random_leaves_all_or_nothing(
    tmp_path: Path, how: str, long_count: Callable[[int, int], int]
) -> None:
    chance = random.Random(how)  # noqa: S311 - the same moments each time, as far as a machine can
    auto_delete = how in ("logout", "auto reset")
    async with office(tmp_path, "Google", clock=SystemClock()) as here:
        here.settings = here.settings.changed(oauth={"auto_delete": auto_delete})
        for _ in range(long_count(1, 10)):
            kept = await killed(here, how, "at random", chance.uniform(0, MOST_S))
            found = await started(here, kept)
            clock = VirtualClock(SystemClock().now())
            async with Engine.open(here.settings, clock=clock, screen=here.screen) as engine:
                held = [each.login for each in engine.status().identities if each.refresh_token == "Acquired"]
                assert held in ([], ["kim"])
                assert not (auto_delete and held)
                assert bool(found) == bool(held)
                await engine.delete_tokens()
            assert kept.found(here.store) == []


@pytest.mark.manual("S26")
@pytest.mark.parametrize("cut", [*COMMITS, "before the rename", "after the rename"])
async def test_s26_a_kill_while_the_key_is_exchanged_costs_nothing(tmp_path: Path, cut: str) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        kept = await killed(here, "key", cut)
        former = (here.store / "key").read_bytes()
        assert await started(here, kept) == [], "what the former key sealed is gone"
        clock = VirtualClock(SystemClock().now())
        async with Engine.open(here.settings, clock=clock, screen=here.screen) as engine:
            assert refresh_token(engine, "kim") == "Acquired"
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), here.refreshes) == (["sent"], 1)
        assert not (here.store / "key.next").exists()
        assert ((here.store / "key").read_bytes() == former) == (cut == "after the rename")


@pytest.mark.manual("B14", "S27")
@pytest.mark.parametrize("cut", ["after the mark", "after the key"])
async def test_b14_a_kill_in_the_middle_of_a_reset_is_finished_by_the_next_start(
    tmp_path: Path, cut: str
) -> None:
    async with office(tmp_path, clock=SystemClock()) as here:
        kept = await killed(here, "reset", cut)
        assert (here.store / "reset").exists()
        assert await started(here, kept) == []
        assert not (here.store / "reset").exists()
        assert anywhere(here.store, b"kim") == []
