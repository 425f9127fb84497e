"""The brief drawings say where each machine goes, small enough for a panel, and come with the package."""

import re
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from franking.diagrams import DRAWN, shipped, style
from franking.diagrams.brief import FACTS, ROOM, in_words, scenes, ways
from franking.diagrams.chart import Chart, chart
from franking.diagrams.layout import acting, picture
from franking.machines import MACHINES

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
CHARTS = [chart(machine) for machine in MACHINES]
IDS = re.compile(r' id="([^"]+)"')
WORDS = re.compile(r"<text [^>]*>(.*?)</text>")
KINDS = ("", ".brief")
every_machine = pytest.mark.parametrize("drawn", CHARTS, ids=lambda drawn: drawn.name)


def words_in(drawing: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", said) for said in WORDS.findall(drawing)]


@pytest.mark.manual("B6")
@every_machine
def test_b6_a_brief_drawing_has_an_arrow_for_every_way_from_a_state_to_another(drawn: Chart) -> None:
    moves: dict[tuple[str, str], set[str]] = {}
    for at in drawn.states:
        for line, facts in acting(drawn, at):
            if line.to not in ("", at):
                moves.setdefault((at, line.to), set()).update(facts)
    assert {way: set(facts) for way, facts in ways(picture(drawn)).items()} == moves
    for found in scenes(picture(drawn)):
        strokes = [(stroke.begin, stroke.end) for stroke in found.strokes]
        assert [(one, other) for (one, _), (_, other) in list(pairwise(strokes))[::2]] == [
            *ways(picture(drawn))
        ]


@pytest.mark.manual("B6")
@every_machine
def test_b6_it_says_titles_and_facts_and_of_an_arrow_no_more_than_three(drawn: Chart) -> None:
    said = " ".join(words_in(shipped(f"{drawn.name}.brief")))
    assert all(state.title in said for state in drawn.states.values())
    for facts in ways(picture(drawn)).values():
        assert all(in_words(fact) in said for fact in facts[:FACTS])
        assert len(facts) <= FACTS or f"and {len(facts) - FACTS} more" in said
    assert not re.search(r"\[|asks|tells|while here", said)


@pytest.mark.manual("S23", "B6")
def test_s23_the_tokens_states_are_legible_on_a_panel() -> None:
    drawing = shipped("refresh-token.brief")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    assert size
    assert float(size[1]) <= ROOM[0]
    assert float(size[2]) <= ROOM[1]
    assert {"Required", "Acquired", "Expired", "sign in succeeded", "and 2 more"} <= set(words_in(drawing))


@pytest.mark.manual("B6")
@every_machine
def test_b6_a_page_lights_a_state_of_either_form_by_the_same_id(drawn: Chart) -> None:
    wanted = {f"{drawn.name}-{key}" for key in drawn.states}
    for kind in KINDS:
        text = shipped(drawn.name + kind)
        ElementTree.fromstring(text)  # noqa: S314 - ours
        assert wanted <= set(IDS.findall(text))


@pytest.mark.parametrize("kind", KINDS)
def test_drawings_beside_each_other_have_no_id_twice_and_no_style_of_their_own(kind: str) -> None:
    page = "".join(shipped(drawn.name + kind) for drawn in CHARTS)
    found = IDS.findall(page)
    assert len(found) == len(set(found))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= set(found)
    assert not re.search(r"<style|\bstyle=|<script|\bon\w+=", page)
    assert ".fk .lit>.fk-card" in style()


def test_it_comes_with_the_package_and_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    patterns = data["franking.diagrams"]
    packed = {path for pattern in patterns for path in DRAWN.parent.glob(pattern)}
    assert packed == {*DRAWN.glob("*.svg")}
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert shipped("job.brief").startswith("<svg ")
    assert shipped("machines").endswith("</svg>")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("SignInSucceeded", "sign in succeeded"),
        ("turn", "turn"),
        ("key_fits", "key fits"),
        ("NTPSet", "ntp set"),
    ],
)
def test_a_fact_is_named_in_words(fact: str, said: str) -> None:
    assert in_words(fact) == said
