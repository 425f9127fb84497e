"""How far a message has come is a signal: shown while it lasts, never stored, and nobody waits for it."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from franking.engine.cli.terminal import transferring
from franking.engine.engine import Engine
from franking.engine.signals import Signals, Transferred
from franking.events.request import ScanToEmail
from franking.tests.engine.device import OFFICE, history, signed_in, states

LARGE = 3_000_000


async def scan(engine: Engine, folder: Path) -> int:
    path = folder / "large.pdf"
    path.write_bytes(b"%PDF" + bytes(LARGE - 4))
    request = ScanToEmail(user="kim", to=(OFFICE,), files=(path,))
    return (await engine.submit(request)).job


@pytest.mark.manual("S33")
async def test_s33_who_asks_sees_how_far_a_message_has_come(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        seen: list[Transferred] = []
        engine.on_progress(seen.append)
        job = await scan(engine, tmp_path)
        await engine.settle()
        assert states(engine) == ["sent"]
    assert {signal.job for signal in seen} == {job}
    (of,) = {signal.of for signal in seen}
    assert of > LARGE
    octets = [signal.octets for signal in seen]
    assert octets == sorted(set(octets))
    assert octets[-1] == of
    assert len(octets) > 3


@pytest.mark.manual("S33")
async def test_s33_who_is_slow_misses_what_came_in_between_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        seen: list[Transferred] = []
        go_on, twice = asyncio.Event(), asyncio.Event()

        async def slow(signal: Transferred) -> None:
            seen.append(signal)
            if len(seen) == 2:
                twice.set()
            await go_on.wait()

        engine.on_progress(slow)
        await scan(engine, tmp_path)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert len(seen) == 1
        go_on.set()
        async with asyncio.timeout(10):
            await twice.wait()
        assert seen[1].octets == seen[1].of


@pytest.mark.manual("S33")
async def test_s33_a_handler_that_fails_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with signed_in(tmp_path) as (_, engine):
        seen: list[Transferred] = []

        def fails(signal: Transferred) -> None:
            seen.append(signal)
            raise ValueError

        engine.on_progress(fails)
        await scan(engine, tmp_path)
        await engine.settle()
        assert states(engine) == ["sent"]
    assert len(seen) > 1
    assert "a handler of progress failed: ValueError" in caplog.text


@pytest.mark.manual("S33")
async def test_s33_nothing_of_it_is_written_down(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, engine):
        await scan(engine, tmp_path)
        await engine.settle()
        unwatched = [type(fact) for fact in history(engine)]
    async with signed_in(tmp_path / "watched") as (_, engine):
        engine.on_progress(lambda signal: None)
        await scan(engine, tmp_path)
        await engine.settle()
        assert [type(fact) for fact in history(engine)] == unwatched


async def test_who_has_left_is_told_nothing_more() -> None:
    signals, seen = Signals(), list[Transferred]()
    listening = asyncio.create_task(signals.listen(seen.append))
    await asyncio.sleep(0)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    signals.transferred(1, 10, 20)
    assert (seen, signals.subscribers) == ([], [])


def test_a_terminal_shows_a_bar_with_what_has_gone() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=100, legacy_windows=False)
    with transferring(screen, "Sending job [7]") as shown:
        shown(2_000_000, 5_000_000)
    drawn = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "Sending job [7]" in drawn
    assert "2.0/5.0 MB" in drawn


def test_elsewhere_nothing_is_shown() -> None:
    page = Console(file=io.StringIO(), force_terminal=False)
    with transferring(page, "Sending job 7") as shown:
        shown(2_000_000, 5_000_000)
    assert page.file.getvalue() == ""  # type: ignore[attr-defined]
