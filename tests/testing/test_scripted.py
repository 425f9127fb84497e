"""Answers that a test writes, hosts that are down, and answers that come late."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from franking.testing.clock import VirtualClock
from franking.testing.quirks import MICROSOFT
from franking.testing.scripted import (
    CAPTIVE_PORTAL,
    CUT,
    LOST,
    Scripted,
    deep,
    huge,
    slow,
    throttled,
)
from franking.tests.testing.scene import KIM, PASSWORD, scene


async def somebody_waits(clock: VirtualClock) -> None:
    for _ in range(100_000):
        if clock.next_wake() is not None:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits for the clock")


async def test_an_answer_is_for_one_kind_of_request(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.script(Scripted(503), "token:authorization_code")
        at.server.script(throttled(7), "token:refresh_token", times=2)
        first = await at.client.refresh(given.refresh_token)
        assert (first.status_code, first.headers["retry-after"]) == (429, "7")
        assert (await at.client.refresh(given.refresh_token)).status_code == 429
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        assert (await at.client.redeem()).status_code == 503
        assert (await at.client.redeem()).status_code == 200


async def test_retry_after_can_be_a_date(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.script(throttled(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), 503))
        answer = await at.client.refresh("any")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "Mon, 02 Nov 2026 09:00:00 GMT")


async def test_whoever_acts_after_a_lost_answer_has_acted_twice(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.script(LOST)
        with pytest.raises(httpx2.TransportError):
            await at.client.refresh(given.refresh_token)
        assert len(at.server._books.refresh_tokens) == 2
        assert at.outcomes == ["lost"]


async def test_a_cut_request_did_not_act(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.script(CUT)
        with pytest.raises(httpx2.TransportError):
            await at.client.refresh(given.refresh_token)
        assert len(at.server._books.refresh_tokens) == 1
        assert at.outcomes == ["cut"]


async def test_a_captive_portal_answers_everything(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.script(CAPTIVE_PORTAL, "", times=3)
        for answer in (
            await at.client.refresh("any"),
            await at.client.get(at.server.keys_url),
            await at.client.ask_device_code(),
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
        assert "keys" in (await at.client.get(at.server.keys_url)).json()


async def test_answers_can_be_huge_and_deep(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.script(huge(200_000))
        at.server.script(deep(5_000))
        assert len((await at.client.refresh("any")).content) > 200_000
        assert b"[" * 5_000 in (await at.client.refresh("any")).content


async def test_a_slow_answer_is_true_and_late(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.script(slow(timedelta(seconds=40)))
        asked = asyncio.create_task(at.client.refresh(given.refresh_token))
        await somebody_waits(clock)
        assert clock.next_wake() == clock.now() + timedelta(seconds=40)
        assert at.outcomes == []
        clock.move(timedelta(seconds=40))
        assert (await asked).status_code == 200
        assert at.outcomes == ["ok"]


async def test_stopping_ends_slow_answers(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.script(slow(timedelta(days=1)))
        asked = asyncio.create_task(at.client.refresh("any"))
        await somebody_waits(clock)
        await at.server.__aexit__()
        with pytest.raises(httpx2.TransportError):
            await asked
        await at.server.__aenter__()


async def test_a_host_that_is_down_refuses_until_its_time(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        at.server.down(days=14)
        with pytest.raises(httpx2.TransportError):
            await at.client.refresh(given.refresh_token)
        clock.move(timedelta(days=14, seconds=-1))
        with pytest.raises(httpx2.ConnectError):
            await at.client.refresh(given.refresh_token)
        clock.move(timedelta(seconds=1))
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        assert at.server.count("token:refresh_token") == 2


async def test_down_can_be_changed_and_ended(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.down(hours=1)
        at.server.down(clock.now() + timedelta(hours=2))
        clock.move(timedelta(hours=1))
        with pytest.raises(httpx2.ConnectError):
            await at.client.refresh(given.refresh_token)
        at.server.up()
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        at.server.up()
        at.server.down(hours=1)


async def test_another_socket_cannot_take_the_port_meanwhile(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        port = int(at.server.base.rpartition(":")[2])
        at.server.down(hours=1)
        with pytest.raises(OSError, match="in use"):
            await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", port, reuse_address=False)
