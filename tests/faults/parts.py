"""What a device does while the moments count: each part reaches other persistence points.

Rule: a part waits until what it did has come to its end, so that the same moments come each time.
"""

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from franking.engine.engine import Engine
from franking.engine.programs.listener import serve
from franking.engine.records import Batch
from franking.engine.store.sqlite import SqliteStore
from franking.engine.vault_rows import Noted
from franking.events.request import FromProgram, Given, ScanToEmail, ScanToUrl
from franking.tests.engine.device import OFFICE, PAGES

GO = b"go\n"
"What a life waits for when its moments begin to count."
OVER = ("sent", "ended")
SMALL = b"%PDF-1.7 one page"
LARGE = random.Random(25).randbytes(1_000_000)  # noqa: S311 - octets that are alike nowhere
SCANS = {"small.pdf": SMALL, "pages.pdf": PAGES, "large.pdf": LARGE}
"By the name of the attachment."
SECOND = "second@example.com"
PEOPLE, PRESSES = 6, 5
ROUNDS = 50
"After so many something is wrong that no person can mend."


def say(*words: object) -> None:
    """In one write: whoever is killed meanwhile has said the line, or nothing of it."""
    os.write(sys.stdout.fileno(), f"{' '.join(map(str, words))}\n".encode())


def scan(folder: Path, name: str, number: int = 0) -> Path:
    """A file that the caller has, alone in a folder of its own."""
    place = folder / "scans" / str(number)
    place.mkdir(parents=True, exist_ok=True)
    path = place / name
    path.write_bytes(SCANS[name])
    return path


async def submit(
    engine: Engine,
    path: Path,
    user: str = "kim",
    to: tuple[str, ...] = (OFFICE,),
    given: Given = Given.LENT,
) -> int:
    receipt = await engine.submit(ScanToEmail(user=user, to=to, files=(path,)), given=given)
    say("receipt", receipt.job, receipt.message_id)
    return receipt.job


async def nothing(engine: Engine, folder: Path) -> None:
    """But what a device does by itself at its start."""
    await engine.settle()


async def sent(engine: Engine, folder: Path) -> None:
    """A scan in the store, and one in the spool."""
    await submit(engine, scan(folder, "small.pdf"))
    await submit(engine, scan(folder, "pages.pdf"))
    await engine.settle()


async def handed_over(engine: Engine, folder: Path) -> None:
    """The spool takes the file itself."""
    await submit(engine, scan(folder, "pages.pdf"), given=Given.HANDED_OVER)
    await engine.settle()


async def by_link(engine: Engine, folder: Path) -> None:
    """Scan to URL: it lies in the user box until it is deleted there."""
    request = ScanToUrl(user="kim", to=(OFFICE,), files=(scan(folder, "pages.pdf"),))
    receipt = await engine.submit(request)
    say("receipt", receipt.job, receipt.message_id)
    await engine.settle()
    for document in engine.documents("kim"):
        await engine.delete_document("kim", document.number)
    await engine.settle()


async def in_part(engine: Engine, folder: Path) -> None:
    """The server takes it for one, and later for the other."""
    job = await submit(engine, scan(folder, "small.pdf"), to=(OFFICE, SECOND))
    await engine.settle()
    await engine.retry(job)
    await engine.settle()


async def refused(engine: Engine, folder: Path) -> None:
    """For good."""
    await submit(engine, scan(folder, "pages.pdf"))
    await engine.settle()


async def reported(engine: Engine, folder: Path) -> None:
    """A program's mail is refused for good, and who sent it learns that by mail; both lie in the spool."""
    path = folder / "scans" / "mail"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(b"X-%d: %s\n" % (number, b"x" * 700) for number in range(40)) + b"\nHello\n")
    receipt = await engine.submit(FromProgram(user="kim", to=(OFFICE,), message=path))
    say("receipt", receipt.job, receipt.message_id)
    await engine.settle()


async def later(engine: Engine, folder: Path) -> None:
    """Not now; people hold it, and let it go."""
    job = await submit(engine, scan(folder, "pages.pdf"))
    await engine.settle()
    await engine.hold(job)
    await engine.release(job)
    await engine.retry(job)
    await engine.settle()


async def unknown(engine: Engine, folder: Path) -> None:
    """The server has it, and does not say so."""
    job = await submit(engine, scan(folder, "pages.pdf"))
    await engine.settle()
    await engine.retry(job)
    await engine.settle()


async def cancelled(engine: Engine, folder: Path) -> None:
    """Before its next try."""
    job = await submit(engine, scan(folder, "pages.pdf"))
    await engine.settle()
    await engine.cancel(job)
    await engine.settle()


async def to_the_end(engine: Engine) -> None:
    """Whatever a job waits for is done, by people; nobody waits for the clock."""
    await engine.settle()
    for _ in range(ROUNDS):
        left = [job for job in engine.status().jobs if job.state not in OVER]
        if not left:
            return
        for job in left:
            await (engine.release if job.state == "held" else engine.retry)(job.job)
        await engine.settle()
    raise AssertionError([(job.job, job.state, job.reason) for job in engine.status().jobs])


async def full(engine: Engine, folder: Path) -> None:
    """The disk is full; then there is room again."""
    store = engine.store
    assert isinstance(store, SqliteStore)
    held, free = store.reserve, store.reserve.free
    release = held.release

    def limit(pages: int) -> None:
        (now,) = store.writer.execute("pragma page_count").fetchone()
        store.writer.execute(f"pragma max_page_count={now + pages}")

    def released() -> None:
        limit(1000)
        release()

    held.release, held.free = released, lambda: 0  # type: ignore[method-assign]
    await store.forget()
    limit(0)
    number = 0
    while held.there:
        number += 1
        await store.commit(Batch([], [], [], [Noted(f"full {number}", "x" * 3000)]))
    held.free = free  # type: ignore[method-assign]
    assert await store.hold_back()


async def load(engine: Engine, folder: Path) -> None:
    """Many people at once, until the process is killed or all is over."""

    async def presses(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same scans each time
        for _ in range(PRESSES):
            name = chance.choices(list(SCANS), (5, 3, 1))[0]
            await submit(engine, scan(folder, name, number), ("kim", "lee")[number % 2])

    await asyncio.gather(*map(presses, range(PEOPLE)))
    await to_the_end(engine)


async def listens(engine: Engine, folder: Path) -> None:
    """Takes mail of programs until the process is killed."""
    async with serve(engine, "127.0.0.1", 0) as address:
        say("port", address.port)
        await asyncio.Event().wait()


async def goes_on(engine: Engine, folder: Path) -> None:
    """What the former life left, while the moments count."""
    await to_the_end(engine)


PARTS: dict[str, Callable[[Engine, Path], Awaitable[None]]] = {
    each.__name__: each
    for each in (
        nothing,
        goes_on,
        sent,
        handed_over,
        by_link,
        in_part,
        refused,
        reported,
        later,
        unknown,
        cancelled,
        full,
        load,
        listens,
    )
}
