"""The pictures: their syntax, and that they say what the definitions say.

Rule: the syntax is checked by the small grammar below, line by line; what it does not know, Mermaid may not.
"""

import re
from enum import StrEnum

import pytest

from franking.diagrams.chart import Chart, chart
from franking.diagrams.layout import MANY, Happening, Picture, acting, happening_of, picture
from franking.diagrams.matrix import matrix
from franking.diagrams.mermaid import FORBIDDEN, NO_BREAK, mermaid, text
from franking.events.base import OfIdentity
from franking.events.token import TokenDeleted, TokenWanted
from franking.machines import MACHINES
from franking.machines.definition import Block, Definition, Row, always, ignore, on, state
from franking.machines.effects import DropToken
from franking.machines.refresh_token import REFRESH_TOKEN, Grant

NAME = r"[a-z][a-z0-9_]*"
LABEL = rf"(?:(?!{FORBIDDEN.pattern}).|<br/>)+"
GRAMMAR = {
    "comment": r"%%\{init: \{.*\}\}%%",
    "kind": r"stateDiagram-v2",
    "style": r"    classDef [a-z]+ (?!fill|color)[a-z-]+:[^,:#]+",
    "state": rf'    state "(?P<title>{LABEL})" as (?P<state>{NAME})',
    "inside": rf"    (?P<inside>{NAME}) : {LABEL}",
    "class": rf"    class (?P<classed>{NAME}) [a-z]+",
    "arrow": rf"    (?P<source>{NAME}|\[\*\]) --> (?P<target>{NAME}|\[\*\])(?: : (?P<label>{LABEL}))?",
    "blank": r"",
}
Screen = StrEnum("Screen", ["SHUT", "AJAR", "WIDE", "GONE", "LOST"])


def parsed(drawing: str) -> list[tuple[str, re.Match[str]]]:
    found = []
    for line in drawing.splitlines():
        kinds = [(kind, match) for kind, rule in GRAMMAR.items() if (match := re.fullmatch(rule, line))]
        assert len(kinds) == 1, f"not a line of a state diagram: {line!r}"
        found += kinds
    return found


@pytest.fixture(params=MACHINES, ids=lambda machine: machine.title)
def drawn(request: pytest.FixtureRequest) -> Chart:
    found = request.param
    assert isinstance(found, Definition)
    return chart(found)


def plain(label: str) -> str:
    return re.sub(r"\s+", " ", label.replace("<br/>", " ").replace(NO_BREAK, " "))


@pytest.mark.manual("B6")
def test_b6_a_drawing_is_a_mermaid_state_diagram(drawn: Chart) -> None:
    lines = parsed(mermaid(picture(drawn)))
    assert [kind for kind, _ in lines][:2] == ["comment", "kind"]
    states = [match["state"] for kind, match in lines if kind == "state"]
    assert len(states) == len(set(states))
    used = [
        match[group]
        for kind, match in lines
        for group in {"inside": ["inside"], "class": ["classed"], "arrow": ["source", "target"]}.get(kind, [])
    ]
    assert set(used) - {"[*]"} == set(states), "what is used is declared, and what is declared is styled"


@pytest.mark.manual("B6")
def test_b6_two_states_have_one_arrow_between_them(drawn: Chart) -> None:
    arrows = [
        (match["source"], match["target"])
        for kind, match in parsed(mermaid(picture(drawn)))
        if kind == "arrow"
    ]
    assert len(arrows) == len(set(arrows))


@pytest.mark.manual("B6")
def test_b6_a_drawing_begins_at_the_first_state_and_ends_at_the_final_ones(drawn: Chart) -> None:
    arrows = [match for kind, match in parsed(mermaid(picture(drawn))) if kind == "arrow"]
    assert [match["target"] for match in arrows if match["source"] == "[*]"] == [drawn.first]
    ends = {match["source"] for match in arrows if match["target"] == "[*]"}
    assert ends == {at for at, state in drawn.states.items() if state.final}


@pytest.mark.manual("B6")
def test_b6_every_row_that_acts_is_drawn_where_it_acts(drawn: Chart) -> None:
    whole = picture(drawn)
    for at in drawn.states:
        for line, facts in acting(drawn, at):
            shown = happening_of(drawn, (at,), line, facts)
            names = {fact.name for fact in shown.facts}
            places = [
                happening
                for happenings in places_of(whole, at, line.to)
                for happening in happenings
                if {fact.name for fact in happening.facts} == names
                and (happening.guard, happening.effects) == (shown.guard, shown.effects)
            ]
            assert places, f"{at}: {shown} is not drawn"


def places_of(whole: Picture, at: str, to: str) -> list[tuple[Happening, ...]]:
    inside = [box.inside for box in whole.boxes if box.state.key == at]
    arrows = [arrow.happenings for arrow in whole.arrows if at in arrow.sources and arrow.to == to]
    return [*arrows, *(inside if to in ("", at) else []), () if to else whole.everywhere]


@pytest.mark.manual("B6")
def test_b6_every_limit_and_every_deed_meanwhile_is_drawn(drawn: Chart) -> None:
    drawing = plain(mermaid(picture(drawn)))
    for each in drawn.states.values():
        for limit in each.limits:
            assert f"⏱ {limit.until} → {limit.fact}" in drawing
        for deed in each.during:
            assert f"while here {deed}" in drawing


@pytest.mark.manual("B6")
def test_b6_ignored_pairs_are_left_to_the_matrix(drawn: Chart) -> None:
    table, drawing = matrix(drawn), plain(mermaid(picture(drawn)))
    lines = [
        line
        for chains in drawn.table.values()
        for chain in chains.values()
        for line in chain
        if not line.acts
    ]
    for why in {line.why for line in lines}:
        assert f"*{why}*" in table
        assert why not in drawing


@pytest.mark.manual("S23", "B6")
def test_s23_the_token_is_drawn_in_the_manuals_words() -> None:
    whole = picture(chart(REFRESH_TOKEN))
    assert [box.state.title for box in whole.boxes] == ["Required", "Acquired", "Expired"]
    ways = {(arrow.sources, arrow.to) for arrow in whole.arrows}
    assert {(("required",), "acquired"), (("acquired",), "expired"), (("expired",), "acquired")} <= ways


def busy() -> Definition[Grant]:
    shut, ajar, wide, gone, lost = Screen
    sleepy: tuple[Row[Grant], ...] = (ignore(TokenWanted, why="no"),)
    others = [state(at, "", *sleepy) for at in (ajar, wide, gone, lost)]
    return Definition(
        "busy", Grant,
        always(on(TokenDeleted, to=shut, ask=[DropToken()])),
        state(shut, "Shut.", ignore(TokenDeleted, why="it is shut"), on(TokenWanted, to=ajar)),
        *others,
        per=OfIdentity,
    )  # fmt: skip


def test_a_row_of_more_states_than_a_picture_bears_is_drawn_once() -> None:
    assert len(busy().blocks) - 1 >= MANY
    drawing = mermaid(picture(chart(busy())))
    assert drawing.count("DropToken") == len(busy().blocks) - 1, "few enough to be drawn from each"
    nothing: tuple[Row[Grant], ...] = ()
    states = [state(at, "", *nothing) for at in Screen]
    shuts: Block[Grant] = always(on(TokenDeleted, to=Screen.SHUT, ask=[DropToken()]))
    drawing = mermaid(picture(chart(Definition("busier", Grant, shuts, *states, per=OfIdentity))))
    assert drawing.count("DropToken") == 1
    assert 'state "any state" as any0' in drawing


@pytest.mark.parametrize("wrong", [":", ";", "#", '"', "<", ">", "{"])
def test_a_word_that_mermaid_would_read_as_syntax_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a label"):
        text(f"left{wrong}right")


def test_effects_are_written_as_the_table_writes_them() -> None:
    (line, *_) = chart(REFRESH_TOKEN).table["acquired"]["GrantRefused"]
    assert [str(effects) for effects in line.effects] == [
        "tells GrantEnded",
        "asks EraseGrant, Inform(SIGN_IN_AGAIN)",
    ]
