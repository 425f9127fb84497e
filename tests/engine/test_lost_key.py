"""A key file that was lost or exchanged: nobody's sign-in ends by it, and whoever restores the key has all of
them back.
"""

import os
from pathlib import Path

import pytest

from franking.events.token import GrantRefused, RefreshBlocked

from .device import office, refresh_token, said, sealed, states, warnings


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
