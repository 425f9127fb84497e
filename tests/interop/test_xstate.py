"""Our machines and XState 5 on the exported JSON take the same rows and come to the same states (B6)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from franking.machines import MACHINES

from .xstate import Walks, xstate

FEW, MANY = 8, 10_000


@pytest.mark.manual("B6")
async def test_b6_xstate_takes_the_rows_that_ours_take(
    tmp_path: Path, long_count: Callable[[int, int], int]
) -> None:
    """In as many traces for each machine, of up to 200 facts; in the many of a release every row is taken."""
    count = long_count(FEW, MANY)
    async with xstate(tmp_path) as oracle:
        for machine in MACHINES:
            walks = Walks(machine)
            assert await oracle.disagreements(walks, count) == []
            assert count == FEW or walks.missing == set()


@pytest.mark.manual("B6")
async def test_b6_a_guard_that_is_said_wrongly_leads_xstate_elsewhere(tmp_path: Path) -> None:
    async with xstate(tmp_path) as oracle:
        right: list[object] = ["refresh-token", ["SignInSucceeded", {"right": True}]]
        wrong: list[object] = ["refresh-token", ["SignInSucceeded", {"right": False}]]
        await oracle.ask([(right, []), (wrong, [])])
        assert await oracle.answers(2) == [[["acquired", 0]], [["required", 1]]]
        await oracle.ask([(["refresh-token", ["SignInSucceeded", {}]], [])])
        with pytest.raises(AssertionError, match="nothing is said of right"):
            await oracle.answers(1)
