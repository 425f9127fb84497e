"""One device in a process of its own, so that it can be killed as a power cut would.

Reads a configuration (JSON: settings, passwords, scan), opens the engine, signs the administrator in if need
be, submits as fast as it can, and ends when every job is over. It prints `open`, a line for each receipt, the
warning `again` with its words where a sign-in is over, and `done`.

Rule: a line is printed after what it says is durable, and flushed at once.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from franking.engine.engine import Engine
from franking.engine.records import Batch
from franking.engine.settings import Settings
from franking.events.information import Info
from franking.events.job import JobSubmitted
from franking.events.request import ScanToEmail
from franking.machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from franking.machines.sign_in import CLOSED, SIGN_IN
from franking.testing.person import Person
from franking.testing.screen import PersonAtTheScreen

SUBMITTERS = 3
"People who press the button at the same time."


class Device(NamedTuple):
    settings: Settings
    passwords: dict[str, str]
    scan: Path

    @classmethod
    def load(cls, path: Path) -> "Device":
        found = json.loads(path.read_text())
        return cls(
            Settings.checked(str(path), found["settings"]), dict(found["passwords"]), Path(found["scan"])
        )

    def save(self, path: Path) -> None:
        written = {
            "settings": json.loads(self.settings.model_dump_json()),
            "passwords": self.passwords,
            "scan": str(self.scan),
        }
        path.write_text(json.dumps(written))


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - it is read by the test that started this process


async def submit(engine: Engine, device: Device, jobs: int) -> None:
    request = ScanToEmail(user="kim", to=("office@example.com",), files=(device.scan,))
    for _ in range(jobs):
        receipt = await engine.submit(request)
        say("receipt", receipt.job, receipt.message_id)


async def signed_in(engine: Engine) -> None:
    """The administrator does what [Information] tells him."""
    token = engine.runtime.instance(REFRESH_TOKEN, "administrator").state
    screen = engine.runtime.instance(SIGN_IN, "page").state
    if token is ACQUIRED or screen is not CLOSED:
        return
    for warning in engine.information():
        if warning.code is Info.SIGN_IN_AGAIN:
            say("again", warning.cause)
    await engine.acquire("page")


def stop_before_commit(engine: Engine) -> None:
    """From here the files of a job are in the spool and the job never comes to be."""
    commit = engine.store.commit

    async def stops(batch: Batch) -> None:
        if any(line.name == JobSubmitted.__name__ for line in batch.lines):
            say("spooled")
            await asyncio.Event().wait()
        await commit(batch)

    engine.store.commit = stops  # type: ignore[method-assign]


def nothing(engine: Engine) -> None:
    """The device is left as it is."""


PREPARE = {"as it is": nothing, "stop before commit": stop_before_commit}


async def run(device: Device, jobs: int, prepare: Callable[[Engine], None]) -> None:
    person = Person(device.settings.tls.trust or Path("ca.pem"))
    screen = PersonAtTheScreen(person, device.passwords)
    async with Engine.open(device.settings, screen=screen) as engine:
        moved = asyncio.Event()
        engine.watch(lambda move: moved.set())
        say("open")
        prepare(engine)
        await signed_in(engine)
        await asyncio.gather(*(submit(engine, device, jobs // SUBMITTERS) for _ in range(SUBMITTERS)))
        while any(job.state not in ("sent", "ended") for job in engine.status().jobs):
            moved.clear()
            await signed_in(engine)
            await moved.wait()
        await engine.settle()
    say("done")


if __name__ == "__main__":
    asyncio.run(run(Device.load(Path(sys.argv[1])), int(sys.argv[2]), PREPARE[sys.argv[3]]))
