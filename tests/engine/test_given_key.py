"""A key that the embedding program fails to give for a while, as with a busy TPM: nothing is lost by it, and
its error's text, which may hold a secret, is shown nowhere.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.store.keys import GivenKey, KeyUnreadable

from .device import Office, office, refresh_token, states, warnings

KEY = b"k" * 32
SECRET = "handle-42"


class Tpm:
    """Gives the key, or is busy."""

    busy = False

    def __call__(self) -> bytes:
        if self.busy:
            raise OSError(f"the TPM is busy with {SECRET}")
        return KEY


@asynccontextmanager
async def device(here: Office, key: Tpm) -> AsyncIterator[Engine]:
    async with Engine.open(here.settings, clock=here.clock, screen=here.screen, key=key) as engine:
        await engine.settle()
        yield engine


@pytest.mark.manual("S26", "S29")
async def test_s26_a_key_that_is_not_given_for_now_stops_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = Tpm()
    async with office(tmp_path, spool={"seal": False}) as here:
        async with device(here, key) as engine:
            await here.sign_in(engine)
        key.busy = True
        async with device(here, key) as engine:
            assert refresh_token(engine, "kim") == "Acquired"
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["waiting"], [("PROVIDER_REFUSES", "user:1")])
            (warning,) = engine.information()
            assert "did not give the key: OSError" in warning.cause
            assert SECRET not in f"{warning}{caplog.text}"
            key.busy = False
            await here.passes(engine, hours=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("S26", "S27")
async def test_s27_nobody_signs_in_in_vain_while_the_key_is_not_given(tmp_path: Path) -> None:
    key = Tpm()
    async with office(tmp_path) as here, device(here, key) as engine:
        key.busy = True
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert (here.visits, warnings(engine)) == ([], [("SIGN_IN_FAILED", "panel")])
        (warning,) = engine.information()
        assert "OSError" in warning.cause
        key.busy = False
        await here.sign_in(engine)
        assert warnings(engine) == []


@pytest.mark.manual("S26")
@pytest.mark.parametrize("error", [OSError(SECRET), RuntimeError(SECRET), KeyError(SECRET)])
def test_s26_whatever_the_program_raises_is_a_key_that_cannot_be_read(error: Exception) -> None:
    def fails() -> bytes:
        raise error

    for read in (GivenKey(fails), GivenKey(lambda: KEY, fails).former):
        with pytest.raises(KeyUnreadable, match=type(error).__name__) as raised:
            read()
        assert SECRET not in str(raised.value)
