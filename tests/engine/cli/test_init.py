"""`franking init`: a set-up by questions."""

import os
import stat
from pathlib import Path

import pytest
import typer

from franking.engine.cli import init
from franking.engine.oauth.providers import GOOGLE, MICROSOFT
from franking.engine.oauth.providers.registration import consent_link, steps
from franking.engine.settings import Settings

from .conftest import Device
from .test_leaving import Answers, answers

__all__ = ["answers"]

CLIENT = "0f0f0f0f-1111-2222-3333-444444444444"


@pytest.fixture
def nothing_yet(device: Device, monkeypatch: pytest.MonkeyPatch) -> Device:
    device.config.unlink()
    monkeypatch.delenv("FRANKING_CONFIG")
    monkeypatch.setenv("XDG_STATE_HOME", str(device.folder / "state"))
    return device


def made(device: Device) -> Settings:
    return Settings.load(device.config)


@pytest.mark.manual("B14", "S2", "S3")
def test_five_questions_make_a_file_that_was_checked(nothing_yet: Device, answers: Answers) -> None:
    answers.say("1", "scanner@", "scanner@contoso.com", CLIENT, "")
    ended = nothing_yet.franking("init", "--config", nothing_yet.config)
    assert ended.code == 0, ended.err
    assert "it takes an e-mail address" in ended.err
    for value in ("http://localhost", *MICROSOFT.scopes, "Set-CASMailbox -Identity scanner@contoso.com"):
        assert value in ended.out
    assert f"adminconsent?client_id={CLIENT}" in ended.out
    found = made(nothing_yet)
    assert (found.oauth.enabled, found.oauth.provider, found.oauth.client_id) == (True, "Microsoft", CLIENT)
    assert (found.oauth.tenant, found.administrator.address) == ("organizations", "scanner@contoso.com")
    assert nothing_yet.franking("settings", "list", "--config", nothing_yet.config).code == 0


@pytest.mark.manual("S2", "S30")
def test_a_secret_lies_in_a_file_of_its_own(
    nothing_yet: Device, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typer.prompt

    def prompt(text: str, **options: object) -> object:
        return "GOCSPX-secret" if options.pop("hide_input", False) else asked(text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(typer, "prompt", prompt)
    answers.say(CLIENT)
    ended = nothing_yet.franking(
        "init", "--provider", "google", "--address", "scanner@gmail.com", "--config", nothing_yet.config
    )
    assert ended.code == 0, ended.err
    kept = nothing_yet.folder / "state" / "franking" / "credentials" / "client"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == ("GOCSPX-secret", 0o600)
    assert made(nothing_yet).oauth.client_credential == "credential:client"
    assert "GOCSPX" not in ended.out + ended.err + nothing_yet.config.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")
def test_a_secret_that_root_types_is_the_engines(tmp_path: Path) -> None:
    os.chown(tmp_path, 4321, 4322)
    init.kept(tmp_path / "credentials", "x")
    for path in (tmp_path / "credentials", tmp_path / "credentials" / "client"):
        assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4322)


@pytest.mark.manual("B14")
def test_b14_of_a_makers_file_nothing_has_to_be_registered(nothing_yet: Device) -> None:
    maker = nothing_yet.folder / "maker.toml"
    maker.write_text(f'[oauth]\nprovider = "Microsoft"\nclient_id = "{CLIENT}"\ntenant = "organizations"\n')
    arguments = ("--from", maker, "--address", "scanner@contoso.com", "--config", nothing_yet.config)
    ended = nothing_yet.franking("init", *arguments)
    assert (ended.code, "At the provider" in ended.out, "0 questions" in ended.out) == (0, False, True)
    assert made(nothing_yet).oauth.client_id == CLIENT


def test_the_settings_of_the_system_name_the_store_of_its_service(
    nothing_yet: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "SYSTEM", nothing_yet.config)
    given = ("--provider", "Microsoft", "--address", "a@contoso.com", "--client-id", CLIENT, "--tenant", "x")
    assert nothing_yet.franking("init", *given, "--config", nothing_yet.config).code == 0
    assert str(made(nothing_yet).store.path) == "/var/lib/franking"


def test_where_nobody_can_be_asked_it_is_said_what_is_missing(nothing_yet: Device) -> None:
    ended = nothing_yet.franking("init", "--provider", "Microsoft", "--config", nothing_yet.config)
    assert (ended.code, "e-mail address" in ended.err) == (64, True)
    assert not nothing_yet.config.exists()


def test_a_provider_that_is_not_known_is_refused(nothing_yet: Device) -> None:
    ended = nothing_yet.franking("init", "--provider", "Acme", "--config", nothing_yet.config)
    assert (ended.code, "Google" in ended.err) == (64, True)


def test_settings_that_are_there_are_not_overwritten_without_a_question(
    device: Device, answers: Answers
) -> None:
    before = device.config.read_bytes()
    given = ("--provider", "Microsoft", "--address", "a@contoso.com", "--client-id", CLIENT, "--tenant", "x")
    answers.say("n")
    assert device.franking("init", *given, "--config", device.config).code == 77
    assert device.config.read_bytes() == before


@pytest.mark.parametrize("client", [(), ("--client-id", CLIENT)])
def test_the_steps_alone(nothing_yet: Device, client: tuple[str, ...]) -> None:
    given = ("--provider", "Google", "--address", "a@gmail.com", *client)
    ended = nothing_yet.franking("init", "--steps", *given)
    assert (ended.code, "https://mail.google.com/" in ended.out) == (0, True)
    assert not nothing_yet.config.exists()


@pytest.mark.parametrize(
    ("oauth", "wanted"),
    [
        ({"administrator_flow": "client credentials"}, "Add-MailboxPermission -Identity s@contoso.com"),
        ({"administrator_flow": "client credentials"}, "\"PrimarySmtpAddress -eq 's@contoso.com'\""),
        ({"flow": "code"}, "[Allow public client flows]"),
        ({"device_code": False}, "[Mobile and desktop applications]"),
    ],
)
def test_the_steps_are_those_of_these_settings(oauth: dict[str, object], wanted: str) -> None:
    settings = Settings().changed(oauth=oauth, administrator={"address": "s@contoso.com"})
    told = "\n".join(f"{step.does} {' '.join(step.values)}" for step in steps(MICROSOFT, settings))
    assert wanted in told


def test_a_service_account_and_no_consent_page_at_google() -> None:
    settings = Settings().changed(oauth={"administrator_flow": "service account", "client_id": "x"})
    assert any("domain-wide" in step.does for step in steps(GOOGLE, settings))
    assert consent_link(GOOGLE, settings) == ""
