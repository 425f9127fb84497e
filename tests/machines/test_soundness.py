"""The machines have no mistakes, and each kind of mistake is found in a machine that makes just that one.

Rule: a broken definition is the sound one below with one thing changed, so that nothing else is found in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import pytest

from franking.events.base import Event, NewLife, OfIdentity
from franking.events.device import DeviceResumed, PanelUsed
from franking.events.registry import REGISTRY
from franking.events.token import SignInSucceeded
from franking.machines import MACHINES, SUBSCRIBERS_ONLY
from franking.machines.definition import Block, Definition, Row, always, ignore, lasts, on, state
from franking.machines.effects import KeepGrant, RequestToken, RevokeBrought
from franking.machines.soundness import mistakes

Lamp = StrEnum("Lamp", ["DARK", "LIT", "BROKEN", "FORGOTTEN"])
DARK, LIT, BROKEN, FORGOTTEN = Lamp


@dataclass(frozen=True, slots=True)
class Wick:
    length: int = 0
    due: datetime | None = None


class Lighted(OfIdentity): ...


class Burnt(OfIdentity): ...


class Dropped(OfIdentity):
    height: int


class EngineStarted(NewLife): ...


class Smelt(OfIdentity):
    odour: str


class Thud(OfIdentity):
    height: int
    length: int


class Delivered(OfIdentity):
    brings_grant: ClassVar[bool] = True


def long_enough(wick: Wick, event: object) -> bool:
    return wick.length > 2


def dry(wick: Wick, event: object) -> bool:
    return wick.length == 0


def shorter(wick: Wick, event: object) -> Wick:
    return Wick(wick.length - 1)


NO = "nothing to do"
FACTS = (Lighted, Burnt, Dropped)
LISTED: Mapping[str, str] = {}


def lamp(
    dark: Sequence[Row[Wick]] | None = None,
    lit: Sequence[Row[Wick]] | None = None,
    *more: Block[Wick],
    broken: Sequence[Row[Wick]] = (),
) -> Definition[Wick]:
    return Definition(
        "lamp", Wick,
        state(DARK, "", *(dark or [on(Lighted, to=LIT), ignore(Burnt, why=NO), on(Dropped, to=BROKEN)])),
        state(LIT, "", lasts(hours=1, then=Burnt),
              *(lit or [ignore(Lighted, why=NO), on(Burnt, to=DARK, data=shorter), on(Dropped, to=BROKEN)])),
        state(BROKEN, "", *(broken or [ignore(*FACTS, why="it is broken")]), final=True),
        *more,
        per=OfIdentity,
    )  # fmt: skip


def found(
    *machines: Definition[Wick], facts: Sequence[type[Event]] = FACTS, listed: Mapping[str, str] = LISTED
) -> list[str]:
    return list(mistakes(machines, {fact.__name__: fact for fact in facts}, listed))


@pytest.mark.manual("B5", "B6")
def test_the_machines_have_no_mistakes() -> None:
    assert list(mistakes(MACHINES, REGISTRY, SUBSCRIBERS_ONLY)) == []


def test_the_sound_lamp_has_no_mistakes() -> None:
    assert found(lamp()) == []


def test_a_pair_without_a_row_is_undecided() -> None:
    assert found(lamp(lit=[on(Burnt, to=DARK), on(Dropped, to=BROKEN)])) == [
        f"lamp: {LIT}: Lighted is undecided"
    ]


DECIDED: tuple[Row[Wick], ...] = (ignore(Burnt, why=NO), on(Dropped, to=BROKEN))


def test_two_rows_for_one_case_are_a_mistake() -> None:
    twice = lamp([on(Lighted, to=LIT), on(Lighted, to=BROKEN), *DECIDED])
    assert f"lamp: {DARK}: Lighted has two rows that fire for the same case" in found(twice)
    guarded = lamp([
        on(Lighted, when=dry, to=BROKEN),
        on(Lighted, when=dry, unless=dry, to=LIT),
        on(Lighted, unless=[dry, dry], to=LIT),
        *DECIDED,
    ])  # fmt: skip
    assert found(guarded) == [f"lamp: {DARK}: Lighted has two rows that fire for the same case"]


def test_a_guard_without_its_opposite_is_a_mistake() -> None:
    alone = lamp(
        [on(Lighted, when=dry, to=BROKEN), on(Lighted, when=long_enough, unless=dry, to=LIT), *DECIDED]
    )
    assert found(alone) == [
        f"lamp: {DARK}: Lighted has a guard without its opposite: the last row must have no `when`"
    ]


@pytest.mark.parametrize("unless", [[], [long_enough], [long_enough, dry], [dry]])
def test_unless_names_the_guards_above_in_their_order(unless: list[object]) -> None:
    rows: list[Row[Wick]] = [
        on(Lighted, when=dry, to=BROKEN),
        on(Lighted, when=long_enough, unless=dry, to=LIT),
        on(Lighted, unless=unless, to=DARK),  # type: ignore[arg-type]
    ]
    assert found(lamp([*rows, *DECIDED])) == [
        f"lamp: {DARK}: Lighted row 3: `unless` must name the guards of the rows above it, in their order"
    ]


def test_a_state_that_nothing_leads_to_is_a_mistake() -> None:
    forgotten: Block[Wick] = state(FORGOTTEN, "", on(*FACTS, to=DARK))
    assert found(lamp(None, None, forgotten)) == [f"lamp: {FORGOTTEN}: nothing leads here"]


def test_a_state_reached_only_from_itself_is_not_reached() -> None:
    forgotten: Block[Wick] = state(FORGOTTEN, "", on(Lighted, to=FORGOTTEN), on(Burnt, Dropped, to=DARK))
    assert found(lamp(None, None, forgotten)) == [f"lamp: {FORGOTTEN}: nothing leads here"]


def test_a_dead_end_that_is_not_final_is_a_mistake() -> None:
    dead = Definition(
        "lamp", Wick,
        state(DARK, "", on(Lighted, to=LIT), ignore(Burnt, Dropped, why=NO)),
        state(LIT, "", ignore(*FACTS, why=NO)),
        per=OfIdentity,
    )  # fmt: skip
    assert found(dead) == [f"lamp: {LIT}: nothing leads out of it, and it is not final"]


def test_a_final_state_whose_row_acts_is_a_mistake() -> None:
    undead = lamp(broken=[ignore(Lighted, Burnt, why=NO), on(Dropped, data=shorter)])
    assert found(undead) == [f"lamp: {BROKEN}: it is final, and yet a row acts"]


def test_a_limit_whose_fact_does_nothing_is_a_mistake() -> None:
    idle = lamp(lit=[on(Lighted, to=DARK), ignore(Burnt, why=NO), on(Dropped, to=BROKEN)])
    assert found(idle) == [f"lamp: {LIT}: its limit's fact Burnt does nothing there"]


def test_a_limit_whose_fact_carries_more_than_its_subject_is_a_mistake() -> None:
    heavy = Definition(
        "lamp", Wick,
        state(DARK, "", on(Lighted, to=LIT), ignore(Dropped, why=NO)),
        state(LIT, "", lasts(until="due", then=Dropped), ignore(Lighted, why=NO), on(Dropped, to=DARK)),
        per=OfIdentity,
    )  # fmt: skip
    assert found(heavy, facts=(Lighted, Dropped)) == [
        f"lamp: {LIT}: Dropped carries more than its subject, so no limit can say it"
    ]


def test_a_limit_until_a_moment_that_the_data_do_not_have_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="Wick has no midnight"):
        Definition("lamp", Wick, state(DARK, "", lasts(until="midnight", then=Burnt)), per=OfIdentity)


@pytest.mark.parametrize("started", [None, on(EngineStarted, data=shorter), on(EngineStarted, to=LIT)])
def test_a_state_with_deeds_during_it_is_left_by_the_start(started: Row[Wick] | None) -> None:
    rows = [] if started is None else [started]
    asleep: list[Row[Wick]] = [] if started is None else [ignore(EngineStarted, why=NO)]
    busy = Definition(
        "lamp", Wick,
        state(DARK, "", on(Lighted, to=LIT), ignore(Burnt, why=NO), *asleep),
        state(LIT, "", ignore(Lighted, why=NO), on(Burnt, to=DARK), *rows, during=[RequestToken()]),
        per=OfIdentity,
    )  # fmt: skip
    facts = (Lighted, Burnt) if started is None else (Lighted, Burnt, EngineStarted)
    assert found(busy, facts=facts) == [
        f"lamp: {LIT}: it has deeds during it, so EngineStarted must leave it"
    ]


def test_a_row_of_every_state_that_each_state_answers_itself_is_a_mistake() -> None:
    assert found(lamp(None, None, always(on(Lighted, to=LIT)))) == [
        "lamp: every state: each state answers Lighted itself"
    ]


def test_a_fact_without_the_machines_subject_is_a_mistake() -> None:
    deaf = lamp([on(Lighted, to=LIT), *DECIDED, ignore(PanelUsed, why=NO)],
                [ignore(Lighted, PanelUsed, why=NO), on(Burnt, to=DARK), on(Dropped, to=BROKEN)],
                broken=[ignore(*FACTS, PanelUsed, why=NO)])  # fmt: skip
    assert found(deaf, facts=(*FACTS, PanelUsed)) == ["lamp: PanelUsed has no identity as its subject"]


def test_a_new_life_reaches_machines_of_any_subject() -> None:
    reborn = lamp(None, None, always(ignore(DeviceResumed, why=NO)))
    assert found(reborn, facts=(*FACTS, DeviceResumed)) == []


def test_a_told_fact_with_a_field_that_is_found_nowhere_is_a_mistake() -> None:
    telling = lamp([on(Lighted, to=LIT, tell=[Smelt]), *DECIDED])
    assert found(telling, facts=(*FACTS, Smelt), listed={"Smelt": "for noses"}) == [
        f"lamp: {DARK}: Lighted tells Smelt, whose odour is found nowhere"
    ]


def test_a_told_fact_takes_its_fields_from_the_cause_and_from_the_data() -> None:
    telling = lamp([on(Lighted, to=LIT), ignore(Burnt, why=NO), on(Dropped, to=BROKEN, tell=[Thud])])
    assert found(telling, facts=(*FACTS, Thud), listed={"Thud": "for ears"}) == []


def test_facts_that_tell_each_other_in_a_circle_are_a_mistake() -> None:
    round_and_round = lamp(
        [on(Lighted, to=LIT, tell=[Burnt]), *DECIDED],
        [ignore(Lighted, why=NO), on(Burnt, to=DARK, tell=[Lighted]), on(Dropped, to=BROKEN)],
    )
    assert found(round_and_round) == [
        "Lighted tells itself in a circle", "Burnt tells itself in a circle"
    ]  # fmt: skip


def test_a_circle_through_two_machines_is_found() -> None:
    def echo(title: str, heard: type[Event], said: type[Event]) -> Definition[Wick]:
        dark: Block[Wick] = state(DARK, "", on(heard, to=LIT, tell=[said]))
        lit: Block[Wick] = state(LIT, "", on(heard, to=DARK))
        return Definition(title, Wick, dark, lit, per=OfIdentity)

    first, second = echo("first", Lighted, Burnt), echo("second", Burnt, Lighted)
    assert found(first, facts=(Lighted, Burnt), listed={"Burnt": "nobody echoes"}) == []
    assert found(first, second, facts=(Lighted, Burnt)) == [
        "Lighted tells itself in a circle",
        "Burnt tells itself in a circle",
    ]


def test_a_registered_fact_that_nobody_hears_is_a_mistake() -> None:
    assert found(lamp(), facts=(*FACTS, Smelt)) == [
        "Smelt: no machine hears it, and it is not listed as told to subscribers only"
    ]
    assert found(lamp(), facts=(*FACTS, Smelt), listed={"Smelt": "for noses"}) == []


def test_a_fact_that_a_machine_hears_is_not_for_subscribers_only() -> None:
    assert found(lamp(), listed={"Burnt": "for noses"}) == [
        "Burnt: a machine hears it, and it is listed as told to subscribers only"
    ]


def test_a_fact_that_is_heard_and_not_registered_is_a_mistake() -> None:
    assert found(lamp(), facts=(Lighted, Dropped)) == ["lamp: Burnt is not in the registry"]


def test_a_fact_that_is_told_and_not_registered_is_a_mistake() -> None:
    telling = lamp([on(Lighted, to=LIT), ignore(Burnt, why=NO), on(Dropped, to=BROKEN, tell=[Thud])])
    assert found(telling) == ["lamp: Thud is not in the registry"]


def test_another_class_by_the_same_name_is_not_the_registered_one() -> None:
    class Burnt(OfIdentity): ...

    assert found(lamp(), facts=(Lighted, Dropped, Burnt)) == ["lamp: Burnt is not in the registry"]


def keeping(*rows: Row[Wick], title: str = "keeper") -> Definition[Wick]:
    return Definition(
        title, Wick,
        state(DARK, "", *rows, on(Lighted, to=LIT)),
        state(LIT, "", on(Delivered, ask=[RevokeBrought()]), on(Lighted, to=DARK)),
        per=OfIdentity,
    )  # fmt: skip


def test_a_fact_that_brings_a_grant_is_kept_or_revoked_in_every_row() -> None:
    facts = (Delivered, Lighted)
    assert found(keeping(on(Delivered, ask=[KeepGrant()])), facts=facts) == []
    losing = keeping(
        on(Delivered, when=dry, ask=[KeepGrant()]), ignore(Delivered, unless=dry, why="it is not wanted")
    )
    assert found(losing, facts=facts) == ["keeper: a row for Delivered neither keeps nor revokes its grant"]


def test_one_machine_and_no_more_keeps_what_a_fact_brings() -> None:
    facts = (Delivered, Lighted)
    nobody = keeping(ignore(Delivered, why=NO))
    assert found(nobody, facts=facts) == ["Delivered brings a grant, and 0 machines keep it"]
    both = [keeping(on(Delivered, ask=[KeepGrant()]), title=title) for title in ("one", "two")]
    assert found(*both, facts=facts) == ["Delivered brings a grant, and 2 machines keep it"]


@pytest.mark.manual("S19")
def test_s19_what_another_account_brought_is_kept_by_no_machine() -> None:
    for machine in MACHINES:
        for rows in machine.table.values():
            for row in rows.get(SignInSucceeded, ()):
                assert (KeepGrant() in row.ask) <= (row.when is not None), (
                    "kept only where the account is right"
                )
