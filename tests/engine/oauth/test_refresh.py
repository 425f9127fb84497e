"""Refreshing and revoking against the playing providers: what rotates, what is lost, what is rubbish."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from franking.engine.oauth import calls
from franking.engine.oauth.answers import Fault
from franking.engine.oauth.client import OAuthProvider
from franking.engine.ports import Actor, AnswerClass, Tokens, Trouble
from franking.engine.secret import Secret
from franking.testing.authority import Authority, client_context

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM = "kim@example.com"
NAMES = pytest.mark.parametrize("name", ["Microsoft", "Google"])
GOOD = '"access_token": "abc", "token_type": "Bearer", "expires_in": 3600'


def grant_of(stage: "Stage") -> Secret:
    return Secret(stage.server.give(KIM).refresh_token)


@asynccontextmanager
async def instead(
    stage: "Stage",
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    alpn: tuple[str, ...] = ("http/1.1",),
) -> AsyncIterator[str]:
    """A server that behaves as no provider should, with a certificate that is fine; gives its authority."""
    context = stage.kit.authority.server_context(alpn)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


async def refreshed(client: OAuthProvider, grant: Secret) -> Tokens:
    outcome = await client.refresh(grant)
    assert isinstance(outcome, Tokens), outcome
    return outcome


async def refused(client: OAuthProvider, grant: Secret) -> Trouble:
    outcome = await client.refresh(grant)
    assert isinstance(outcome, Trouble)
    return outcome


@NAMES
@pytest.mark.manual("S26")
async def test_s26_a_refresh_brings_a_new_access_token(name: str, staged: "Staged") -> None:
    async with staged(name) as stage:
        outcome = await refreshed(stage.client(), grant_of(stage))
        assert outcome.expires_at > stage.clock.now() + timedelta(minutes=59)
        access = await stage.server.introspect(outcome.access.reveal())
        assert access is not None
        assert access.scope >= stage.data.scopes_needed
        assert (outcome.refresh is not None) == stage.data.rotates
        if outcome.refresh is not None:
            await refreshed(stage.client(), outcome.refresh)


@NAMES
@pytest.mark.manual("S24", "S29")
async def test_s29_only_the_providers_word_ends_a_grant(name: str, staged: "Staged") -> None:
    async with staged(name) as stage:
        grant = grant_of(stage)
        async with stage.server.outage(503):
            trouble = await refused(stage.client(), grant)
            assert (trouble.kind, trouble.code) == (AnswerClass.WAIT, "http-503")
        await refreshed(stage.client(), grant)
        stage.server.revoke_grants(KIM)
        trouble = await refused(stage.client(), grant)
        assert (trouble.kind, trouble.actor) == (AnswerClass.PERSON, Actor.PERSON)
        assert "revoked" in trouble.cause


@pytest.mark.manual("S24")
async def test_s24_a_refusal_says_which(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        client, grant = stage.client(), grant_of(stage)
        stage.clock.move(timedelta(days=91))
        unused = await refused(client, grant)
        assert (unused.kind, unused.code) == (AnswerClass.PERSON, "AADSTS700082")
        assert "90 days" in unused.cause
        assert len(unused.correlation) == 36


@NAMES
@pytest.mark.manual("B11", "S26")
async def test_b11_a_lost_answer_is_asked_for_once_more(name: str, staged: "Staged") -> None:
    async with staged(name) as stage:
        grant = grant_of(stage)
        stage.server.lose_next_answer()
        await refreshed(stage.client(), grant)
        assert [seen.outcome for seen in stage.server.requests] == ["lost", "ok"]


@pytest.mark.parametrize("http2", [True, False])
@pytest.mark.manual("B11")
async def test_b11_and_only_once(*, http2: bool, staged: "Staged") -> None:
    async with staged("Google") as stage:
        asked = 0

        async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            await reader.read(100)
            asked += 1
            writer.transport.abort()

        async with instead(stage, drop, ("h2", "http/1.1")) as authority:
            application = replace(stage.application(), authority=authority)
            trouble = await refused(stage.client(http2=http2, application=application), grant_of(stage))
        assert (trouble.kind, trouble.code) == (AnswerClass.WAIT, Fault.NETWORK)
        assert asked == 2


async def test_an_answer_that_does_not_come(staged: "Staged", monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the whole request; a provider that is asked once more may not have heard the first."""
    async with staged("Google") as stage:
        grant = grant_of(stage)
        monkeypatch.setattr(calls, "CALL_S", 0.2)
        async with stage.server.hold():
            trouble = await refused(stage.client(), grant)
        assert (trouble.kind, trouble.code) == (AnswerClass.WAIT, Fault.TIMEOUT)


async def test_a_server_that_drips_is_stopped(staged: "Staged", monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on each read alone would let one octet at a time go on for ever."""
    async with staged("Google") as stage:
        dripped = asyncio.Event()

        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
            try:
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    dripped.set()
                    await asyncio.sleep(0)
            except ConnectionError:
                writer.close()

        monkeypatch.setattr(calls, "CALL_S", 0.2)
        monkeypatch.setattr(calls, "SIZE_MAX", 10**9)
        async with instead(stage, drip) as authority:
            client = stage.client(application=replace(stage.application(), authority=authority))
            trouble = await refused(client, grant_of(stage))
        assert dripped.is_set()
        assert (trouble.kind, trouble.code) == (AnswerClass.WAIT, Fault.TIMEOUT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><title>Free WLAN</title></html>",
        b"[]",
        b'"token"',
        b"{" + GOOD.replace("3600", "-1").encode() + b"}",
        b"{" + GOOD.replace("3600", "0").encode() + b"}",
        b"{" + GOOD.replace("3600", '"soon"').encode() + b"}",
        b"{" + GOOD.replace("3600", "NaN").encode() + b"}",
        b"{" + GOOD.replace("3600", "1e400").encode() + b"}",
        b"{" + GOOD.replace("3600", "1" + "0" * 18).encode() + b"}",
        b"{" + GOOD.replace("3600", "9" * 5000).encode() + b"}",
        b"{" + GOOD.replace("3600", "true").encode() + b"}",
        b"{" + GOOD.replace("3600", "null").encode() + b"}",
        b'{"access_token": "abc", "token_type": "Bearer"}',
        b"{" + GOOD.replace('"abc"', '""').encode() + b"}",
        b"{" + GOOD.replace('"abc"', "null").encode() + b"}",
        b"{" + GOOD.replace('"abc"', '"a\\u0001b"').encode() + b"}",
        b"{" + GOOD.replace("Bearer", "mac").encode() + b"}",
        b"{" + GOOD.encode() + b', "refresh_token": 7}',
        b"[" * 30_000,
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
        b"{" + GOOD.encode() + b', "x": "' + b"x" * 70_000 + b'"}',
        b"{" + GOOD.encode() + b"\xff}",
    ],
)
async def test_rubbish_with_200_keeps_the_grant(body: bytes, staged: "Staged") -> None:
    """A captive portal or a broken proxy."""
    async with staged("Google") as stage:
        grant = grant_of(stage)
        stage.server.answer_next(200, {"Content-Type": "application/json"}, body)
        trouble = await refused(stage.client(), grant)
        assert (trouble.kind, trouble.code) == (AnswerClass.PROTOCOL, Fault.NOT_A_TOKEN)
        await refreshed(stage.client(), grant)


async def test_an_endless_answer_is_not_read(staged: "Staged") -> None:
    """A limit in memory alone would still read 200 MB; here the connection ends."""
    async with staged("Google") as stage:
        written = 0
        ended = asyncio.Event()

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b" " * 65_536)
                    written += 65_536
                    await writer.drain()
            writer.close()
            ended.set()

        async with instead(stage, flood) as authority:
            client = stage.client(application=replace(stage.application(), authority=authority))
            assert (await refused(client, grant_of(stage))).code == Fault.NOT_A_TOKEN
            await ended.wait()
        assert written < 20_000_000


async def test_an_encoded_answer_is_not_unpacked(staged: "Staged") -> None:
    """64 kB of gzip can be 64 MB."""
    async with staged("Google") as stage:
        grant = grant_of(stage)
        body = gzip.compress(b"{" + GOOD.encode() + b"}")
        stage.server.answer_next(200, {"Content-Encoding": "gzip"}, body)
        assert (await refused(stage.client(), grant)).code == Fault.NOT_A_TOKEN


@pytest.mark.parametrize(
    ("said", "life"),
    [
        ("3600", timedelta(hours=1)),
        ('"3599"', timedelta(seconds=3599)),
        ("1", timedelta(seconds=60)),
        ("100800", timedelta(hours=24)),
    ],
)
async def test_the_life_of_a_token_is_clamped(said: str, life: timedelta, staged: "Staged") -> None:
    async with staged("Google") as stage:
        stage.server.answer_next(200, {}, b"{" + GOOD.replace("3600", said).encode() + b"}")
        outcome = await refreshed(stage.client(), grant_of(stage))
        assert outcome.expires_at == stage.clock.now() + life


@pytest.mark.parametrize("said", ["null", '""'])
async def test_an_empty_refresh_token_is_none(said: str, staged: "Staged") -> None:
    """Authlib would overwrite the good one with it."""
    async with staged("Google") as stage:
        body = "{" + GOOD + f', "refresh_token": {said}' + "}"
        stage.server.answer_next(200, {}, body.encode())
        assert (await refreshed(stage.client(), grant_of(stage))).refresh is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (429, b'{"message": "slow down"}', AnswerClass.WAIT, "http-429"),
        (400, b'{"message": "no"}', AnswerClass.PROTOCOL, "http-400"),
        (400, b"<html>", AnswerClass.PROTOCOL, "http-400"),
        (401, b'{"access_token": "abc", "expires_in": 3600}', AnswerClass.PROTOCOL, "http-401"),
        (302, b"", AnswerClass.PROTOCOL, "http-302"),
        (201, b"{" + GOOD.encode() + b"}", AnswerClass.PROTOCOL, "http-201"),
        (204, b"", AnswerClass.PROTOCOL, "http-204"),
        (407, b"", AnswerClass.ADMIN, "http-407"),
        (502, b"<html>", AnswerClass.WAIT, "http-502"),
        (503, b"x" * 100_000, AnswerClass.WAIT, "http-503"),
        (500, b'{"error": "invalid_grant"}', AnswerClass.WAIT, "invalid_grant"),
        (400, b'{"error": "something_new"}', AnswerClass.APP, "something_new"),
        (400, b'{"error": {"code": 5}}', AnswerClass.PROTOCOL, "http-400"),
        (400, b'{"error": "temporarily_unavailable"}', AnswerClass.WAIT, "temporarily_unavailable"),
    ],
)
async def test_the_status_speaks_first(
    status: int, body: bytes, kind: AnswerClass, code: str, staged: "Staged"
) -> None:
    """Authlib takes any JSON without `error` for success."""
    async with staged("Google") as stage:
        stage.server.answer_next(status, {"Location": "https://portal.example/"}, body)
        trouble = await refused(stage.client(), grant_of(stage))
        assert (trouble.kind, trouble.code) == (kind, code)
        assert stage.server.count("token:refresh_token") == 1


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": "Mon, 02 Nov 2026 08:05:00 GMT"}, timedelta(minutes=5)),
        ({"Retry-After": "Mon, 02 Nov 2020 08:05:00 GMT"}, None),
        ({"Retry-After": "99999999"}, timedelta(days=1)),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
async def test_how_long_to_wait(headers: dict[str, str], wait: timedelta | None, staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        dated = {"Date": "Mon, 02 Nov 2026 08:00:00 GMT", **headers}
        stage.server.answer_next(429, dated, b"")
        trouble = await refused(stage.client(), grant_of(stage))
        assert (trouble.kind, trouble.retry_after) == (AnswerClass.WAIT, wait)


async def test_a_date_counts_from_the_answers_own(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        grant = grant_of(stage)
        stage.clock.move(timedelta(days=-300))
        said = {"Date": "Mon, 02 Nov 2026 08:00:00 GMT", "Retry-After": "Mon, 02 Nov 2026 08:01:00 GMT"}
        stage.server.answer_next(503, said, b"")
        assert (await refused(stage.client(), grant)).retry_after == timedelta(minutes=1)


async def test_refreshes_are_as_many_as_were_asked_for(staged: "Staged") -> None:
    """Nothing in the client refreshes by itself: single flight is the machine's."""
    async with staged("Microsoft") as stage:
        client, grant = stage.client(), grant_of(stage)
        async with stage.server.hold() as gate:
            asked = [asyncio.create_task(client.refresh(grant)) for _ in range(3)]
            await gate.arrived(3)
        outcomes = await asyncio.gather(*asked)
        assert all(isinstance(outcome, Tokens) for outcome in outcomes)
        assert stage.server.count("token:refresh_token") == 3


async def test_a_provider_that_is_not_there(staged: "Staged") -> None:
    async with staged("Google") as stage:
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        application = replace(stage.application(), authority=f"https://localhost:{port}")
        trouble = await refused(stage.client(application=application), grant_of(stage))
        assert (trouble.kind, trouble.code, trouble.actor) == (AnswerClass.WAIT, Fault.NETWORK, Actor.NOBODY)


@pytest.mark.manual("S30")
async def test_s30_a_provider_that_is_not_trusted(
    staged: "Staged", tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The token stays here: nothing is sent before certificate and name are verified."""
    async with staged("Google") as stage:
        other = Authority(tmp_path_factory.mktemp("other"))
        client = OAuthProvider(
            stage.data,
            stage.application(),
            stage.clock,
            lambda: client_context(other.ca_file),
            lambda: True,
        )
        trouble = await refused(client, grant_of(stage))
        assert (trouble.kind, trouble.code) == (AnswerClass.ADMIN, Fault.CERTIFICATE)
        assert stage.server.requests == []


async def test_a_file_of_authorities_that_cannot_be_read(
    staged: "Staged", tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with staged("Google") as stage:
        missing = tmp_path_factory.mktemp("none") / "ca.pem"
        client = OAuthProvider(
            stage.data, stage.application(), stage.clock, lambda: client_context(missing), lambda: True
        )
        trouble = await refused(client, grant_of(stage))
        assert (trouble.kind, trouble.code) == (AnswerClass.ADMIN, Fault.TRUST)


@pytest.mark.manual("S8")
async def test_s8_the_context_is_asked_for_at_every_call(staged: "Staged") -> None:
    async with staged("Google") as stage:
        asked = 0

        def context() -> ssl.SSLContext:
            nonlocal asked
            asked += 1
            return stage.context()

        client = OAuthProvider(
            stage.data,
            stage.application(),
            stage.clock,
            context,
            lambda: True,
        )
        grant = grant_of(stage)
        await refreshed(client, grant)
        await refreshed(client, grant)
        assert asked == 2


async def test_the_environment_is_not_looked_at(staged: "Staged", monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged("Google") as stage:
        for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
        await refreshed(stage.client(), grant_of(stage))


@pytest.mark.manual("S27")
async def test_s27_a_grant_is_revoked_where_that_is_offered(staged: "Staged") -> None:
    async with staged("Google") as stage:
        client, grant = stage.client(), grant_of(stage)
        assert await client.revoke(grant) is True
        assert (await refused(client, grant)).kind is AnswerClass.PERSON
        assert await client.revoke(grant) is False
        assert stage.server.count("revoke") == 2


@pytest.mark.manual("S27")
async def test_s27_no_endpoint_is_said(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        client, grant = stage.client(), grant_of(stage)
        assert await client.revoke(grant) is False
        assert stage.server.requests == []
        await refreshed(client, grant)


async def test_revoking_at_a_provider_that_is_not_there(staged: "Staged") -> None:
    async with staged("Google") as stage:
        application = replace(stage.application(), authority="https://localhost:1")
        assert await stage.client(application=application).revoke(grant_of(stage)) is False


async def test_a_wrong_secret_is_the_registrations(staged: "Staged") -> None:
    async with staged("Google") as stage:
        application = replace(stage.application(), client_secret=Secret("another"))
        trouble = await refused(stage.client(application=application), grant_of(stage))
        assert (trouble.kind, trouble.code, trouble.actor) == (AnswerClass.APP, "invalid_client", Actor.APP)


async def test_a_secret_for_a_public_client(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        application = replace(stage.application(), client_secret=Secret("needless"))
        trouble = await refused(stage.client(application=application), grant_of(stage))
        assert (trouble.kind, trouble.code) == (AnswerClass.APP, "AADSTS700025")
        assert "Remove" in trouble.remedy
