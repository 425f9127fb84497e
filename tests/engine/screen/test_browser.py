"""The device's own browser as the sign-in screen: a fresh profile for each visit, and nothing left of it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from franking.engine.parts import NoScreen
from franking.engine.ports import HttpProxy, Trouble
from franking.engine.screen.browser import GRACE, BrowserScreen
from franking.engine.shown import SignInCode
from franking.engine.words import words
from franking.events.settings import Browser, Language
from franking.events.sign_in import SignInCancelled, SignInFailed
from franking.events.token import SignInSucceeded
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import START, office, refresh_token, states, warnings

from .visits import Awaited, Visits, at_the_panel, visits

ADDRESS = "https://provider.example/authorize?state=very-secret"


async def nobody(place: str, why: Trouble | None) -> None:
    raise AssertionError(f"the browser at {place} ended by itself: {why}")


def no_proxy() -> HttpProxy | None:
    return None


@asynccontextmanager
async def screen(played: Visits, behaviour: str, clock: VirtualClock) -> AsyncIterator[BrowserScreen]:
    settings = Browser(enabled=True, command=played.command(behaviour))
    found = BrowserScreen(lambda: settings, no_proxy, clock, nobody)
    try:
        yield found
    finally:
        await found.aclose()


async def some_turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def runs(pid: int) -> bool:
    """A process that was killed and that nobody has waited for yet does not run any more."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def browsers(profiles: Path) -> list[str]:
    """Processes with a HOME there."""
    wanted = b"HOME=" + os.fsencode(profiles)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.manual("S18", "S19a")
async def test_s18_a_user_signs_in_at_the_devices_own_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_panel(tmp_path, monkeypatch, "signs in") as (here, engine, played):
        await engine.log_in("panel", "kim")
        signed_in = Awaited(engine, SignInSucceeded)
        await here.scan(engine, "kim", "panel")
        await signed_in.comes()
        await engine.settle()
        assert refresh_token(engine, "kim") == "Acquired"
        assert states(engine) == ["sent"], "the job goes on by itself"
    assert played.left() == []


@pytest.mark.manual("S19a")
async def test_s19a_the_address_is_in_no_argument_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with at_the_panel(tmp_path, monkeypatch, "signs in") as (_, engine, played):
        signed_in = Awaited(engine, SignInSucceeded)
        await engine.acquire("page")
        await signed_in.comes()
        report = await played.reports.get()
    (state,) = parse_qs(urlsplit(report["address"]).query)["state"]
    assert len(state) > 20
    assert state not in " ".join(report["arguments"])
    assert state not in str(report["environment"])
    ours = [each for each in caplog.records if each.name.partition(".")[0] in ("franking", "asyncio")]
    assert [each for each in ours if state in each.getMessage()] == []


@pytest.mark.manual("S19a")
async def test_s19a_nobody_else_can_read_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "stays", clock) as shown:
        assert await shown.open("panel", ADDRESS, START) is None
        report = await played.reports.get()
        assert report["address"] == ADDRESS
        assert report["modes"] == [0o600, 0o700]
        assert [report["home"]] == [str(folder) for folder in played.left()]
        assert Path(report["profile"]).parent == Path(report["home"])


@pytest.mark.manual("S19a")
async def test_s19a_the_profile_is_erased_when_the_screen_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "stays", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        report = await played.reports.get()
        await shown.close("panel")
        assert played.left() == []
        assert not runs(report["pid"])
        await shown.close("panel")  # nothing is open: nothing happens


@pytest.mark.manual("S19a")
async def test_s19a_each_visit_has_a_profile_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "stays", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        first = await played.reports.get()
        await shown.open("page", ADDRESS, START)
        second = await played.reports.get()
        assert len(played.left()) == 2
        await shown.open("panel", ADDRESS, START)
        third = await played.reports.get()
        assert len({report["home"] for report in (first, second, third)}) == 3
        assert [runs(report["pid"]) for report in (first, second, third)] == [False, True, True]


@pytest.mark.manual("S19a")
async def test_a_browser_that_does_not_end_is_killed_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "ignores", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        report = await played.reports.get()
        closing = asyncio.create_task(shown.close("panel"))
        await some_turns()
        clock.move(GRACE - timedelta(milliseconds=1))
        await some_turns()
        assert runs(report["pid"])
        assert not closing.done()
        clock.move(timedelta(milliseconds=1))
        await closing
        assert not runs(report["pid"])
        assert played.left() == []


async def test_a_close_that_is_cut_short_still_erases_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "ignores", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        report = await played.reports.get()
        closing = asyncio.create_task(shown.close("panel"))
        await some_turns()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert not runs(report["pid"])
        assert played.left() == []


@pytest.mark.manual("S19a")
async def test_what_the_browser_started_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "leaves a child", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        child = (await played.reports.get())["child"]
        await played.reports.get()
        assert runs(child)
        await shown.close("panel")
        assert not runs(child)
        assert played.left() == []


@pytest.mark.manual("S4")
async def test_nothing_of_this_processes_environment_reaches_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://elsewhere.example:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://elsewhere.example:1")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("DISPLAY", ":7")
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played, screen(played, "stays", clock) as shown:
        await shown.open("panel", ADDRESS, START)
        report = await played.reports.get()
        found = report["environment"]
        assert found["HOME"] == report["home"]
        assert Path(found["TMPDIR"]).parent == Path(report["home"])
        assert found["DISPLAY"] == ":7"
        assert "elsewhere" not in str(found)
        assert "CREDENTIALS_DIRECTORY" not in found
        assert report["arguments"][-1] == "", "without a proxy an argument for it is left out"
        assert report["arguments"][-2] == report["profile"]


@pytest.mark.manual("S18")
async def test_s18_a_person_who_closes_the_browser_has_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_panel(tmp_path, monkeypatch, "is closed") as (_, engine, played):
        cancelled = Awaited(engine, SignInCancelled)
        await engine.acquire("page")
        await cancelled.comes()
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Required"
        assert warnings(engine) == []
    assert played.left() == []


@pytest.mark.manual("B9")
async def test_b9_a_browser_that_fails_says_so_on_the_information_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_panel(tmp_path, monkeypatch, "fails") as (_, engine, played):
        failed = Awaited(engine, SignInFailed)
        await engine.acquire("page")
        await failed.comes()
        await engine.settle()
        (warning,) = engine.information()
        assert "(browser ended, status 3)" in warning.cause
        assert "The browser ended by itself." in warning.cause
        assert "display" in warning.remedy
    assert played.left() == []


@pytest.mark.manual("B9")
async def test_b9_no_browser_on_the_device_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visits(tmp_path, monkeypatch) as played, office(tmp_path) as here:
        here.screen = None  # type: ignore[assignment]
        monkeypatch.setenv("PATH", str(tmp_path))
        async with here.engine(browser={"enabled": True}) as engine:
            await engine.acquire("page")
            await engine.settle()
            (warning,) = engine.information()
            assert "No browser is found on this device." in warning.cause
            assert "`browser.command`" in warning.remedy
            assert refresh_token(engine, "administrator") == "Required"
        assert played.left() == []


@pytest.mark.manual("S4")
async def test_s4_the_browser_is_there_while_its_function_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_panel(tmp_path, monkeypatch, "signs in") as (_, engine, played):
        off = engine.settings.changed(browser={"enabled": False})
        on = engine.settings
        await engine.apply(off)
        with pytest.raises(NoScreen, match="Web Browser Function") as refused:
            await engine.acquire("page")
        german = words(Language.GERMAN).error(refused.value)
        assert german.startswith("hier kann nichts eine Anmeldung zeigen; stellen Sie [Web Browser Function]")
        await engine.apply(on)
        signed_in = Awaited(engine, SignInSucceeded)
        await engine.acquire("page")
        await signed_in.comes()
        assert not played.reports.empty()


async def test_the_programs_own_screen_comes_before_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visits(tmp_path, monkeypatch) as played, office(tmp_path) as here:
        browser = {"enabled": True, "command": played.command("stays")}
        async with here.engine(browser=browser) as engine:
            await here.acquire(engine)
            assert here.visits == ["page"]
            assert played.reports.empty()


@pytest.mark.manual("S19a")
async def test_an_engine_that_stops_closes_its_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_the_panel(tmp_path, monkeypatch, "stays") as (_, engine, played):
        await engine.acquire("page")
        report = await played.reports.get()
        assert runs(report["pid"])
    assert not runs(report["pid"])
    assert played.left() == []


async def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(START)
    async with visits(tmp_path, monkeypatch) as played:
        (played.profiles).rmdir()
        async with screen(played, "stays", clock) as shown:
            trouble = await shown.open("panel", ADDRESS, START)
            assert trouble is not None
            assert trouble.code == f"browser not started, {os.strerror(2)}"
            assert "$RUNTIME_DIRECTORY" in trouble.remedy


async def test_an_opening_that_is_cut_short_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is cut: before the profile is made, while the browser is started, and after that."""

    async def nothing_to_sweep(screen: BrowserScreen) -> None:
        """At once, so that the turns are those of the opening itself."""

    monkeypatch.setattr(BrowserScreen, "sweep", nothing_to_sweep)
    cut = []
    clock = VirtualClock(START)
    settings = Browser(enabled=True, command=("/bin/sh", "-c", "exec sleep 1000", "{start}"))
    async with visits(tmp_path, monkeypatch) as played:
        shown = BrowserScreen(lambda: settings, no_proxy, clock, nobody)
        for turns in range(20):
            opening = asyncio.create_task(shown.open("panel", ADDRESS, START))
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            cut.append(opening.cancelled())
            await shown.close("panel")
            assert played.left() == [], f"after {turns} turns"
        assert browsers(played.profiles) == []
        assert 3 <= cut.count(True) < len(cut), cut


@pytest.mark.manual("B3", "S19a")
async def test_b3_a_code_is_a_page_of_the_devices_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the profile, which this user alone can read, and in no argument."""
    says = ("Open <here> & enter it.", "Never pass it on.")
    code = SignInCode("ABCD-EFGH", "https://provider.example/d", "https://provider.example/d", START, says)
    async with (
        visits(tmp_path, monkeypatch) as played,
        screen(played, "stays", VirtualClock(START)) as shown,
    ):
        assert await shown.show_code("panel", code) is None
        report = await played.reports.get()
        assert "ABCD-EFGH" not in str({**report, "page": ""})
        (profile,) = played.left()
        page = (profile / "start.html").read_text()
        assert "ABCD-EFGH" in page
        assert "Open &lt;here&gt; &amp; enter it." in page
        assert "<svg " in page
        assert "http-equiv" not in page
        await shown.close("panel")
        assert played.left() == []
