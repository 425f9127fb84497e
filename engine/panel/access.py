"""Who may log in, and how often somebody may try.

The settings name whose password's hash is kept where; an embedding program that knows people otherwise (a
card reader, a directory) gives an `Access` of its own.

Rule: a guess is slow, and it is not told whether the name or the password was wrong.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

from ...events.base import ADMINISTRATOR
from ...events.settings import DeviceSettings
from ...machines.roles import Role, Viewer
from ..clock import Clock
from ..passwords import matches
from ..ports import Credentials
from ..secret import Secret
from ..settings import CredentialError

FREE = 5
"Failed tries of one name from one address before the next one has to wait."
FREE_OF_NAME, FREE_OF_ADDRESS = 50, 50
"The same of one name from wherever, and of whatever names from one address."
FIRST_WAIT_S, LONGEST_WAIT_S = 15.0, 900.0
SHARED_WAIT_MOST_S = 30.0
"For those: whoever guesses keeps nobody else out for long."
FORGOTTEN_S = 3600.0
"After the last failed try."
REMEMBERED = 4096
"Names and addresses at once; the oldest go first."
AT_ONCE = 4
"Log-ins that are looked at or wait for it; one password is looked at at a time, for it costs memory."


class Access(Protocol):
    """Port: who somebody is by what he typed. May raise nothing; it may take its time."""

    async def log_in(self, login: str, password: Secret) -> Viewer | None:
        """None: there is no such person, or it is not his password."""


def administrator() -> Viewer:
    return Viewer(Role.ADMINISTRATOR, ADMINISTRATOR)


class ByPassword:
    """Fulfils `Access` from the settings; the administrator is called `administrator`, or is asked for
    without a name.
    """

    def __init__(self, settings: Callable[[], DeviceSettings], credentials: Credentials) -> None:
        self.settings, self.credentials = settings, credentials
        self.one = asyncio.Lock()

    async def log_in(self, login: str, password: Secret) -> Viewer | None:
        page = self.settings().page
        asked = login in ("", ADMINISTRATOR)
        reference = page.administrator if asked else page.passwords.get(login)
        kept = self.kept(reference)
        async with self.one:
            if not await asyncio.to_thread(matches, password, kept):
                return None
        return administrator() if asked else Viewer(Role.USER, login)

    def kept(self, reference: str | None) -> Secret | None:
        if reference is None:
            return None
        try:
            return self.credentials.read(reference)
        except CredentialError:
            return None  # the check of the settings names it; whoever stands here learns nothing


class Tries:
    """Failed log-ins, in memory: a restart forgets them, and takes longer than the wait."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.failed: dict[tuple[str, str], tuple[int, float]] = {}
        "Name and address (or one of them) to how often, and until when nobody may try."
        self.looking = 0
        "Log-ins whose password is being looked at."

    def wait_s(self, login: str, address: str) -> int:
        """Seconds until the next try is looked at; 0: now."""
        now = self.clock.monotonic()
        until = max(self.failed.get(key, (0, now))[1] for key in keys(login, address))
        return max(0, math.ceil(until - now))

    def note(self, login: str, address: str) -> None:
        """A try, as failed until it turns out right: of many at once none is looked at for nothing."""
        now = self.clock.monotonic()
        for key, (free, most) in keys(login, address).items():
            times, until = self.failed.pop(key, (0, now))
            times = 1 if now - until > FORGOTTEN_S else times + 1
            over = times - free
            wait = min(most, FIRST_WAIT_S * 2.0 ** min(over, 10)) if over >= 0 else 0.0
            self.failed[key] = (times, now + wait)
        while len(self.failed) > REMEMBERED:
            del self.failed[next(iter(self.failed))]

    def note_right(self, login: str, address: str) -> None:
        """It was; what others tried with that name or from there stays noted."""
        for key in keys(login, address):
            times, _ = self.failed.pop(key, (0, 0.0))
            if times > 1 and key != (login, address):
                self.failed[key] = (times - 1, self.clock.monotonic())


def keys(login: str, address: str) -> dict[tuple[str, str], tuple[int, float]]:
    """With how many failed tries are free, and how long one waits at most."""
    return {
        (login, ""): (FREE_OF_NAME, SHARED_WAIT_MOST_S),
        ("", address): (FREE_OF_ADDRESS, SHARED_WAIT_MOST_S),
        (login, address): (FREE, LONGEST_WAIT_S),
    }
