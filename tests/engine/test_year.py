"""A year with the limits that providers document, and outages of up to two weeks at random moments: who
signed in once is not asked again, and every message arrives (B1, B2, S26, S29).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from franking.bench.year import live

SEEDS = 20
"Of the outages, in the long profile."


@pytest.mark.manual("B1", "B2", "S26", "S29")
@pytest.mark.parametrize("provider", ["Microsoft", "Google"])
@pytest.mark.parametrize(("every_days", "outages"), [(7, 1), (100, 4)])
async def test_b1_a_year_with_outages_costs_no_sign_in(
    tmp_path: Path, long_count: Callable[[int, int], int], every_days: int, outages: int, provider: str
) -> None:
    for seed in range(long_count(1, SEEDS)):
        year = await live(tmp_path / str(seed), every_days, seed, long_count(outages, 4), provider)
        assert (year.sign_ins, year.status, year.warnings) == (1, "Acquired", ())
        assert year.sent == year.of == (365 - 1) // every_days
        assert year.refreshes > 0
