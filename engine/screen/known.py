"""The browsers that are known, as a table: which program, and how it takes profile, page and proxy.

The first that is found on PATH is used; `browser.command` names another one of these, or any command with
placeholders. Each starts with the page alone, without tool bars where it can, keeps nothing that it was not
told to, asks nothing of a first run, and does not look for updates.

Not in our hands: Firefox takes a host name in [Address not to use the proxy] for a domain with everything
below it, and what a browser asks its own maker for (lists, sign-in of its own) it goes on asking.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..exclusions import EVERYTHING, Exclusion
from ..ports import HttpProxy
from .trouble import Fault, NoBrowser

START, PROFILE, PROXY = "{start}", "{profile}", "{proxy}"
"In a command: the page to open, the folder to keep things in, and the proxy as `host:port`."
IN_PROFILE = "browser"
"The profile's folder, in the browser's HOME."


def nothing(proxy: HttpProxy | None) -> tuple[str, ...]:
    return ()


def no_files(proxy: HttpProxy | None) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Known:
    programs: tuple[str, ...]
    "Names on PATH; the first that is found counts."
    arguments: tuple[str, ...]
    proxied: Callable[[HttpProxy | None], tuple[str, ...]] = nothing
    "Arguments for the proxy; stand before the others."
    files: Callable[[HttpProxy | None], Mapping[str, str]] = no_files
    "Files of the profile."


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be started, with placeholders."""

    program: str
    arguments: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)

    def filled(self, start: str, profile: Path, proxy: HttpProxy | None) -> list[str]:
        """An argument with `{proxy}` is left out where there is none."""
        values = {START: start, PROFILE: str(profile), PROXY: written(proxy) if proxy else ""}
        wanted = (argument for argument in self.arguments if proxy is not None or PROXY not in argument)
        return [self.program, *(replaced(argument, values) for argument in wanted)]


def replaced(argument: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        argument = argument.replace(placeholder, value)
    return argument


def written(proxy: HttpProxy) -> str:
    """Without user and password: an argument can be read by everybody on the machine."""
    return f"{proxy.host}:{proxy.port}"


def as_written(exclusion: Exclusion) -> str:
    """`host:port`, with brackets where IPv6 needs them."""
    port = f":{exclusion.port}" if exclusion.port is not None else ""
    if exclusion.network is None:
        return exclusion.name + port
    network = exclusion.network
    single = network.prefixlen == network.max_prefixlen
    address = f"[{network.network_address}]" if network.version == 6 else f"{network.network_address}"
    return f"{address}{'' if single else f'/{network.prefixlen}'}{port}"


def with_the_domain(exclusion: Exclusion) -> list[str]:
    """For browsers to which `.example.com` is only what lies below it."""
    entry = as_written(exclusion)
    return [entry.removeprefix("."), entry] if entry.startswith(".") else [entry]


def chromium_proxied(proxy: HttpProxy | None) -> tuple[str, ...]:
    if proxy is None:
        return ("--no-proxy-server",)
    direct = ";".join(entry for each in proxy.exclusions for entry in with_the_domain(each))
    return (f"--proxy-server={written(proxy)}", *([f"--proxy-bypass-list={direct}"] if direct else []))


def cog_proxied(proxy: HttpProxy | None) -> tuple[str, ...]:
    if proxy is None:
        return ()
    direct = [entry for each in proxy.exclusions for entry in with_the_domain(each)]
    return (f"--proxy=http://{written(proxy)}", *(f"--ignore-host={entry}" for entry in direct))


FIREFOX: Mapping[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.region.network.url": "",
    "browser.region.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.preonboarding.enabled": False,
    "browser.privatebrowsing.autostart": True,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.formautofill.addresses.enabled": False,
    "extensions.formautofill.creditCards.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "signon.rememberSignons": False,
    "termsofuse.bypassNotification": True,
    "toolkit.telemetry.enabled": False,
}
"Preferences of every visit."


def firefox_files(proxy: HttpProxy | None) -> Mapping[str, str]:
    everything = proxy is None or any(each.name == EVERYTHING for each in proxy.exclusions)
    chosen: dict[str, bool | int | str] = {"network.proxy.type": 0}
    if proxy is not None and not everything:
        direct = [as_written(each).removeprefix(".") for each in proxy.exclusions]
        chosen = {
            "network.proxy.type": 1,
            "network.proxy.http": proxy.host,
            "network.proxy.http_port": proxy.port,
            "network.proxy.ssl": proxy.host,
            "network.proxy.ssl_port": proxy.port,
            "network.proxy.no_proxies_on": ", ".join(direct),
        }
    preferences = {**FIREFOX, **chosen}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    return {f"{IN_PROFILE}/user.js": "".join(lines)}


KNOWN: tuple[Known, ...] = (
    Known(
        ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
        (
            f"--user-data-dir={PROFILE}",
            "--kiosk",
            "--incognito",
            "--no-first-run",
            "--no-default-browser-check",
            "--no-pings",
            "--noerrdialogs",
            "--password-store=basic",
            "--disable-background-networking",
            "--disable-breakpad",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-features=Translate",
            "--disable-session-crashed-bubble",
            "--disable-sync",
            START,
        ),
        chromium_proxied,
    ),
    Known(
        ("firefox-esr", "firefox"),
        ("--profile", PROFILE, "--no-remote", "--new-instance", "--kiosk", START),
        files=firefox_files,
    ),
    Known(("cog",), (START,), cog_proxied),
)


def command(wanted: Sequence[str], path: str, proxy: HttpProxy | None) -> Command:
    """`wanted`: `browser.command`; `path`: where programs are looked for. Raises NoBrowser."""
    if not wanted:
        return first_found(path, proxy)
    if not says_where(wanted):
        raise NoBrowser(Fault.COMMAND)
    program = shutil.which(wanted[0], path=path)
    if program is None:
        raise NoBrowser(Fault.NO_PROGRAM)
    known = by_name(wanted)
    return Command(program, tuple(wanted[1:])) if known is None else known_command(program, known, proxy)


def says_where(wanted: Sequence[str]) -> bool:
    """`browser.command` is empty, one of the known browsers alone, or holds `{start}`."""
    return not wanted or by_name(wanted) is not None or any(START in argument for argument in wanted[1:])


def by_name(wanted: Sequence[str]) -> Known | None:
    """A known browser that is named alone, by name or path."""
    name = Path(wanted[0]).name if len(wanted) == 1 else ""
    return next((known for known in KNOWN if name in known.programs), None)


def first_found(path: str, proxy: HttpProxy | None) -> Command:
    for known in KNOWN:
        for name in known.programs:
            if (program := shutil.which(name, path=path)) is not None:
                return known_command(program, known, proxy)
    raise NoBrowser(Fault.NO_BROWSER)


def known_command(program: str, known: Known, proxy: HttpProxy | None) -> Command:
    return Command(program, (*known.proxied(proxy), *known.arguments), known.files(proxy))
