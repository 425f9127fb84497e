"""How each known browser is started, and what it is told of its proxy."""

import stat
from pathlib import Path

import pytest

from franking.engine.exclusions import exclusion
from franking.engine.ports import HttpProxy
from franking.engine.screen.known import Command, command, says_where
from franking.engine.screen.trouble import FAULTS, Fault, NoBrowser, trouble
from franking.engine.secret import Secret
from franking.engine.settings import SettingsError
from franking.tests.engine.device import office

EXCLUSIONS = ("intranet", ".example.com", "10.0.0.0/8", "[fd00::1]", "printer.example.net:8443")
PASSWORD = "marked-Pr0xyW0rd"
PROXY = HttpProxy("proxy.example.com", 3128, "kim", Secret(PASSWORD), tuple(map(exclusion, EXCLUSIONS)))
START, PROFILE = "file:///run/franking/start.html", Path("/run/franking/browser")


def programs(folder: Path, *names: str) -> str:
    """A PATH that has these programs."""
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(stat.S_IRWXU)
    return str(folder)


def filled(found: Command, proxy: HttpProxy | None = None) -> list[str]:
    return found.filled(START, PROFILE, proxy)[1:]


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (("cog", "firefox", "chromium"), "chromium"),
        (("cog", "firefox", "firefox-esr"), "firefox-esr"),
        (("google-chrome", "firefox"), "google-chrome"),
        (("cog",), "cog"),
    ],
)
def test_the_first_that_is_found_is_used(tmp_path: Path, there: tuple[str, ...], chosen: str) -> None:
    assert command((), programs(tmp_path, *there), None).program == str(tmp_path / chosen)


@pytest.mark.manual("B9")
def test_none_found_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"Install Chromium, Firefox or cog, or name a browser"):
        command((), str(tmp_path), None)


@pytest.mark.manual("B9")
def test_a_browser_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"is not found on this device\. Install it"):
        command(("/opt/kiosk", "{start}"), str(tmp_path), None)


@pytest.mark.parametrize("wanted", [("kiosk",), ("kiosk", "--full-screen"), ("{start}",)])
def test_a_command_says_where_the_page_goes(tmp_path: Path, wanted: tuple[str, ...]) -> None:
    assert not says_where(wanted)
    with pytest.raises(NoBrowser, match=r"Write \{start\} where"):
        command(wanted, programs(tmp_path, "kiosk"), None)


def test_a_known_browser_needs_no_more_than_its_name(tmp_path: Path) -> None:
    path = programs(tmp_path, "chromium", "firefox")
    found = command((str(tmp_path / "firefox"),), path, None)
    assert (found.program, filled(found)[-2:]) == (str(tmp_path / "firefox"), ["--kiosk", START])


def test_a_command_gets_page_profile_and_proxy(tmp_path: Path) -> None:
    wanted = ("kiosk", "--data={profile}", "--proxy=http://{proxy}", "{start}")
    found = command(wanted, programs(tmp_path, "kiosk"), PROXY)
    assert filled(found, PROXY) == [f"--data={PROFILE}", "--proxy=http://proxy.example.com:3128", START]
    assert filled(found, None) == [f"--data={PROFILE}", START], "what names a proxy is left out without one"


@pytest.mark.manual("S4")
def test_s4_chromium_gets_the_proxy_and_what_goes_past_it(tmp_path: Path) -> None:
    path = programs(tmp_path, "chromium")
    arguments = filled(command((), path, PROXY), PROXY)
    assert "--proxy-server=proxy.example.com:3128" in arguments
    (direct,) = [each for each in arguments if each.startswith("--proxy-bypass-list=")]
    assert direct == (
        "--proxy-bypass-list=intranet;example.com;.example.com;10.0.0.0/8;[fd00::1];printer.example.net:8443"
    )
    assert "--no-proxy-server" in filled(command((), path, None)), "never the one of the machine"
    assert f"--user-data-dir={PROFILE}" in arguments
    assert arguments[-1] == START


@pytest.mark.manual("S4")
def test_s4_firefox_gets_the_proxy_in_its_preferences(tmp_path: Path) -> None:
    path = programs(tmp_path, "firefox")
    found = command((), path, PROXY)
    (preferences,) = found.files.values()
    lines = preferences.splitlines()
    assert 'user_pref("network.proxy.type", 1);' in lines
    assert 'user_pref("network.proxy.ssl", "proxy.example.com");' in lines
    assert 'user_pref("network.proxy.ssl_port", 3128);' in lines
    direct = "intranet, example.com, 10.0.0.0/8, [fd00::1], printer.example.net:8443"
    assert f'user_pref("network.proxy.no_proxies_on", "{direct}");' in lines
    assert 'user_pref("browser.privatebrowsing.autostart", true);' in lines
    assert list(found.files) == ["browser/user.js"]
    (without,) = command((), path, None).files.values()
    assert 'user_pref("network.proxy.type", 0);' in without


@pytest.mark.manual("S4")
def test_s4_a_star_takes_firefox_past_the_proxy(tmp_path: Path) -> None:
    everything = HttpProxy("proxy.example.com", 3128, "", None, (exclusion("*"),))
    (preferences,) = command((), programs(tmp_path, "firefox"), everything).files.values()
    assert 'user_pref("network.proxy.type", 0);' in preferences


@pytest.mark.manual("S4")
def test_s4_cog_gets_the_proxy(tmp_path: Path) -> None:
    arguments = filled(command((), programs(tmp_path, "cog"), PROXY), PROXY)
    assert arguments[0] == "--proxy=http://proxy.example.com:3128"
    assert [each for each in arguments if ".example.com" in each][1:] == ["--ignore-host=.example.com"]


@pytest.mark.manual("S4")
@pytest.mark.parametrize("name", ["chromium", "firefox", "cog"])
def test_s4_no_argument_and_no_file_has_the_proxys_user_or_password(tmp_path: Path, name: str) -> None:
    found = command((), programs(tmp_path, name), PROXY)
    everything = " ".join([*filled(found, PROXY), *found.files.values()])
    assert PASSWORD not in everything
    assert "kim" not in everything


@pytest.mark.manual("B9")
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_words(fault: Fault) -> None:
    said = trouble(fault, "status 1")
    assert said.code == f"{fault.value}, status 1"
    assert said.cause.endswith(".")
    assert said.remedy.endswith(".")
    assert set(FAULTS) == set(Fault)


@pytest.mark.manual("S15")
async def test_s15_a_command_that_does_not_say_where_the_page_goes_cannot_be_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(SettingsError, match=r"browser\.command: an argument with `\{start\}` is wanted"):
            await engine.apply(engine.settings.changed(browser={"command": ["kiosk", "--full-screen"]}))
        await engine.apply(engine.settings.changed(browser={"command": ["kiosk", "{start}"]}))
        await engine.apply(engine.settings.changed(browser={"command": ["firefox"]}))
