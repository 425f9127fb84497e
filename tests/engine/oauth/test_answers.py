"""What each answer means: the table of the two providers, and the rules that hold whatever the table says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.oauth.answers import DEAD, FIXED, GENERAL, NOT_NOW, Call, Refusal, Row, decide
from franking.engine.oauth.faults import FAULTS, Fault, fault
from franking.engine.oauth.providers import GOOGLE, MICROSOFT, ProviderData
from franking.engine.oauth.wire import said
from franking.engine.ports import AnswerClass
from franking.events.information import Actor
from franking.tests.engine.oauth.catalogue import CATALOGUE, Known

PERSON, ADMIN = AnswerClass.PERSON, AnswerClass.ADMIN
APP, OURS = AnswerClass.APP, AnswerClass.OURS
ROWS = [*MICROSOFT.answers, *GOOGLE.answers, *GENERAL, *FIXED]


def numbered(number: int, error: str = "invalid_grant", suberror: str = "", status: int = 400) -> Refusal:
    return said(status, error, suberror, f"AADSTS{number}: some words. Trace ID: x")


DECIDED = [known for known in CATALOGUE if known.error or known.status >= 400]
"Those that an answer of the provider's decides, and not what is missing or wrong on the way to it."


@pytest.mark.parametrize("known", DECIDED, ids=lambda known: known.name)
@pytest.mark.manual("B9", "S24", "S29")
def test_b9_each_known_answer_has_its_class_and_who_must_act(known: Known) -> None:
    numbers = (known.number,) if known.number else ()
    refusal = said(known.status, known.error, known.suberror, known.words, numbers)
    data = GOOGLE if known.provider == "Google" else MICROSOFT
    trouble = decide(refusal, known.call, data.answers)
    assert (trouble.kind, trouble.actor) == (known.kind, known.actor)
    assert trouble.code == (f"AADSTS{known.number}" if known.number else code_of(known))


def code_of(known: Known) -> str:
    return "/".join(filter(None, (known.error, known.suberror))) or f"http-{known.status}"


def test_the_catalogue_is_whole_and_says_each_answer_once() -> None:
    assert len({known.name for known in CATALOGUE}) == len(CATALOGUE) == 152
    assert len(DECIDED) == 152 - len(["scope-narrowed", "network", "tls-certificate", "200-not-a-token"])


def test_every_number_of_the_table_is_in_the_catalogue_or_is_named_here() -> None:
    """What is in the table beyond it: seen in answers, or taken from Microsoft's list of codes."""
    beyond = {7000216, 700024, 50148, 50199, 1002012}
    known = {each.number for each in CATALOGUE}
    assert {number for row in MICROSOFT.answers for number in row.numbers} - known == beyond


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client"])
def test_b9_an_unknown_number_falls_to_its_error(error: str) -> None:
    trouble = decide(numbered(99999, error), Call.REFRESH, MICROSOFT.answers)
    ends = error in DEAD
    assert (trouble.kind, trouble.code) == (PERSON if ends else APP, "AADSTS99999")


def test_s29_a_number_of_a_dead_grant_ends_none_beside_another_error() -> None:
    for number in (700082, 50173, 50076, 70043):
        for error in ("invalid_client", "invalid_request", "something_new", "temporarily_unavailable"):
            assert decide(numbered(number, error), Call.REFRESH, MICROSOFT.answers).kind is not PERSON


def test_a_number_of_a_dead_grant_is_told_at_a_sign_in_too() -> None:
    trouble = decide(numbered(50076), Call.CODE, MICROSOFT.answers)
    assert (trouble.kind, trouble.meaning) == (PERSON, "microsoft.multi-factor")


def test_where_there_is_no_person_nobody_is_told_to_sign_in() -> None:
    for known in DECIDED:
        numbers = (known.number,) if known.number else ()
        refusal = said(known.status, known.error, known.suberror, known.words, numbers)
        data = GOOGLE if known.provider == "Google" else MICROSOFT
        assert decide(refusal, Call.APPLICATION, data.answers).kind is not PERSON


@pytest.mark.parametrize("call", [Call.CODE, Call.AUTHORIZE])
@pytest.mark.parametrize("data", [MICROSOFT, GOOGLE], ids=lambda data: str(data.name))
def test_a_code_that_is_refused_says_nothing_about_a_grant(call: Call, data: ProviderData) -> None:
    refusals = [numbered(70008), numbered(70000), said(400, "invalid_grant", words="Bad Request")]
    for refusal in refusals:
        trouble = decide(refusal, call, data.answers)
        assert (trouble.kind, trouble.actor) == (OURS, Actor.PERSON)
        assert "Start the sign-in again" in trouble.remedy


def test_consent_is_first_the_persons_then_the_administrators() -> None:
    assert decide(numbered(65001), Call.REFRESH, MICROSOFT.answers).actor is Actor.PERSON
    assert decide(numbered(65001), Call.CODE, MICROSOFT.answers).actor is Actor.TENANT


def test_repeating_too_often_is_stopped_for_long() -> None:
    for status in (400, 429):
        trouble = decide(numbered(50196, status=status), Call.REFRESH, MICROSOFT.answers)
        assert (trouble.kind, trouble.retry_after) == (OURS, timedelta(minutes=10))


def test_suberrors_decide_where_the_number_is_not_known() -> None:
    for suberror in ("message_only", "additional_action"):
        assert decide(numbered(99999, suberror=suberror), Call.REFRESH, MICROSOFT.answers).kind is ADMIN
    assert decide(numbered(99999, suberror="bad_token"), Call.REFRESH, MICROSOFT.answers).kind is PERSON


refusals = st.builds(
    Refusal,
    status=st.one_of(st.integers(0, 700), st.sampled_from([200, 400, 401, 403, 429, 500, 503])),
    error=st.one_of(st.text(max_size=12), st.sampled_from(sorted({*DEAD, *NOT_NOW, "invalid_client"}))),
    suberror=st.one_of(
        st.text(max_size=12), st.sampled_from(["message_only", "bad_token", "consent_required"])
    ),
    numbers=st.lists(
        st.sampled_from(sorted({number for row in MICROSOFT.answers for number in row.numbers})), max_size=2
    ).map(tuple),
    words=st.sampled_from(["", "Token has been expired or revoked.", "Invalid JWT", "Bad Request"]),
    retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
)


@given(refusal=refusals, data=st.sampled_from([MICROSOFT, GOOGLE]), call=st.sampled_from(list(Call)))
@pytest.mark.manual("S29")
def test_s29_whatever_comes_only_the_providers_word_ends_a_grant(
    refusal: Refusal, data: ProviderData, call: Call
) -> None:
    trouble = decide(refusal, call, data.answers)
    if trouble.kind is PERSON and call is Call.REFRESH:
        assert refusal.error in DEAD
        assert 400 <= refusal.status < 500
        assert refusal.status not in (407, 408, 429)
    assert trouble.code
    assert trouble.cause.endswith(".")
    assert trouble.remedy.endswith(".") or (trouble.kind is PERSON and not trouble.remedy)
    assert trouble.retry_after is None or timedelta(0) < trouble.retry_after <= timedelta(days=1)


def test_s29_a_row_ends_no_grant_without_the_providers_word() -> None:
    """Whatever stands in a table, an embedding program's own among them."""
    own = Row("own.row", PERSON, Actor.PERSON, "A cause.", "A remedy.")
    for error, ends in (("invalid_grant", True), ("invalid_client", False), ("other", False)):
        found = decide(said(400, error), Call.REFRESH, [own])
        assert (found.kind is PERSON) is ends
        assert (found.meaning == "own.row") is ends


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.meaning}-{row.codes[0]}")
@pytest.mark.manual("B9")
def test_b9_every_row_says_cause_remedy_and_source(row: Row) -> None:
    assert row.cause.endswith(".")
    assert row.remedy.endswith(".") or (row.kind is PERSON and not row.remedy)
    assert row.source
    assert row.codes


@pytest.mark.manual("B9")
def test_b9_every_fault_names_cause_remedy_and_actor() -> None:
    assert set(FAULTS) == set(Fault)
    for kind in Fault:
        trouble = fault(kind)
        assert trouble.code == kind
        assert trouble.cause.endswith(".")
        assert trouble.remedy.endswith(".")


@pytest.mark.parametrize("call", Call)
def test_no_number_stands_twice_for_one_call(call: Call) -> None:
    """The first row would win in silence. Consent that is missing stands twice at a refresh on purpose: the
    second row is for answers whose error leaves the grant alive.
    """
    rows = [row for row in MICROSOFT.answers if not row.calls or call in row.calls]
    numbers = [number for row in rows for number in row.numbers if number != 65001]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("AADSTS65004: User declined.", (65004,)),
        ("aadsts65004", ()),
        ("AADSTS1: too short", ()),
        ("no number", ()),
        ("AADSTS99999999999999: too long", ()),
    ],
)
def test_a_redirect_has_its_number_in_the_words(words: str, numbers: tuple[int, ...]) -> None:
    assert said(400, "access_denied", words=words).numbers == numbers
