"""The administrator's mail goes by the application's own credential, and nobody signs in (B3)."""

import logging
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurve,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt

from franking.engine.oauth.assertions import thumbprint
from franking.engine.parts import NoScreen
from franking.engine.ports import Tokens
from franking.engine.secret import Secret
from franking.engine.settings import SettingsError
from franking.engine.signing_in import MARK
from franking.engine.words import words as sentences
from franking.events.token import GrantRefused, SignInSucceeded
from franking.tests.engine.application import CERTIFICATE, HOWS, LEAF, PEM, ROBOT, alone, ends
from franking.tests.engine.device import (
    KIM,
    PRINTER,
    access_token,
    credential,
    office,
    refresh_token,
    said,
    sealed,
    states,
    warnings,
)


@HOWS
@pytest.mark.manual("B3", "S23", "S30")
async def test_b3_mail_goes_without_anybody_signing_in(how: str, tmp_path: Path) -> None:
    async with alone(tmp_path, how) as here, here.engine() as engine:
        assert refresh_token(engine, "administrator") == "Required"
        await here.notice(engine)
        await here.acquire(engine)
        assert here.visits == []
        assert states(engine) == ["sent"]
        (message,) = here.kit.mailbox.messages
        assert (message.envelope.account, message.mail_from) == (PRINTER, PRINTER)


@pytest.mark.manual("B3")
async def test_b3_a_device_without_any_screen_acquires_its_token_and_no_users(tmp_path: Path) -> None:
    async with alone(tmp_path, "secret") as here:
        here.screen = None  # type: ignore[assignment]
        async with here.engine() as engine:
            await here.acquire(engine)
            with pytest.raises(NoScreen):
                await engine.sign_in("page", "kim")


@HOWS
@pytest.mark.manual("B3", "S25")
async def test_b3_each_hour_has_an_access_token_of_its_own_and_a_restart_asks_nobody(
    how: str, tmp_path: Path
) -> None:
    async with alone(tmp_path, how) as here:
        kind = "token:jwt_bearer" if how == "service account" else "token:client_credentials"
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.passes(engine, hours=3)
            await here.notice(engine)
            await engine.settle()
            assert (states(engine), here.provider.count(kind)) == (["sent"], 2)
        async with here.engine() as engine:
            assert refresh_token(engine, "administrator") == "Acquired"
            await here.notice(engine)
            await engine.settle()
            assert (states(engine)[-1], here.provider.count(kind), here.visits) == ("sent", 3, [])


@pytest.mark.manual("B3")
async def test_b3_an_assertion_is_made_for_one_request(tmp_path: Path) -> None:
    """The playing provider refuses a `jti` that it has seen."""
    async with alone(tmp_path, "certificate") as here, here.engine() as engine:
        provider = engine.adapters.provider("administrator")
        for _ in range(3):
            assert isinstance(await provider.refresh(MARK), Tokens)
        assert here.provider.count("token:client_credentials") == 3


@pytest.mark.manual("B3", "B9")
async def test_b3_a_credential_that_is_refused_at_once_changes_nothing(tmp_path: Path) -> None:
    async with alone(tmp_path, "secret") as here, here.engine() as engine:
        ends(here, "secret")
        await engine.acquire("page")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert warnings(engine) == [("SIGN_IN_FAILED", "page")]
        assert said(engine, SignInSucceeded) == 0


@pytest.mark.manual("B3", "S29")
async def test_b3_an_outage_and_an_administrators_matter_end_nothing(tmp_path: Path) -> None:
    async with alone(tmp_path, "service account") as here, here.engine() as engine:
        await here.acquire(engine)
        here.provider.delegate(ROBOT, frozenset())
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await engine.settle()
        assert (refresh_token(engine, "administrator"), access_token(engine, "administrator")) == (
            "Acquired",
            "refused",
        )
        assert said(engine, GrantRefused) == 0
        here.provider.delegate(ROBOT)
        async with here.provider.outage():
            await here.passes(engine, hours=2)
            assert refresh_token(engine, "administrator") == "Acquired"
        await here.passes(engine, hours=1)
        assert states(engine) == ["sent"]


@pytest.mark.manual("B3")
async def test_b3_people_go_on_signing_in_and_bring_no_secret(tmp_path: Path) -> None:
    """AADSTS700025: a sign-in by a loopback redirect is a public client's."""
    async with alone(tmp_path, "secret") as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine)
        receipt = await here.scan(engine)
        await engine.settle()
        assert engine.job(receipt.job).state == "sent"
        assert here.visits == ["panel"]


@pytest.mark.manual("B3", "S26a")
async def test_s26a_what_one_way_acquired_is_of_no_use_to_the_other(tmp_path: Path) -> None:
    async with alone(tmp_path, "secret") as here:
        async with here.engine() as engine:
            await here.acquire(engine)
            await here.sign_in(engine)
        async with here.engine(oauth={"administrator_flow": "sign-in", "client_credential": None}) as engine:
            assert refresh_token(engine, "administrator") == "Required"
            assert refresh_token(engine, "kim") == "Acquired"


@pytest.mark.manual("B3", "S27")
async def test_s27_deleting_forgets_it_and_tells_nobody_a_secret(tmp_path: Path) -> None:
    async with alone(tmp_path, "service account") as here, here.engine() as engine:
        await here.acquire(engine)
        assert sealed(engine, "administrator")
        await engine.delete_token("administrator")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert here.provider.count("revoke") == 0


@pytest.mark.manual("B3", "S19")
async def test_b3_it_is_for_the_administrator_alone(tmp_path: Path) -> None:
    async with alone(tmp_path, "service account") as here, here.engine() as engine:
        assert engine.adapters.issuer("user:1") != engine.adapters.issuer("administrator")
        await here.sign_in(engine)
        assert here.visits == ["panel"]
        grant = engine.store.grant("user:1")
        assert grant is not None
        assert grant.account == KIM


@pytest.mark.manual("B3", "B9")
@pytest.mark.parametrize(
    ("provider", "oauth", "key", "words"),
    [
        ("Google", {"flow": "code"}, "oauth.flow", "Google allows no e-mail to a sign-in with a code"),
        (
            "Google",
            {"administrator_flow": "client credentials"},
            "oauth.administrator_flow",
            "set `sign-in` or `service account`",
        ),
        (
            "Microsoft",
            {"administrator_flow": "service account"},
            "oauth.administrator_flow",
            "Microsoft allows",
        ),
        ("Microsoft", {"administrator_flow": "client credentials"}, "oauth.client_certificate", "secret in"),
        ("Microsoft", {"administrator_flow": "client credentials"}, "oauth.tenant", "organisation's own id"),
        ("Google", {"administrator_flow": "service account"}, "oauth.service_account", "wants its key"),
    ],
)
async def test_b3_what_a_provider_does_not_allow_for_mail_is_said_before_anything_is_tried(
    provider: str, oauth: dict[str, object], key: str, words: str, tmp_path: Path
) -> None:
    async with office(tmp_path, provider) as here:
        with pytest.raises(SettingsError) as refused:
            async with here.engine(oauth=oauth):
                pass
        found = {mistake.key: mistake.told(sentences()) for mistake in refused.value.mistakes}
        assert words in found[key]
        assert here.provider.requests == []


@pytest.mark.manual("B3", "B9")
@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("certificate", "no PEM"),
        ("certificate", CERTIFICATE.decode()),
        ("certificate", LEAF.private_key_pem.bytes().decode()),
        ("certificate", f"{trustme.CA().cert_pem.bytes().decode()}{LEAF.private_key_pem.bytes().decode()}"),
        ("service account", "{}"),
        ("service account", '{"client_email": "a@example.com", "private_key": "none"}'),
        ("service account", "[" * 10_000),
    ],
)
async def test_b3_a_key_that_cannot_be_used_is_said_with_the_settings(
    how: str, text: str, tmp_path: Path
) -> None:
    async with alone(tmp_path, how) as here:
        credential(here.store, "application", text)
        with pytest.raises(SettingsError, match="its file is to hold") as refused:
            async with here.engine():
                pass
        assert text[:20] not in str(refused.value)


@pytest.mark.manual("B3", "B9")
@pytest.mark.parametrize("curve", [SECP256R1(), SECP384R1()], ids=lambda curve: curve.name)
async def test_b3_a_key_of_an_elliptic_curve_is_said_to_be_one_that_microsoft_does_not_take(
    curve: EllipticCurve, tmp_path: Path
) -> None:
    key = generate_private_key(curve)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    async with alone(tmp_path, "certificate") as here:
        credential(here.store, "application", CERTIFICATE.decode() + pem)
        with pytest.raises(SettingsError, match="Microsoft takes certificates with an RSA key alone"):
            async with here.engine():
                pass
        assert here.provider.requests == []


async def test_hve_wants_tokens_that_live_longer(tmp_path: Path) -> None:
    """501 5.5.127: more than 600 s."""
    async with office(tmp_path) as here, here.engine(smtp={"server": "smtp-hve.office365.com"}) as engine:
        assert engine.adapters.provider("administrator").lifetimes.margin.total_seconds() > 600


@HOWS
@pytest.mark.manual("B3", "S25")
async def test_s25_no_secret_key_or_assertion_in_a_log_or_in_the_store(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    encode = jwt.encode

    def noted(*parts: object, **named: object) -> str:
        made.append(encode(*parts, **named))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(jwt, "encode", noted)
    caplog.set_level(logging.DEBUG)
    async with alone(tmp_path, how) as here:
        given = (here.store / "credentials" / "application").read_text()
        async with here.engine() as engine:
            await here.acquire(engine)
            held = engine.holder.take("administrator")
            assert held is not None
            secrets = [held.access.reveal(), *made, *([given] if how == "secret" else given.split()[3:5])]
            kept = (path for path in here.store.iterdir() if path.is_file())
            stored = b"".join(path.read_bytes() for path in kept)
    assert bool(made) == (how != "secret")
    assert [text for text in secrets if text in caplog.text or text.encode() in stored] == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_certificates_file_may_come_from_any_system(ends: str) -> None:
    assert thumbprint(Secret(PEM.replace("\n", ends))) == thumbprint(Secret(PEM))
