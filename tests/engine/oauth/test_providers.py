"""The data of the providers: addresses, authorities, domains, and how an embedding program adds its own."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from franking.engine.oauth.providers import (
    BUILT_IN,
    GOOGLE,
    MICROSOFT,
    ProviderData,
    UnknownProviderError,
    provider_data,
)
from franking.engine.oauth.providers.model import is_tenant_id

TENANT = "0f1e2d3c-4b5a-4968-8776-655443322110"
ALL = pytest.mark.parametrize("data", BUILT_IN.values(), ids=BUILT_IN)


@pytest.mark.manual("S2")
def test_s2_the_manuals_two() -> None:
    assert list(BUILT_IN) == ["Microsoft", "Google"]
    assert provider_data("Microsoft") is MICROSOFT
    assert provider_data("Google") is GOOGLE


@pytest.mark.manual("S2")
def test_s2_an_embedding_program_brings_its_own() -> None:
    own = replace(GOOGLE, name="Example")
    assert provider_data("Example", {"Example": own}) is own
    with pytest.raises(UnknownProviderError) as raised:
        provider_data("Example")
    assert (raised.value.name, raised.value.known) == ("Example", ("Google", "Microsoft"))


@ALL
def test_an_authority_moves_every_address(data: ProviderData) -> None:
    there = data.at("https://login.example:8443/", "organizations")
    addresses = [there.authorize, there.token, there.keys, there.issuer, *filter(None, [there.revoke])]
    for address in addresses:
        assert urlsplit(address).netloc == "login.example:8443"
        assert "{tenant}" not in address
    here = data.at(None, "organizations")
    assert urlsplit(there.token).path == urlsplit(here.token).path
    assert (there.revoke is None) == (data.revoke is None)


def test_an_authority_may_have_a_path() -> None:
    assert GOOGLE.at("https://gateway.example/google", "").token == "https://gateway.example/google/token"


@pytest.mark.parametrize(
    "authority",
    [
        "http://login.example",
        "login.example",
        "https://",
        "https://a@b.example",
        "https://a.example/?x",
        "ftp://x",
    ],
)
def test_an_authority_is_an_https_address(authority: str) -> None:
    with pytest.raises(ValueError, match="https"):
        MICROSOFT.at(authority, "organizations")


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        ("organizations", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("common", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("example.onmicrosoft.com", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        (TENANT, f"https://login.microsoftonline.com/{TENANT}/v2.0"),
    ],
)
def test_the_issuer_follows_the_tenant(tenant: str, issuer: str) -> None:
    data = MICROSOFT.at(None, tenant)
    assert data.issuer == issuer
    assert data.token == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"


def test_a_tenant_cannot_break_out_of_the_path() -> None:
    data = MICROSOFT.at(None, "../evil?x=")
    assert urlsplit(data.token).path == "/..%2Fevil%3Fx%3D/oauth2/v2.0/token"
    assert not urlsplit(data.token).query


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (TENANT, True),
        (TENANT.upper(), True),
        ("organizations", False),
        (TENANT[:-1], False),
        ("g" + TENANT[1:], False),
    ],
)
def test_what_a_tenant_id_is(text: str, *, is_one: bool) -> None:
    assert is_tenant_id(text) is is_one


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("kim@gmail.com", GOOGLE),
        ("KIM@GoogleMail.com", GOOGLE),
        ("kim@outlook.com", MICROSOFT),
        ("kim@example.onmicrosoft.com", MICROSOFT),
        ("kim@notgmail.com", None),
        ("kim@example.com", None),
    ],
)
@pytest.mark.manual("S3")
def test_s3_domains_that_are_known(address: str, owner: ProviderData | None) -> None:
    assert [data for data in BUILT_IN.values() if data.owns(address)] == ([] if owner is None else [owner])


@pytest.mark.manual("B1", "S5")
def test_s5_each_provider_has_its_server_and_its_limit() -> None:
    assert (MICROSOFT.lifetimes.server, MICROSOFT.lifetimes.idle) == (
        "smtp.office365.com",
        timedelta(days=90),
    )
    assert (GOOGLE.lifetimes.server, GOOGLE.lifetimes.idle) == ("smtp.gmail.com", timedelta(days=180))


@ALL
def test_what_is_asked_for_holds_what_is_needed(data: ProviderData) -> None:
    assert data.scopes_needed <= set(data.scopes)
    assert set(data.scopes_on_refresh) <= set(data.scopes)
    assert {"openid", "email"} <= set(data.scopes)
