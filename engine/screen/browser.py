"""A browser command with a fresh profile for each visit: fulfils `ports.Screen` and `ShowsCodes` (S18, S19a).

`Engine.open(settings)` makes it by itself where [Web Browser Function] is ON and the program gives no screen
of its own. One browser a place. It gets an environment of its own, so that no proxy, account or secret of
this process comes with it. It runs as long as it shows the page: when it ends by itself, a person closed it.

Rules: the address holds `state`, so it stands in no argument and no log: a start page in the profile, which
this user alone can read, goes on to it. What the browser prints goes nowhere, for it may name pages. The
profile is gone when the screen closes, however the browser takes that; a browser that doesn't end when it is
told to is killed after `GRACE`, with all that it started.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from string import Template

from ...events.settings import Browser
from .. import qr
from ..clock import Clock
from ..ports import HttpProxy, Trouble
from ..settings import CredentialError
from ..shown import SignInCode
from .known import IN_PROFILE, Command, as_written, command, written
from .profile import Profile, folder_of_profiles, sweep
from .relay import Relay
from .trouble import Fault, NoBrowser, trouble

GRACE = timedelta(seconds=3)
"How long a browser may take to end by itself."
KEPT = (
    "COG_PLATFORM_NAME",
    "DISPLAY",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TZ",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
)
"Of the environment: where programs, display and language are found."
PAGE = Template(
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url=$address"><title>Sign-in</title>\n'
)
CODE_PAGE = Template(
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta name="viewport" content="width=device-width"><title>Sign-in</title>'
    "<style>body{font:1.3rem/1.5 sans-serif;max-width:40rem;margin:5vh auto;padding:0 1.5rem;"
    "text-align:center;color:#1f2933;background:#fff}"
    "strong{font:2.5rem monospace;letter-spacing:.15em}</style>"
    "<p><strong>$code</strong></p>$qr$says\n"
)
Gone = Callable[[str, Trouble | None], Awaitable[None]]
"""The browser at this place ended before the screen was closed: None, the person closed it; else why."""
log = logging.getLogger("franking")


@dataclass(frozen=True, slots=True)
class Shown:
    """One visit."""

    process: asyncio.subprocess.Process
    ending: AsyncExitStack
    "Ends the browser, then erases its profile."


class BrowserScreen:
    def __init__(
        self,
        settings: Callable[[], Browser],
        proxy: Callable[[], HttpProxy | None],
        clock: Clock,
        gone: Gone,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`proxy`: the browser's (S4); raises CredentialError. `environment`: instead of this process's."""
        self._settings, self._proxy, self._clock, self._gone = settings, proxy, clock, gone
        self._environment = os.environ if environment is None else environment
        self._shown: dict[str, Shown] = {}
        self._watching: dict[Shown, asyncio.Task[None]] = {}

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:
        return await self._show(place, PAGE.substitute(address=escape(address)))

    async def show_code(self, place: str, code: SignInCode) -> Trouble | None:
        """A page of the device's own, with the code, and the address as a QR code, too."""
        return await self._show(place, code_page(code))

    async def _show(self, place: str, page: str) -> Trouble | None:
        await self.close(place)
        await self.sweep()
        try:
            shown = await self._started(page)
        except NoBrowser as error:
            return trouble(error.fault)
        except CredentialError:
            return trouble(Fault.PASSWORD)
        except OSError as error:
            return trouble(Fault.NOT_STARTED, error.strerror or type(error).__name__)
        self._shown[place] = shown
        self._watching[shown] = asyncio.create_task(self._watch(place, shown), name=f"browser at {place}")
        return None

    async def close(self, place: str) -> None:
        shown = self._shown.pop(place, None)
        if shown is not None:
            self._watching.pop(shown).cancel()
            await shown.ending.aclose()

    async def aclose(self) -> None:
        """Closes every screen."""
        await asyncio.gather(*map(self.close, list(self._shown)))
        await asyncio.gather(*self._watching.values(), return_exceptions=True)

    async def sweep(self) -> None:
        """Erases what a crash of this program left: profiles, and browsers that still show them."""
        await asyncio.to_thread(sweep, folder_of_profiles(self._environment))

    async def _started(self, page: str) -> Shown:
        """Raises NoBrowser, CredentialError, OSError; then nothing is left."""
        settings = self._settings()
        async with AsyncExitStack() as stack:
            profile = Profile.made(folder_of_profiles(self._environment))
            stack.push_async_callback(erased, profile)
            proxy = self._proxy()
            if proxy is not None and proxy.user:
                proxy = (await stack.enter_async_context(Relay(proxy))).address
            wanted = command(settings.command, self._environment.get("PATH", os.defpath), proxy)
            process = await self._process(wanted, profile, page, proxy)
            stack.push_async_callback(self._ended, process)
            return Shown(process, stack.pop_all())

    async def _process(
        self, wanted: Command, profile: Profile, page: str, proxy: HttpProxy | None
    ) -> asyncio.subprocess.Process:
        for name, text in wanted.files.items():
            profile.write(name, text)
        start = profile.write("start.html", page)
        return await asyncio.create_subprocess_exec(
            *wanted.filled(start.as_uri(), profile.folder / IN_PROFILE, proxy),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=profile.folder,
            env=environment(self._environment, profile.folder, proxy),
            start_new_session=True,
        )

    async def _watch(self, place: str, shown: Shown) -> None:
        status = await shown.process.wait()
        del self._shown[place]
        try:
            await shown.ending.aclose()
            await self._gone(place, None if status == 0 else by_itself(status))
        except Exception as error:  # noqa: BLE001 - the screen's time limit closes what this could not
            log.error("the end of the browser at %s could not be told: %s", place, type(error).__name__)
        finally:
            del self._watching[shown]

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        """Told to end, and killed when it does not within its time; when the caller has no time, at once."""
        end = asyncio.ensure_future(process.wait())
        limit = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + GRACE))
        try:
            to_group(process, signal.SIGTERM)
            await asyncio.wait([end, limit], return_when=asyncio.FIRST_COMPLETED)
        finally:
            limit.cancel()
            to_group(process, signal.SIGKILL)
            await end


def to_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """To the browser and what it started in its group; not after its end, for then the number may be
    another's.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def code_page(code: SignInCode) -> str:
    says = "".join(f"<p>{escape(sentence)}</p>" for sentence in code.says)
    return CODE_PAGE.substitute(code=escape(code.user_code), qr=qr.svg(code.scan), says=says)


async def erased(profile: Profile) -> None:
    try:
        await asyncio.to_thread(profile.erase)
    except OSError as error:
        log.error("%s is not erased yet: %s", profile.folder, error.strerror or error)


def environment(own: Mapping[str, str], home: Path, proxy: HttpProxy | None) -> dict[str, str]:
    """For programs that look for their proxy here it is named here, too."""
    found = {name: own[name] for name in KEPT if name in own}
    authority = Path(own["HOME"]) / ".Xauthority" if "HOME" in own else None
    if "DISPLAY" in own and "XAUTHORITY" not in own and authority is not None and authority.exists():
        found["XAUTHORITY"] = str(authority)  # where it is looked for otherwise: below HOME
    if proxy is not None:
        named = f"http://{written(proxy)}"
        direct = ",".join(map(as_written, proxy.exclusions))
        found |= {"http_proxy": named, "https_proxy": named, "no_proxy": direct}
    return {**found, "HOME": str(home), "TMPDIR": str(home / "tmp")}


def by_itself(status: int) -> Trouble:
    return trouble(Fault.ENDED, f"status {status}" if status > 0 else f"signal {-status}")
