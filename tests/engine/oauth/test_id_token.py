"""Who signed in: forged, foreign, stale and incomplete id_tokens are not believed."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from franking.engine.oauth.faults import Fault
from franking.engine.oauth.id_token import UnusableError, Who, key_set, signed_in
from franking.engine.oauth.providers import GOOGLE, MICROSOFT, ProviderData
from franking.engine.secret import Secret

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TENANT, OTHER = "0f1e2d3c-4b5a-4968-8776-655443322110", "11111111-2222-4333-8444-555555555555"
KIM = "kim@example.com"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
KEYS = key_set(json.dumps({"keys": [KEY.as_dict(private=False)]}).encode())
MICROSOFT_HERE = MICROSOFT.at(None, "organizations")
GOOGLE_HERE = GOOGLE.at(None, "")


def claims(**changes: object) -> dict[str, object]:
    told: dict[str, object] = {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "sub": "someone",
        "aud": "device",
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
        "iat": int(NOW.timestamp()),
        "nonce": "nonce",
        "tid": TENANT,
        "preferred_username": KIM,
    }
    told |= changes
    return {name: value for name, value in told.items() if value is not None}


def google(**changes: object) -> dict[str, object]:
    own = {"iss": "https://accounts.google.com", "tid": None, "preferred_username": None}
    return claims(**{**own, "email": KIM, "email_verified": True, **changes})


def believed(
    told: Mapping[str, object],
    data: ProviderData = MICROSOFT_HERE,
    key: RSAKey = KEY,
    header: Mapping[str, object] | None = None,
    now: datetime = NOW,
) -> Who:
    text = jwt.encode({"alg": "RS256", "kid": "one", **(header or {})}, dict(told), key)
    return signed_in(Secret(text), KEYS, data, "device", Secret("nonce"), now)


def refused(*args: object, **kwargs: object) -> Fault:
    with pytest.raises(UnusableError) as raised:
        believed(*args, **kwargs)  # type: ignore[arg-type]
    assert raised.value.__cause__ is None
    return raised.value.fault


@pytest.mark.manual("S19")
def test_s19_the_account_is_the_name_that_the_provider_gave() -> None:
    assert believed(claims()) == Who(KIM)
    assert believed(google(), GOOGLE_HERE) == Who(KIM)


@pytest.mark.manual("S19")
def test_s19_an_address_that_is_not_verified_is_none() -> None:
    """A tenant's administrator can write any address into `email`."""
    assert believed(claims(email="chief@example.com")) == Who(KIM)
    assert refused(google(email_verified=False), GOOGLE_HERE) is Fault.ACCOUNT
    assert refused(google(email_verified=None), GOOGLE_HERE) is Fault.ACCOUNT
    assert refused(google(preferred_username=KIM, email=None), GOOGLE_HERE) is Fault.ACCOUNT


@pytest.mark.manual("S19")
def test_s19_aliases_are_those_that_the_provider_confirms() -> None:
    more = claims(
        email="k@example.com",
        xms_edov=True,
        verified_primary_email=["Kim@Example.com"],
        verified_secondary_email=["kim@example.net", "not an address", 7],
    )
    assert believed(more) == Who(KIM, ("k@example.com", "kim@example.net"))


def test_a_name_that_is_no_address_gives_way() -> None:
    told = claims(preferred_username="+49 30 1234", email=KIM, xms_edov="1")
    assert believed(told) == Who(KIM)
    assert refused(claims(preferred_username="kim")) is Fault.ACCOUNT
    assert refused(claims(preferred_username="a@b.example\r\nX: y")) is Fault.ACCOUNT


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"aud": ["device", "another"]},
        {"aud": []},
        {"aud": None},
        {"azp": "another"},
        {"iss": f"https://login.microsoftonline.com/{OTHER}/v2.0"},
        {"iss": f"https://attacker.example/{TENANT}/v2.0"},
        {"iss": "https://login.microsoftonline.com/{tenantid}/v2.0", "tid": "{tenantid}"},
        {"iss": "https://login.microsoftonline.com/x/../v2.0", "tid": "x/.."},
        {"iss": None},
        {"tid": None},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ""},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": None},
        {"sub": ""},
        {"sub": None},
    ],
    ids=str,
)
def test_what_is_not_believed(change: dict[str, object]) -> None:
    assert refused(claims(**change)) is Fault.ID_TOKEN


def test_a_setting_of_one_tenant_takes_no_other() -> None:
    there = MICROSOFT.at(None, OTHER)
    assert refused(claims(), there) is Fault.ID_TOKEN
    own = claims(iss=f"https://login.microsoftonline.com/{OTHER}/v2.0", tid=OTHER)
    assert believed(own, there) == Who(KIM)


@pytest.mark.parametrize(("minutes", "fine"), [(-6, False), (-4, True), (0, True), (64, True), (66, False)])
def test_five_minutes_of_leeway(minutes: int, *, fine: bool) -> None:
    at = NOW + timedelta(minutes=minutes)
    if fine:
        assert believed(claims(), now=at) == Who(KIM)
    else:
        assert refused(claims(), now=at) is Fault.CLOCK


def test_not_before_counts() -> None:
    assert refused(claims(nbf=int((NOW + timedelta(minutes=6)).timestamp()))) is Fault.CLOCK


def test_another_key_with_the_same_id() -> None:
    assert refused(claims(), key=FOREIGN) is Fault.ID_TOKEN


@pytest.mark.parametrize("kid", ["two", ""])
def test_a_key_that_is_not_in_the_set(kid: str) -> None:
    assert refused(claims(), header={"kid": kid}) is Fault.ID_TOKEN


def test_a_token_without_a_key_id() -> None:
    text = jwt.encode({"alg": "RS256"}, claims(), KEY)
    with pytest.raises(UnusableError):
        signed_in(Secret(text), KEYS, MICROSOFT_HERE, "device", Secret("nonce"), NOW)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _forgeries() -> list[str]:
    good = jwt.encode({"alg": "RS256", "kid": "one"}, claims(), KEY)
    head, body, signature = good.split(".")
    signed = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{body}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return [
        "",
        "a.b.c",
        "." * 50,
        f"{head}.{body}.",
        f"{head}.{_part(claims(preferred_username='eve@example.com'))}.{signature}",
        f"{_part({'alg': 'none'})}.{body}.",
        f"{_part({'alg': 'none', 'kid': 'one'})}.{body}.{signature}",
        f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        f"{_part({'alg': 'RS256', 'kid': 'one', 'crit': ['x'], 'x': 1})}.{body}.{signature}",
        f"{_part([])}.{body}.{signature}",
        f"{head}.{_part([1])}.{signature}",
    ]


@pytest.mark.parametrize("number", range(11))
def test_forgeries(number: int) -> None:
    with pytest.raises(UnusableError) as raised:
        signed_in(Secret(_forgeries()[number]), KEYS, MICROSOFT_HERE, "device", Secret("nonce"), NOW)
    assert raised.value.fault is Fault.ID_TOKEN


def test_keys_that_are_not_understood_are_passed_over() -> None:
    others = [
        ECKey.generate_key("P-256", {"kid": "ec"}).as_dict(private=False),
        {"kty": "AKP", "kid": "later"},
        {**FOREIGN.as_dict(private=False), "use": "enc"},
    ]
    body = json.dumps({"keys": [*others, KEY.as_dict(private=False)]}).encode()
    assert [key.kid for key in key_set(body)] == ["one"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"keys": []}',
        b'{"keys": [{"kty": "RSA", "kid": "one", "use": "sig", "n": "!", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "one", "use": "sig"}]}',
        b'{"keys": [{"kty": "EC", "kid": "one"}]}',
        b'{"keys": "' + b"x" * 100 + b'"}',
        b'{"keys": ' + b"[" * 20_000,
        json.dumps({"keys": [{"kty": "RSA", "kid": str(number)} for number in range(100)]}).encode(),
    ],
)
def test_a_key_set_that_is_none(body: bytes) -> None:
    with pytest.raises(UnusableError) as raised:
        key_set(body)
    assert raised.value.fault is Fault.KEYS


def test_the_set_is_of_public_keys() -> None:
    """A private half in a published set would not be used."""
    keys = key_set(json.dumps({"keys": [KEY.as_dict(private=True)]}).encode())
    assert isinstance(keys, KeySet)
    assert all(not key.is_private for key in keys if isinstance(key, RSAKey))


@pytest.mark.manual("S19", "B3")
def test_b3_a_flow_without_a_nonce_believes_none_that_has_one() -> None:
    """It answers another request."""

    def of_device_code(told: Mapping[str, object]) -> Who:
        text = jwt.encode({"alg": "RS256", "kid": "one"}, dict(told), KEY)
        return signed_in(Secret(text), KEYS, MICROSOFT_HERE, "device", None, NOW)

    assert of_device_code(claims(nonce=None)) == Who(KIM)
    with pytest.raises(UnusableError) as raised:
        of_device_code(claims())
    assert raised.value.fault is Fault.ID_TOKEN
