"""What each answer means: the table of the two providers, and the rules that hold whatever the table says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.oauth.answers import DEAD, NOT_NOW, Call, Refusal, Row, decide
from franking.engine.oauth.faults import FAULTS, Fault, fault
from franking.engine.oauth.providers import GOOGLE, MICROSOFT, ProviderData
from franking.engine.oauth.wire import said
from franking.engine.ports import AnswerClass
from franking.events.information import Actor

WAIT, PERSON, ADMIN = AnswerClass.WAIT, AnswerClass.PERSON, AnswerClass.ADMIN
APP, OURS, PROTOCOL = AnswerClass.APP, AnswerClass.OURS, AnswerClass.PROTOCOL


def numbered(number: int, error: str = "invalid_grant", suberror: str = "", status: int = 400) -> Refusal:
    return said(status, error, suberror, f"AADSTS{number}: some words. Trace ID: x")


@pytest.mark.parametrize(
    ("number", "error", "kind", "actor"),
    [
        (90033, "temporarily_unavailable", WAIT, Actor.NOBODY),
        (90033, "invalid_grant", WAIT, Actor.NOBODY),
        (50196, "invalid_grant", OURS, Actor.NOBODY),
        (700082, "invalid_grant", PERSON, Actor.PERSON),
        (70008, "invalid_grant", PERSON, Actor.PERSON),
        (50173, "invalid_grant", PERSON, Actor.PERSON),
        (70043, "invalid_grant", PERSON, Actor.PERSON),
        (70000, "invalid_grant", PERSON, Actor.PERSON),
        (530036, "invalid_grant", PERSON, Actor.PERSON),
        (50076, "invalid_grant", PERSON, Actor.PERSON),
        (50079, "interaction_required", PERSON, Actor.PERSON),
        (50078, "invalid_grant", PERSON, Actor.PERSON),
        (50158, "interaction_required", PERSON, Actor.PERSON),
        (65001, "invalid_grant", PERSON, Actor.PERSON),
        (65001, "consent_required", PERSON, Actor.PERSON),
        (53003, "invalid_grant", ADMIN, Actor.TENANT),
        (53003, "interaction_required", ADMIN, Actor.TENANT),
        (53000, "invalid_grant", ADMIN, Actor.TENANT),
        (53001, "invalid_grant", ADMIN, Actor.TENANT),
        (53002, "invalid_grant", ADMIN, Actor.TENANT),
        (530035, "invalid_grant", ADMIN, Actor.TENANT),
        (50097, "invalid_grant", ADMIN, Actor.TENANT),
        (50105, "invalid_grant", ADMIN, Actor.TENANT),
        (50057, "invalid_grant", ADMIN, Actor.TENANT),
        (90094, "invalid_grant", ADMIN, Actor.TENANT),
        (7000215, "invalid_client", APP, Actor.APP),
        (7000222, "invalid_client", APP, Actor.APP),
        (7000218, "invalid_client", APP, Actor.APP),
        (700027, "invalid_client", APP, Actor.APP),
        (700016, "unauthorized_client", APP, Actor.APP),
        (50194, "invalid_request", APP, Actor.APP),
        (90002, "invalid_request", APP, Actor.APP),
        (700084, "invalid_grant", APP, Actor.APP),
        (9002326, "invalid_request", APP, Actor.APP),
        (50011, "invalid_request", APP, Actor.APP),
        (54005, "invalid_grant", OURS, Actor.PERSON),
        (9002313, "invalid_request", OURS, Actor.APP),
        (900144, "invalid_request", OURS, Actor.APP),
        (99999, "invalid_grant", PERSON, Actor.PERSON),
        (99999, "invalid_client", APP, Actor.APP),
    ],
)
@pytest.mark.manual("B9", "S24", "S29")
def test_b9_a_number_refines_what_the_error_says(
    number: int, error: str, kind: AnswerClass, actor: Actor
) -> None:
    trouble = decide(numbered(number, error), Call.REFRESH, MICROSOFT.answers)
    assert (trouble.kind, trouble.code, trouble.actor) == (kind, f"AADSTS{number}", actor)


@pytest.mark.parametrize(
    ("error", "suberror", "words", "kind", "actor"),
    [
        ("invalid_grant", "", "Token has been expired or revoked.", PERSON, Actor.PERSON),
        ("invalid_grant", "", "Bad Request", PERSON, Actor.PERSON),
        ("invalid_grant", "invalid_rapt", "reauth related error", PERSON, Actor.PERSON),
        ("invalid_grant", "rapt_required", "reauth related error", PERSON, Actor.PERSON),
        ("invalid_grant", "", "Invalid JWT: Token must be a short-lived token", OURS, Actor.ADMIN),
        ("invalid_grant", "", "Account has been deleted", ADMIN, Actor.TENANT),
        ("admin_policy_enforced", "", "", ADMIN, Actor.TENANT),
        ("org_internal", "", "", APP, Actor.APP),
        ("deleted_client", "", "The OAuth client was deleted.", APP, Actor.APP),
        ("disabled_client", "", "", APP, Actor.APP),
        ("redirect_uri_mismatch", "", "", APP, Actor.APP),
        ("invalid_client", "", "The provided client secret is invalid.", APP, Actor.APP),
        ("rate_limit_exceeded", "", "", WAIT, Actor.NOBODY),
        ("something_new", "", "", APP, Actor.APP),
    ],
)
@pytest.mark.manual("B9", "S24", "S29")
def test_b9_what_google_says(error: str, suberror: str, words: str, kind: AnswerClass, actor: Actor) -> None:
    trouble = decide(said(400, error, suberror, words), Call.REFRESH, GOOGLE.answers)
    assert (trouble.kind, trouble.actor) == (kind, actor)
    assert trouble.code == "/".join(part for part in (error, suberror) if part)


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
    assert trouble.remedy.endswith(".")
    assert trouble.retry_after is None or timedelta(0) < trouble.retry_after <= timedelta(days=1)


def test_a_row_that_would_end_a_grant_without_a_word_is_refused() -> None:
    for errors in (frozenset[str](), frozenset({"invalid_client"}), frozenset({"invalid_grant", "other"})):
        with pytest.raises(ValueError, match="ends a grant"):
            Row("own.row", PERSON, Actor.PERSON, "A cause.", "A remedy.", errors=errors)


@pytest.mark.manual("B9")
def test_b9_every_fault_names_cause_remedy_and_actor() -> None:
    assert set(FAULTS) == set(Fault)
    for kind in Fault:
        trouble = fault(kind)
        assert trouble.code == kind
        assert trouble.cause.endswith(".")
        assert trouble.remedy.endswith(".")


CONSENT = 65001
"Stands twice on purpose: at a refresh a person acts, at a sign-in the organisation's administrator."


def test_no_number_stands_twice() -> None:
    """The first row would win in silence."""
    numbers = [number for row in MICROSOFT.answers for number in row.numbers if number != CONSENT]
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
