"""An engine that runs already: the commands use it by its control socket instead of opening the store.

Rule: only the engine that has this store is asked; where none answers, the command runs one itself.
"""

import os
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from rich.console import Console

from ...events.base import ADMINISTRATOR
from ...machines.roles import Role
from ..at_the_panel import UnknownUser
from ..clock import SystemClock
from ..control.client import ControlRefused, ControlUnreachable, Remote
from ..control.place import SERVICE, socket_of
from ..control.requests import Deleted, Here, StatusTold
from ..history import Story
from ..settings import Settings
from ..status import IdentityStatus, JobStatus, Status
from ..submitting import Receipt, UnknownJob
from ..view import SeenJob
from .opening import folder_of
from .terminal import spinning

WAIT_S = 30
"How long one answer is waited for."


class Running(Remote):
    """What the commands want of it."""

    def __init__(self, path: Path, here: Here) -> None:
        super().__init__(path)
        self.here = here

    def status(self) -> Status:
        found: StatusTold = self.get(StatusTold, "/status")
        return Status(**found._asdict(), warns=())

    def tokens(self) -> tuple[IdentityStatus, ...]:
        found: tuple[IdentityStatus, ...] = self.get(tuple[IdentityStatus, ...], "/tokens")
        return found

    def job(self, job: int) -> SeenJob:
        """Raises UnknownJob."""
        try:
            found: SeenJob = self.get(SeenJob, "/jobs/{job}", job=job)
        except ControlRefused as refused:
            if refused.problem.status == 404:
                raise UnknownJob(job) from None
            raise
        return found

    def change(self, act: str, job: int) -> SeenJob:
        found: SeenJob = self.post(SeenJob, f"/jobs/{{job}}/{act}", job=job)
        return found

    def history(self, job: int) -> Story:
        found: Story = self.get(Story, "/jobs/{job}/history", job=job)
        return found

    def queue(self, user: str) -> tuple[JobStatus, ...]:
        found: tuple[JobStatus, ...] = self.get(tuple[JobStatus, ...], "/users/{user}/queue", user=user)
        return found

    def delete_token(self, user: str | None) -> None:
        if user is None:
            self.delete(Deleted, "/tokens")
        else:
            self.delete(None, "/tokens/{user}", user=user)

    def submit(self, request: dict[str, object], files: tuple[Path, ...]) -> Receipt:
        """A caller who does not speak for the device sends its files first. Raises OSError."""
        speaks = self.here.role == Role.CONTROLLER.value
        named = [str(path.absolute()) if speaks else self.upload(path) for path in files]
        found: Receipt = self.post(Receipt, "/jobs", {"request": {**request, "files": named}})
        return found

    def settled(self, job: int, err: Console, text: str) -> SeenJob:
        """The job, when it is over, is held, or waits for what is not there yet."""
        with spinning(err, text):
            while True:
                asked = time.monotonic()
                found: SeenJob = self.get(SeenJob, f"/jobs/{{job}}?wait={WAIT_S}", job=job)
                if time.monotonic() - asked < WAIT_S:
                    return found


def running(settings: Settings) -> Running | None:
    """None: no engine has this store and answers."""
    folder = folder_of(settings).absolute()
    for path in dict.fromkeys((socket_of(folder, os.environ), SERVICE)):
        with suppress(OSError, ControlUnreachable, ControlRefused):
            here: Here = Remote(path).get(Here, "/me")
            if Path(here.store) == folder:
                return Running(path, here)
    return None


def now() -> datetime:
    return SystemClock().now()


def check_known(user: str, identities: tuple[IdentityStatus, ...]) -> None:
    """Raises UnknownUser."""
    if user != ADMINISTRATOR and user not in {each.login for each in identities}:
        raise UnknownUser(user)
