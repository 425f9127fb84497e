"""Sending beside others: raw replay of the same octets, aiosmtplib, smtplib and curl, over one TLS connection
to two sinks, and at a provider's distance.

Rule: all sides of a round meet the same sink, one after the other; ours goes from `submit` until sent, with
every copy and commit that belongs to it; `_spooled_` says that the scans lay in the spool before. Keys
without `_sealed_` or `_window8_` are of scans that are not sealed on the disk, and of the default window.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .engine_side import Course, EngineTook
from .measure import Figure, Figures, beside, turns
from .sides import Took
from .stage import FAST, NPM, Missing, Stage, Way, far_away, installed, sink, stage

ROUNDS = 7
ROUND_TRIP_MS = 30
Taken = Took | EngineTook


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    octets: int
    counts: Mapping[str, int]
    "Messages a run, by side, for half a second to a second each; of all others under the empty name."

    def count(self, side: str) -> int:
        return self.counts.get(side, self.counts[""])


SIZES = (
    Size("small", 1_500, {"": 300, "aiosmtplib_each": 6, "raw": 800, "ours": 400}),
    Size("200kb", 200_000, {"": 20, "raw": 100, "ours": 100}),
    Size("5mb", 5_000_000, {"": 2, "raw": 12, "ours": 12}),
    Size("25mb", 25_000_000, {"": 1, "raw": 4, "ours": 4}),
)
OTHERS = ("aiosmtplib", "smtplib")
Side = Callable[[], Awaitable[Taken]]


def sides_of(at: Stage, port: int, size: Size) -> dict[str, Side]:
    def other(name: str) -> Side:
        return partial(at.other, name, port, size.octets, size.count(name))

    def ours(way: Way) -> Side:
        return partial(at.through, port, size.octets, size.count("ours"), way)

    sides: dict[str, Side] = {"raw": other("raw"), "ours": ours(Way())}
    sides |= {name: other(name) for name in OTHERS}
    if here("curl"):
        sides["curl"] = other("curl")
    if size.name == "small":
        sides |= {"aiosmtplib_each": other("aiosmtplib_each"), "window8": ours(Way(window=8))}
    if size.name in ("small", "25mb"):
        sides["sealed"] = ours(Way(seal=True))
    if size.name == "25mb":
        sides["handed_over"] = ours(Way(handed_over=True))
        sides["spooled"] = ours(Way(course=Course.SPOOLED))
        sides["spooled_sealed"] = ours(Way(seal=True, course=Course.SPOOLED))
    return sides


def rates(found: Mapping[str, list[Taken]], ours: str, other: str) -> Figure:
    return beside("messages/s", each_of(found[ours], "per_s"), each_of(found[other], "per_s"))


def each_of(taken: list[Taken], field: str) -> list[float]:
    return [float(getattr(one, field)) for one in taken]


async def met(at: Stage, name: str) -> Figures:
    """What happens at one sink."""
    figures: Figures = {}
    async with sink(name, at.folder) as port:
        for size in SIZES:
            found = await turns(ROUNDS, sides_of(at, port, size))
            figures |= named(size.name, name, found)
    return figures


OURS = ("sealed", "window8", "handed_over", "spooled", "spooled_sealed")


def named(size: str, sink: str, found: Mapping[str, list[Taken]]) -> Figures:
    key = {"small": "small_durable", "25mb": "data_25mb"}.get(size, f"data_{size}")
    figures = {f"{key}_vs_raw_{sink}": rates(found, "ours", "raw")}
    for side in sorted(set(found) - {"raw", "ours"}):
        if side in OURS:
            figures[f"{key}_{side}_vs_raw_{sink}"] = rates(found, side, "raw")
        else:
            figures[f"{size}_vs_{side}_{sink}"] = rates(found, "ours", side)
    if size == "25mb" and sink == FAST:
        figures |= what_it_takes("", found, "ours") | what_it_takes("spooled_", found, "spooled")
    return figures


def what_it_takes(about: str, found: Mapping[str, list[Taken]], side: str) -> Figures:
    """Memory and processor of a large scan."""
    growth = max(each_of(found[side], "growth_mb"))
    ours, raw = ([1000 * one.cpu_s for one in found[name]] for name in (side, "raw"))
    cpu = beside("ms", ours, raw)
    return {f"rss_growth_25mb_{about}mb": Figure(growth, "MB"), f"cpu_25mb_{about}vs_raw": cpu}


def here(program: str) -> bool:
    try:
        installed(program, program)
    except Missing:
        return False
    return True


def transfers() -> Figures:
    if not here("curl"):
        print("no figures of curl: it is not installed")
    return asyncio.run(all_sinks())


async def all_sinks() -> Figures:
    figures: Figures = {}
    async with stage() as at:
        for name in (NPM, FAST):
            try:
                figures |= await met(at, name)
            except Missing as why:
                print(f"no figures of the sink {name}: {why}")
    return figures


FAR = Size("rtt30", 1_500, {"": 20, "raw": 40, "ours": 80})


def distance() -> Figures:
    return asyncio.run(from_far())


async def from_far() -> Figures:
    async with stage() as at, sink(FAST, at.folder) as near, far_away(near, ROUND_TRIP_MS) as port:
        sides: dict[str, Side] = {
            name: partial(at.other, name, port, FAR.octets, FAR.count(name)) for name in ("raw", "aiosmtplib")
        }
        sides["ours"] = partial(at.through, port, FAR.octets, FAR.count("ours"), Way())
        sides["window8"] = partial(at.through, port, FAR.octets, FAR.count("ours"), Way(window=8))
        found = await turns(ROUNDS, sides)
    return {
        "rtt30_data_vs_aiosmtplib": rates(found, "ours", "aiosmtplib"),
        "rtt30_data_vs_raw": rates(found, "ours", "raw"),
        "rtt30_window8_vs_aiosmtplib": rates(found, "window8", "aiosmtplib"),
    }
