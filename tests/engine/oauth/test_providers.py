"""The data of the providers: addresses, authorities, domains, and how an embedding program adds its own."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from franking.engine.oauth.providers import (
    BUILT_IN,
    CHINA,
    DOD,
    GCC_HIGH,
    GOOGLE,
    MICROSOFT,
    PERSONAL,
    ProviderData,
    UnknownProviderError,
    provider_data,
)
from franking.engine.oauth.providers.model import is_tenant_id
from franking.events.settings import PROVIDERS

TENANT = "0f1e2d3c-4b5a-4968-8776-655443322110"
ALL = pytest.mark.parametrize("data", BUILT_IN.values(), ids=BUILT_IN)


@pytest.mark.manual("S2")
def test_s2_the_manuals_two_and_microsofts_other_places() -> None:
    assert list(BUILT_IN) == list(PROVIDERS)
    assert list(BUILT_IN)[:2] == ["Microsoft", "Google"]
    assert provider_data("Microsoft") is MICROSOFT
    assert provider_data("Google") is GOOGLE


@pytest.mark.manual("S2")
def test_s2_an_embedding_program_brings_its_own() -> None:
    own = replace(GOOGLE, name="Example")
    assert provider_data("Example", {"Example": own}) is own
    with pytest.raises(UnknownProviderError) as raised:
        provider_data("Example")
    assert (raised.value.name, raised.value.known) == ("Example", tuple(sorted(PROVIDERS)))


@ALL
def test_an_authority_moves_every_address(data: ProviderData) -> None:
    there = data.at("https://login.example:8443/", "organizations")
    addresses = [there.authorize, there.token, there.keys, there.issuer, *filter(None, [there.revoke])]
    for address in addresses:
        assert urlsplit(address).netloc == "login.example:8443"
        assert "{tenant}" not in address
    here = data.at(None, "organizations")
    assert "{tenant}" not in f"{here.device_code}{here.issuer}"
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


CLOUDS = pytest.mark.parametrize(
    ("data", "login", "mail", "server"),
    [
        (GCC_HIGH, "login.microsoftonline.us", "outlook.office365.us", "smtp.office365.us"),
        (DOD, "login.microsoftonline.us", "outlook-dod.office365.us", "outlook-dod.office365.us"),
        (CHINA, "login.partner.microsoftonline.cn", "partner.outlook.cn", "smtp.partner.outlook.cn"),
    ],
    ids=lambda value: value.name if isinstance(value, ProviderData) else "",
)


@pytest.mark.manual("S2", "S5")
@CLOUDS
def test_s2_a_national_cloud_is_asked_at_its_own_hosts_alone(
    data: ProviderData, login: str, mail: str, server: str
) -> None:
    there = data.at(None, TENANT)
    assert there.device_code
    assert there.without_person
    for address in (there.authorize, there.token, there.keys, there.issuer, there.device_code):
        assert urlsplit(address).netloc == login
    hosts = {urlsplit(scope).netloc for scope in (*there.scopes, there.without_person.scope)} - {""}
    assert hosts == {mail}
    assert there.scopes_needed == {f"https://{mail}/SMTP.Send"}
    assert there.lifetimes.server == server
    assert there.answers is MICROSOFT.answers


def test_what_could_not_be_confirmed_is_marked() -> None:
    assert {name for name, data in BUILT_IN.items() if data.unconfirmed} == {DOD.name, CHINA.name}


@pytest.mark.manual("S2", "S5")
def test_s2_personal_accounts_have_a_directory_and_a_server_of_their_own() -> None:
    data = PERSONAL.at(None, "organizations")
    assert data.token == "https://login.microsoftonline.com/consumers/oauth2/v2.0/token"
    assert data.issuer == "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
    assert data.lifetimes.server == "smtp-mail.outlook.com"
    assert data.scopes == MICROSOFT.scopes
    assert data.without_person is None


@ALL
def test_an_access_token_lives_longer_than_the_margin_at_every_server(data: ProviderData) -> None:
    """Sources: 60 to 90 minutes at Microsoft, 3,599 s at Google."""
    assert max(data.lifetimes.margin, *data.lifetimes.margins.values(), timedelta()) < timedelta(minutes=30)
    assert data.lifetimes.connections >= 1
