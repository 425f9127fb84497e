"""Access tokens by the application's own credential: what it signs, and what a refusal means for it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trustme
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from franking.engine.oauth.application import ApplicationProvider
from franking.engine.oauth.assertions import of_client, of_service, thumbprint
from franking.engine.oauth.faults import Fault
from franking.engine.oauth.providers import WithoutPerson
from franking.engine.ports import AnswerClass, Application, Tokens, Trouble
from franking.engine.secret import Secret
from franking.events.settings import AdministratorFlow
from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.kit import playing
from franking.testing.provider import ProviderServer
from franking.testing.scripted import CAPTIVE_PORTAL, JSON, LOST, Scripted
from franking.tests.engine.oauth.elsewhere import KIM, standard

LEAF = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("device.example", key_type=trustme.KeyType.RSA)
CERTIFICATE, KEY = LEAF.cert_chain_pems[0].bytes(), LEAF.private_key_pem.bytes()
PEM = Secret((KEY + CERTIFICATE).decode())
MARK = Secret("a mark")
KIND = "token:client_credentials"
TO = "https://provider.example/token"


@asynccontextmanager
async def application(
    clock: VirtualClock, folder: Path, secret: Secret | None = None, proof: Secret | None = None
) -> AsyncIterator[tuple[ApplicationProvider, ProviderServer]]:
    """At a provider of one's own, which does what the RFCs say."""
    async with playing(clock, folder, ("standard",)) as kit:
        server = kit.providers["standard"]
        server.registration.add_secret("of the application")
        server.registration.add_certificate(CERTIFICATE)
        how = WithoutPerson(AdministratorFlow.CLIENT_CREDENTIALS, "smtp", "RS256")
        data = replace(standard(server), without_person=how)
        asks = Application(server.client_id, secret, "", None, how.flow, proof)
        yield (
            ApplicationProvider(
                data, asks, lambda: KIM, clock, lambda: client_context(kit.ca_file), lambda: True
            ),
            server,
        )


@pytest.mark.manual("B3", "S2")
@pytest.mark.parametrize("by", ["secret", "certificate"])
async def test_b3_a_provider_of_ones_own_gives_tokens_without_a_person(
    by: str, clock: VirtualClock, tmp_path: Path
) -> None:
    given = {"secret": Secret("of the application")} if by == "secret" else {"proof": PEM}
    async with application(clock, tmp_path, **given) as (provider, server):
        for number in (1, 2):
            answer = await provider.refresh(MARK)
            assert isinstance(answer, Tokens)
            assert (answer.refresh, server.count(KIND)) == (None, number)
            assert await server.introspect(answer.access.reveal()) is not None
        assert not await provider.revoke(MARK)
        assert server.count("revoke") == 0


def said(status: int, error: str) -> Scripted:
    return Scripted(status, JSON, json.dumps({"error": error}).encode())


@pytest.mark.manual("B3", "S29", "B9")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(401, "invalid_client"), AnswerClass.CREDENTIAL),
        (said(400, "unauthorized_client"), AnswerClass.CREDENTIAL),
        (said(400, "invalid_grant"), AnswerClass.CREDENTIAL),
        (said(400, "invalid_scope"), AnswerClass.APP),
        (said(400, "something_new"), AnswerClass.APP),
        (said(400, "access_denied"), AnswerClass.ADMIN),
        (said(400, "invalid_request"), AnswerClass.OURS),
        (said(503, "temporarily_unavailable"), AnswerClass.WAIT),
        (Scripted(500), AnswerClass.WAIT),
        (LOST, AnswerClass.WAIT),
        (CAPTIVE_PORTAL, AnswerClass.PROTOCOL),
    ],
    ids=[
        "client",
        "unauthorized",
        "grant",
        "scope",
        "unknown",
        "denied",
        "request",
        "not now",
        "fault",
        "lost",
        "captive portal",
    ],
)
async def test_b3_only_the_providers_word_about_the_credential_itself_makes_it_expired(
    answer: Scripted, kind: AnswerClass, clock: VirtualClock, tmp_path: Path
) -> None:
    async with application(clock, tmp_path, Secret("of the application")) as (provider, server):
        server.script(answer, KIND)
        trouble = await provider.refresh(MARK)
        assert isinstance(trouble, Trouble)
        assert trouble.kind is kind
        assert isinstance(await provider.refresh(MARK), Tokens)


@pytest.mark.manual("B3", "B9")
async def test_b3_a_proof_that_cannot_be_used_is_this_devices_matter(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with application(clock, tmp_path, proof=Secret("nothing of that kind")) as (provider, server):
        trouble = await provider.refresh(MARK)
        assert isinstance(trouble, Trouble)
        assert (trouble.kind, trouble.code) == (AnswerClass.OURS, Fault.PROOF)
        assert trouble.wants_an_act
        assert server.requests == []


@pytest.mark.manual("B3", "B9")
async def test_b3_a_provider_that_allows_no_mail_by_it_is_not_asked(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with application(clock, tmp_path, Secret("of the application")) as (provider, server):
        provider.data = replace(provider.data, without_person=None)
        trouble = await provider.refresh(MARK)
        assert isinstance(trouble, Trouble)
        assert (trouble.code, server.requests) == (Fault.FLOW, [])


def claims_of(signed: Secret) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Header and claims, with the signature verified by the certificate's own key."""
    key = RSAKey.import_key(KEY)
    told = jwt.decode(signed.reveal(), key, algorithms=["PS256", "RS256"])
    return jws.extract_compact(signed.reveal().encode()).headers(), told.claims


@pytest.mark.manual("B3")
def test_b3_what_the_application_signs(clock: VirtualClock) -> None:
    """RFC 7523 section 3."""
    now = clock.now()
    header, claims = claims_of(of_client(PEM, "device", TO, "PS256", "one", now))
    assert header == {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(PEM)}
    assert (claims["aud"], claims["iss"], claims["sub"], claims["jti"]) == (TO, "device", "device", "one")
    assert lives(claims, "nbf", now) == (timedelta(minutes=-1), timedelta(minutes=5))


@pytest.mark.manual("B3")
def test_b3_what_a_service_account_signs(clock: VirtualClock) -> None:
    now = clock.now()
    robot = {"client_email": "robot@example.com", "private_key": KEY.decode(), "private_key_id": "seven"}
    signed = of_service(Secret(json.dumps(robot)), KIM, "mail", TO, "RS256", "one", now)
    header, claims = claims_of(signed)
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "seven"}
    assert (claims["iss"], claims["sub"], claims["scope"]) == ("robot@example.com", KIM, "mail")
    assert lives(claims, "iat", now) == (timedelta(), timedelta(hours=1))


def lives(claims: Mapping[str, object], begins: str, now: datetime) -> tuple[timedelta, timedelta]:
    first, last = claims[begins], claims["exp"]
    assert isinstance(first, int)
    assert isinstance(last, int)
    return timedelta(seconds=first - now.timestamp()), timedelta(seconds=last - now.timestamp())
