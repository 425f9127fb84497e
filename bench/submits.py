"""`submit` alone: small jobs, 64 submitters at once, each waiting until its own is durable; beside what
Postfix accepts in 64 sessions on the same disk.

Rule: nobody has signed in, so that nothing goes; Postfix hands what it accepts to its discard transport. Both
lie in one folder, and take turns.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from ..tests.engine.proxies import free_port
from ..tests.interop.postfix import CannotRun, Postfix, postfix
from .engine_side import SUBMITTERS, Course
from .measure import Figure, Figures, beside, turns
from .sides import RECIPIENT, SENDER
from .stage import Missing, Way, installed, stage

ROUNDS = 7
OCTETS = 1_500
JOBS, ACCEPTED = 5_000, 1_500
LISTENER = "127.0.0.1:{port} inet n - n - 200 smtpd"


@asynccontextmanager
async def accepting(folder: Path, transport: str) -> AsyncIterator[tuple[Postfix, int]]:
    """A Postfix that takes mail of anybody here, and its port. Raises Missing."""
    port = free_port()
    settings = {
        "default_transport": transport,
        "smtpd_client_connection_count_limit": "0",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtp_tls_security_level": "none",
    }
    with TemporaryDirectory(prefix="postfix-", dir=folder, ignore_cleanup_errors=True) as name:
        try:
            async with postfix(Path(name), LISTENER.format(port=port), settings) as server:
                yield server, port
        except CannotRun as why:
            raise Missing(str(why)) from None


async def offered(port: int, messages: int, sessions: int = SUBMITTERS) -> float:
    """Seconds until they were accepted, each over a connection of its own. Raises Missing."""
    source = installed("smtp-source", "postfix")
    told = ("-s", str(sessions), "-m", str(messages), "-l", str(OCTETS), "-f", SENDER, "-t", RECIPIENT)
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(source, *told, f"127.0.0.1:{port}")
    assert await process.wait() == 0
    return perf_counter() - began


async def accepted(port: int) -> float:
    """Messages a second."""
    return ACCEPTED / await offered(port, ACCEPTED)


def submits() -> Figures:
    return asyncio.run(beside_postfix())


async def beside_postfix() -> Figures:
    async with stage() as at:
        settings: Mapping[str, object] = {**at.signed_in, "smtp": {"server": "localhost"}}

        async def ours() -> tuple[float, float]:
            took = await at.ours(OCTETS, JOBS, settings, Way(course=Course.ONLY_SUBMIT))
            return took.per_s, took.p99_ms

        try:
            async with accepting(at.folder, "discard:") as (_, port):

                async def postfix() -> tuple[float, float]:
                    return await accepted(port), 0

                found = await turns(ROUNDS, {"ours": ours, "postfix": postfix})
        except Missing as why:
            print(f"no figure of what Postfix accepts: {why}")
            found = await turns(ROUNDS, {"ours": ours})
    rates = [rate for rate, _ in found["ours"]]
    figures = {
        "submit_64_per_s": Figure(median(rates), "jobs/s"),
        "submit_p99_ms": Figure(median(p99 for _, p99 in found["ours"]), "ms"),
    }
    if "postfix" in found:
        figures["submit_vs_postfix_accept"] = beside("jobs/s", rates, [rate for rate, _ in found["postfix"]])
    return figures
