"""Tokens without a person: client credentials at Microsoft, a service account at Google."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import RSAKey

from franking.testing.assertions import CLIENT_ASSERTION, thumbprint
from franking.testing.clock import VirtualClock
from franking.testing.quirks import GOOGLE, MICROSOFT
from franking.testing.refusals import Cause
from franking.tests.testing.scene import KIM, Scene, scene

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ROBOT = "device@office.iam.gserviceaccount.com"
DEFAULT = "https://outlook.office365.com/.default"
CA = trustme.CA(key_type=trustme.KeyType.RSA)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    pem: bytes
    key: RSAKey

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pem)


def identity(name: str) -> Identity:
    leaf = CA.issue_cert(name, key_type=trustme.KeyType.RSA)
    return Identity(leaf.cert_chain_pems[0].bytes(), RSAKey.import_key(leaf.private_key_pem.bytes()))


PRINTER, OTHER = identity("printer.example"), identity("other.example")


def assertion(
    at: Scene, changed: Mapping[str, object] | None = None, signer: Identity = PRINTER, alg: str = "PS256"
) -> str:
    now = at.server.clock.now()
    claims: dict[str, object] = {
        "aud": at.server.token_url,
        "iss": at.server.client_id,
        "sub": at.server.client_id,
        "jti": "first",
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=10)).timestamp()),
    }
    header = {"alg": alg, "typ": "JWT", "x5t#S256": thumbprint(signer.certificate)}
    given = {name: value for name, value in (claims | dict(changed or {})).items() if value is not None}
    return jwt.encode(header, given, signer.key, algorithms=[alg])


async def by_secret(at: Scene, secret: str | None, **changed: str | None) -> tuple[int, dict[str, object]]:
    fields: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": DEFAULT,
        "client_secret": secret,
    }
    answer = await at.client.post(at.server.token_url, **(fields | changed))
    return answer.status_code, answer.json()


async def by_certificate(at: Scene, signed: str, **changed: str | None) -> tuple[int, dict[str, object]]:
    proper: dict[str, str | None] = {
        "client_assertion_type": CLIENT_ASSERTION,
        "client_assertion": signed,
    }
    return await by_secret(at, None, **(proper | changed))


def refused(told: Mapping[str, object]) -> object:
    codes = told["error_codes"]
    assert isinstance(codes, list)
    return told["error"], codes[0]


async def test_microsoft_gives_an_access_token_for_a_secret(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_secret("of the printer")
        at.server.registration.open_mailbox(KIM)
        status, told = await by_secret(at, "of the printer")
        assert (status, told["token_type"]) == (200, "Bearer")
        assert told.keys() == {"access_token", "expires_in", "ext_expires_in", "token_type"}
        access = await at.server.introspect(str(told["access_token"]))
        assert access is not None
        assert (access.opens("KIM@example.com"), access.opens("lee@example.com")) == (True, False)
        assert at.server.requests[-1].kind == "token:client_credentials"


async def test_a_person_s_token_opens_one_mailbox(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.open_mailbox("lee@example.com")
        access = await at.server.introspect(at.server.give(KIM).access_token)
        assert access is not None
        assert (access.opens(KIM), access.opens("lee@example.com")) == (True, False)


@pytest.mark.parametrize(
    ("secret", "changed", "error"),
    [
        ("wrong", {}, ("invalid_client", 7000215)),
        (None, {}, ("invalid_client", 7000216)),
        ("right", {"scope": MICROSOFT.mail_scope}, ("invalid_scope", 1002012)),
        ("right", {"scope": None}, ("invalid_scope", 1002012)),
        ("right", {"client_id": "somebody-else"}, ("unauthorized_client", 700016)),
    ],
)
async def test_microsoft_refuses_an_application(
    secret: str | None,
    changed: dict[str, str | None],
    error: tuple[str, int],
    clock: VirtualClock,
    tmp_path: Path,
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_secret("right")
        _, told = await by_secret(at, secret, **changed)
        assert refused(told) == error


async def test_an_expired_secret_is_told_apart(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_secret("right", clock.now() + timedelta(days=180))
        assert (await by_secret(at, "right"))[0] == 200
        clock.move(timedelta(days=180))
        status, told = await by_secret(at, "right")
        assert (status, refused(told)) == (401, ("invalid_client", 7000222))


async def test_a_shared_tenant_has_no_application(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_secret("right")
        url = at.server.token_url.replace(at.server.tenant, "organizations")
        fields = {"grant_type": "client_credentials", "scope": DEFAULT, "client_secret": "right"}
        told = (await at.client.post(url, **fields)).json()
        assert refused(told) == ("invalid_request", 9001023)


@pytest.mark.parametrize("alg", ["PS256", "RS256"])
async def test_microsoft_gives_an_access_token_for_a_certificate(
    alg: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        status, told = await by_certificate(at, assertion(at, alg=alg))
        assert (status, told.get("token_type")) == (200, "Bearer")


async def test_the_issuer_is_an_audience_too(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        assert (await by_certificate(at, assertion(at, {"aud": at.server.issuer})))[0] == 200


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"aud": "https://login.example/token"}, Cause.ASSERTION_MALFORMED),
        ({"iss": "somebody-else"}, Cause.ASSERTION_MALFORMED),
        ({"sub": None}, Cause.ASSERTION_MALFORMED),
        ({"jti": None}, Cause.ASSERTION_MALFORMED),
        ({"exp": None}, Cause.ASSERTION_TIME),
        ({"exp": 1_700_000_000}, Cause.ASSERTION_TIME),
        ({"exp": 1e300}, Cause.ASSERTION_TIME),
        ({"nbf": 4_000_000_000, "exp": 4_000_000_600}, Cause.ASSERTION_TIME),
    ],
)
async def test_a_wrong_assertion_is_refused(
    changed: dict[str, object], cause: Cause, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        status, told = await by_certificate(at, assertion(at, changed))
        assert (status, told["error"], at.outcomes) == (401, "invalid_client", [cause])


async def test_a_certificate_must_be_registered(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(OTHER.pem)
        _, told = await by_certificate(at, assertion(at))
        assert refused(told) == ("invalid_client", 700027)
        at.server.registration.add_certificate(PRINTER.pem)
        assert (await by_certificate(at, assertion(at)))[0] == 200
        at.server.registration.remove_certificates()
        assert (await by_certificate(at, assertion(at, {"jti": "second"})))[0] == 401


async def test_a_foreign_signature_is_refused(clock: VirtualClock, tmp_path: Path) -> None:
    """The thumbprint names a registered certificate, and another key signed."""
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        forger = Identity(PRINTER.pem, OTHER.key)
        await by_certificate(at, assertion(at, signer=forger))
        assert at.outcomes == [Cause.ASSERTION_SIGNATURE]


@pytest.mark.parametrize("signed", ["", "no assertion", "a.b.c", "ä.b.c"])
async def test_what_is_no_assertion_is_refused(signed: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        status, told = await by_certificate(at, signed)
        assert (status, told["error"]) == (401, "invalid_client")


async def test_an_unsigned_assertion_is_refused(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        head = json.dumps({"alg": "none", "x5t#S256": thumbprint(PRINTER.certificate)}).encode()
        body = assertion(at).split(".")[1]
        unsigned = f"{base64.urlsafe_b64encode(head).rstrip(b'=').decode()}.{body}."
        assert (await by_certificate(at, unsigned))[0] == 401
        assert at.outcomes == [Cause.ASSERTION_MALFORMED]


async def test_an_assertion_is_good_once(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        signed = assertion(at)
        assert (await by_certificate(at, signed))[0] == 200
        assert (await by_certificate(at, signed))[0] == 401
        assert at.outcomes == ["ok", Cause.ASSERTION_REPEATED]


async def test_the_type_of_the_assertion_must_be_named(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        assert (await by_certificate(at, assertion(at), client_assertion_type=None))[0] == 401


async def test_a_certificate_ends_by_the_server_s_clock(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        clock.set(PRINTER.certificate.not_valid_after_utc)
        await by_certificate(at, assertion(at))
        assert at.outcomes == [Cause.CERTIFICATE_EXPIRED]


async def test_a_person_s_flow_takes_no_certificate(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.registration.add_certificate(PRINTER.pem)
        given = at.server.give(KIM).refresh_token
        said = {"client_assertion_type": CLIENT_ASSERTION, "client_assertion": assertion(at)}
        answer = await at.client.refresh(given, **said)
        assert refused(answer.json()) == ("invalid_client", 700025)


class Robot:
    """A service account with its key file."""

    def __init__(self, at: Scene) -> None:
        self.at = at
        self.file: dict[str, str] = json.loads(at.server.add_service_account(ROBOT))
        self.key = RSAKey.import_key(self.file["private_key"])

    async def ask(self, **changed: object) -> tuple[int, dict[str, object]]:
        now = self.at.server.clock.now()
        claims: dict[str, object] = {
            "iss": self.file["client_email"],
            "sub": KIM,
            "scope": GOOGLE.mail_scope,
            "aud": self.file["token_uri"],
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": self.file["private_key_id"]}
        given = {name: value for name, value in (claims | changed).items() if value is not None}
        signed = jwt.encode(header, given, self.key)
        url = self.at.server.token_url
        fields: dict[str, str | None] = {"client_id": None, "client_secret": None}
        answer = await self.at.client.post(url, grant_type=BEARER, assertion=signed, **fields)
        return answer.status_code, answer.json()


async def test_google_lets_a_service_account_send_as_a_person(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        robot = Robot(at)
        at.server.delegate(ROBOT)
        status, told = await robot.ask()
        assert (status, sorted(told)) == (200, ["access_token", "expires_in", "token_type"])
        assert told["expires_in"] == 3599
        assert len(str(told["access_token"])) == 1024
        access = await at.server.introspect(str(told["access_token"]))
        assert access is not None
        assert (access.account, access.scope) == (KIM, frozenset({GOOGLE.mail_scope}))


async def test_without_a_subject_it_acts_for_itself(clock: VirtualClock, tmp_path: Path) -> None:
    """And has no mailbox."""
    async with scene(GOOGLE, clock, tmp_path) as at:
        status, told = await Robot(at).ask(sub=None)
        assert status == 200
        access = await at.server.introspect(str(told["access_token"]))
        assert access is not None
        assert access.account == ROBOT
        assert not access.opens(KIM)


@pytest.mark.parametrize(
    ("changed", "error", "begins"),
    [
        ({"iat": 1_700_000_000}, "invalid_grant", "Invalid JWT: Token must be"),
        ({"exp": 1_700_000_000}, "invalid_grant", "Invalid JWT: Token must be"),
        ({"iat": "now"}, "invalid_grant", "Invalid JWT: Token must be"),
        ({"aud": "https://example.com"}, "invalid_grant", "Invalid JWT: "),
        ({"iss": "other@office.iam.gserviceaccount.com"}, "invalid_grant", "Invalid grant: account not"),
        ({"sub": "nobody@example.com"}, "invalid_grant", "Invalid email or User ID"),
        ({"scope": "https://mail.example/"}, "invalid_scope", "Invalid OAuth scope"),
        ({"scope": "https://www.googleapis.com/auth/gmail.send"}, "unauthorized_client", "Client is unauth"),
    ],
)
async def test_google_refuses_a_service_account(
    changed: dict[str, object], error: str, begins: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        robot = Robot(at)
        at.server.delegate(ROBOT)
        _, told = await robot.ask(**changed)
        assert told["error"] == error
        assert str(told["error_description"]).startswith(begins)


async def test_delegation_and_accounts_are_checked_by_google(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        robot = Robot(at)
        assert (await robot.ask())[1]["error"] == "unauthorized_client"
        at.server.delegate(ROBOT)
        assert (await robot.ask())[0] == 200
        at.server.accounts.disable(KIM)
        assert (await robot.ask())[1]["error_description"] == "Account has been deleted"
        at.server.accounts.enable(KIM)
        at.server.disable_service_account(ROBOT)
        assert (await robot.ask())[1]["error_description"] == "Robot is disabled."


async def test_a_foreign_key_is_refused_by_google(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        robot = Robot(at)
        at.server.delegate(ROBOT)
        robot.key = OTHER.key
        assert (await robot.ask())[1]["error_description"] == "Invalid JWT Signature."


async def test_a_second_key_of_an_account_is_good_beside_the_first(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        first, second = Robot(at), Robot(at)
        at.server.delegate(ROBOT)
        assert (await first.ask())[0] == (await second.ask())[0] == 200


async def test_google_knows_no_client_credentials_and_microsoft_no_service_account(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        answer = await at.client.post(at.server.token_url, grant_type="client_credentials")
        assert answer.json()["error"] == "unsupported_grant_type"
    async with scene(MICROSOFT, clock, tmp_path) as at:
        answer = await at.client.post(at.server.token_url, grant_type=BEARER, assertion="a.b.c")
        assert answer.json()["error"] == "unsupported_grant_type"
