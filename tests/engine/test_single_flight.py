"""A thousand messages at once, an access token that is over, and a provider that ends the sign-in where a
refresh token is used twice: one request, and everything arrives (S29, B11).
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from franking.testing.policy import REUSE_ENDS_ALL

from .device import office, refresh_token, states


@pytest.mark.manual("S29", "B11")
async def test_s29_a_thousand_sends_at_once_make_one_refresh(
    tmp_path: Path, long_count: Callable[[int, int], int]
) -> None:
    sends = long_count(100, 1000)
    async with office(tmp_path) as here, here.engine() as engine:
        here.provider.policy.rotation = REUSE_ENDS_ALL
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        async with here.provider.hold() as gate:
            await asyncio.gather(*(here.scan(engine) for _ in range(sends)))
            await gate.arrived(1)
        await engine.settle()
        assert states(engine) == ["sent"] * sends
        assert len(here.kit.mailbox.messages) == sends
        assert (here.refreshes, refresh_token(engine, "kim")) == (1, "Acquired")


@pytest.mark.manual("S29", "B11")
async def test_s29_hour_after_hour_one_refresh_and_no_token_is_used_twice(
    tmp_path: Path, long_count: Callable[[int, int], int]
) -> None:
    """Each hour several messages, of which the first finds the access token over."""
    hours = long_count(10, 200)
    async with office(tmp_path) as here, here.engine() as engine:
        here.provider.policy.rotation = REUSE_ENDS_ALL
        await here.sign_in(engine)
        for _ in range(hours):
            await here.passes(engine, hours=2)
            await asyncio.gather(*(here.scan(engine) for _ in range(8)))
            await engine.settle()
        assert set(states(engine)) == {"sent"}
        assert (here.refreshes, refresh_token(engine, "kim")) == (hours, "Acquired")
