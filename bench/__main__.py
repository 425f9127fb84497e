"""`make bench`: takes the figures and writes `bench/report.json`.

Rule: a figure is a measurement of this machine at this time; what is to be reached stands beside it and
decides the exit code. Names of benchmarks on the command line choose among them. How to read the report
stands in docs/bench.md.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .accepts import accepts
from .flash import flash
from .fronts import fronts
from .imports import imports
from .measure import Benchmark, Figure, write
from .memory import memory
from .pages import pages
from .publishes import publishes
from .refreshes import refreshes
from .relays import relays
from .steps import steps
from .submits import submits
from .transfers import distance, transfers
from .year import year

REPORT = Path(__file__).parent / "report.json"

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType({
    "flash": flash,
    "steps": steps,
    "publishes": publishes,
    "imports": imports,
    "memory": memory,
    "refreshes": refreshes,
    "year": year,
    "transfers": transfers,
    "distance": distance,
    "submits": submits,
    "relays": relays,
    "accepts": accepts,
    "fronts": fronts,
    "pages": pages,
})  # fmt: skip

AT_MOST = MappingProxyType(
    {
        "import_vs_floor": 1.6,
        "idle_rss_mb": 40,
        "idle_rss_one_identity_mb": 48,
        "year_s": 1,
        "flash_idle_day_kb": 200,
        "start_100k_s": 0.5,
        "rss_growth_25mb_mb": 4,
        "cpu_25mb_vs_raw": 2.5,
        "submit_p99_ms": 20,
        "accept_25mb_8_growth_mb": 8,
        "page_first_kb": 100,
        "page_first_ms": 300,
    }
)
"The ratio where there is one, else the value."
AT_LEAST: Mapping[str, float] = MappingProxyType(
    {
        "step_vs_transitions": 4,
        "publish_64_per_s": 15_000,
        "data_25mb_vs_raw_npm": 0.85,
        "data_25mb_vs_raw_fast": 0.70,
        "small_durable_vs_raw_npm": 0.50,
        "small_durable_vs_raw_fast": 0.45,
        "small_vs_aiosmtplib_npm": 2.5,
        "small_vs_aiosmtplib_fast": 2.5,
        "rtt30_data_vs_aiosmtplib": 3.5,
        "submit_64_per_s": 10_000,
        "submit_vs_postfix_accept": 12,
        "relay_one_vs_postfix": 2.5,
        "relay_many_vs_postfix": 4,
        "accept_8_vs_postfix": 1.0,
        "accept_64_vs_postfix": 1.0,
        "front_connect_each_vs_emailproxy": 1.0,
        "front_one_connection_vs_emailproxy": 1.0,
        "pages_30_vs_none": 0.90,
    }
)


def reached(name: str, figure: Figure) -> bool:
    measured = figure.value if figure.ratio is None else figure.ratio
    return AT_LEAST.get(name, measured) <= measured <= AT_MOST.get(name, measured)


def line(name: str, figure: Figure) -> str:
    beside = "" if figure.ratio is None else f" beside {figure.vs:.1f}: {figure.ratio:.2f} times"
    wanted = f", at most {AT_MOST[name]:g}" if name in AT_MOST else ""
    wanted += f", at least {AT_LEAST[name]:g}" if name in AT_LEAST else ""
    return f"{name:<40}{figure.value:>12.1f} {figure.unit}{beside}{wanted}"


def main(chosen: list[str]) -> int:
    """0 where everything was reached, 1 where not. Raises KeyError for a benchmark that doesn't exist."""
    missed = 0
    for benchmark in [BENCHMARKS[name] for name in chosen] or BENCHMARKS.values():
        figures = benchmark()
        write(figures, REPORT)
        for name, figure in figures.items():
            good = reached(name, figure)
            missed += not good
            print(line(name, figure) + ("" if good else "  MISSED"), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
