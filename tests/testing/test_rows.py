"""Which rows a test run fired (B6)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from franking.diagrams.chart import Pair
from franking.events.device import DiskFilled
from franking.machines.disk import DISK, FULL, ROOMY
from franking.testing.rows import drawn, read, together, watched, write_down

FILLED = DiskFilled(at=datetime(2026, 11, 25, tzinfo=UTC))
FILLS, KNOWN = Pair("roomy", "DiskFilled", 0), Pair("full", "DiskFilled", 0)


@pytest.mark.manual("B6")
def test_b6_what_is_stepped_is_counted_and_steps_as_ever() -> None:
    stepped = DISK.step
    with watched([DISK]) as fired:
        step = DISK.step(ROOMY, DISK.begins, FILLED)
        assert (step.state, fired) == (FULL, {"disk": {FILLS}})
    assert DISK.step == stepped
    DISK.step(FULL, DISK.begins, FILLED)
    assert fired == {"disk": {FILLS}}


@pytest.mark.manual("B6")
def test_b6_the_rows_of_several_processes_are_drawn_together(tmp_path: Path) -> None:
    write_down({"disk": {FILLS}}, tmp_path / "one")
    write_down({"disk": {KNOWN}}, tmp_path / "other")
    fired = together(map(read, (tmp_path / "one", tmp_path / "other")))
    assert fired == {"disk": {FILLS, KNOWN}}
    assert drawn(fired, tmp_path, [DISK]) == (2, 4)
    table = (tmp_path / "disk.md").read_text()
    assert (table.count("✓ "), table.count("✗ ")) == (2, 2)
    assert "2 of 4 rows fired" in (tmp_path / "disk.svg").read_text()
