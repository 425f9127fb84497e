"""Refresh, expiry and revocation at both playing providers."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from franking.testing.authority import Authority
from franking.testing.clock import VirtualClock
from franking.testing.plain_client import PlainClient
from franking.testing.provider import ProviderServer
from franking.testing.providers import BY_NAME
from franking.testing.quirks import GOOGLE, MICROSOFT, Quirks
from franking.tests.testing.scene import KIM, scene

BOTH = pytest.mark.parametrize("quirks", BY_NAME.values(), ids=BY_NAME.keys())


@BOTH
async def test_an_access_token_ends_to_the_second(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM)
        clock.move(timedelta(seconds=given.expires_in_s - 1))
        assert await at.server.introspect(given.access_token) is not None
        clock.move(timedelta(seconds=1))
        assert await at.server.introspect(given.access_token) is None


async def test_microsoft_rotates_and_the_old_one_stays_good(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        first = (await at.client.refresh(given.refresh_token)).json()
        assert first["refresh_token"] != given.refresh_token
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        assert (await at.client.refresh(first["refresh_token"])).status_code == 200
        assert await at.server.introspect(first["access_token"]) is not None
        assert at.server.count("token:refresh_token") == 3


async def test_google_gives_no_new_refresh_token(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        given = at.server.give(KIM)
        told = (await at.client.refresh(given.refresh_token)).json()
        assert "refresh_token" not in told
        assert await at.server.introspect(told["access_token"]) is not None
        assert (await at.client.refresh(given.refresh_token)).status_code == 200


@BOTH
async def test_use_begins_the_idle_time_anew(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM)
        token = given.refresh_token
        for _ in range(2):
            clock.move(quirks.unused_max - timedelta(seconds=1))
            answer = await at.client.refresh(token)
            assert answer.status_code == 200
            token = answer.json().get("refresh_token", token)
        clock.move(quirks.unused_max)
        answer = await at.client.refresh(token)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_grant"
        assert at.server.requests[-1].outcome == "refresh_expired"
        assert at.server.requests[-1].account == KIM


@BOTH
async def test_an_administrator_can_revoke(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM)
        assert at.server.revoke_grants("KIM@example.com") == 1
        assert await at.server.introspect(given.access_token) is None
        assert (await at.client.refresh(given.refresh_token)).json()["error"] == "invalid_grant"
        assert at.server.requests[-1].outcome == "revoked"
        assert at.server.revoke_grants(KIM) == 0


@BOTH
async def test_a_changed_password_ends_the_grants(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM)
        assert at.server.change_password(KIM, "battery staple") == 1
        assert (await at.client.refresh(given.refresh_token)).json()["error"] == "invalid_grant"
        assert at.server.accounts.signed_in(KIM, "battery staple") is not None
        assert at.server.accounts.signed_in(KIM, "correct horse") is None


async def test_google_revokes_the_whole_grant(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 7009 section 2.1."""
    async with scene(GOOGLE, clock, tmp_path) as at:
        given = at.server.give(KIM)
        assert at.server.revoke_url is not None
        answer = await at.client.post(at.server.revoke_url, token=given.refresh_token)
        assert answer.status_code == 200
        assert await at.server.introspect(given.access_token) is None
        again = await at.client.post(at.server.revoke_url, token=given.refresh_token)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_token")
        assert [seen.outcome for seen in at.server.requests] == ["ok", "token_unknown"]


async def test_microsoft_has_no_revocation(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        assert at.server.revoke_url is None
        assert (await at.client.post(f"{at.server.base}/revoke", token="any")).status_code == 404


async def test_google_evicts_the_oldest_of_too_many(clock: VirtualClock, tmp_path: Path) -> None:
    assert GOOGLE.live_tokens_max is not None
    async with scene(GOOGLE, clock, tmp_path) as at:
        given = [at.server.give(KIM) for _ in range(GOOGLE.live_tokens_max + 1)]
        assert (await at.client.refresh(given[0].refresh_token)).json()["error"] == "invalid_grant"
        assert (await at.client.refresh(given[1].refresh_token)).status_code == 200


@BOTH
async def test_a_refresh_cannot_widen_the_scope(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM, frozenset({"openid", "email"}))
        answer = await at.client.refresh(given.refresh_token, scope=quirks.mail_scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@BOTH
async def test_an_unknown_refresh_token_is_refused(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        assert (await at.client.refresh("made-up")).json()["error"] == "invalid_grant"
        assert (await at.client.refresh("")).json()["error"] == "invalid_grant"
        assert (await at.client.refresh("x" * 70_000)).json()["error"] == "unsupported_grant_type"


@BOTH
async def test_scripted_answers_come_in_order(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.answer_next(429, {"Retry-After": "7"}, b'{"message": "slow down"}')
        at.server.answer_next(503, body=lambda: b"<html>" * 3)
        first = await at.client.refresh(given.refresh_token)
        assert (first.status_code, first.headers["retry-after"]) == (429, "7")
        second = await at.client.refresh(given.refresh_token)
        assert (second.status_code, second.text) == (503, "<html><html><html>")
        assert (await at.client.refresh(given.refresh_token)).status_code == 200
        assert [seen.outcome for seen in at.server.requests] == ["scripted", "scripted", "ok"]


async def test_an_outage_ends_with_its_context(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        async with at.server.outage(502):
            for _ in range(3):
                assert (await at.client.refresh(given.refresh_token)).status_code == 502
        assert (await at.client.refresh(given.refresh_token)).status_code == 200


@pytest.mark.parametrize("alpn", [("h2", "http/1.1"), ("http/1.1",)])
async def test_an_answer_can_be_lost_after_it_took_effect(
    alpn: tuple[str, ...], clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM)
        at.server.lose_next_answer()
        async with PlainClient(at.server, tmp_path / "ca.pem", alpn) as client:
            with pytest.raises(httpx2.TransportError):
                await client.refresh(given.refresh_token)
            assert at.server.requests[-1].outcome == "lost"
            assert (await client.refresh(given.refresh_token)).status_code == 200


@BOTH
async def test_held_requests_wait_unprocessed(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        given = [at.server.give(KIM).refresh_token for _ in range(3)]
        async with asyncio.TaskGroup() as group, at.server.hold() as gate:
            asked = [group.create_task(at.client.refresh(token)) for token in given]
            await gate.arrived(3)
            assert at.server.count("token:refresh_token") == 0
        assert [task.result().status_code for task in asked] == [200, 200, 200]


async def test_stopping_lets_held_requests_go(clock: VirtualClock, tmp_path: Path) -> None:
    """A test that failed while it held requests must not hang."""
    authority = Authority(tmp_path)
    server = ProviderServer(MICROSOFT, clock, authority)
    async with PlainClient(server, authority.ca_file) as client, server.hold() as gate:
        async with server:
            server.accounts.add(KIM, "correct horse")
            asked = asyncio.create_task(client.refresh(server.give(KIM).refresh_token))
            await gate.arrived(1)
        with pytest.raises(httpx2.TransportError):
            await asked
