"""A key file that was lost or exchanged: nobody's sign-in ends by it, and whoever restores the key has all of
them back. A sealed token that was lost is another matter: a person must sign in.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from franking.engine.store.vault import KeyMissing
from franking.events.sign_in import SignInFailed
from franking.events.token import GrantMissing, GrantRefused, GrantRevoked, RefreshBlocked

from .device import (
    access_token,
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
async def test_s29_a_lost_key_ends_no_sign_in(tmp_path: Path, key: str, *, restart: bool) -> None:
    async with office(tmp_path) as here:
        path = here.store / "key"
        async with here.engine() as engine:
            await here.sign_in(engine)
            kept, octets = sealed(engine, "kim"), path.read_bytes()
            if not restart:
                await here.passes(engine, hours=2)
                path.unlink() if key == "missing" else path.write_bytes(os.urandom(32))
                await here.scan(engine)
                await engine.settle()
        if restart:
            path.unlink() if key == "missing" else path.write_bytes(os.urandom(32))
        async with here.engine() as engine:
            if restart:
                await here.scan(engine)
                await engine.settle()
            assert (refresh_token(engine, "kim"), sealed(engine, "kim")) == ("Acquired", kept)
            assert (said(engine, RefreshBlocked), said(engine, GrantRefused)) == (restart or 2, 0)
            assert (here.refreshes, states(engine)) == (0, ["waiting"])
            assert path.exists() == (key == "another"), "no key was made"
            (warning,) = engine.information()
            assert (warning.code.name, warning.subject) == ("PROVIDER_REFUSES", "user:1")
            assert str(path) in warning.cause
            assert "Restore" in warning.remedy
            path.write_bytes(octets)
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S26", "S27")
async def test_s27_without_the_key_a_sign_in_must_wait_for_the_deletion(tmp_path: Path) -> None:
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
