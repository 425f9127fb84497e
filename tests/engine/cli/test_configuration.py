"""Which file is read, and that everything wrong with it is told at once, before anything starts (78)."""

import tomllib
from pathlib import Path

import pytest

from franking.engine.settings import Settings
from franking.engine.sources import stands
from franking.events.about import about, every, value_of

from .conftest import ADMINISTRATOR, Device

SAMPLE = Path(__file__).parents[3] / "examples" / "franking.toml"


def test_every_mistake_is_told_at_once_and_nothing_is_started(device: Device) -> None:
    device.set("tls", minimum="TLSv1.1")
    device.set("oauth", colour="red", client_credential="hunter2-in-the-wrong-place")
    device.set("smtp", server="smtp://localhost", port=70000)
    device.set("network", vlan="sometimes")
    ended = device.franking("status")
    assert ended.code == 78
    assert "6 settings to put right, nothing was started." in ended.err
    for key in (
        "tls.minimum",
        "oauth.colour",
        "oauth.client_credential",
        "smtp.server",
        "smtp.port",
        "network.vlan",
    ):
        assert key in ended.err
    assert "[SSL/TLS Version Setting]: it takes one of `TLSv1.2`, `TLSv1.3`" in ended.err
    assert '(given: text; default: `"TLSv1.2"`)' in ended.err
    assert "hunter2" not in ended.err
    assert ended.out == ""
    assert not device.store.exists()


@pytest.mark.manual("S2", "S3", "S7", "S8", "S15")
def test_what_the_settings_name_and_what_the_rules_forbid_is_told_at_once(device: Device) -> None:
    del device.settings["administrator"]
    device.set("oauth", provider="Fastmail", client_credential="credential:absent")
    device.set("from_address", setting="Bulk setting", bulk="other@example.com")
    device.set("tls", minimum="TLSv1.3", maximum="TLSv1.2", trust=device.scan("not-a-certificate.pem"))
    ended = device.franking("send", "-u", "kim", "-t", "lee@example.com", device.scan())
    assert ended.code == 78
    assert "6 settings to put right" in ended.err
    for told in ("oauth.provider", "oauth.client_credential", "tls.trust"):
        assert told in ended.err
    for told in ("S3-administrator", "S7-bulk", "S8-order"):
        assert told in ended.err
    assert "one of Google, Microsoft, Microsoft (21Vianet)" in ended.err
    assert not device.store.exists()


@pytest.mark.parametrize(
    ("section", "key", "value", "why"),
    [
        ("tls", "trust", "/nowhere/ca.pem", "cannot be read"),
        ("oauth", "authority", "https://user@login.example.com", "https address"),
        ("smtp", "user_credential", "credential:absent", "There is no file absent"),
    ],
)
def test_what_is_named_and_not_there(device: Device, section: str, key: str, value: str, why: str) -> None:
    device.set(section, **{key: value})
    ended = device.franking("status")
    assert ended.code == 78
    assert "One setting to put right" in ended.err or "one setting to put right" in ended.err
    assert f"{section}.{key}" in ended.err
    assert why in ended.err


def test_a_secret_that_others_may_read_is_refused(device: Device) -> None:
    device.set("smtp", user_credential="credential:smtp")
    folder = device.store / "credentials"
    folder.mkdir(parents=True)
    (folder / "smtp").write_text("correct horse")
    (folder / "smtp").chmod(0o644)
    ended = device.franking("status")
    assert ended.code == 78
    assert "set its mode to 0600" in ended.err
    assert "correct horse" not in ended.err


@pytest.mark.parametrize(
    ("content", "why"), [(b"oauth = [", "not TOML"), (b"\xff\xfe", "it is not UTF-8")], ids=["toml", "utf-8"]
)
def test_a_file_that_is_no_toml(device: Device, content: bytes, why: str) -> None:
    device.config.write_bytes(content)
    ended = device.franking("status")
    assert ended.code == 78
    assert str(device.config) in ended.err
    assert why in ended.err


def test_a_file_that_is_not_there(device: Device) -> None:
    ended = device.franking("status", "--config", device.folder / "other.toml")
    assert ended.code == 78
    assert "other.toml" in ended.err
    assert "No such file" in ended.err


def test_the_places_in_their_order(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, $FRANKING_CONFIG, the folder, the XDG folder."""
    here, xdg = device.folder / "here", device.folder / "xdg"
    files = [device.folder / "option.toml", device.folder / "env.toml", here / "franking.toml"]
    files.append(xdg / "franking" / "franking.toml")
    for number, path in enumerate(files):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[place_{number}]\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(xdg))
    monkeypatch.setenv("FRANKING_CONFIG", str(files[1]))
    assert "place_0" in device.franking("status", "-c", files[0]).err
    assert "place_1" in device.franking("status").err
    monkeypatch.delenv("FRANKING_CONFIG")
    assert "place_2" in device.franking("status").err
    files[2].unlink()
    assert "place_3" in device.franking("status").err


def test_no_file_anywhere_names_every_place(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(device.folder / "store" if device.store.exists() else device.scan().parent)
    device.config.unlink()
    monkeypatch.delenv("FRANKING_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(device.folder / "xdg"))
    monkeypatch.setattr("franking.engine.cli.opening.SYSTEM", device.folder / "etc" / "franking.toml")
    ended = device.franking("status")
    assert ended.code == 78
    for place in (
        "franking.toml",
        device.folder / "xdg/franking/franking.toml",
        device.folder / "etc/franking.toml",
    ):
        assert str(place) in ended.err
    assert "--config" in ended.err


def test_the_environment_wins_over_the_file(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRANKING_OAUTH__PROVIDER", "Fastmail")
    assert "oauth.provider" in device.franking("status").err


@pytest.mark.manual("S0")
def test_the_sample_loads_and_every_setting_stands_in_it() -> None:
    sample = Settings.load(SAMPLE, environment={})
    assert sample.oauth.enabled
    assert sample.administrator.address == ADMINISTRATOR
    written = tomllib.loads(uncommented(SAMPLE.read_text()))
    assert [key for key in every() if not stands(written, key.split("."))] == []


@pytest.mark.parametrize(
    "key",
    [
        key
        for key, each in every().items()
        if each.default not in (None, "", (), {}) and key != "oauth.enabled"
    ],
)
def test_the_sample_gives_each_default(key: str) -> None:
    sample = Settings.checked("sample", tomllib.loads(uncommented(SAMPLE.read_text())))
    assert value_of(sample, key) == about(key).default


def uncommented(text: str) -> str:
    """With every setting that stands there as a comment."""
    lines = [
        line.removeprefix("# ") if " = " in line.partition(" #")[0] else line for line in text.splitlines()
    ]
    return "\n".join(lines)
