"""Answers of every shape: rubbish, too much, too late; how long to wait, and how long a token lives.

Rule: whatever comes, the grant is kept and a value says what it was.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from franking.engine.oauth import session
from franking.engine.oauth.client import OAuthProvider
from franking.engine.oauth.faults import Fault
from franking.engine.ports import AnswerClass, Tokens, Trouble
from franking.engine.secret import Secret

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM = "kim@example.com"
GOOD = '"access_token": "abc", "token_type": "Bearer", "expires_in": 3600'


def grant_of(stage: "Stage") -> Secret:
    return Secret(stage.server.give(KIM).refresh_token)


async def refreshed(client: OAuthProvider, grant: Secret) -> Tokens:
    outcome = await client.refresh(grant)
    assert isinstance(outcome, Tokens), outcome
    return outcome


async def refused(client: OAuthProvider, grant: Secret) -> Trouble:
    outcome = await client.refresh(grant)
    assert isinstance(outcome, Trouble)
    return outcome


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


async def test_an_answer_that_does_not_come(staged: "Staged", monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of the whole request; a provider that is asked once more may not have heard the first."""
    async with staged("Google") as stage:
        asked: list[bool] = []

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(True)
            await reader.read()
            writer.close()

        monkeypatch.setattr(session, "CALL_S", 0.5)
        async with instead(stage, silent) as authority:
            client = stage.client(application=replace(stage.application(), authority=authority))
            trouble = await refused(client, grant_of(stage))
        assert (trouble.kind, trouble.code) == (AnswerClass.WAIT, Fault.TIMEOUT)
        assert len(asked) == 2


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

        monkeypatch.setattr(session, "CALL_S", 0.5)
        monkeypatch.setattr(session, "SIZE_MAX", 10**9)
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


@pytest.mark.manual("B1")
@pytest.mark.parametrize(
    ("life", "days"),
    [
        ("604800", 7),
        ('"604800"', 7),
        ("null", None),
        ("0", None),
        ("-1", None),
        ('"soon"', None),
        ("1e400", None),
        ("true", None),
        ("[]", None),
        ("1" + "0" * 18, None),
    ],
)
async def test_b1_the_end_of_a_refresh_token_is_believed_where_it_is_one_and_costs_no_token(
    life: str, days: int | None, staged: "Staged"
) -> None:
    async with staged("Google") as stage:
        body = b"{" + GOOD.encode() + b', "refresh_token_expires_in": ' + life.encode() + b"}"
        stage.server.answer_next(200, {"Content-Type": "application/json"}, body)
        tokens = await refreshed(stage.client(), grant_of(stage))
        assert tokens.ends_at == (days and stage.clock.now() + timedelta(days=days))


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
