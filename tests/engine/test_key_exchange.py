"""Another key seals: everything is sealed anew, wherever the key comes from, and nothing is lost or left
behind.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.records import Batch, StoreFailed
from franking.engine.store.keys import (
    CREDENTIAL,
    FORMER_CREDENTIAL,
    GivenKey,
    KeyCredential,
    KeyFile,
    KeyMissing,
    KeyNotOurs,
    KeyUnreadable,
    KeyUnusable,
    key_of,
)
from franking.engine.store.vault import Vault
from franking.engine.vault_rows import ResealedGrant
from franking.events.device import KeyExchanged
from franking.events.token import TokenDeleted

from .box import BOX, links, to_url
from .device import Office, anywhere, history, office, refresh_token, said, sealed, states, warnings

FIRST, SECOND = b"1" * 32, b"2" * 32


def exchanged(engine: Engine) -> list[int]:
    return [fact.resealed for fact in history(engine) if isinstance(fact, KeyExchanged)]


async def sends(here: Office, engine: Engine) -> None:
    """An access token is asked for with what is sealed, and mail goes."""
    await here.passes(engine, hours=2)
    before = here.refreshes
    await here.scan(engine)
    await engine.settle()
    assert (states(engine)[-1], here.refreshes, warnings(engine)) == ("sent", before + 1, [])


@pytest.mark.manual("S26")
async def test_s26_another_key_seals_and_nobody_notices(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await here.acquire(engine)
            path = here.store / "key"
            former, kept = path.read_bytes(), sealed(engine, "kim")
            assert await engine.rotate_key() == 2
            assert exchanged(engine) == [2]
            now = path.read_bytes()
            assert now != former
            assert sorted(each.name for each in here.store.iterdir() if each.name.startswith("key")) == [
                "key"
            ]
            assert anywhere(here.store, kept) == []
            assert anywhere(here.store, former) == []
            assert (path.stat().st_mode & 0o777, sealed(engine, "kim") != kept) == (0o600, True)
            await sends(here, engine)
        async with here.engine() as engine:
            await sends(here, engine)


@pytest.mark.manual("S26", "S22")
async def test_s26_links_of_mail_that_waits_are_sealed_anew(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await to_url(here, engine)
        (before,) = engine.store.links()
        link = engine.vault.open_link(before.document, before.sealed)
        assert await engine.rotate_key() == 2, "the link, and the key of the scan"
        (after,) = engine.store.links()
        assert before.sealed != after.sealed
        assert engine.vault.open_link(after.document, after.sealed).reveal() == link.reveal()
        await here.sign_in(engine)
        await engine.settle()
        assert [link.reveal() in address for address in links(here)] == [True]


@pytest.mark.manual("S26", "S27")
async def test_s26_what_changes_meanwhile_is_not_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is deleted between the look and the commit."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.sign_in(engine, "lee", "page:1")
        commit = engine.store.commit

        async def late(batch: Batch) -> None:
            if any(isinstance(write, ResealedGrant) for write in batch.writes):
                monkeypatch.undo()
                with closing(sqlite3.connect(here.store / "store.db")) as store, store:
                    store.execute("delete from vault where identity='user:1'")
            await commit(batch)

        monkeypatch.setattr(engine.store, "commit", late)
        await engine.rotate_key()
        assert [grant.identity for grant in engine.store.grants()] == ["user:2"]
        assert list(engine.vault.stale(engine.store)) == []


@pytest.mark.manual("S26", "S27")
async def test_s26_what_was_taken_out_before_is_still_revoked(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        (grant,) = engine.store.grants()
        await engine.rotate_key()
        assert engine.vault.open(grant).reveal()
        await engine.delete_tokens()
        await engine.settle()
        assert [seen.outcome for seen in here.provider.requests if seen.kind == "revoke"] == ["ok"]


@pytest.mark.manual("S26")
async def test_s26_a_full_disk_leaves_both_keys_and_the_next_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)

        async def full(batch: Batch) -> None:
            raise StoreFailed("database or disk is full", full=True)

        with monkeypatch.context() as broken:
            broken.setattr(engine.store, "commit", full)
            with pytest.raises(StoreFailed):
                await engine.rotate_key()
        assert (here.store / "key.next").exists()
        await sends(here, engine)
        await engine.rotate_key()
        assert not (here.store / "key.next").exists()
        await sends(here, engine)


@pytest.mark.manual("S26")
@pytest.mark.parametrize("cut", ["before the commit", "after the commit"])
async def test_s26_a_power_cut_in_between_is_made_good_at_the_start(tmp_path: Path, cut: str) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            former = (here.store / "key").read_bytes()
            engine.vault.key.exchange()
            if cut == "after the commit":
                await engine.resealing.once()
        assert (here.store / "key.next").exists()
        async with here.engine() as engine:
            assert not (here.store / "key.next").exists()
            assert (here.store / "key").read_bytes() != former
            assert exchanged(engine) == [1]
            await sends(here, engine)


# A key that is not a file of the store


@pytest.mark.manual("S26")
async def test_s26_a_program_exchanges_its_key_by_opening_with_both(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        lives: list[tuple[Callable[[], bytes], Callable[[], bytes] | None]] = [
            (lambda: FIRST, None), (lambda: SECOND, lambda: FIRST), (lambda: SECOND, None),
        ]  # fmt: skip
        for number, (key, former) in enumerate(lives):
            async with Engine.open(
                here.settings, clock=here.clock, screen=here.screen, key=key, former_key=former
            ) as engine:
                await engine.settle()
                if number == 0:
                    await here.sign_in(engine)
                assert refresh_token(engine, "kim") == "Acquired"
                assert exchanged(engine) == [1] * (number > 0)
                await sends(here, engine)
                with pytest.raises(KeyNotOurs, match="franking-key-former"):
                    await engine.rotate_key()
        assert not (here.store / "key").exists()


@pytest.mark.manual("S26")
async def test_s26_a_credential_of_the_service_manager_takes_the_place_of_the_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        (credentials / CREDENTIAL).write_bytes(FIRST)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
        async with here.engine() as engine:
            assert not (here.store / "key").exists(), "it would go on opening a copied store"
            assert Vault(GivenKey(lambda: FIRST)).open(engine.store.grants()[0]).reveal()
            await sends(here, engine)
        (credentials / CREDENTIAL).write_bytes(SECOND)
        (credentials / FORMER_CREDENTIAL).write_bytes(FIRST)
        async with here.engine() as engine:
            assert exchanged(engine) == [1, 1]
            with pytest.raises(KeyNotOurs):
                await engine.rotate_key()
        (credentials / FORMER_CREDENTIAL).unlink()
        async with here.engine() as engine:
            await sends(here, engine)
            assert said(engine, TokenDeleted) == 0


def test_s26_a_credential_that_is_no_key_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(b"short")
    with pytest.raises(KeyUnusable, match="32 octets, this one 5"):
        key_of(tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, lambda: False)
    (tmp_path / CREDENTIAL).unlink()
    assert isinstance(key_of(tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, lambda: False), KeyFile)
    with pytest.raises(KeyUnreadable):
        KeyCredential(tmp_path, tmp_path / "key")


# The file's steps


def test_s26_a_key_that_is_lost_cannot_be_exchanged(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "key", lambda: True)
    with pytest.raises(KeyMissing):
        key.exchange()
    assert list(tmp_path.iterdir()) == []


def test_s26_two_exchanges_at_once_are_one(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "key", lambda: True)
    (tmp_path / "key").write_bytes(FIRST)
    key.exchange()
    new = key()
    key.exchange()
    assert (key(), key.former()) == (new, (FIRST,))
    key.exchanged()
    assert (key(), (tmp_path / "key").read_bytes()) == (new, new)
    assert KeyFile(tmp_path / "key", lambda: True).former() == ()


def test_s26_a_power_cut_while_the_next_key_is_written_leaves_the_present_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException): ...

    def cut(descriptor: int) -> None:
        raise PowerCut

    (tmp_path / "key").write_bytes(FIRST)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut)
        with pytest.raises(PowerCut):
            KeyFile(tmp_path / "key", lambda: True).exchange()
    key = KeyFile(tmp_path / "key", lambda: True)
    assert (key(), key.former()) == (FIRST, ())
    key.exchange()
    key.exchanged()
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_s26_a_former_key_that_cannot_be_read_now_is_not_given_up(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(FIRST)
    key = KeyFile(path, lambda: True)
    key.exchange()
    away = path.rename(tmp_path / "away")
    path.mkdir()
    key.exchanged()
    assert (tmp_path / "key.next").exists()
    path.rmdir()
    away.rename(path)
    assert key.former() == (FIRST,)


@pytest.mark.manual("S26")
async def test_s26_an_exchange_whose_former_key_was_lost_ends_all_the_same(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            engine.vault.key.exchange()
        (here.store / "key").unlink()
        async with here.engine() as engine:
            assert refresh_token(engine, "kim") == "Expired"
            assert not (here.store / "key.next").exists()
            assert (here.store / "key").exists()
            await here.sign_in(engine)
            await sends(here, engine)
