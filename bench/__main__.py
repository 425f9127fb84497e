"""`make bench`: takes the figures and writes `bench/report.json`.

Rule: a figure is a measurement of this machine at this time; what is to be reached stands beside it and
decides the exit code. Names of benchmarks on the command line choose among them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .imports import imports
from .measure import Benchmark, Figure, write
from .memory import memory
from .publishes import publishes
from .refreshes import refreshes
from .steps import steps
from .year import year

REPORT = Path(__file__).parent / "report.json"

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType({
    "steps": steps,
    "publishes": publishes,
    "imports": imports,
    "memory": memory,
    "refreshes": refreshes,
    "year": year,
})  # fmt: skip

AT_MOST = MappingProxyType(
    {"import_vs_floor": 1.6, "idle_rss_mb": 40, "idle_rss_one_identity_mb": 48, "year_s": 1}
)
"The ratio where there is one, else the value."
AT_LEAST: Mapping[str, float] = MappingProxyType({"step_vs_transitions": 4, "publish_64_per_s": 15_000})


def reached(name: str, figure: Figure) -> bool:
    measured = figure.value if figure.ratio is None else figure.ratio
    return AT_LEAST.get(name, measured) <= measured <= AT_MOST.get(name, measured)


def line(name: str, figure: Figure) -> str:
    beside = "" if figure.ratio is None else f" beside {figure.vs:.1f}: {figure.ratio:.2f} times"
    wanted = f", at most {AT_MOST[name]:g}" if name in AT_MOST else ""
    wanted += f", at least {AT_LEAST[name]:g}" if name in AT_LEAST else ""
    return f"{name:<28}{figure.value:>12.1f} {figure.unit}{beside}{wanted}"


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
