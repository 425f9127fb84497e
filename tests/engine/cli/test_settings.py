"""`franking settings`: what is set, what may stand there, and changes of the file."""

import json
import tomllib

import pytest

from franking.engine.store.lock import StoreLock

from .conftest import ADMINISTRATOR, KIM, Device


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
    ("key", "value", "path"),
    [
        ("programs.senders.nas@example.com", "kim", ("senders", "nas@example.com")),
        ('programs.senders."nas@example.com"', "kim", ("senders", "nas@example.com")),
        ("programs.senders.@example.com", "administrator", ("senders", "@example.com")),
        ("programs.recipients.root", KIM, ("recipients", "root")),
        ("programs.clients.cam.user", "kim", ("clients", "cam", "user")),
        ("programs.clients.a.cam.user", "kim", ("clients", "a.cam", "user")),
        ('programs.clients."a.user".user', "kim", ("clients", "a.user", "user")),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "[programs]\nper_minute = 7 # a minute\n",
        '[programs]\nsenders = { root = "kim" }\n[programs.recipients]\n"a.b" = "kim@example.com"\n',
    ],
)
def test_an_entry_of_a_table_is_set_by_its_name_and_taken_out_again(
    device: Device, before: str, key: str, value: str, path: tuple[str, ...]
) -> None:
    if path[0] == "clients":
        before += f'[programs.clients."{path[1]}"]\nnetworks = ["192.0.2.1"]\n'
    device.config.write_text(device.config.read_text() + before)
    read = device.config.read_text()
    for _ in range(2):
        ended = device.franking("settings", "set", key, value)
        assert (ended.code, ended.err) == (0, "")
        assert f'"{value}"' in device.franking("settings", "show", key).out
        found = tomllib.loads(device.config.read_text())["programs"]
        for name in path:
            found = found[name]
        assert found == value
    for _ in range(2):
        ended = device.franking("settings", "unset", key)
        assert (ended.code, "is not set" in ended.out) == (0, True)
    expected = tomllib.loads(read)
    expected.setdefault("programs", {}).setdefault(path[0], {})
    assert tomllib.loads(device.config.read_text()) == expected
    assert "per_minute" not in before or "# a minute" in device.config.read_text()


def test_what_is_not_there_is_taken_out_without_a_trace(device: Device) -> None:
    before = device.config.read_text()
    assert device.franking("settings", "unset", "programs.senders.nobody").code == 0
    assert device.config.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ("set", "programs.senders", '{"a@example.com":"kim"}'),
            78,
            "`franking settings set programs.senders.NAME VALUE` sets one entry",
        ),
        (("set", "programs.clients.cam.usr", "kim"), 78, "`user` = a login name, `password` = a reference"),
        (("set", 'programs.senders."nas', "kim"), 64, 'there is no setting programs.senders."nas'),
        (("set", 'programs.senders."nas".user', "kim"), 64, "there is no setting"),
        (("set", "programs.senders.", "kim"), 64, "there is no setting programs.senders.. `franking"),
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
