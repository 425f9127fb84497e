"""`franking provision FILE`: settings and a provider's data from one file, all of it or nothing (B14)."""

import json
import stat
from pathlib import Path

import pytest

from franking.engine.cli.provision import write
from franking.engine.oauth.providers import MICROSOFT
from franking.engine.oauth.providers.profile import beside
from franking.engine.settings import SettingsError
from franking.engine.store.lock import StoreLock

from .conftest import Device
from .test_leaving import Answers, answers

__all__ = ["answers"]

EXAMPLE = Path(__file__).parents[3] / "examples" / "provision.toml"
OWN = """
# Our own provider.
[provider]
name = "Acme"
authorize = "{authorize}"
token = "{token}"
keys = "{keys}"
issuer = "{issuer}"
scopes = ["https://outlook.office.com/SMTP.Send", "offline_access", "openid", "email"]
scopes_needed = ["https://outlook.office.com/SMTP.Send"]
redirect = "localhost"
rotates = true
account_claims = ["preferred_username"]
idle_days = 30
server = "smtp.acme.example"

[[provider.answers]]
errors = ["invalid_grant"]
words = ["Closed For Lunch"]
meaning = "wait"
actor = "nobody: wait"
cause = "Acme is closed for lunch."
"""


def own(device: Device) -> str:
    data = MICROSOFT.at(device.kit.microsoft.base, device.kit.microsoft.tenant)
    return OWN.format(authorize=data.authorize, token=data.token, keys=data.keys, issuer=data.issuer)


@pytest.fixture
def made(device: Device, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device that is not configured yet; what it will be stands in `new.toml`."""
    monkeypatch.delenv("FRANKING_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(device.folder / "xdg"))
    monkeypatch.chdir(device.folder)
    device.config.rename(device.folder / "new.toml")
    return device


def new(device: Device) -> Path:
    return device.folder / "new.toml"


def target(device: Device) -> Path:
    return device.folder / "etc" / "franking.toml"


def provision(device: Device, *arguments: str) -> tuple[int, str, str]:
    ended = device.franking("provision", new(device), "-c", target(device), *arguments)
    return ended.code, ended.out, ended.err


@pytest.mark.manual("B14")
def test_b14_settings_are_taken_as_they_are_written(made: Device) -> None:
    text = f"# By the factory.\n{new(made).read_text()}"
    new(made).write_text(text)
    code, out, err = provision(made)
    assert (code, err) == (0, "")
    assert str(target(made)) in out
    assert target(made).read_text() == text
    assert made.franking("status", "-c", target(made)).code == 0


@pytest.mark.manual("B14", "S2")
def test_b14_a_provider_that_is_not_built_in_signs_people_in(made: Device) -> None:
    made.settings["oauth"] |= {"provider": "Acme"}
    del made.settings["oauth"]["authority"]
    made.write()
    made.config.rename(new(made))
    settings = new(made).read_text()
    new(made).write_text(settings + own(made))
    code, out, err = provision(made)
    assert (code, err) == (0, "")
    assert str(made.store / "provider.toml") in out
    assert "# Our own provider." in (made.store / "provider.toml").read_text()
    assert "Acme" not in target(made).read_text().replace('provider = "Acme"', "")
    (found,) = beside(made.store).values()
    assert (found.lifetimes.idle.days, found.answers[0].words) == (30, ("closed for lunch",))
    assert made.acquire("-c", str(target(made))).code == 0
    assert "Acme" in made.franking("status", "-c", target(made)).out


@pytest.mark.manual("B14", "S2")
def test_b14_the_example_can_be_provisioned(made: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(made.folder / "state"))
    ended = made.franking("provision", EXAMPLE, "-c", target(made))
    assert (ended.code, ended.err) == (0, "")
    (found,) = beside(made.folder / "state").values()
    assert (found.name, found.lifetimes.connections) == ("Example Mail", 2)


@pytest.mark.manual("B14")
def test_b14_a_reset_leaves_what_was_provisioned(made: Device) -> None:
    new(made).write_text(new(made).read_text() + own(made))
    assert provision(made)[0] == 0
    assert made.franking("reset", "--factory", "--yes", "-c", target(made)).code == 0
    assert (made.store / "provider.toml").exists()
    assert target(made).exists()


@pytest.mark.manual("B14", "S26")
@pytest.mark.parametrize(
    ("added", "key"),
    [
        ('\n[grant]\nrefresh_token = "0.AXYZ"\n', "grant"),
        ('\n[vault]\nadministrator = "0.AXYZ"\n', "vault"),
        ("PROVIDER\nrefresh_token = '0.AXYZ'\n", "provider.answers.0.refresh_token"),
        ("PROVIDER\n[provider.grants]\nkim = '0.AXYZ'\n", "provider.grants"),
    ],
)
def test_b14_a_sign_in_cannot_be_brought_along(made: Device, added: str, key: str) -> None:
    new(made).write_text(new(made).read_text() + added.replace("PROVIDER", own(made)))
    code, out, err = provision(made)
    assert (code, out) == (78, "")
    assert key in err
    assert "0.AXYZ" not in err
    assert not target(made).exists()
    assert not (made.store / "provider.toml").exists()


@pytest.mark.manual("B14", "S15")
def test_b14_every_mistake_is_told_at_once_and_nothing_is_written(made: Device) -> None:
    made.set("smtp", port=70000)
    made.config.rename(new(made))
    wrong = own(made).replace('"Acme"', '"Google"').replace("idle_days = 30", "idle_days = 0")
    wrong = wrong.replace('token = "https:', 'token = "http:').replace("rotates = true\n", "")
    new(made).write_text(new(made).read_text() + wrong)
    code, out, err = provision(made)
    assert (code, out) == (78, "")
    for key in ("smtp.port", "provider.name", "provider.token", "provider.idle_days", "provider.rotates"):
        assert key in err, key
    assert "Google is built in" in err
    assert "5 settings to put right" in err
    assert not target(made).exists()


@pytest.mark.manual("B14", "S3")
def test_b14_what_the_rules_forbid_is_not_provisioned(made: Device) -> None:
    del made.settings["administrator"]
    made.write()
    made.config.rename(new(made))
    code, _, err = provision(made)
    assert code == 78
    assert "S3-administrator" in err
    assert not target(made).exists()


@pytest.mark.manual("B14")
def test_b14_a_secret_may_come_later(made: Device) -> None:
    made.set("smtp", user="kim", user_credential="credential:mail")
    made.config.rename(new(made))
    code, out, _ = provision(made)
    assert code == 0
    assert "smtp.user_credential: " in out
    assert "credentials" in out
    assert "<bound" not in out
    assert made.franking("status", "-c", target(made)).code == 78


@pytest.mark.manual("B14")
def test_b14_settings_that_are_there_are_replaced_after_a_question(made: Device, answers: Answers) -> None:
    assert provision(made)[0] == 0
    assert provision(made)[0] == 0, "the same again changes nothing, so nobody is asked"
    before = target(made).read_text()
    new(made).write_text(f"{before}\n[panel]\nauto_reset = 30\n")
    assert provision(made)[0] == 64, "nobody is there to be asked"
    answers.say("n")
    assert provision(made)[0] == 77
    assert target(made).read_text() == before
    answers.say("y")
    assert provision(made)[0] == 0
    new(made).write_text(before)
    assert provision(made, "--yes")[0] == 0
    assert target(made).read_text() == before
    assert [path.name for path in target(made).parent.iterdir()] == ["franking.toml"]


@pytest.mark.manual("B14", "S26a")
def test_s26a_whose_sign_ins_end_by_it_is_asked_before(made: Device, answers: Answers) -> None:
    assert provision(made)[0] == 0
    config = ("-c", target(made))
    assert made.franking("acquire", "--browser", *config).code == 0
    assert made.franking("acquire", "--user", "kim", "--browser", *config).code == 0
    before = target(made).read_text()
    new(made).write_text(f"{before}\n[panel]\nauto_reset = 30\n")
    answers.say("y")
    assert provision(made)[0] == 0, "who keeps his sign-in is not named"
    tenant = f'tenant = "{made.kit.microsoft.tenant}"'
    other = before.replace("[oauth]", '[oauth]\ntenant = "other.example"', 1).replace(tenant, "")
    new(made).write_text(other)
    answers.say("y", "n")
    code, _, err = provision(made)
    assert code == 77
    assert "the sign-in of administrator, kim" in err
    assert "auto_reset" in target(made).read_text(), "nothing was changed"
    code, out, _ = provision(made, "--yes", "--json")
    assert (code, json.loads(out)["ends"]) == (0, ["administrator", "kim"])
    new(made).write_text(f"{other}\n[panel]\nauto_reset = 40\n")
    code, out, _ = provision(made, "--yes")
    assert (code, "end with the next start: administrator, kim" in out) == (0, True)
    assert '"refresh_token": "Acquired"' not in made.franking("status", "--json", *config).out
    assert json.loads(provision(made, "--yes", "--json")[1])["ends"] == []


@pytest.mark.manual("B14")
def test_b14_a_running_engine_is_not_provisioned(made: Device) -> None:
    made.store.mkdir()
    with StoreLock(made.store):
        code, _, err = provision(made)
    assert code == 75
    assert "in use" in err
    assert not target(made).exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[oauth\n", "not TOML"),
        (b'provider = { name = "Acme" }\n', "write it as tables"),
    ],
)
def test_a_file_that_cannot_be_meant_is_named(made: Device, text: bytes | None, why: str) -> None:
    new(made).unlink()
    if text is not None:
        new(made).write_bytes(text)
    code, _, err = provision(made)
    assert code == 78
    assert why in err
    assert str(new(made)) in err


def test_a_line_that_looks_like_a_table_in_a_text_is_none(made: Device) -> None:
    new(made).write_text(new(made).read_text() + '\n[device]\nname = """a\n[provider]\n"""\n')
    code, _, err = provision(made)
    assert code == 78
    assert "not TOML" in err
    assert not target(made).exists()


def test_a_damaged_file_beside_the_store_is_named(made: Device) -> None:
    made.store.mkdir()
    (made.store / "provider.toml").write_text("[provider]\nname = 1\n")
    with pytest.raises(SettingsError, match=r"provider\.toml"):
        beside(made.store)
    made.config.write_text(new(made).read_text())
    ended = made.franking("status", "-c", made.config)
    assert (ended.code, "provider.authorize" in ended.err) == (78, True)


def test_a_file_that_is_written_anew_stays_whose_it_is_and_where_it_is(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_text("a = 1\n")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, "a = 2\n")
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("a = 2\n", 0o640)
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_the_working_folder_is_not_provisioned_by_itself(
    made: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert made.franking("provision", new(made)).code == 0
    assert (made.folder / "xdg" / "franking" / "franking.toml").exists()
    assert not made.config.exists()
