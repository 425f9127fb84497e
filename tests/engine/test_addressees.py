"""What becomes of each recipient over all tries, whatever a server says (S33c)."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.addressees import ADDRESSEES, Addressee, Addressees, Fate, addressees, after, waiting
from franking.engine.ports import Outcome, Phase, Recipient, Verdict
from franking.engine.records import JobOutcome

PEOPLE = ("a@example.com", "b@example.com", "c@example.com")
REFUSALS = [verdict for verdict in Verdict if verdict is not Verdict.SENT]


@st.composite
def tries(draw: st.DrawFn, asked: tuple[str, ...]) -> Outcome:
    """An answer of a server that was asked for these."""
    said = tuple(
        Recipient(address, True, "250 2.1.5 OK")
        if draw(st.booleans())
        else Recipient(address, False, "x", draw(st.sampled_from(REFUSALS)), "x")
        for address in asked
    )
    verdict = draw(st.sampled_from(list(Verdict))) if any(each.accepted for each in said) else Verdict.LATER
    told = said if draw(st.booleans()) or verdict is Verdict.LATER else ()
    return Outcome(verdict, Phase.BODY, "250", "words", answered=True, recipients=told)


@pytest.mark.manual("S33c")
@given(st.data())
def test_s33c_whoever_was_taken_or_refused_is_never_asked_for_again(data: st.DataObject) -> None:
    now: Addressees = addressees(PEOPLE, None, 0)
    taken: Counter[str] = Counter()
    settled: dict[str, Addressee] = {}
    for _ in range(6):
        asked = waiting(now)
        assert not set(asked) & set(settled)
        if not asked:
            break
        sent = data.draw(tries(asked))
        now = after(now, sent)
        if sent.verdict is Verdict.SENT:
            said = {each.address: each.accepted for each in sent.recipients}
            taken.update(address for address in asked if said.get(address, True))
        settled |= {each.address: each for each in now if each.fate is not Fate.WAITS}
        assert all(settled.get(each.address, each) == each for each in now)
    assert {each.address for each in now if each.fate is Fate.TAKEN} == set(taken)
    assert set(taken.values()) <= {1}
    assert ADDRESSEES.validate_json(ADDRESSEES.dump_json(now)) == now


@pytest.mark.manual("S33c", "S33")
def test_s33c_what_was_cut_short_marks_those_who_waited() -> None:
    stored = ADDRESSEES.dump_json((Addressee(PEOPLE[0], Fate.TAKEN), Addressee(PEOPLE[1], unknown=1)))
    found = addressees(PEOPLE, JobOutcome(1, "", stored.decode(), unknown=1), unknown=3)
    assert [each.unknown for each in found] == [0, 3, 2]
    assert waiting(found) == PEOPLE[1:]
