"""Refreshing and revoking against the playing providers: what rotates, what is lost, who must act."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from franking.engine.oauth.client import OAuthProvider
from franking.engine.oauth.faults import Fault
from franking.engine.ports import AnswerClass, Tokens, Trouble
from franking.engine.secret import Secret
from franking.events.information import Actor
from franking.testing.authority import Authority, client_context

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM = "kim@example.com"
NAMES = pytest.mark.parametrize("name", ["Microsoft", "Google"])


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
