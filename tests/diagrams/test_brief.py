"""The drawings for small screens, as a page shows them (B6)."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from franking.diagrams import DRAWN, shipped, style
from franking.diagrams.brief import FACTS, in_words
from franking.diagrams.chart import chart
from franking.machines import MACHINES
from franking.machines.refresh_token import REFRESH_TOKEN

ROOM = (300, 320)
"Pixels of a panel beside its settings."
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def numbers(text: str, name: str) -> float:
    found = re.search(rf' {name}="([\d.]+)"', text)
    assert found is not None
    return float(found[1])


@pytest.mark.manual("B6")
@pytest.mark.parametrize("name", [chart(machine).name for machine in MACHINES])
@pytest.mark.parametrize("kind", ["", ".brief"])
def test_b6_a_page_gets_a_drawing_whose_style_is_its_own(name: str, kind: str) -> None:
    text = shipped(f"{name}{kind}")
    ElementTree.fromstring(text)  # noqa: S314 - ours
    assert "<style" not in text
    assert " style=" not in text
    states = next(chart(machine).states for machine in MACHINES if chart(machine).name == name)
    assert [state for state in states if f'<g id="{name}-{state}" class="' not in text] == []


@pytest.mark.manual("B6")
def test_b6_the_refresh_tokens_fits_beside_the_settings() -> None:
    text = shipped("refresh-token.brief")
    assert numbers(text, "width") <= ROOM[0]
    assert numbers(text, "height") <= ROOM[1]


@pytest.mark.manual("B6")
def test_b6_its_arrows_name_facts_in_words_and_not_too_many() -> None:
    text = shipped("refresh-token.brief")
    for words in ("sign in succeeded", "token deleted", "grant refused", "and 2 more"):
        assert words in text
    assert in_words("SignInSucceeded") == "sign in succeeded"
    assert text.count('class="fk-brief"') >= FACTS
    assert REFRESH_TOKEN.title == "refresh token"


def test_the_style_has_the_rule_that_lights_a_state() -> None:
    assert ".fk .lit>.fk-card" in style()


def test_what_is_installed_has_every_drawing() -> None:
    data = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    wanted = {path for pattern in data["franking.diagrams"] for path in DRAWN.parent.glob(pattern)}
    assert set(DRAWN.glob("*.svg")) == wanted
