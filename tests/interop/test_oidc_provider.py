"""Signing in at a provider that nobody here wrote: oidc-provider over HTTPS, found by its discovery document,
with its own pages (S23, S26, S27, S29, B3).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import RSAKey

from franking.engine.clock import Clock, SystemClock
from franking.engine.engine import Engine
from franking.engine.oauth.application import ApplicationProvider
from franking.engine.oauth.discovery import About, discover
from franking.engine.oauth.providers import ProviderData, WithoutPerson
from franking.engine.ports import AnswerClass, Application, Lifetimes, Tokens, Trouble
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.events.information import Actor
from franking.events.settings import AdministratorFlow
from franking.events.token import AccessTokenReady, GrantRevoked, GrantRotated, SignInSucceeded, TokenWanted
from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.travel import pass_time
from franking.tests.engine.device import PRINTER, history, refresh_token, said

from .oidc_provider import PersonAtItsPages, Running, oidc_provider

NAME = "Example Mail"
ABOUT = About(
    name=NAME,
    scopes=("smtp", "openid", "email", "offline_access"),
    scopes_needed=frozenset({"smtp"}),
    lifetimes=Lifetimes(timedelta(days=90), timedelta(minutes=5), "smtp.example.com", 1),
    authorize_extra={"prompt": "consent"},
)


def certified() -> tuple[str, dict[str, object]]:
    """Private key and certificate of the application as a PEM file has them, and the public key as a JWK."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "application")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = RSAKey.import_key(private).as_dict(private=False)
    return private.decode() + certificate.public_bytes(Encoding.PEM).decode(), {**public, "use": "sig"}


@dataclass(frozen=True, slots=True)
class Scene:
    there: Running
    data: ProviderData
    person: PersonAtItsPages
    settings: Settings
    proof: str

    @asynccontextmanager
    async def engine(self, clock: Clock | None = None) -> AsyncIterator[Engine]:
        opened = Engine.open(self.settings, clock=clock, screen=self.person, providers={NAME: self.data})
        async with opened as engine:
            await engine.settle()
            yield engine


@asynccontextmanager
async def scene(folder: Path, **oauth: object) -> AsyncIterator[Scene]:
    proof, public = certified()
    async with oidc_provider(folder / "provider", public) as there:
        data = await discover(there.issuer, ABOUT, client_context(there.ca_file))
        settings = Settings().changed(
            administrator={"address": PRINTER},
            oauth={"enabled": True, "provider": NAME, "client_id": "device", **oauth},
            store={"path": folder / "store"},
            tls={"trust": there.ca_file},
        )
        yield Scene(there, data, PersonAtItsPages(there.ca_file, PRINTER), settings, proof)


async def refreshed(engine: Engine) -> int:
    """How often a token has come by a refresh so far, after one more is wanted."""
    await engine.publish(TokenWanted(identity="administrator"))
    await engine.settle()
    return said(engine, AccessTokenReady)


def grant(engine: Engine) -> Secret:
    sealed = engine.store.grant("administrator")
    assert sealed is not None
    return engine.vault.open(sealed)


@pytest.mark.manual("S23", "S2", "S19a")
async def test_s23_a_person_signs_in_at_its_own_pages(tmp_path: Path) -> None:
    async with scene(tmp_path) as at, at.engine() as engine:
        await engine.acquire("page")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Acquired"
        assert said(engine, SignInSucceeded) == 1
        (came_back,) = (parse_qs(urlsplit(address).query) for address in at.person.redirects[:1])
        assert came_back["iss"] == [at.there.issuer], "RFC 9207"
        assert any("login" in page for page in at.person.pages), "its page for signing in"


@pytest.mark.manual("S19")
async def test_s19_another_account_is_refused_and_its_grant_taken_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as at, at.engine() as engine:
        at.person.account = "kim@example.com"
        await engine.acquire("page")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert [warning.code.name for warning in engine.information()] == ["OTHER_ACCOUNT"]
        assert said(engine, GrantRevoked) == 1


@pytest.mark.manual("S26", "S29")
async def test_s26_each_refresh_rotates_and_the_new_token_is_the_one_that_is_kept(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        async with at.engine() as engine:
            await engine.acquire("page")
            await engine.settle()
            first = grant(engine).reveal()
        for power_on in (1, 2):
            async with at.engine() as engine:  # the access token is gone, so that each start refreshes
                assert await refreshed(engine) == power_on
                assert said(engine, GrantRotated) == power_on
                assert grant(engine).reveal() != first
                assert refresh_token(engine, "administrator") == "Acquired"


@pytest.mark.manual("S29", "S24")
async def test_s29_a_token_that_is_used_twice_ends_the_sign_in_and_is_said(tmp_path: Path) -> None:
    """It is the provider's word: a copy of the token was used behind the device's back."""
    async with scene(tmp_path) as at:
        async with at.engine() as engine:
            await engine.acquire("page")
            await engine.settle()
            provider = engine.adapters.provider("administrator")
            assert isinstance(await provider.refresh(grant(engine)), Tokens)
        async with at.engine() as engine:
            assert await refreshed(engine) == 0
            assert refresh_token(engine, "administrator") == "Expired"
            assert [warning.code.name for warning in engine.information()] == ["SIGN_IN_AGAIN"]


@pytest.mark.manual("S27")
async def test_s27_a_deleted_grant_is_revoked_there(tmp_path: Path) -> None:
    async with scene(tmp_path) as at, at.engine() as engine:
        await engine.acquire("page")
        await engine.settle()
        held, provider = grant(engine), engine.adapters.provider("administrator")
        await engine.delete_token("administrator")
        await engine.settle()
        facts = [fact for fact in history(engine) if isinstance(fact, GrantRevoked)]
        assert [fact.delivered for fact in facts] == [True]
        answer = await provider.refresh(held)
        assert isinstance(answer, Trouble)
        assert answer.kind is AnswerClass.PERSON


@pytest.mark.manual("B3")
async def test_b3_a_person_signs_in_with_a_code(tmp_path: Path) -> None:
    clock = VirtualClock(SystemClock().now())
    async with scene(tmp_path, flow="code") as at, at.engine(clock) as engine:
        await engine.acquire("page")
        await pass_time(engine, clock, seconds=30)
        assert refresh_token(engine, "administrator") == "Acquired"
        assert (at.person.codes, at.person.redirects) == (1, [])


@pytest.mark.manual("B3")
async def test_b3_an_application_proves_itself_by_its_certificate(tmp_path: Path) -> None:
    """private_key_jwt (RFC 7523 section 2.2)."""
    async with scene(tmp_path) as at:
        how = WithoutPerson(AdministratorFlow.CLIENT_CREDENTIALS, "smtp", "PS256")
        flow = AdministratorFlow.CLIENT_CREDENTIALS
        context = client_context(at.there.ca_file)

        def provider(proof: str) -> ApplicationProvider:
            application = Application("application", None, "", None, flow, Secret(proof))
            data = replace(at.data, without_person=how)
            return ApplicationProvider(
                data,
                application,
                lambda: PRINTER,
                SystemClock(),
                lambda: context,
                lambda: False,
                lambda: None,
            )

        answer = await provider(at.proof).refresh(Secret("nobody signed in"))
        assert isinstance(answer, Tokens)
        assert answer.expires_at > SystemClock().now()
        stranger, _ = certified()
        refused = await provider(stranger).refresh(Secret("nobody signed in"))
        assert isinstance(refused, Trouble)
        assert (refused.code, refused.actor) == ("invalid_client", Actor.APP)
