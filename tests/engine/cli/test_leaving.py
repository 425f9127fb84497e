"""What leaves the device at the terminal: `forget`, `reset --factory`, and the former key (`keys rotate`)."""

import io
import sys
from pathlib import Path

import pytest

from franking.engine.store.keys import CREDENTIAL

from ..device import anywhere
from .conftest import ADMINISTRATOR, KIM, Device


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> "Answers":
    return Answers(monkeypatch)


class Answers:
    """A person at the terminal."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def say(self, *lines: str) -> None:
        typed = io.StringIO("".join(f"{line}\n" for line in lines))
        typed.isatty = lambda: True  # type: ignore[method-assign]
        self.patch.setattr(sys, "stdin", typed)


def kim_was_here(device: Device) -> None:
    device.set("from_address", setting="Login User Address")
    assert device.acquire("--user", "kim").code == 0
    assert device.send(to="friend@example.net").code == 0


# keys rotate


@pytest.mark.manual("S26")
def test_s26_the_key_is_exchanged_and_mail_goes_on(device: Device) -> None:
    device.acquire()
    key = (device.store / "key").read_bytes()
    ended = device.franking("keys", "rotate")
    assert (ended.code, ended.err) == (0, "")
    assert "Sealed anew" in ended.out
    assert "1" in ended.out
    assert str(device.store / "key") in ended.out
    assert (device.store / "key").read_bytes() != key
    assert device.send(to="after-the-exchange@example.com").code == 0


@pytest.mark.manual("S26")
def test_s26_a_credentials_key_is_exchanged_elsewhere(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / CREDENTIAL).write_bytes(b"k" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    ended = device.franking("keys", "rotate")
    assert ended.code == 78
    assert "franking-key-former" in ended.err


# forget


@pytest.mark.manual("B14")
def test_b14_a_person_is_forgotten_after_a_question(device: Device, answers: Answers) -> None:
    kim_was_here(device)
    answers.say("n")
    ended = device.franking("forget", "kim")
    assert (ended.code, ended.out.strip()) == (77, "")
    assert "othing was changed" in ended.err
    assert anywhere(device.store, KIM.encode()) != []
    answers.say("y")
    ended = device.franking("forget", "kim")
    assert ended.code == 0
    assert "Nothing of kim is here any more." in ended.out
    assert "1, of which 0 were not sent" in ended.out
    assert "[users]" in ended.out, "the settings are not this command's"
    assert [anywhere(device.store, each) for each in (KIM.encode(), b"friend@")] == [[], []]


@pytest.mark.manual("B14")
def test_b14_without_a_terminal_nothing_is_erased_unless_it_is_said(device: Device) -> None:
    kim_was_here(device)
    ended = device.franking("forget", "kim")
    assert ended.code == 64
    assert "--yes" in ended.err
    assert device.franking("forget", "kim", "--yes").code == 0
    ended = device.franking("forget", "kim", "--yes")
    assert (ended.code, ended.out) == (78, "")
    assert "kim" in ended.err


# reset --factory


def left(device: Device) -> list[str]:
    return sorted(path.name for path in device.store.iterdir() if path.name != "lock")


@pytest.mark.manual("B14")
def test_b14_a_reset_asks_twice(device: Device, answers: Answers) -> None:
    device.acquire()
    for said in ([], ["n"], ["y", "n"], ["y"]):
        answers.say(*said)
        assert device.franking("reset", "--factory").code == 77
    assert "store.db" in left(device)
    answers.say("y", "y")
    ended = device.franking("reset", "--factory")
    assert ended.code == 0
    assert "1 erased; the provider was told of 0" in ended.out, "Microsoft takes no word of it"
    assert str(device.config) in ended.out
    assert left(device) == []
    assert ADMINISTRATOR in device.franking("status").out


@pytest.mark.manual("B14")
def test_b14_a_reset_must_be_meant(device: Device) -> None:
    device.acquire()
    ended = device.franking("reset")
    assert ended.code == 64
    assert "--factory" in ended.err
    assert device.franking("reset", "--factory").code == 64
    assert "store.db" in left(device)
    assert device.franking("reset", "--factory", "--yes").code == 0
    assert left(device) == []


@pytest.mark.manual("B14")
@pytest.mark.parametrize("what", ["store", "key", "settings"])
def test_b14_what_is_broken_is_erased_all_the_same(device: Device, what: str) -> None:
    device.acquire()
    if what == "store":
        (device.store / "store.db").write_bytes(b"no database" * 100)
    elif what == "key":
        (device.store / "key").write_bytes(b"no key")
    else:
        device.set("oauth", client_credential="credential:missing")
    ended = device.franking("reset", "--factory", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert "the provider could not be told" in ended.out
    assert left(device) == []


@pytest.mark.manual("B14")
def test_b14_a_store_in_use_is_left_alone(device: Device) -> None:
    from franking.engine.store.lock import StoreLock

    device.acquire()
    with StoreLock(device.store):
        ended = device.franking("reset", "--factory", "--yes")
    assert ended.code == 75
    assert "store.db" in left(device)
