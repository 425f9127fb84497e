"""Numbers for Prometheus (text format 0.0.4), and a file of them for node_exporter's textfile collector.

The format is a few lines of text; the usual library for it would bring a registry of the whole process to
every device, for numbers that are read from the store at the moment when they are asked for.

Rules: base units; a counter ends in `_total` and begins anew with the engine; no address, no login and no
other name stands in a label, an identity by its number alone.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ..events.base import ADMINISTRATOR, Event
from ..events.settings import DeviceSettings
from ..events.token import AccessTokenReady, CredentialRefused, GrantRefused, RefreshBlocked, RefreshDelayed
from ..machines.credential import CREDENTIAL
from ..machines.job import JOB
from ..machines.lifetime import LIFETIME
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from .alarms import Way
from .clock import first_of, sleep
from .export import release
from .people import People
from .records import StoreFailed
from .runtime import Runtime
from .status import Reader
from .watchers import Unit

EVERY = timedelta(minutes=1)
"The file is written."
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES: Mapping[type[Event], str] = {
    AccessTokenReady: "ready",
    RefreshDelayed: "delayed",
    RefreshBlocked: "blocked",
    GrantRefused: "refused",
    CredentialRefused: "credential_refused",
}
"How a request for an access token ends."
STATES = [state for state in JOB.blocks if state is not JOB.first]
ALARMS_MOST = 10_000
log = logging.getLogger("franking")


class Sample(NamedTuple):
    value: float
    labels: Mapping[str, str] = {}


class Family(NamedTuple):
    name: str
    kind: str
    about: str
    samples: Iterable[Sample]


class Metrics:
    def __init__(
        self, runtime: Runtime, reader: Reader, people: People, settings: Callable[[], DeviceSettings]
    ) -> None:
        self.runtime, self.store, self.clock = runtime, runtime.store, runtime.clock
        self.reader, self.people, self.settings = reader, people, settings
        self.refreshes: Counter[str] = Counter()
        self.moved = asyncio.Event()
        self.written: Path | None = None
        runtime.watchers.add(self.count, *OUTCOMES)

    def count(self, unit: Unit) -> None:
        self.refreshes.update(OUTCOMES[type(fact)] for fact in unit.played.lines if type(fact) in OUTCOMES)

    def text(self) -> str:
        """Raises StoreFailed."""
        return "".join(map(written, self.families()))

    def families(self) -> Iterator[Family]:
        about = "The program that runs."
        yield Family("franking_build_info", "gauge", about, [Sample(1, {"version": release()})])
        yield from self.of_grants()
        jobs = self.store.jobs_by_state()
        yield Family(
            "franking_jobs", "gauge", "Jobs that are not forgotten yet, by their state.",
            [Sample(jobs.get(state.name, 0), {"state": state.name.lower()}) for state in STATES],
        )  # fmt: skip
        yield Family(
            "franking_refreshes_total", "counter", "Requests for access tokens, by how they ended.",
            [Sample(self.refreshes[outcome], {"outcome": outcome}) for outcome in OUTCOMES.values()],
        )  # fmt: skip
        spooled, quota = self.store.spooled(), self.settings().spool.quota
        yield Family("franking_spool_bytes", "gauge", "Scans and documents on the disk.", [Sample(spooled)])
        about = "What scans and documents may take in all."
        yield Family("franking_spool_limit_bytes", "gauge", about, [Sample(quota)])
        about = "1: the disk is full, and new jobs are refused."
        yield Family("franking_disk_full", "gauge", about, [Sample(self.store.short)])
        standing = Counter(row.code for row in self.store.information())
        yield Family(
            "franking_warnings", "gauge", "Warnings that stand on the Information screen, by their code.",
            [Sample(number, {"code": code}) for code, number in sorted(standing.items())],
        )  # fmt: skip
        yield Family(
            "franking_alarms_due", "gauge", "Alarms that their hook did not take yet.",
            [Sample(len(self.store.alarms(way, ALARMS_MOST)), {"way": way}) for way in Way],
        )  # fmt: skip

    def of_grants(self) -> Iterator[Family]:
        """Moments and not what is left until then: a file that is old must not say that there is time."""
        held, ends = [], []
        for identity in (ADMINISTRATOR, *(row.identity for row in self.people.rows.values())):
            labels = {"identity": identity}
            token, lifetime = (self.reader.found(each, identity) for each in (REFRESH_TOKEN, LIFETIME))
            held.append(Sample(token is not None and token.state is ACQUIRED, labels))
            if token is not None and lifetime is not None and lifetime.data.ends_at is not None:
                ends.append(Sample(seconds(lifetime.data.ends_at), labels))
        yield Family("franking_grant_held", "gauge", "1: a sign-in holds.", held)
        about = "When a sign-in ends, where that is known."
        yield Family("franking_grant_end_timestamp_seconds", "gauge", about, ends)
        end = self.runtime.instance(CREDENTIAL, "").data.ends_at
        about = "When the client secret or certificate ends, where that is known."
        samples = [] if end is None else [Sample(seconds(end))]
        yield Family("franking_credential_end_timestamp_seconds", "gauge", about, samples)

    # The file

    def changed(self) -> None:
        """The settings were."""
        self.moved.set()

    async def run(self) -> None:
        """The file is taken away at the end: numbers of an engine that does not run are none."""
        try:
            while True:
                self.moved.clear()
                file = self.settings().metrics.file
                if self.written not in (None, file):
                    self.drop()
                if file is None:
                    await self.moved.wait()
                    continue
                with self.runtime.activity.busy():
                    await self.write(file)
                await first_of(sleep(self.clock, EVERY), self.moved.wait())
        finally:
            self.drop()

    async def write(self, file: Path) -> None:
        try:
            await asyncio.to_thread(replace, file, self.text())
        except StoreFailed as failure:
            log.error("the numbers for Prometheus cannot be read: %s", failure)
        except OSError as error:
            log.error("the numbers for Prometheus cannot be written: %s", error.strerror or error)
        else:
            self.written = file

    def drop(self) -> None:
        if self.written is not None:
            with suppress(OSError):
                self.written.unlink()
        self.written = None


def replace(file: Path, text: str) -> None:
    """Whoever reads it sees the former or the new one, whole. Raises OSError."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(file)


def seconds(moment: datetime) -> float:
    return round(moment.timestamp())


def written(family: Family) -> str:
    """A family without samples is left out."""
    lines = [f"{family.name}{labelled(each.labels)} {each.value:.16g}\n" for each in family.samples]
    head = f"# HELP {family.name} {family.about}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(lines) if lines else ""


def labelled(labels: Mapping[str, str]) -> str:
    each = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    return f"{{{each}}}" if each else ""


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
