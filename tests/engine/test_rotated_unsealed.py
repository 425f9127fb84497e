"""A refresh token that was exchanged at a provider that ends the former one, and whose key is away in the
very moment when the answer comes: it is kept until it can be sealed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.events.token import GrantRotated
from franking.testing.policy import OLD_DIES

from .device import Office, access_token, office, refresh_token, said, states, warnings

KEY = b"k" * 32


class Away:
    """Takes the key away and puts it back, wherever it comes from."""

    def __init__(self, here: Office, source: str) -> None:
        self.file = here.store / "key" if source == "key file" else None
        self.given = True

    def key(self) -> bytes:
        if not self.given:
            raise OSError("the TPM is busy")
        return KEY

    def take(self) -> None:
        self.given = False
        if self.file:
            self.file.rename(self.file.with_name("away"))

    def put_back(self) -> None:
        self.given = True
        if self.file:
            self.file.with_name("away").rename(self.file)


@asynccontextmanager
async def answered_without_key(here: Office, source: str) -> AsyncIterator[tuple[Engine, Away]]:
    """The exchanged token has come, and there is no key to seal it."""
    away = Away(here, source)
    key = None if away.file else away.key
    async with Engine.open(here.settings, clock=here.clock, screen=here.screen, key=key) as engine:
        here.provider.policy.rotation = OLD_DIES
        await engine.settle()
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        async with here.provider.hold() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            away.take()
        await engine.settle()
        assert (here.refreshes, said(engine, GrantRotated), states(engine)) == (1, 0, ["waiting"])
        yield engine, away


@pytest.mark.manual("S26", "S29")
@pytest.mark.parametrize("source", ["callable", "key file"])
async def test_s29_an_exchanged_token_waits_for_its_key(tmp_path: Path, source: str) -> None:
    async with office(tmp_path) as here, answered_without_key(here, source) as (engine, away):
        await here.passes(engine, seconds=30)
        assert (refresh_token(engine, "kim"), warnings(engine)) == ("Acquired", [])
        away.put_back()
        await here.passes(engine, seconds=1)
        assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Acquired", "fresh")
        assert (states(engine), here.refreshes, said(engine, GrantRotated)) == (["sent"], 1, 1)
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        assert (states(engine), here.refreshes, warnings(engine)) == (["sent", "sent"], 2, [])


@pytest.mark.manual("S26", "S29")
@pytest.mark.parametrize("source", ["callable", "key file"])
async def test_s29_a_key_that_stays_away_is_told_and_the_exchanged_token_still_waits(
    tmp_path: Path, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here, answered_without_key(here, source) as (engine, away):
        await here.passes(engine, minutes=1)
        assert (refresh_token(engine, "kim"), warnings(engine)) == (
            "Acquired",
            [("PROVIDER_REFUSES", "user:1")],
        )
        (warning,) = engine.information()
        assert "key" in warning.cause
        await here.passes(engine, hours=3)
        assert caplog.text.count("an outcome waits") == 1
        away.put_back()
        await here.passes(engine, hours=1)
        assert (states(engine), warnings(engine)) == (["sent"], [])
        assert refresh_token(engine, "kim") == "Acquired"


@pytest.mark.manual("S26", "S27")
async def test_s27_an_exchanged_token_that_waits_goes_with_its_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, answered_without_key(here, "callable") as (engine, away):
        await engine.delete_tokens()
        await here.passes(engine, seconds=1)
        assert (refresh_token(engine, "kim"), said(engine, GrantRotated)) == ("Required", 1)
        away.put_back()
        await here.sign_in(engine)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S26")
async def test_s26_a_token_that_waits_for_its_key_keeps_no_device_from_stopping(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with answered_without_key(here, "callable") as (engine, _):
            assert engine.deeds.patient
        assert (engine.deeds.patient, engine.deeds.lanes) == (set(), {})
