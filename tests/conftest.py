"""How the tests of franking run.

Rule: an `async def test_...` runs in an event loop of its own and leaves nothing behind in it; hypothesis
draws the same examples each time; the counts of a release are drawn only when FRANKING_LONG is set.
"""

import asyncio
import inspect
import os
import signal
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest
from hypothesis import settings

from franking.engine import tls
from franking.testing.authority import Authority
from franking.tests.living import put_aside

LONG = bool(os.environ.get("FRANKING_LONG"))

GRACE_TURNS = 20
"Turns of the loop in which a task that was told to end may end."

settings.register_profile("franking", derandomize=True, deadline=None, database=None, print_blob=True)
settings.load_profile("franking")


def pytest_sessionstart() -> None:
    """Where a shell has put the run into the background, Ctrl-C is ignored, and processes that tests start
    would ignore it, too.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    put_aside()


@pytest.fixture(scope="session")
def long_count() -> Callable[[int, int], int]:
    """`long_count(short, long)`: the number of repetitions for this run."""
    return lambda short, long: long if LONG else short


@pytest.fixture(autouse=True, scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In the place of those of the system: to read a hundred of them takes an engine longer than to open its
    store. It certifies nobody."""
    file = Authority(tmp_path_factory.mktemp("system")).ca_file
    with patch.object(tls, "system_file", lambda: str(file)):
        yield


@pytest.fixture(autouse=True)
def unfiltered(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The handler behind `caplog` lives as long as the run: a filter that a test leaves in it would hide from
    later tests the very records that they search for secrets."""
    before = list(caplog.handler.filters)
    yield
    caplog.handler.filters[:] = before


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs coroutine functions; everything else is left to pytest."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    with asyncio.Runner(debug=False) as runner:
        left = runner.run(left_by(pyfuncitem.obj, {name: pyfuncitem.funcargs[name] for name in names}))
    if left:
        pytest.fail("tasks left running: " + "; ".join(left), pytrace=False)
    return True


async def left_by(test: Callable[..., object], arguments: dict[str, object]) -> list[str]:
    result = test(**arguments)
    assert inspect.isawaitable(result)
    await result
    own = asyncio.current_task()
    for _ in range(GRACE_TURNS):
        if asyncio.all_tasks() == {own}:
            return []
        await asyncio.sleep(0)
    return [repr(task) for task in asyncio.all_tasks() if task is not own]
