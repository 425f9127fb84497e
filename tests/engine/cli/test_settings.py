"""`franking settings`: what is set, what may stand there, and changes of the file."""

import json

import pytest

from franking.engine.store.lock import StoreLock

from .conftest import ADMINISTRATOR, Device


@pytest.mark.manual("S0")
def test_what_is_set_is_listed_with_what_may_stand_there(device: Device) -> None:
    ended = device.franking("settings", "list", "--json")
    assert (ended.code, ended.err) == (0, "")
    told = {each["key"]: each for each in json.loads(ended.out)}
    assert told["administrator.address"]["value"] == json.dumps(ADMINISTRATOR)
    assert "smtp.window" not in told
    (window,) = json.loads(f"[{device.franking('settings', 'show', 'smtp.window', '--json').out}]")
    assert (window["value"], window["default"], window["set"]) == ("4", "4", False)
    assert window["takes"] == "a whole number, 1 to 64"
    everything = json.loads(device.franking("settings", "list", "--all", "--json").out)
    assert len(everything) > len(told)


def test_a_change_keeps_comments_and_order(device: Device) -> None:
    before = f"# How mail goes out.\n{device.config.read_text()}\n# The end.\n"
    device.config.write_text(before)
    ended = device.franking("settings", "set", "smtp.window", "8")
    assert (ended.code, "smtp.window is 8." in ended.out) == (0, True)
    after = device.config.read_text()
    assert set(before.splitlines()) <= set(after.splitlines())
    assert device.franking("settings", "unset", "smtp.window").code == 0
    assert device.config.read_text() == before


def test_a_name_in_a_table_is_set(device: Device) -> None:
    assert device.franking("settings", "set", "users.pat", "pat@example.com").code == 0
    assert '"pat@example.com"' in device.franking("settings", "show", "users.pat").out
    assert "kim" in device.franking("settings", "show", "users").out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("set", "smtp.window", "many"), 78, "a whole number, 1 to 64"),
        (("set", "smtp.windows", "8"), 64, "there is no setting smtp.windows"),
        (("show", "window"), 64, "Did you mean smtp.window?"),
        (("set", "tls.minimum", "TLSv1.4"), 78, "TLSv1.3"),
        (("unset", "administrator.address"), 78, "S3-administrator"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    device: Device, arguments: tuple[str, ...], code: int, says: str
) -> None:
    before = device.config.read_bytes()
    ended = device.franking("settings", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert says.casefold() in ended.err.casefold()
    assert device.config.read_bytes() == before


def test_a_running_engine_is_not_changed_behind_its_back(device: Device) -> None:
    device.store.mkdir(mode=0o700)
    before = device.config.read_bytes()
    with StoreLock(device.store):
        assert device.franking("settings", "set", "smtp.window", "8").code == 75
    assert device.config.read_bytes() == before


@pytest.mark.manual("S26a")
def test_s26a_a_change_that_ends_sign_ins_is_asked_for(device: Device) -> None:
    device.acquire()
    ended = device.franking("settings", "set", "administrator.address", "other@example.com")
    assert (ended.code, "--yes" in ended.err) == (64, True)
    ended = device.franking("settings", "set", "administrator.address", "other@example.com", "--yes")
    assert ended.code == 0
