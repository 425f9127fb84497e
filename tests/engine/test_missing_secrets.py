"""A secret that a setting names and that is gone: said by name, waited for, and no fault of the program."""

from pathlib import Path

import pytest

from franking.events.token import RefreshBlocked, RefreshDelayed

from .device import PASSWORDS, PRINTER, credential, office, refresh_token, said, states, warnings

FAULT = "fault of the program"


@pytest.mark.manual("S29", "B9")
async def test_s29_without_the_clients_secret_the_grant_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, "Google") as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        secret = here.store / "credentials" / "client"
        async with here.engine() as engine:
            octets = secret.read_bytes()
            secret.unlink()
            await here.scan(engine)
            await engine.settle()
            assert (refresh_token(engine, "kim"), states(engine), here.refreshes) == (
                "Acquired",
                ["waiting"],
                0,
            )
            assert (said(engine, RefreshBlocked), said(engine, RefreshDelayed)) == (1, 0)
            (warning,) = engine.information()
            assert (warning.code.name, warning.subject) == ("PROVIDER_REFUSES", "user:1")
            assert "credential:client" in warning.cause
            assert "mode 0600" in warning.remedy
            secret.write_bytes(octets)
            secret.chmod(0o600)
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])
    assert FAULT not in caplog.text


@pytest.mark.manual("S19a", "B9")
async def test_s19a_without_the_clients_secret_nobody_is_sent_to_the_provider(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        (here.store / "credentials" / "client").write_bytes(b"\xff")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert (here.visits, refresh_token(engine, "kim")) == ([], "Required")
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("SIGN_IN_FAILED", "panel")
        assert "credential:client" in warning.cause
        assert "not UTF-8" in warning.remedy
    assert FAULT not in caplog.text


@pytest.mark.manual("S1", "B9", "B2")
async def test_s1_without_the_password_mail_waits_and_no_try_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    off: dict[str, object] = {"enabled": False, "client_id": ""}
    smtp: dict[str, object] = {"user": PRINTER, "user_credential": "credential:smtp"}
    fixed = {"setting": "Fix Administrator Address"}
    async with office(tmp_path) as here:
        credential(here.store, "smtp", PASSWORDS[PRINTER])
        async with here.engine(oauth=off, smtp=smtp, from_address=fixed) as engine:
            (here.store / "credentials" / "smtp").unlink()
            receipt = await here.notice(engine)
            await engine.settle()
            job = engine.job(receipt.job)
            assert (job.state, job.attempts) == ("waiting", 0)
            assert job.reason == "credential:smtp cannot be read"
            words = engine.advice(job.job)
            assert "credential:smtp" in words.cause
            assert "mode 0600" in words.remedy
            credential(here.store, "smtp", PASSWORDS[PRINTER])
            await here.passes(engine, minutes=5)
            assert states(engine) == ["sent"]
    assert FAULT not in caplog.text


@pytest.mark.manual("B9", "S29")
async def test_s29_a_wrong_client_secret_that_is_mended_in_its_file_is_used_without_a_restart(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        secret = here.store / "credentials" / "client"
        right = secret.read_text()
        secret.write_text("mistyped")
        await here.scan(engine)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["waiting"], [("PROVIDER_REFUSES", "user:1")])
        secret.write_text(right)
        await here.passes(engine, hours=1)
        assert (states(engine), warnings(engine)) == (["sent"], [])
