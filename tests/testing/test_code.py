"""The code flow at both playing providers: what is given, and every way in which it is refused."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from franking.testing.clock import VirtualClock
from franking.testing.person import SignInRefused
from franking.testing.plain_client import PlainClient
from franking.testing.providers import BY_NAME
from franking.testing.quirks import GOOGLE, MICROSOFT, Quirks
from franking.tests.testing.scene import Scene, scene

BOTH = pytest.mark.parametrize("quirks", BY_NAME.values(), ids=BY_NAME.keys())


async def signed_in(at: Scene, **changed: str | None) -> None:
    await at.person.sign_in(at.client.authorize_url(**changed), "kim@example.com", "correct horse")


@BOTH
async def test_gives_tokens_for_a_code(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        assert at.client.answers[-1]["state"] == at.client.state
        answer = await at.client.redeem()
        assert answer.status_code == 200
        assert answer.http_version == "HTTP/2"
        told = answer.json()
        assert len(told["access_token"]) == quirks.access_token_octets
        shortest, longest = quirks.expires_in_s
        assert shortest <= told["expires_in"] <= longest
        access = await at.server.introspect(told["access_token"])
        assert access is not None
        assert access.account == "kim@example.com"
        assert quirks.mail_scope in access.scope
        assert access.expires_at == clock.now() + timedelta(seconds=told["expires_in"])
        assert [seen.outcome for seen in at.server.requests] == ["page", "code", "ok"]


@BOTH
async def test_id_token_says_who_signed_in(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        told = (await at.client.redeem()).json()
        keys = KeySet.import_key_set((await at.client.get(at.server.keys_url)).json())
        claims = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims
        assert claims["iss"] == at.server.issuer
        assert claims["aud"] == at.server.client_id
        assert claims["nonce"] == at.client.nonce
        assert claims["email"] == claims["preferred_username"] == "kim@example.com"
        assert claims["name"] == "Kim"
        assert claims["iat"] == int(clock.now().timestamp())
        assert claims["exp"] > claims["iat"]


@BOTH
async def test_discovery_tells_every_address(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        told = (await at.client.get(at.server.discovery_url)).json()
        assert told["issuer"] == at.server.issuer
        assert told["authorization_endpoint"] == at.server.authorize_url
        assert told["token_endpoint"] == at.server.token_url
        assert told["jwks_uri"] == at.server.keys_url
        assert told.get("revocation_endpoint") == at.server.revoke_url


async def test_a_shared_tenant_leaves_the_issuer_open(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = (await at.client.get(at.server.discovery_url.replace(at.server.tenant, "common"))).json()
        assert told["issuer"] == f"{at.server.base}/{{tenantid}}/v2.0"
        assert told["token_endpoint"] == f"{at.server.base}/common/oauth2/v2.0/token"


async def test_an_unknown_tenant_is_refused(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        answer = await at.client.post(at.server.token_url.replace(at.server.tenant, "elsewhere"))
        assert answer.status_code == 400
        assert answer.json()["error_codes"] == [90002]


async def test_http_1_1_is_served_too(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        async with PlainClient(at.server, tmp_path / "ca.pem", alpn=("http/1.1",)) as client:
            answer = await client.get(at.server.discovery_url)
        assert answer.http_version == "HTTP/1.1"


async def test_google_names_itself_in_the_redirect(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 9207; Microsoft does not."""
    async with scene(GOOGLE, clock, tmp_path) as at:
        await signed_in(at)
        assert at.client.answers[-1]["iss"] == at.server.issuer
    async with scene(MICROSOFT, clock, tmp_path) as at:
        await signed_in(at)
        assert "iss" not in at.client.answers[-1]


@pytest.mark.parametrize(
    ("quirks", "changed"),
    [
        (MICROSOFT, {"scope": f"{MICROSOFT.mail_scope} openid email"}),
        (GOOGLE, {"access_type": None}),
        (GOOGLE, {"prompt": None}),
    ],
)
async def test_no_refresh_token_unless_asked_for(
    quirks: Quirks, changed: dict[str, str | None], clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at, **changed)
        told = (await at.client.redeem()).json()
        assert "access_token" in told
        assert "refresh_token" not in told


async def test_a_person_can_leave_the_mail_scope_out(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        url = at.client.authorize_url()
        await at.person.sign_in(
            url, "kim@example.com", "correct horse", untick=frozenset({GOOGLE.mail_scope})
        )
        told = (await at.client.redeem()).json()
        assert GOOGLE.mail_scope not in told["scope"].split()
        access = await at.server.introspect(told["access_token"])
        assert access is not None
        assert GOOGLE.mail_scope not in access.scope


@BOTH
async def test_the_page_knows_the_login_hint(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        fields = await at.person.look(at.client.authorize_url(login_hint='"<kim>"@example.com'))
        assert fields["account"] == '"<kim>"@example.com'


@BOTH
async def test_a_wrong_password_shows_the_page_again(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        with pytest.raises(SignInRefused, match="incorrect"):
            await at.person.sign_in(at.client.authorize_url(), "kim@example.com", "guess")
        assert at.client.answers == []
        assert at.server.requests[-1].outcome == "wrong_password"


@BOTH
async def test_cancel_is_told_to_the_client(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await at.person.cancel(at.client.authorize_url())
        assert at.client.answers[-1]["error"] == "access_denied"
        assert at.client.answers[-1]["state"] == at.client.state
        assert ("iss" in at.client.answers[-1]) == quirks.issuer_in_redirect


@BOTH
async def test_an_old_page_is_worth_nothing(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        url = at.client.authorize_url()
        fields = await at.person.look(url)
        clock.move(timedelta(minutes=10))
        fields |= {"account": "kim@example.com", "password": "correct horse", "decision": "accept"}
        answer = await at.client.post(at.server.authorize_url, **fields)
        assert answer.status_code == 400
        assert at.server.count("consent") == 0


@BOTH
@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "somebody-else"},
        {"redirect_uri": "http://192.0.2.1:8080"},
        {"redirect_uri": "https://device.example/callback"},
        {"redirect_uri": "http://localhost.example:8080/"},
        {"redirect_uri": None},
    ],
)
async def test_a_wrong_client_or_redirect_gets_a_page_and_no_redirect(
    quirks: Quirks, changed: dict[str, str | None], clock: VirtualClock, tmp_path: Path
) -> None:
    """RFC 6749 section 4.1.2.1."""
    async with scene(quirks, clock, tmp_path) as at:
        with pytest.raises(SignInRefused) as refused:
            await signed_in(at, **changed)
        assert refused.value.status in (400, 401)
        assert at.client.answers == []


REFUSED_AT_AUTHORIZE: list[dict[str, str | None]] = [
    {"code_challenge": None},
    {"code_challenge_method": None},
    {"code_challenge_method": "plain"},
    {"code_challenge": "short"},
    {"scope": "https://outlook.office365.com/SMTP.Send"},
    {"scope": None},
    {"response_type": "token"},
]


@pytest.mark.parametrize("changed", REFUSED_AT_AUTHORIZE)
async def test_microsoft_tells_the_client_what_is_wrong(
    changed: dict[str, str | None], clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        answer = await at.client.get(at.client.authorize_url(**changed))
        if changed.get("response_type"):
            assert answer.status_code == 400
            return
        told = parse_qs(urlsplit(answer.headers["location"]).query)
        assert told["error"][0] in ("invalid_request", "invalid_scope")
        assert told["error_description"][0].startswith("AADSTS")
        assert told["state"] == [at.client.state]
        assert "code" not in told


@pytest.mark.parametrize("changed", REFUSED_AT_AUTHORIZE)
async def test_google_shows_the_person_what_is_wrong(
    changed: dict[str, str | None], clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        with pytest.raises(SignInRefused):
            await signed_in(at, **changed)
        assert at.client.answers == []


@BOTH
@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"code_verifier": "w" * 43}, "verifier_wrong"),
        ({"code_verifier": None}, "verifier_missing"),
        ({"code": "made-up"}, "code_unknown"),
        ({"code": None}, "malformed"),
        ({"redirect_uri": "http://localhost:1"}, "redirect_unknown"),
        ({"client_id": "somebody-else"}, "unknown_client"),
        ({"grant_type": "password"}, "grant_type"),
    ],
)
async def test_a_wrong_redemption_is_refused(
    quirks: Quirks, changed: dict[str, str | None], cause: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        answer = await at.client.redeem(**changed)
        words = {str(name): words for name, words in quirks.words.items()}[cause]
        assert answer.status_code == words.status
        told = answer.json()
        assert told["error"] == words.error
        assert at.server.requests[-1].outcome == cause
        if words.number:
            assert told["error_description"].startswith(f"AADSTS{words.number}: ")
            assert told["error_codes"] == [words.number]
            assert told["timestamp"] == "2026-11-02 08:00:00Z"
            assert told["trace_id"] != told["correlation_id"]


async def test_a_public_client_with_a_secret_is_refused(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        await signed_in(at)
        answer = await at.client.redeem(client_secret="surplus")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json()["error_codes"] == [700025]


@pytest.mark.parametrize(
    ("secret", "status", "error"), [("wrong", 401, "invalid_client"), (None, 400, "invalid_request")]
)
async def test_google_wants_the_client_secret(
    secret: str | None, status: int, error: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        await signed_in(at)
        answer = await at.client.redeem(client_secret=secret)
        assert (answer.status_code, answer.json()["error"]) == (status, error)


@BOTH
async def test_a_code_is_good_for_ten_minutes(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        clock.move(timedelta(minutes=10))
        answer = await at.client.redeem()
        assert answer.json()["error"] == "invalid_grant"
        assert at.server.requests[-1].outcome == "code_expired"


@BOTH
async def test_a_code_used_twice_ends_what_it_gave(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path
) -> None:
    """RFC 6749 section 4.1.2."""
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        told = (await at.client.redeem()).json()
        assert (await at.client.redeem()).json()["error"] == "invalid_grant"
        assert await at.server.introspect(told["access_token"]) is None
        assert (await at.client.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"


@BOTH
async def test_nothing_that_the_server_says_of_itself_holds_a_secret(
    quirks: Quirks, clock: VirtualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with scene(quirks, clock, tmp_path) as at:
        await signed_in(at)
        told = (await at.client.redeem()).json()
        code = at.client.answers[-1]["code"]
        said = f"{at.server.requests!r} {vars(at.server)!r}" + "".join(
            record.getMessage()
            for record in caplog.records
            if record.name.startswith(("authlib", "hypercorn"))
        )
        for secret in (
            told["access_token"],
            told["refresh_token"],
            code,
            at.client.verifier,
            "correct horse",
        ):
            assert secret not in said
