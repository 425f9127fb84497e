"""What the SMTP listener accepts: small messages by `smtp-source` of Postfix in 8 and in 64 sessions, each
message over a connection of its own, beside what Postfix accepts on the same disk; and the memory of eight
sessions of 25 MB at once.

Rule: a message counts when it was answered with 250, and is durable then on either side. Nobody has signed
in, so that nothing goes; Postfix hands what it accepts to its discard transport.
"""

import asyncio
import os
import smtplib
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ..tests.interop.postfix import Postfix
from .listener_side import ListenerTask, Stands
from .measure import Figure, Figures, beside, turns
from .sides import RECIPIENT, SENDER
from .stage import Missing, module, stage
from .submits import accepting, offered

ROUNDS = 5
FEW, MANY = 8, 64
MESSAGES, FIRST = 1_500, 100
LARGE, LARGE_OCTETS = 8, 25_000_000
TICKS = os.sysconf("SC_CLK_TCK")


class Accepted(NamedTuple):
    per_s: float
    cpu_ms: float
    "Of one message, of all processes that took it."


@dataclass(slots=True)
class Listener:
    port: int
    process: asyncio.subprocess.Process

    async def when_sent(self, count: int) -> Stands:
        """Once so many jobs were sent since it started."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{count}\n".encode())
        return Stands.model_validate_json(await self.process.stdout.readline())


@asynccontextmanager
async def listener(
    folder: Path, settings: Mapping[str, Any], passwords: Mapping[str, str] | None = None
) -> AsyncIterator[Listener]:
    """`settings`: with a store of its own, unless they name one."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=folder) as name:
        whole = {"store": {"path": str(Path(name) / "store")}, **settings}
        task = ListenerTask(settings=whole, passwords=dict(passwords or {}))
        process = await asyncio.create_subprocess_exec(
            *module("listener_side"), task.model_dump_json(), stdin=PIPE, stdout=PIPE
        )
        assert process.stdout is not None
        try:
            line = await process.stdout.readline()
            assert line.startswith(b"port "), "the listener did not start"
            yield Listener(int(line.split()[1]), process)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def by_us(folder: Path, settings: Mapping[str, Any], sessions: int) -> Accepted:
    async with listener(folder, settings) as at:
        await offered(at.port, FIRST, sessions)
        before = await at.when_sent(0)
        took_s = await offered(at.port, MESSAGES, sessions)
        after = await at.when_sent(0)
    return Accepted(MESSAGES / took_s, (after.cpu_s - before.cpu_s) / MESSAGES * 1000)


async def by_postfix(server: Postfix, port: int, sessions: int) -> Accepted:
    await offered(port, FIRST, sessions)
    before = cpu_s(server)
    took_s = await offered(port, MESSAGES, sessions)
    return Accepted(MESSAGES / took_s, (cpu_s(server) - before) / MESSAGES * 1000)


def cpu_s(server: Postfix) -> float:
    """Of its master, of those that it started, and of those of them that have ended."""
    (master,) = (server.queue / "pid/master.pid").read_text().split()
    return sum(map(spent, family(int(master)))) / TICKS


def family(process: int) -> list[int]:
    found = [process]
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        for child in thread.read_text().split():
            found += family(int(child))
    return found


def spent(process: int) -> int:
    """Ticks, with those of children that were waited for (proc_pid_stat(5))."""
    with suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0


def sent_large(port: int) -> None:
    octets = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 4 + b"\r\n"
    body = octets + (b"0123456789abcdef" * 4 + b"\r\n") * (LARGE_OCTETS // 66)
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(SENDER, RECIPIENT, body)


async def growth_mb(folder: Path, settings: Mapping[str, Any]) -> float:
    async with listener(folder, settings) as at:
        await asyncio.to_thread(sent_large, at.port)
        await at.when_sent(0)
        await asyncio.gather(*(asyncio.to_thread(sent_large, at.port) for _ in range(LARGE)))
        return (await at.when_sent(0)).growth_mb


def accepts() -> Figures:
    try:
        return asyncio.run(beside_postfix())
    except Missing as why:
        print(f"no figures of what Postfix accepts: {why}")
        return {}


async def beside_postfix() -> Figures:
    """Raises Missing."""
    async with stage() as at, accepting(at.folder, "discard:") as (server, port):
        settings: Mapping[str, Any] = {**at.signed_in, "smtp": {"server": "localhost"}}
        sides = {
            f"{name} {sessions}": side
            for sessions in (FEW, MANY)
            for name, side in (
                ("ours", partial(by_us, at.folder, settings, sessions)),
                ("postfix", partial(by_postfix, server, port, sessions)),
            )
        }
        found = await turns(ROUNDS, sides)
        grown = [await growth_mb(at.folder, settings) for _ in range(3)]
    figures = {"accept_25mb_8_growth_mb": Figure(median(grown), "MB")}
    for sessions in (FEW, MANY):
        ours, postfix = found[f"ours {sessions}"], found[f"postfix {sessions}"]
        figures[f"accept_{sessions}_vs_postfix"] = beside(
            "messages/s", [each.per_s for each in ours], [each.per_s for each in postfix]
        )
        figures[f"accept_{sessions}_cpu_vs_postfix"] = beside(
            "ms", [each.cpu_ms for each in ours], [each.cpu_ms for each in postfix]
        )
    return figures
