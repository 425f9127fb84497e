"""How much is written to the flash, and how soon a device is on with a hundred thousand jobs in its spool.

`flash_idle_day_kb`: a day in which somebody logged in once, nothing is sent, and the checkpoint is written.
`flash_per_mail_kb`: one mail of a page's size from `submit` to the server's refusal, its share of many.
`start_100k_s`: `Engine.open` of a store in which so many jobs wait for a sign-in.

Rule: what counts is what the process gave to the system for the disk (`write_bytes` of /proc/self/io), less
what it took back before it was written. On a disk in memory that is nothing: run it on a real one.
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from ..engine.codec import line_of, stored
from ..engine.engine import Engine
from ..engine.keeping import row_of_job
from ..engine.play import Instance, first_due
from ..engine.records import Batch, IdentityRow, JobRow
from ..engine.settings import Settings
from ..engine.store.sqlite import SqliteStore
from ..engine.vault_rows import BodyRow, ScanRow
from ..events.job import JobSubmitted
from ..events.request import EmailNotification, Function
from ..machines.job import JOB, NEW
from ..machines.progress import Progress
from ..testing.clock import VirtualClock
from ..testing.travel import pass_time
from .measure import Figure, Figures, alone

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
MAILS = 500
JOBS = 100_000
AT_ONCE = 2000
USERS = 40
ROUNDS = 5
BODY = 1500


def flash() -> Figures:
    with tempfile.TemporaryDirectory(prefix="franking-bench-") as folder:
        return {
            "flash_idle_day_kb": Figure(asyncio.run(idle_day(Path(folder) / "idle")), "kB"),
            "flash_per_mail_kb": Figure(asyncio.run(mails(Path(folder) / "mails")), "kB"),
            "start_100k_s": start_100k(Path(folder) / "waiting"),
        }


def written() -> int:
    """Octets, by this process, since it began."""
    found = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    return int(found["write_bytes"]) - int(found["cancelled_write_bytes"])


def settings(folder: Path) -> Settings:
    return Settings().changed(
        administrator={"address": "printer@example.com"},
        oauth={"enabled": True, "client_id": "bench"},
        store={"path": folder},
        users={f"user{number}": f"user{number}@example.com" for number in range(USERS)},
    )


async def idle_day(folder: Path) -> float:
    """The second day after a start: what a start writes once is not of an idle day."""
    clock = VirtualClock(START)
    async with Engine.open(settings(folder), clock=clock) as engine:
        for number in range(USERS):
            await engine.log_in("panel", f"user{number}")
            await engine.log_out("panel")
        await pass_time(engine, clock, days=1)
        await settled(engine)
        before = written()
        await engine.log_in("panel", "user1")
        await engine.log_out("panel")
        await pass_time(engine, clock, days=1)
        await settled(engine)
        return (written() - before) / 1000


async def settled(engine: Engine) -> None:
    """What stands in the log is brought into the file, so that a day does not owe it to the next."""
    await engine.settle()
    store = engine.store
    if isinstance(store, SqliteStore):
        await store.forget()


async def mails(folder: Path) -> float:
    """Submitted one by one, and cancelled: the same rows and facts as a mail that is sent, but for the mark
    before its body.
    """
    clock = VirtualClock(START)
    async with Engine.open(settings(folder), clock=clock) as engine:
        await settled(engine)
        before = written()
        for _ in range(MAILS):
            receipt = await engine.submit(EmailNotification(to=("lee@example.com",), event="x" * 800))
            await engine.cancel(receipt.job)
        await settled(engine)
        return (written() - before) / 1000 / MAILS


def start_100k(folder: Path) -> Figure:
    folder.mkdir(mode=0o700)
    fill(folder)
    return alone(ROUNDS, "s", lambda: asyncio.run(opening(folder)))


async def opening(folder: Path) -> float:
    clock = VirtualClock(START)
    began = perf_counter()
    async with Engine.open(settings(folder), clock=clock):
        return perf_counter() - began


def fill(folder: Path) -> None:
    """Jobs of all users, which wait for their sign-in."""
    store = SqliteStore(folder / "store.db")
    for first in range(1, JOBS + 1, AT_ONCE):
        batch = Batch([], [], [], [])
        for job in range(first, first + AT_ONCE):
            add(batch, job, f"user:{job % USERS + 1}")
        store.write(batch)
    people = [IdentityRow(f"user:{n + 1}", f"user{n}", f"user{n}@example.com") for n in range(USERS)]
    store.write(Batch([], [], [], list(people)))
    store.writer.close()
    store.reader.close()


def add(batch: Batch, job: int, identity: str) -> None:
    fact = JobSubmitted(
        job=job, identity=identity, function=Function.SCAN_TO_EMAIL, look_at=START + timedelta(days=3)
    )
    fact = fact.model_copy(update={"at": START})
    step = JOB.step(NEW, Progress(), fact)
    due = first_due(JOB.blocks[step.state].limits, step.data, START, ())
    instance = Instance(step.state, step.data, START, (), due, 1)
    row = JobRow(
        job, identity, identity, Function.SCAN_TO_EMAIL, False, f"{identity}@example.com",
        f"<{job}@example.com>", START.isoformat(), "{}", "[]",
    )  # fmt: skip
    batch.lines.append(line_of(job, fact))
    batch.instances.append(stored(JOB, str(job), instance))
    batch.writes += [
        row,
        ScanRow(job, BODY, b"k" * 80),
        BodyRow(job, b"x" * BODY),
        row_of_job(str(job), instance),
    ]
