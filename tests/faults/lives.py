"""A device that is killed in one life after the other, its servers, and what must be true after each life.

Rule: what was promised is what the process printed before it was killed; what came of it is what the servers
recorded, and what the store says that it knows.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

from franking.engine.clock import SystemClock
from franking.engine.codec import instance_of
from franking.engine.pieces import sealed_size
from franking.engine.play import MACHINE
from franking.engine.replay import replay
from franking.engine.settings import Settings
from franking.engine.spool import FILES, Kept
from franking.engine.store.sqlite import SqliteStore
from franking.events.request import Function
from franking.machines.job import ENDED, JOB, SENT
from franking.machines.progress import UNKNOWN_MOST
from franking.testing.mailbox import Delivered

from ..engine.box import BOX
from ..engine.device import PASSWORDS, Office, office
from ..engine.stored import assert_equals_replay, journal
from .parts import GO, SCANS

SCRIPT = Path(__file__).with_name("kill_process.py")
PROGRAMS = {"clients": {"feeder": {"networks": ["127.0.0.0/8"]}}}
"Whoever is on this machine is who he says."
MAY_END = frozenset({"refused", "reported", "cancelled"})
"Parts in which a job ends without being sent."
DIGITS = re.compile(r"\d+")


@dataclass
class Ended:
    killed: bool
    moments: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


@dataclass
class Lives:
    here: Office
    forking: Popen[bytes]
    reader: asyncio.StreamReader
    "Of what the lives say."
    receipts: dict[str, str] = field(default_factory=dict)
    "Of all lives: the part in which each accepted message was submitted."
    unknown: dict[str, int] = field(default_factory=dict)
    "How often the outcome of each message was not known, as the last life said."
    states: dict[str, str] = field(default_factory=dict)
    recipients: dict[str, int] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    "In which each message became a job, whether its receipt was printed or not."
    former: str = ""
    "The part of the life before."
    orphans: list[str] = field(default_factory=list)
    looked_at: int = 0
    number: int = 0
    "Of the process that lives; 0: none does."
    listens: Callable[[int], None] = lambda port: None
    "Called with the port at which a life takes mail of programs."

    async def live(
        self,
        part: str,
        cut: str = "",
        *,
        users: tuple[str, ...] = ("kim", "lee"),
        from_start: bool = False,
        folder: Path | None = None,
        meanwhile: Callable[[], None] = lambda: None,
        spool: dict[str, bool] | None = None,
    ) -> Ended:
        """One life. `meanwhile` is called when its moments begin to count; `self.number` is then its
        process's.
        """
        found = device(self.here, spool or {})
        life = {
            "folder": str(folder or self.here.folder),
            "settings": found.model_dump_json(),
            "passwords": PASSWORDS,
            "users": users,
            "part": part,
            "cut": cut,
            "from_start": from_start,
        }
        self.tell(json.dumps(life).encode() + b"\n")
        ended = Ended(killed=False)
        while line := await self.reader.readline():
            word, *rest = line.decode().split(None, 1)
            told = rest[0].strip() if rest else ""
            match word:
                case "life":
                    self.number = int(told)
                case "armed":
                    self.check_arrived()
                    meanwhile()
                    self.tell(GO)
                case "moment":
                    ended.moments.add(told)
                case "unnamed":
                    ended.unnamed.add(told)
                case "site":
                    ended.sites.add(told)
                case "kept":
                    ended.said.append(told)
                case "ended":
                    self.number = 0
                    assert told in ("0", "killed")
                    ended.killed = told == "killed"
                    self.former = part
                    return ended
                case _:
                    self.hear(part, word, told.split())
        raise AssertionError("the process that forks is gone")

    def tell(self, octets: bytes) -> None:
        assert self.forking.stdin is not None
        os.write(self.forking.stdin.fileno(), octets)

    async def end(self) -> None:
        """A life that a failed test left, so that the next one is alone."""
        if self.number:
            kill(self.number)
            while not (await self.reader.readline()).startswith(b"ended"):
                """What it said before is over."""

    def hear(self, part: str, word: str, told: list[str]) -> None:
        match word:
            case "open":
                self.orphans.clear()
            case "receipt":
                self.receipts[told[1]] = part
            case "job":
                message, state, unknown, recipients = told[1:]
                self.states[message], self.unknown[message] = state, int(unknown)
                self.recipients[message] = int(recipients)
                self.parts.setdefault(message, self.former)
            case "port":
                self.listens(int(told[0]))
            case "orphan":
                self.orphans.append(told[0])
            case _:
                raise AssertionError((word, told))

    # What must be true

    async def check_left(self) -> set[str]:
        """After a kill: what the next start will find, and the messages of its jobs. Looked at in a copy, for
        opening a store mends it.
        """
        store = self.here.store / "store.db"
        if not store.exists() or store.stat().st_size == 0:
            assert self.receipts == {}
            return set()
        with copied(self.here.store) as folder:
            found = SqliteStore(folder / "store.db")
            try:
                assert_equals_replay(found)
                rows = {row.message_id: (row, moved.state) for row, moved in found.jobs()}
                assert set(self.receipts) <= set(rows)
                for row, state in rows.values():
                    if state not in (SENT.name, ENDED.name) and row.function != Function.SCAN_TO_URL:
                        self.check_whole(row.job, row.files)
                return set(rows)
            finally:
                await found.aclose()

    async def check_kept(self) -> None:
        """After a kill in what is kept for how long: the store and the replay of what is left of the journal
        agree, but for jobs that are over, whose rows or lines may be gone.
        """
        with copied(self.here.store) as folder:
            found = SqliteStore(folder / "store.db")
            try:
                played = replay(journal(found)).instances
                there = {}
                for title, key in found.read("select machine, key from instance"):
                    row = found.instance(title, key)
                    assert row is not None
                    there[title, key] = instance_of(MACHINE[title], row)
                for name in played.keys() & there.keys():
                    assert played[name].state is there[name].state
                    assert played[name].data == there[name].data
                for name in played.keys() ^ there.keys():
                    assert name[0] == JOB.title
                    assert (played.get(name) or there[name]).state is ENDED
                jobs = {int(key) for title, key in there if title == JOB.title}
                assert {row.job for row, _ in found.jobs()} == jobs
            finally:
                await found.aclose()

    def check_whole(self, job: int, files: str) -> None:
        """A job that is to be sent has all of its files."""
        for number, file in enumerate(FILES.validate_json(files)):
            if not file.kept.in_row:
                size = file.size if file.kept is Kept.FILE else sealed_size(file.size)
                assert (self.here.store / "spool" / str(job) / str(number)).stat().st_size == size

    def check_arrived(self) -> None:
        """A life has begun, and brought all of the former ones to an end."""
        assert self.orphans == []
        messages = self.here.kit.mailbox.messages
        arrived = Counter(
            (str(each.message()["Message-ID"]), to) for each in messages for to in each.rcpt_tos
        )
        there = {message for message, _ in arrived}
        assert set(self.receipts) <= set(self.states)
        for message, state in self.states.items():
            given_up = state == ENDED.name and self.unknown[message] >= UNKNOWN_MOST
            assert state == SENT.name or self.parts[message] in MAY_END or given_up
            reached = sum(each == message for each, _ in arrived)
            assert reached == self.recipients[message] or state == ENDED.name, "accepted, and lost"
        assert there <= set(self.states)
        twice = {each for each, count in arrived.items() if count > 1 + self.unknown[each[0]]}
        assert twice == set(), "went twice, and nobody wrote it down"
        self.check_reported(messages)
        for each in messages[self.looked_at :]:
            if each.message()["Auto-Submitted"]:
                continue
            for name, content in each.attachments():
                assert content == SCANS[name]
        self.looked_at = len(messages)

    def check_reported(self, messages: Sequence[Delivered]) -> None:
        """Whoever was to be told was told, and once, but for what is written down."""
        told = Counter(str(each.message()["References"]) for each in messages)
        again = {str(each.message()["References"]): str(each.message()["Message-ID"]) for each in messages}
        for message, state in self.states.items():
            wanted = int(self.parts[message] == "reported" and state == ENDED.name)
            assert wanted <= told[message] <= wanted + self.unknown.get(again.get(message, ""), 0)


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A store's database, as a power cut left it."""
    with TemporaryDirectory() as copy:
        for path in folder.glob("store.db*"):
            shutil.copy(path, copy)
        yield Path(copy)


def device(here: Office, spool: dict[str, bool]) -> Settings:
    """As fast as it can."""
    smtp = here.settings.smtp.model_dump(exclude_unset=True) | {"per_minute": 10_000}
    return here.settings.changed(smtp=smtp, spool=spool, programs=PROGRAMS)


def kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


@contextmanager
def forks() -> Iterator[Popen[bytes]]:
    """The process from which lives are forked: it has loaded everything once."""
    with Popen([sys.executable, str(SCRIPT)], stdin=PIPE, stdout=PIPE, bufsize=0) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


@asynccontextmanager
async def lives(folder: Path, forking: Popen[bytes]) -> AsyncIterator[Lives]:
    async with office(folder, clock=SystemClock(), box=BOX) as here:
        assert forking.stdout is not None
        reader = asyncio.StreamReader()
        said = os.fdopen(os.dup(forking.stdout.fileno()), "rb", 0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), said
        )
        found = Lives(here, forking, reader)
        try:
            yield found
        finally:
            await found.end()
            transport.close()
