"""Secrets that settings name as `vault:NAME`: sealed in the store, and read when they are needed."""

from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.kept_secrets import SecretUnnamed, UnknownSecret
from franking.engine.secret import Secret
from franking.engine.settings import CredentialError
from franking.events.device import SecretErased, SecretKept

from .device import (
    PASSWORDS,
    PRINTER,
    Office,
    anywhere,
    history,
    office,
    refresh_token,
    said,
    states,
    warnings,
)

MARKED = "a secret that is looked for"


def as_google_wants(here: Office) -> dict[str, object]:
    """The same application, its secret from the vault."""
    return {"client_credential": "vault:client"}


def client_secret(here: Office) -> Secret:
    found = here.provider.client_secret
    assert found
    return Secret(found)


@pytest.mark.manual("S26")
async def test_a_secret_of_the_vault_is_sealed_and_survives_power_off(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here:
        async with here.engine(oauth=as_google_wants(here)) as engine:
            await engine.keep_secret("client", client_secret(here))
            await engine.keep_secret("other", Secret(MARKED))
            assert engine.secrets() == ("client", "other")
            assert anywhere(here.store, MARKED.encode()) == []
            await here.acquire(engine)
        async with here.engine(oauth=as_google_wants(here)) as engine:
            await here.notice(engine)
            await engine.settle()
            assert (states(engine), here.refreshes) == (["sent"], 1)
            assert "a secret" not in "".join(each.model_dump_json() for each in history(engine))


@pytest.mark.manual("B10", "B9")
async def test_b10_what_waits_for_a_secret_goes_when_it_is_kept(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here:
        async with here.engine() as engine:
            await here.acquire(engine)
        async with here.engine(oauth=as_google_wants(here)) as engine:
            await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["waiting"]
            (warning,) = engine.information()
            assert "vault:client" in warning.cause
            assert "franking secret set client" in warning.remedy
            await engine.keep_secret("client", client_secret(here))
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S1", "B10")
async def test_s1_a_mail_servers_password_may_be_kept(tmp_path: Path) -> None:
    smtp: dict[str, object] = {"user": PRINTER, "user_credential": "vault:mail"}
    async with (
        office(tmp_path, oauth={"enabled": False}) as here,
        here.engine(smtp=smtp, from_address={"setting": "Fix Administrator Address"}) as engine,
    ):
        await here.notice(engine)
        await engine.settle()
        assert states(engine) == ["waiting"]
        await engine.keep_secret("mail", Secret(PASSWORDS[PRINTER]))
        await engine.settle()
        assert states(engine) == ["sent"]


@pytest.mark.manual("S27")
async def test_s27_an_erased_secret_is_in_no_file(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.keep_secret("client", Secret(MARKED))
        (kept,) = engine.store.secrets()
        await engine.keep_secret("client", Secret(f"{MARKED} too"))
        (now,) = engine.store.secrets()
        assert (anywhere(here.store, kept.sealed), bool(anywhere(here.store, now.sealed))) == ([], True)
        await engine.erase_secret("client")
        assert (engine.secrets(), anywhere(here.store, now.sealed)) == ((), [])
        assert (said(engine, SecretKept), said(engine, SecretErased)) == (2, 1)
        with pytest.raises(UnknownSecret):
            await engine.erase_secret("client")
        with pytest.raises(CredentialError, match="keeps no secret client"):
            engine.kept_secrets.read("vault:client")


@pytest.mark.parametrize("name", ["", "a b", "../key", "a:b", "käse"])
async def test_a_name_that_no_setting_can_have_is_refused(tmp_path: Path, name: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(SecretUnnamed):
            await engine.keep_secret(name, Secret(MARKED))
        assert (engine.secrets(), said(engine, SecretKept)) == ((), 0)


@pytest.mark.manual("S26")
async def test_s26_a_secret_is_sealed_anew_with_another_key_and_lost_with_a_lost_one(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.keep_secret("client", Secret(MARKED))
            (before,) = engine.store.secrets()
            assert await engine.rotate_key() == 1
            assert engine.store.secrets() != [before]
            assert engine.kept_secrets.read("vault:client").reveal() == MARKED
        (here.store / "key").unlink()
        async with here.engine() as engine:
            with pytest.raises(CredentialError, match="is missing"):
                engine.kept_secrets.read("vault:client")
            await engine.keep_secret("client", Secret(MARKED))
            assert engine.kept_secrets.read("vault:client").reveal() == MARKED


async def test_settings_may_name_a_secret_before_it_is_kept(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        settings = engine.settings.changed(oauth=as_google_wants(here))
        await engine.apply(settings, ends=("administrator",))
        assert engine.settings.oauth.client_credential == "vault:client"
        await engine.keep_secret("client", client_secret(here))
        await here.acquire(engine)
        assert refresh_token(engine, "administrator") == "Acquired"


async def test_what_is_not_kept_here_is_asked_for_elsewhere(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        assert isinstance(engine, Engine)
        assert engine.kept_secrets.read("credential:client").reveal() == here.provider.client_secret
