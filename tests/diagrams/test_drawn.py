"""The committed drawings are those of the machines that run, and stale ones are found."""

from pathlib import Path

import pytest

from franking.diagrams import DRAWN, stale, write
from franking.diagrams.__main__ import main
from franking.diagrams.chart import chart
from franking.diagrams.forms import MARK
from franking.diagrams.matrix import matrix, states
from franking.diagrams.pages import index, page
from franking.events.registry import REGISTRY
from franking.machines import MACHINES, job

KINDS = ("brief.svg", "md", "mmd", "svg", "xstate.json")


@pytest.mark.manual("B6")
def test_b6_the_committed_drawings_are_not_stale() -> None:
    assert stale() == []
    wanted = {f"{chart(machine).name}.{kind}" for machine in MACHINES for kind in KINDS}
    assert wanted | {"machines.svg", "README.md"} == {path.name for path in DRAWN.iterdir()}


@pytest.mark.manual("B6")
def test_b6_a_changed_a_missing_and_a_superfluous_file_are_stale(tmp_path: Path) -> None:
    assert {path.name for path in write(tmp_path)} == {path.name for path in tmp_path.iterdir()}
    assert stale(tmp_path) == []
    changed, missing, left = tmp_path / "job.mmd", tmp_path / "session.md", tmp_path / "ledger.md"
    changed.write_text(changed.read_text() + "\n")
    missing.unlink()
    left.write_text(f"<!-- {MARK} -->\n# Ledger\n")
    assert stale(tmp_path) == [changed, left, missing]
    assert write(tmp_path) == [changed, left, missing]
    assert stale(tmp_path) == []
    assert not left.exists()


def test_a_file_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "notes.md"
    mine.write_text("# Mine\n")
    write(tmp_path)
    assert stale(tmp_path) == []
    assert mine.read_text() == "# Mine\n"


@pytest.mark.manual("B6")
def test_b6_the_check_says_which_file_is_stale_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert "session.md is stale" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0


@pytest.mark.manual("B6")
def test_b6_the_matrix_decides_every_pair() -> None:
    for machine in MACHINES:
        head, _, *rows = matrix(chart(machine)).splitlines()
        assert head.count("|") == len(machine.blocks) + 2
        assert {row.split("`")[1] for row in rows} == {fact.__name__ for fact in machine.hears}
        for row in rows:
            cells = row.strip("| ").split(" | ")
            assert len(cells) == len(machine.blocks) + 1
            assert all(cell.strip() for cell in cells)


def test_a_page_has_essay_picture_states_and_matrix() -> None:
    for machine in MACHINES:
        drawn = chart(machine)
        text = page(machine, drawn)
        assert "```mermaid\n" in text
        assert f"({drawn.name}.svg)" in text
        assert states(drawn) in text
        assert matrix(drawn) in text
        for block in machine.blocks.values():
            assert block.means in text


def test_a_page_begins_as_the_machines_own_file_wherever_its_data_stand() -> None:
    opening = (job.__doc__ or "").partition("\n\n")[0]
    assert job.JOB.data_type.__module__ != job.__name__
    assert f"\n{opening}\n" in page(job.JOB, chart(job.JOB))


def test_the_index_explains_every_fact_and_who_hears_it() -> None:
    rows = {
        line.split("`")[1]: line.split(" | ")
        for line in index([chart(machine) for machine in MACHINES]).splitlines()
        if line.startswith("| `")
    }
    assert rows.keys() == REGISTRY.keys()
    for name, (_, means, _, heard) in rows.items():
        assert means.strip(), f"{name} has no docstring"
        assert heard.strip("| "), name
