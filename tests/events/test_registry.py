"""Every fact goes into the journal and comes back; a line that cannot be read is an error that names it."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated

import pytest
from hypothesis import given, strategies
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from franking.events.base import UNPUBLISHED, Event
from franking.events.device import UserLoggedOut
from franking.events.registry import BASES, REGISTRY, MalformedRecord, dump, load
from franking.events.token import GrantRefused, SignInSucceeded, TokenWanted

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
RECORD = "journal line 17"
SECRET = re.compile(r"(^|_)(password|passwd|secret|token|key|credential|verifier|state|nonce|pin)$")
ADDRESS = re.compile(r"(^|_)(address|mail|recipient|sender|subject_line|file|path|url)s?$")

strategies.register_type_strategy(AwareDatetime, strategies.datetimes(timezones=strategies.just(UTC)))


def facts() -> strategies.SearchStrategy[Event]:
    """Any fact of the registry, from the fields of its model."""
    return strategies.sampled_from(sorted(REGISTRY.values(), key=lambda kind: kind.__name__)).flatmap(made)


def any_of(field: FieldInfo) -> strategies.SearchStrategy[object]:
    """Any value that the field takes: of its type and within its bounds."""
    kind: object = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    strategy: strategies.SearchStrategy[object] = strategies.from_type(kind)  # type: ignore[arg-type]
    return strategy


def made(kind: type[Event]) -> strategies.SearchStrategy[Event]:
    moments = strategies.datetimes(timezones=strategies.just(UTC)).filter(lambda at: at != UNPUBLISHED)
    fields = {
        name: moments if name == "at" else any_of(field)
        for name, field in kind.model_fields.items()
        if field.annotation is not None
    }
    return strategies.builds(kind, **fields)


@pytest.mark.manual("B5")
@given(facts())
def test_b5_every_fact_comes_back_as_it_was_said(fact: Event) -> None:
    kind = type(fact)
    written = dump(fact)
    assert "at" not in json.loads(written), "the time has a column of its own"
    assert load(RECORD, kind.__name__, kind.schema_version, fact.at.isoformat(), written) == fact


@pytest.mark.manual("B5")
@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_b5_each_kind_of_fact_can_be_made_and_comes_back(kind: type[Event]) -> None:
    seen = []

    @given(made(kind))
    def comes_back(fact: Event) -> None:
        seen.append(fact)
        assert load(RECORD, kind.__name__, kind.schema_version, fact.at.isoformat(), dump(fact)) == fact

    comes_back()
    assert seen


WANTED = ("TokenWanted", 1, AT.isoformat(), '{"identity":"user:1"}')


def test_the_line_that_the_wrong_ones_below_are_made_of_is_right() -> None:
    assert load(RECORD, *WANTED) == TokenWanted(identity="user:1", at=AT)


@pytest.mark.manual("B5")
@pytest.mark.parametrize(
    ("name", "version", "at", "fields", "why"),
    [
        ("TokenHoped", *WANTED[1:], "no fact is called TokenHoped"),
        ("Event", *WANTED[1:], "no fact is called Event"),
        ("TokenAnswer", *WANTED[1:], "no fact is called TokenAnswer"),
        ("TokenWanted", 2, *WANTED[2:], "TokenWanted has version 2, this program knows 1"),
        (*WANTED[:3], '{"identity":"user', "TokenWanted: .*JSON"),
        (*WANTED[:3], "", "TokenWanted: .*JSON"),
        (*WANTED[:3], "[]", "TokenWanted: "),
        (*WANTED[:3], "null", "TokenWanted: "),
        (*WANTED[:3], '{"identity":7}', "identity: "),
        (*WANTED[:3], "{}", "identity: "),
        (*WANTED[:3], '{"identity":"user:1","colour":"red"}', "colour: "),
        (*WANTED[:2], "yesterday", WANTED[3], "at: "),
        (*WANTED[:2], "", WANTED[3], "at: "),
        (*WANTED[:2], "2026-11-02T08:00:00", WANTED[3], "at: .*timezone"),
        (*WANTED[:2], UNPUBLISHED.isoformat(), WANTED[3], "TokenWanted has no time"),
    ],
)
def test_b5_a_line_that_cannot_be_read_names_its_record(
    name: str, version: int, at: str, fields: str, why: str
) -> None:
    with pytest.raises(MalformedRecord, match=f"^{RECORD} cannot be read: .*{why}") as caught:
        load(RECORD, name, version, at, fields)
    assert caught.value.record == RECORD
    assert caught.value.why in str(caught.value)


@pytest.mark.manual("S25")
def test_s25_what_stands_in_a_broken_line_is_not_repeated() -> None:
    fields = '{"identity":{"marked":"ya29.secret"},"of":"ya29.secret","code":"","ya29":1}'
    with pytest.raises(MalformedRecord) as caught:
        load(RECORD, "GrantRefused", 1, AT.isoformat(), fields)
    assert "ya29.secret" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is None


@pytest.mark.manual("S25")
@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_s25_no_fact_has_a_field_for_a_secret_or_an_address(kind: type[Event]) -> None:
    for name in kind.model_fields:
        assert not SECRET.search(name), name
        assert not ADDRESS.search(name), name


@pytest.mark.manual("B5")
def test_b5_the_registry_has_every_fact_and_nothing_else() -> None:
    def below(kind: type[Event]) -> set[type[Event]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    ours = {kind for kind in below(Event) if kind.__module__.startswith("franking.events.")}
    said = {kind for kind in ours if not kind.__module__.endswith(".base") and kind.__name__ not in BASES}
    assert set(REGISTRY.values()) == said
    assert all(name == kind.__name__ for name, kind in REGISTRY.items())


@pytest.mark.manual("B5")
@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_a_fact_is_said_in_the_past_tense_and_explained(kind: type[Event]) -> None:
    forms = "ed|Ready|Due|Late|Said|Sent|Held|Kept|Taken|Next|Out|In|Reset|Stale|Unknown|Missing"
    past = re.search(rf"({forms}|GivenUp|LookedAt|LeftAlone|Withdrawn|EndedInPart)$", kind.__name__)
    assert past, kind.__name__
    assert "__doc__" in vars(kind), f"{kind.__name__} is not explained"
    assert kind.__doc__


def test_a_fact_is_frozen_and_takes_no_field_that_it_does_not_have() -> None:
    fact = UserLoggedOut(place="panel")
    with pytest.raises(ValueError, match="frozen"):
        fact.place = "page:1"
    with pytest.raises(ValueError, match="colour"):
        UserLoggedOut.model_validate({"place": "panel", "colour": "red"})


def test_a_fact_that_was_not_published_has_no_time() -> None:
    assert UserLoggedOut(place="panel").at == UNPUBLISHED


@pytest.mark.manual("S19")
def test_s19_the_facts_that_bring_a_grant_say_so() -> None:
    assert {name for name, kind in REGISTRY.items() if kind.brings_grant} == {
        "SignInSucceeded",
        "GrantRotated",
    }
    assert SignInSucceeded.brings_grant
    assert not GrantRefused.brings_grant
