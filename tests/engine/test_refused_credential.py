"""The provider refuses the application's own credential: Expired, kept, and asked again once mended (B3)."""

from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.secret import Secret
from franking.events.information import Actor, Info, InformationRaised
from franking.events.token import CredentialRefused, GrantRefused, RenewalDue, SignInSucceeded
from franking.tests.engine.application import CERTIFICATE, HOWS, SECRET, alone, ends
from franking.tests.engine.device import (
    Office,
    credential,
    refresh_token,
    said,
    sealed,
    states,
    warnings,
)


@HOWS
@pytest.mark.manual("B3", "S24", "B9")
async def test_b3_expired_when_the_credential_is_refused_and_acquired_once_it_is_mended(
    how: str, tmp_path: Path
) -> None:
    async with alone(tmp_path, how) as here, here.engine() as engine:
        mended = await refused(here, engine, how)
        kept = sealed(engine, "administrator")
        (warning,) = engine.information()
        assert (warning.code, warning.subject) == (Info.SIGN_IN_AGAIN, "administrator")
        assert warning.actor is Actor.APP
        assert "refused the application's credential" in warning.cause
        assert "asks again every hour" in warning.remedy
        assert "[Acquire] of [Refresh Tokens (Administrator)]" in warning.remedy
        (job,) = engine.status().jobs
        assert job.reason == "the provider refuses the application's credential"
        assert engine.advice(job.job).actor is Actor.APP
        credential(here.store, "application", mended)
        await here.acquire(engine)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["sent"], [])
        assert sealed(engine, "administrator") != kept


async def refused(here: Office, engine: Engine, how: str) -> str:
    """The credential is refused while a job waits for it; gives the next one."""
    await here.acquire(engine)
    mended = ends(here, how)
    await here.passes(engine, hours=2)
    await here.notice(engine)
    await engine.settle()
    assert (refresh_token(engine, "administrator"), states(engine)) == ("Expired", ["waiting"])
    assert (said(engine, CredentialRefused), said(engine, GrantRefused)) == (1, 0)
    return mended


async def goes_again(here: Office, engine: Engine) -> None:
    assert refresh_token(engine, "administrator") == "Acquired"
    assert (states(engine), warnings(engine)) == (["sent"], [])
    assert (here.visits, said(engine, SignInSucceeded)) == ([], 1)


@HOWS
@pytest.mark.manual("B3", "B10")
async def test_b3_a_credential_that_is_mended_in_its_file_is_used_within_a_minute(
    how: str, tmp_path: Path
) -> None:
    async with alone(tmp_path, how) as here, here.engine() as engine:
        mended = await refused(here, engine, how)
        asked = len(here.provider.requests)
        await here.passes(engine, minutes=30)
        assert len(here.provider.requests) == asked, "what was refused is not offered again and again"
        (here.store / "credentials" / "application").unlink()
        await here.passes(engine, minutes=5)
        credential(here.store, "application", mended)
        await here.passes(engine, minutes=1)
        await goes_again(here, engine)
        await here.passes(engine, hours=2)
        assert said(engine, RenewalDue) == 1, "it is looked at no longer"


@pytest.mark.manual("B3", "S24")
async def test_b3_a_registration_that_is_mended_at_the_provider_is_noticed_within_the_hour(
    tmp_path: Path,
) -> None:
    async with alone(tmp_path, "certificate") as here, here.engine() as engine:
        await refused(here, engine, "certificate")
        await engine.acknowledge(Info.SIGN_IN_AGAIN, "administrator")
        await here.passes(engine, hours=3)
        assert said(engine, CredentialRefused) == 4
        assert (said(engine, InformationRaised), engine.information()[0].acknowledged) == (1, True)
        here.provider.registration.add_certificate(CERTIFICATE)
        await here.passes(engine, hours=1)
        await goes_again(here, engine)


@pytest.mark.manual("B3", "B10")
async def test_b3_a_credential_that_is_mended_in_its_setting_is_used_at_once(tmp_path: Path) -> None:
    async with alone(tmp_path, "secret") as here, here.engine() as engine:
        mended = await refused(here, engine, "secret")
        credential(here.store, "another", "a slip of the pen")
        await engine.apply(here.settings.changed(oauth={"client_credential": "credential:another"}))
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Expired"
        (warning,) = engine.information()
        assert "AADSTS7000215" in warning.cause, "why it is refused now"
        await engine.keep_secret("next", Secret(mended))
        await engine.apply(here.settings.changed(oauth={"client_credential": "vault:next"}))
        await engine.settle()
        await goes_again(here, engine)


@pytest.mark.manual("B3", "B10")
async def test_b3_a_secret_kept_anew_under_its_name_is_used_at_once(tmp_path: Path) -> None:
    async with alone(tmp_path, "secret") as here, here.engine() as engine:
        await engine.keep_secret("own", Secret(SECRET))
        await engine.apply(here.settings.changed(oauth={"client_credential": "vault:own"}))
        mended = await refused(here, engine, "secret")
        await engine.keep_secret("own", Secret(mended))
        await engine.settle()
        await goes_again(here, engine)


@pytest.mark.manual("B3", "B10")
@pytest.mark.parametrize("by", ["retry", "start"])
async def test_b3_it_is_asked_again_on_retry_and_at_a_start(by: str, tmp_path: Path) -> None:
    async with alone(tmp_path, "certificate") as here:
        async with here.engine() as engine:
            await refused(here, engine, "certificate")
            here.provider.registration.add_certificate(CERTIFICATE)
            if by == "retry":
                await engine.retry(engine.status().jobs[0].job)
                await engine.settle()
                await goes_again(here, engine)
        async with here.engine() as engine:
            await engine.settle()
            await goes_again(here, engine)


@pytest.mark.manual("B3", "S26", "S29")
async def test_b3_a_mark_without_its_key_is_told_as_that_and_comes_back_with_it(tmp_path: Path) -> None:
    async with alone(tmp_path, "certificate") as here, here.engine() as engine:
        await refused(here, engine, "certificate")
        away = (here.store / "key").rename(tmp_path / "away")
        await here.passes(engine, hours=1)
        (warning,) = engine.information()
        assert "its key is lost" in warning.cause
        away.rename(here.store / "key")
        here.provider.registration.add_certificate(CERTIFICATE)
        await here.passes(engine, hours=1)
        await goes_again(here, engine)


@pytest.mark.manual("B3")
async def test_b3_a_programs_credentials_that_fail_stop_no_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone(tmp_path, "secret") as here, here.engine() as engine:
        mended = await refused(here, engine, "secret")

        def fails(reference: str) -> Secret:
            raise RuntimeError(mended)

        with monkeypatch.context() as broken:
            broken.setattr(engine.kept_secrets, "read", fails)
            await here.passes(engine, minutes=1)
        assert "it cannot be looked whether the credential was mended: RuntimeError" in caplog.text
        assert mended not in caplog.text
        credential(here.store, "application", mended)
        await here.passes(engine, minutes=1)
        await goes_again(here, engine)
