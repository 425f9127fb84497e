"""A key file that was lost or exchanged: the sign-ins that it sealed are Expired with that reason, and go on
when it is back. A sealed token that was lost is another matter: a person must sign in.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from franking.engine.store.keys import KeyMissing
from franking.events.sign_in import SignInFailed
from franking.events.token import (
    GrantLocked,
    GrantMissing,
    GrantRefused,
    GrantRevoked,
    GrantUnlocked,
    RefreshBlocked,
)

from .device import (
    access_token,
    anywhere,
    history,
    issued_tokens,
    office,
    refresh_token,
    said,
    sealed,
    secrets_in_memory,
    states,
    warnings,
)


@pytest.mark.manual("S26", "S29", "S24")
@pytest.mark.parametrize("key", ["missing", "another"])
@pytest.mark.parametrize("restart", [False, True])
async def test_s26_a_lost_key_is_told_as_expired_and_who_restores_it_has_every_sign_in_back(
    tmp_path: Path, key: str, *, restart: bool
) -> None:
    async with office(tmp_path, spool={"seal": False}) as here:
        path = here.store / "key"
        async with here.engine() as engine:
            await here.sign_in(engine)
            kept, octets = sealed(engine, "kim"), path.read_bytes()
            if not restart:
                await here.passes(engine, hours=2)
                lose(path, key)
                await here.scan(engine)
                await engine.settle()
        if restart:
            lose(path, key)
        async with here.engine() as engine:
            if restart:
                await here.scan(engine)
                await engine.settle()
            assert (refresh_token(engine, "kim"), sealed(engine, "kim")) == ("Expired", kept)
            assert (said(engine, GrantLocked), said(engine, GrantRefused)) == (1, 0)
            assert (here.refreshes, states(engine)) == (0, ["waiting"])
            assert path.exists() == (key == "another"), "no key was made"
            (warning,) = engine.information()
            assert (warning.code.name, warning.subject) == ("SIGN_IN_AGAIN", "user:1")
            assert "its key is lost" in warning.cause
            assert str(path) in warning.cause
            assert "Restore" in warning.remedy
            assert "sign in" in warning.remedy
            path.write_bytes(octets)
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])
            assert refresh_token(engine, "kim") == "Acquired"


def lose(path: Path, key: str) -> None:
    path.unlink() if key == "missing" else path.write_bytes(os.urandom(32))


@pytest.mark.manual("S26", "S29")
async def test_s29_a_key_that_comes_back_while_the_device_is_off_ends_the_warning_at_the_start(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        away = (here.store / "key").rename(tmp_path / "away")
        async with here.engine() as engine:
            assert refresh_token(engine, "kim") == "Expired"
        away.rename(here.store / "key")
        async with here.engine() as engine:
            assert (refresh_token(engine, "kim"), warnings(engine)) == ("Acquired", [])
            assert said(engine, GrantUnlocked) == 1


@pytest.mark.manual("S26", "S29")
async def test_s29_a_key_that_cannot_be_read_for_now_is_not_lost(tmp_path: Path) -> None:
    async with office(tmp_path, spool={"seal": False}) as here, here.engine() as engine:
        await here.sign_in(engine)
        path = here.store / "key"
        path.rename(tmp_path / "away")
        path.mkdir()
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        assert (refresh_token(engine, "kim"), said(engine, RefreshBlocked)) == ("Acquired", 1)
        assert warnings(engine) == [("PROVIDER_REFUSES", "user:1")]


@pytest.mark.manual("S26", "S23")
async def test_s26_without_the_key_a_person_signs_in_again_and_it_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await here.sign_in(engine, "lee", "page:1")
            await here.scan(engine, "lee")
            await engine.settle()
        (here.store / "key").unlink()
        async with here.engine() as engine:
            assert [refresh_token(engine, each) for each in ("kim", "lee")] == ["Expired", "Expired"]
            await here.sign_in(engine)
            await here.passes(engine, hours=3)
            assert [refresh_token(engine, each) for each in ("kim", "lee")] == ["Acquired", "Expired"]
            await here.scan(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S26", "S27")
async def test_s27_what_is_sealed_with_a_lost_key_can_be_deleted(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            kept = sealed(engine, "kim")
        (here.store / "key").unlink()
        async with here.engine() as engine:
            assert await engine.delete_tokens() == 1
            await engine.settle()
            assert (refresh_token(engine, "kim"), anywhere(here.store, kept)) == ("Required", [])
            assert [fact.delivered for fact in history(engine) if isinstance(fact, GrantRevoked)] == [False]


@pytest.mark.manual("S26", "S27")
async def test_s27_a_sign_in_needs_a_key_to_be_sealed_with(tmp_path: Path) -> None:
    """One that was lost while the device runs, before anybody found it out."""
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        (here.store / "key").unlink()
        await engine.sign_in("panel", "lee")
        await engine.settle()
        assert here.visits == ["panel"], "nobody signs in in vain"
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject) == ("SIGN_IN_FAILED", "panel")
        assert str(here.store / "key") in warning.cause
        assert "[Delete]" in warning.remedy
        await engine.delete_tokens()
        await here.sign_in(engine, "lee")
        assert warnings(engine) == []


@pytest.mark.manual("S24", "S33")
async def test_s24_a_stored_token_that_is_missing_is_asked_for_at_the_panel(tmp_path: Path) -> None:
    """Its row alone is gone, as after a store that was put back in part: nothing goes round in a circle."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
        with closing(sqlite3.connect(here.store / "store.db")) as store:
            store.execute("delete from vault")
            store.commit()
        async with here.engine() as engine:
            await here.scan(engine)
            await engine.settle()
            assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Expired", "absent")
            assert (said(engine, GrantMissing), here.refreshes, states(engine)) == (1, 0, ["waiting"])
            (warning,) = engine.information()
            assert (warning.code.name, warning.subject) == ("SIGN_IN_AGAIN", "user:1")
            assert "missing" in warning.cause
            assert "provider" not in warning.cause
            await engine.sign_in("panel", "kim")
            await engine.settle()
            assert (states(engine), engine.information()) == (["sent"], ())


@pytest.mark.manual("S26", "S27")
async def test_s26_what_cannot_be_sealed_when_it_comes_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The key was there when the screen opened."""
    async with office(tmp_path, "Google") as here, here.engine() as engine:

        def lost(*_: object) -> None:
            raise KeyMissing("the key")

        monkeypatch.setattr(engine.runtime.keeper, "seal", lost)
        issued = issued_tokens(monkeypatch)
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert "OpenSignIn of sign-in panel cannot be said: KeyMissing" in caplog.text
        assert (refresh_token(engine, "kim"), said(engine, SignInFailed)) == ("Required", 1)
        assert [seen.outcome for seen in here.provider.requests if seen.kind == "revoke"] == ["ok"]
        assert said(engine, GrantRevoked) == 1
        assert len(issued) == 2
        assert secrets_in_memory().isdisjoint(issued)
