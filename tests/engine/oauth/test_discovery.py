"""A provider that is not built in, found by its discovery document at a playing server."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from franking.engine.oauth.discovery import About, DiscoveryError, addresses, discover
from franking.engine.oauth.providers import AccountClaims, ProviderData, Redirect
from franking.engine.ports import Lifetimes, Tokens
from franking.engine.words import Words
from franking.events.settings import Language
from franking.testing.authority import Authority
from franking.testing.scripted import CUT, Scripted, deep, huge
from franking.tests.engine.oauth.conftest import KIM, Stage

Staged = Callable[[str], AbstractAsyncContextManager[Stage]]
MAIL = "https://outlook.office.com/SMTP.Send"
ABOUT = About(
    name="Example Mail",
    scopes=(MAIL, "offline_access", "openid", "email", "profile"),
    scopes_needed=frozenset({MAIL}),
    lifetimes=Lifetimes(timedelta(days=30), timedelta(minutes=5), "smtp.example.com", 1),
    redirect=Redirect("localhost", ("127.0.0.1", "::1")),
    claims=AccountClaims(("preferred_username",), ("email_verified",)),
)


async def found(stage: Stage, issuer: str | None = None) -> ProviderData:
    return await discover(issuer or stage.server.issuer, ABOUT, stage.context())


def document(stage: Stage, **changed: object) -> dict[str, object]:
    server = stage.server
    return {
        "issuer": server.issuer,
        "authorization_endpoint": server.authorize_url,
        "token_endpoint": server.token_url,
        "jwks_uri": server.keys_url,
        "response_types_supported": ["code"],
    } | changed


async def refused(stage: Stage, answer: Scripted) -> str:
    stage.server.script(answer, "discovery")
    with pytest.raises(DiscoveryError) as raised:
        await found(stage)
    assert raised.value.told(Words(Language.GERMAN)) != str(raised.value)
    return str(raised.value)


def said(told: object) -> Scripted:
    return Scripted(200, {"Content-Type": "application/json"}, json.dumps(told).encode())


@pytest.mark.manual("S2", "B3")
async def test_s2_a_person_signs_in_at_a_provider_that_was_discovered(staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        data = await found(stage)
        assert (data.name, data.issuer, data.token) == (
            "Example Mail",
            stage.server.issuer,
            stage.server.token_url,
        )
        assert (data.device_code, data.revoke) == (stage.server.device_url, None)
        client = stage.client(data=data, tenant=stage.server.tenant)
        outcome = await client.sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Tokens)
        assert outcome.account == KIM
        assert outcome.refresh is not None
        assert isinstance(await client.refresh(outcome.refresh), Tokens)


@pytest.mark.manual("B11")
@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"]
)
async def test_b11_an_address_that_is_not_https_is_refused_by_name(name: str, staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        for address in ("http://login.example/x", "login.example", "https://", "https://a@login.example/x"):
            told = said(document(stage, **{name: address}))
            assert f"`{name}`" in await refused(stage, told)


@pytest.mark.manual("B11")
async def test_b11_a_document_of_another_issuer_is_refused(staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        for other in ("https://login.example", f"{stage.server.issuer}/"):
            assert "another issuer" in await refused(stage, said(document(stage, issuer=other)))


@pytest.mark.manual("B11")
async def test_b11_what_is_no_document_is_told_without_a_word_of_it(staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        for answer in (
            Scripted(200, {}, b"<html>marked</html>"),
            huge(70_000),
            deep(30_000),
            said(["marked"]),
            said(document(stage, token_endpoint=["marked"])),
            said({"issuer": stage.server.issuer}),
        ):
            words = await refused(stage, answer)
            assert "no discovery document" in words
            assert "marked" not in words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_types_supported", ["id_token"]),
        ("code_challenge_methods_supported", ["plain"]),
        ("token_endpoint_auth_methods_supported", ["tls_client_auth"]),
    ],
)
async def test_a_provider_that_this_client_cannot_speak_to_is_refused(
    name: str, value: list[str], staged: Staged
) -> None:
    async with staged("Microsoft") as stage:
        assert f"`{name}`" in await refused(stage, said(document(stage, **{name: value})))


async def test_one_that_has_none_or_cannot_be_reached_is_told_so(staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        assert "status 404" in await refused(stage, Scripted(404))
        assert "could not be reached" in await refused(stage, CUT)
        async with stage.server.distrusted(Authority(stage.kit.ca_file.parent / "other")):
            with pytest.raises(DiscoveryError, match="not trusted"):
                await found(stage)


@pytest.mark.parametrize(
    "issuer", ["http://login.example", "login.example", "https://login.example/?a=b", "https://"]
)
async def test_an_issuer_is_an_https_address(issuer: str, staged: Staged) -> None:
    async with staged("Microsoft") as stage:
        with pytest.raises(DiscoveryError, match="https://"):
            await found(stage, issuer)
        assert stage.server.count("discovery") == 0


def test_where_a_document_may_lie() -> None:
    assert addresses("https://login.example/tenant/") == (
        "https://login.example/tenant/.well-known/openid-configuration",
        "https://login.example/.well-known/oauth-authorization-server/tenant",
    )
