"""The plugin in projects of all kinds: it stays out of the way of those that don't use it, runs beside other
plugins, and says in words what cannot work.
"""

import pytest

pytest_plugins = ["pytester"]

AWAY = """
import sys
def test_nothing_is_loaded():
    ours = [name for name in sys.modules if name.startswith("franking.")]
    assert ours in ([], ["franking.testing", "franking.testing.plugin"])
    assert "pydantic" not in sys.modules
"""


@pytest.fixture(autouse=True)
def without_schemathesis(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its plugin takes a second of each run, and a project has nothing to do with it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")


def test_a_project_that_does_not_use_it_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(AWAY)
    pytester.runpytest_subprocess("-q", "-p", "no:time_machine").assert_outcomes(passed=1)


def test_a_project_can_leave_it_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(device): pass")
    result = pytester.runpytest_subprocess("-q", "-p", "no:franking")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'device' not found*"])


def test_a_projects_own_fixture_takes_the_place(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, sys
        @pytest.fixture
        def clock(): return "on the wall"
        @pytest.fixture
        def device(): return "a radio"
        def test_it(clock, device):
            assert (clock, device) == ("on the wall", "a radio")
            assert "franking.engine" not in sys.modules
        """
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_another_plugin_may_run_the_test(pytester: pytest.Pytester) -> None:
    """anyio finds the coroutine and takes it first."""
    pytester.makepyfile(
        """
        import pytest
        from anyio import sleep
        @pytest.fixture
        def anyio_backend(): return "asyncio"
        @pytest.mark.anyio
        async def test_it(device, anyio_backend):
            await sleep(0)
            await device.sign_in()
            assert device.refresh_token("kim") == "Acquired"
        """
    )
    pytester.runpytest_subprocess("-q", "-W", "error").assert_outcomes(passed=1)


def test_a_fixture_can_prepare_provider_and_device(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        @pytest.fixture(autouse=True)
        def blocked(provider, device):
            provider.policy.block("kim@example.com")
            device.mark("the secret of the house, which is long")
        async def test_it(device):
            with pytest.raises(AssertionError, match="kim has not signed in"):
                await device.sign_in()
            assert device.leaks() == []
            (device.store / "left.txt").write_text("the secret of the house, which is long")
            assert device.leaks() == ["left.txt"]
        """
    )
    pytester.runpytest_subprocess("-q", "-W", "error").assert_outcomes(passed=1)


def test_what_cannot_work_is_said_in_words(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from freezegun import freeze_time
        def test_no_coroutine(device): pass
        @freeze_time("2026-12-01")
        async def test_frozen(device):
            await device.sign_in()
        @pytest.fixture
        def winter():
            with freeze_time("2026-12-24"): yield
        async def test_frozen_from_the_start(winter, device): pass
        async def test_frozen_too_early(device, clock):
            with freeze_time("2019-11-02", real_asyncio=True):
                await clock.settle()
        @pytest.mark.franking(provider="Carrier Pigeon")
        async def test_unknown_provider(device): pass
        async def test_off(device):
            await device.power_off()
            await device.scan()
        async def test_never(clock):
            await clock.until(lambda: False, days=3)
        async def test_backwards(clock):
            await clock.travel(days=-3)
        """
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(failed=6, errors=2)
    for words in (
        "*a test that uses a device is `async def`*",
        "*freeze with `freeze_time(..., real_asyncio=True)`",
        "*freeze a later time, or begin earlier with @pytest.mark.franking(start=*",
        "*no provider 'Carrier Pigeon' is played; there are google, microsoft, standard",
        "*the device is off: `await device.power_on()`",
        "*it did not come about within 3 days, 0:00:00*",
        "*a clock that is set back is `jump_back`",
    ):
        result.stdout.fnmatch_lines([words])
