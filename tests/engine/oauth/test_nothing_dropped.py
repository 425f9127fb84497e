"""Once the provider has given tokens they are handed over or revoked; no screen can cost a sign-in."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from franking.engine.oauth import attempt
from franking.engine.ports import Tokens

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM, PASSWORD = "kim@example.com", "correct horse battery"


class OddScreen:
    """A screen that fails or hangs when nothing but that is left to do."""

    def __init__(self, stage: "Stage", odd: str) -> None:
        self.stage, self.odd = stage, odd
        self.closing = asyncio.Event()

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        await self.stage.kit.person().sign_in(address, KIM, PASSWORD)
        if self.odd == "open fails":
            raise RuntimeError(f"no browser for {KIM}")
        if self.odd == "open hangs":
            await asyncio.Event().wait()

    async def close(self, place: str) -> None:
        self.closing.set()
        if self.odd == "close fails":
            raise RuntimeError(f"no browser for {KIM}")
        if self.odd == "close hangs":
            await asyncio.Event().wait()


@pytest.mark.manual("S19a", "S29")
@pytest.mark.parametrize("odd", ["open fails", "open hangs", "close fails", "close hangs"])
async def test_s19a_what_a_screen_does_afterwards_costs_no_sign_in(
    odd: str, staged: "Staged", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if "hangs" in odd:
        monkeypatch.setattr(attempt, "SCREEN_S", 0.01)
    async with staged("Google") as stage:
        tokens = await stage.client().sign_in(stage.request(), OddScreen(stage, odd))
        assert isinstance(tokens, Tokens)
        assert stage.server.count("revoke") == 0
        assert await stage.server.introspect(tokens.access.reveal()) is not None
    assert "the screen at panel could not be" in caplog.text
    assert KIM not in caplog.text


@pytest.mark.manual("S28")
async def test_s28_tokens_of_a_sign_in_that_is_stopped_while_its_screen_closes_are_revoked(
    staged: "Staged",
) -> None:
    async with staged("Google") as stage:
        screen = OddScreen(stage, "close hangs")
        signing_in = asyncio.create_task(stage.client().sign_in(stage.request(), screen))
        await screen.closing.wait()
        assert stage.server.count("token:authorization_code") == 1
        signing_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await signing_in
        assert [seen.outcome for seen in stage.server.requests if seen.kind == "revoke"] == ["ok"]
