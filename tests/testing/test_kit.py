"""The kit as a whole: it starts, it stops, it hides no fault of its own and keeps no secret."""

import asyncio
import gc
import threading
from collections import deque
from pathlib import Path

import pytest

from franking.testing.clock import VirtualClock
from franking.testing.kit import playing
from franking.testing.plain_client import PlainClient

KIM = "kim@example.com"


async def test_nothing_is_left_when_it_stops(clock: VirtualClock, tmp_path: Path) -> None:
    threads = threading.active_count()
    async with playing(clock, tmp_path) as kit:
        ports = [int(kit.microsoft.base.rpartition(":")[2]), int(kit.google.base.rpartition(":")[2])]
        ports += [submission.port for submission in kit.submissions.values()]
        assert len(set(ports)) == 4
        # somebody who says nothing and does not go away must not keep it from stopping
        idle = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    for _, writer in idle:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in idle), return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert threading.active_count() == threads


async def test_an_unknown_provider_starts_nothing(clock: VirtualClock, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        async with playing(clock, tmp_path, ("microsoft", "elsewhere")):
            raise AssertionError("started")


async def test_a_fault_of_the_provider_is_raised_when_it_stops(clock: VirtualClock, tmp_path: Path) -> None:
    def fault() -> bytes:
        raise RuntimeError("a scripted answer that cannot be made")

    async def met() -> None:
        async with playing(clock, tmp_path, ("microsoft",)) as kit:
            kit.microsoft.answer_next(200, body=fault)
            async with PlainClient(kit.microsoft, kit.ca_file) as client:
                assert (await client.refresh("any")).status_code == 500

    with pytest.raises(ExceptionGroup) as raised:
        await met()
    assert raised.group_contains(RuntimeError, match="scripted answer")


def reachable(root: object) -> list[object]:
    """What hangs on `root`: containers, and objects of the kit and of the libraries that see tokens."""
    seen: dict[int, object] = {}
    found = [root]
    while found:
        thing = found.pop()
        ours = type(thing).__module__.startswith(("franking.", "authlib.", "starlette.", "hypercorn."))
        if id(thing) in seen or not (ours or isinstance(thing, dict | list | tuple | set | deque | str)):
            continue
        seen[id(thing)] = thing
        found += gc.get_referents(thing)
    return list(seen.values())


async def test_no_token_stays_in_an_object_of_the_kit(clock: VirtualClock, tmp_path: Path) -> None:
    """So that a search of a whole process finds what the device kept, and nothing of ours."""
    async with playing(clock, tmp_path, ("google",)) as kit:
        kit.add_account(KIM, "correct horse")
        async with PlainClient(kit.google, kit.ca_file) as client:
            await kit.person().sign_in(client.authorize_url(), KIM, "correct horse")
            told = (await client.redeem()).json()
            again = (await client.refresh(told["refresh_token"])).json()
        code = client.answers[0]["code"]
        kept = reachable(kit)
        assert KIM in kept
        for secret in (
            told["access_token"],
            told["refresh_token"],
            again["access_token"],
            code,
            "correct horse",
        ):
            assert secret not in kept
