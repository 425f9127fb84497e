"""The pytest plugin `franking`: the fixtures `device`, `provider`, `inbox` and `clock`; see docs/testing.md.

Rule: a project that uses none of them notices nothing. What is imported here is pytest and the standard
library; the rest is loaded when a test that uses a fixture is collected, before anything freezes time in
which its classes would be made.
"""

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .device import Device
    from .journey import DeviceClock
    from .mailbox import Mailbox
    from .provider import ProviderServer

OURS = frozenset({"device", "provider", "inbox", "clock"})
KNOWN = frozenset({"provider", "start"})
CHECKS = f"{__package__}.conformance"
ROWS = ".rows.json"
MARKER = (
    "franking(provider='Microsoft', start='2026-12-24T18:00Z', **sections): the provider, the moment at "
    "which the device's clock begins, and settings of the device, such as oauth={'auto_delete': True}"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("franking").addoption(
        "--franking-rows",
        type=Path,
        metavar="FOLDER",
        help="draw there which rows of the state machines the tests fired",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--franking-rows"):
        config.pluginmanager.register(RowsFired(config), "franking-rows")


class RowsFired:
    """Each process of the run counts its own; the one that began it draws them all."""

    def __init__(self, config: pytest.Config) -> None:
        from . import rows

        self.folder: Path = config.getoption("--franking-rows")
        self.worker: str = getattr(config, "workerinput", {}).get("workerid", "")
        self.watching = rows.watched()
        self.fired = self.watching.__enter__()
        self.told = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        from . import rows

        self.watching.__exit__(None, None, None)
        if self.worker:
            rows.write_down(self.fired, self.folder / f"{self.worker}{ROWS}")
            return
        others = sorted(self.folder.glob(f"*{ROWS}"))
        came, whole = rows.drawn(rows.together([self.fired, *map(rows.read, others)]), self.folder)
        for each in others:
            each.unlink()
        self.told = f"{came} of {whole} rows of the state machines fired; drawn in {self.folder}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.told:
            terminalreporter.write_line(self.told)


def pytest_itemcollected(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and _uses_ours(item):
        from . import device, place  # noqa: F401 - before anything freezes time

        if inspect.iscoroutinefunction(item.obj):
            item.obj = _with_power(item, item.obj)


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs an async test that is ours, or uses a fixture of ours, where no other plugin does."""
    ours = _uses_ours(pyfuncitem) or pyfuncitem.function.__module__.startswith(CHECKS)
    if not ours or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 - pytest has no other way
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def _uses_ours(item: pytest.Function) -> bool:
    """Not where the project has fixtures of its own by these names."""
    known = item._fixtureinfo.name2fixturedefs  # noqa: SLF001 - pytest has no other way
    return any(
        definition.func.__module__ == __name__ for name in OURS for definition in known.get(name, ())[-1:]
    )


def _with_power(item: pytest.Function, test: Callable[..., Any]) -> Callable[..., Any]:
    """The device is on, and the servers run, in the event loop of the test and for as long as it lasts."""

    @functools.wraps(test)
    async def powered(*args: object, **named: object) -> None:
        place: Any = item.funcargs["franking_place"]
        async with place.open():
            await test(*args, **named)

    return powered


@pytest.fixture
def franking_settings() -> Mapping[str, object]:
    """Settings of the device under test, by section; a project replaces this fixture with its own."""
    return {}


@pytest.fixture
def franking_options() -> Mapping[str, Any]:
    """More for `Engine.open`: rules, providers, directory; a project replaces this fixture with its own."""
    return {}


@pytest.fixture
def franking_place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    franking_settings: Mapping[str, object],
    franking_options: Mapping[str, Any],
) -> Iterator[Any]:
    """The device and all that is around it. Tests use `device`, `provider`, `inbox` and `clock`."""
    if not inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        pytest.fail("a test that uses a device is `async def`: an engine needs an event loop", pytrace=False)
    from .place import START, Place

    said: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("franking"))):  # the nearest one last, it wins
        said |= marker.kwargs
    sections = {**franking_settings, **{name: said[name] for name in said.keys() - KNOWN}}
    start = said.get("start", START)
    with Place.made(
        tmp_path / "franking",
        said.get("provider", "Microsoft"),
        start if isinstance(start, datetime) else datetime.fromisoformat(start),
        sections,
        franking_options,
    ) as place:
        yield place


@pytest.fixture
def device(franking_place: Any) -> "Device":
    """A device that is on, with a store of its own; nobody has signed in."""
    found: Device = franking_place.device
    return found


@pytest.fixture
def clock(franking_place: Any) -> "DeviceClock":
    """The device's clock: `travel`, `until`, `settle`, `sleep_device`, `jump_back`, `rtc_dead`."""
    found: DeviceClock = franking_place.clock
    return found


@pytest.fixture
def provider(franking_place: Any) -> "ProviderServer":
    """The authorization server that the device signs in with."""
    found: ProviderServer = franking_place.provider
    return found


@pytest.fixture
def inbox(franking_place: Any) -> "Mailbox":
    """What arrived at the provider's submission server."""
    found: Mailbox = franking_place.kit.mailbox
    return found
