"""Sealed refresh tokens and the key that seals them: bound to whom and to what they were sealed for."""

import os
import stat
from pathlib import Path

import pytest

from franking.engine.records import Whose
from franking.engine.secret import Secret
from franking.engine.store.keys import GivenKey, KeyFile, KeyMissing, KeyUnreadable, KeyUnusable
from franking.engine.store.vault import SealBroken, Vault

from .device import anywhere
from .stored import KEY, TOKEN, running, signed_in

WHOSE = Whose("the provider", "kim@example.com", "kim@example.com")


@pytest.mark.manual("S26")
async def test_s26_a_refresh_token_is_never_in_clear_in_a_file(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(signed_in())
        grant = here.store.grant("user:1")
        assert grant is not None
        assert Vault(GivenKey(lambda: KEY)).open(grant).reveal() == TOKEN
        assert anywhere(tmp_path, TOKEN.encode()) == []


@pytest.mark.parametrize(
    "what",
    [
        "another key",
        "another identity",
        "another version",
        "another issuer",
        "another account",
        "cut",
        "changed",
    ],
)
def test_s26_what_was_not_sealed_for_this_is_not_opened(what: str) -> None:
    vault = Vault(GivenKey(lambda: KEY))
    grant = vault.seal("user:1", 3, WHOSE, Secret(TOKEN))
    wrong = {
        "another key": grant,
        "another identity": grant._replace(identity="user:2"),
        "another version": grant._replace(version=2),
        "another issuer": grant._replace(issuer="somebody else"),
        "another account": grant._replace(account="lee@example.com"),
        "cut": grant._replace(sealed=grant.sealed[:9]),
        "changed": grant._replace(sealed=grant.sealed[:-1] + bytes([grant.sealed[-1] ^ 1])),
    }[what]
    opener = Vault(GivenKey(lambda: bytes(32))) if what == "another key" else vault
    with pytest.raises(SealBroken) as raised:
        opener.open(wrong)
    told = f"{raised.value!r} {raised.value}"
    assert wrong.identity in told
    assert TOKEN not in told
    assert KEY.hex() not in told
    assert raised.value.__cause__ is None
    assert vault.open(grant).reveal() == TOKEN


def test_s26_the_same_token_is_sealed_differently_each_time() -> None:
    vault = Vault(GivenKey(lambda: KEY))
    first, second = (vault.seal("user:1", 1, WHOSE, Secret(TOKEN)).sealed for _ in range(2))
    assert first != second


# The key


def key_file(path: Path, *, in_use: bool = False) -> KeyFile:
    return KeyFile(path, lambda: in_use)


@pytest.mark.manual("S26", "S29")
def test_s29_no_new_key_is_made_while_something_is_sealed_with_a_lost_one(tmp_path: Path) -> None:
    path = tmp_path / "key"
    vault = Vault(key_file(path, in_use=True))
    for ask in (vault.ready, lambda: vault.seal("user:1", 1, WHOSE, Secret(TOKEN))):
        with pytest.raises(KeyMissing, match=r"missing.*Restore the file.*\[Delete\]") as raised:
            ask()
        assert raised.value.source == str(path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(KeyUnreadable, match="Is a directory") as raised:
        key_file(tmp_path / "key")
    assert raised.value.source == str(tmp_path / "key")


def test_the_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "key"
    read = key_file(path)
    assert not path.exists()
    with pytest.raises(KeyMissing):
        read()
    assert not path.exists(), "nothing is opened with a key that is made for it"
    key = read.for_sealing()
    assert len(key) == 32
    assert read() == read.for_sealing() == key == key_file(path)()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [left.name for left in tmp_path.iterdir()] == ["key"]


def test_a_key_that_a_power_cut_left_unfinished_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "key.part").write_bytes(b"half")
    assert len(key_file(tmp_path / "key").for_sealing()) == 32
    assert [left.name for left in tmp_path.iterdir()] == ["key"]


def test_a_power_cut_before_the_key_is_whole_leaves_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException): ...

    def cut(descriptor: int) -> None:
        raise PowerCut

    path = tmp_path / "key"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut)
        with pytest.raises(PowerCut):
            key_file(path).for_sealing()
    assert not path.exists()
    assert len(key_file(path).for_sealing()) == 32


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_a_file_that_holds_no_key_is_said_before_anything_starts(tmp_path: Path, octets: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"k" * octets)
    with pytest.raises(KeyUnusable, match=f"a key has 32 octets, this one {octets}") as raised:
        key_file(path)
    assert raised.value.source == str(path)
    assert path.read_bytes() == b"k" * octets


def test_a_key_of_the_wrong_length_breaks_no_seal() -> None:
    grant = Vault(GivenKey(lambda: KEY)).seal("user:1", 1, WHOSE, Secret(TOKEN))
    short = Vault(GivenKey(lambda: KEY[:16]))
    with pytest.raises(KeyUnusable):
        short.open(grant)
    with pytest.raises(KeyUnusable):
        short.seal("user:1", 1, WHOSE, Secret(TOKEN))
