"""The failure policy: each answer has one meaning, found by its most specific row."""

import re
from dataclasses import replace

import pytest

from franking.engine.ports import Phase, Verdict
from franking.engine.smtp.reply import Reply
from franking.engine.smtp.trouble import HOUR, OURS, ROWS, Row, answered, explain, meaning, ours
from franking.events.information import Actor


def key(row: Row) -> tuple[str, Phase | None, str, str]:
    return row.code, row.phase, row.enhanced, row.text


def example(row: Row) -> tuple[str, str, str]:
    """A code, an enhanced code and words that the row was written for."""
    code = row.code.ljust(3, "9") if row.code.isdigit() else row.code
    words = row.text.split("|")[0].replace(".*", " is ")
    return code, row.enhanced, words


def wins_in(row: Row) -> list[Phase]:
    code, enhanced, words = example(row)
    return [
        phase
        for phase in ([row.phase] if row.phase else Phase)
        if next(each for each in ROWS if each.fits(phase, code, enhanced, words)) is row
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(filter(None, map(str, key(row)))))
def test_every_row_decides_something(row: Row) -> None:
    assert wins_in(row)


def test_no_two_rows_fit_the_same() -> None:
    assert len({key(row) for row in ROWS}) == len(ROWS)


@pytest.mark.manual("B9")
def test_every_row_names_cause_remedy_and_actor() -> None:
    for row in ROWS:
        assert row.cause.endswith("."), row
        assert row.remedy.endswith(".") or row.verdict is Verdict.SENT, row
        assert (row.actor is Actor.NOBODY) <= (row.verdict is not Verdict.ENDED), row


def test_every_pattern_is_one() -> None:
    for row in ROWS:
        re.compile(row.text)


def test_every_code_of_three_digits_means_something_in_every_phase() -> None:
    for phase in Phase:
        for code in range(200, 600):
            row = meaning(phase, Reply.of(code, "words"))
            assert row.verdict is not Verdict.SENT or (phase is Phase.BODY and code < 300)
            if 400 <= code < 500:
                assert row.verdict is Verdict.LATER


@pytest.mark.parametrize(
    ("phase", "code", "text", "verdict", "actor"),
    [
        (Phase.AUTH, 535, "5.7.3 Authentication unsuccessful", Verdict.TOKEN_REFUSED, Actor.PERSON),
        (Phase.AUTH, 535, "5.7.8 Username and Password not accepted", Verdict.TOKEN_REFUSED, Actor.PERSON),
        (Phase.AUTH, 535, "Incorrect authentication data", Verdict.TOKEN_REFUSED, Actor.PERSON),
        (Phase.AUTH, 454, "4.7.0 Temporary authentication failure", Verdict.LATER, Actor.NOBODY),
        (Phase.AUTH, 535, "5.7.139 basic authentication is disabled", Verdict.LATER, Actor.ADMIN),
        (Phase.MAIL, 550, "5.7.60 Client does not have permissions to send as this sender", Verdict.ENDED,
         Actor.TENANT),
        (Phase.MAIL, 530, "5.7.57 Client not authenticated", Verdict.LATER, Actor.ADMIN),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", Verdict.ENDED,
         Actor.TENANT),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
         Verdict.LATER, Actor.NOBODY),
        (Phase.BODY, 554, "5.2.2 mailbox full", Verdict.LATER, Actor.PERSON),
        (Phase.MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", Verdict.ENDED,
         Actor.PERSON),
        (Phase.CONNECT, 421, "4.3.2 Service not available", Verdict.LATER, Actor.NOBODY),
        (Phase.MAIL, 432, "4.3.2 concurrent connections limit exceeded", Verdict.LATER, Actor.NOBODY),
        (Phase.RCPT, 550, "5.1.10 Recipient not found", Verdict.ENDED, Actor.PERSON),
        (Phase.RCPT, 450, "4.2.1 too fast", Verdict.LATER, Actor.NOBODY),
        (Phase.BODY, 550, "5.7.1 Message rejected", Verdict.ENDED, Actor.PERSON),
        (Phase.BODY, 250, "2.0.0 OK", Verdict.SENT, Actor.NOBODY),
        (Phase.BODY, 354, "what", Verdict.UNKNOWN, Actor.NOBODY),
    ],
)  # fmt: skip
def test_replies_of_real_servers(phase: Phase, code: int, text: str, verdict: Verdict, actor: Actor) -> None:
    row = meaning(phase, Reply.of(code, text))
    assert (row.verdict, row.actor) == (verdict, actor)


@pytest.mark.manual("S31")
@pytest.mark.parametrize("whose", ["Tenant", "Mailbox"])
def test_s31_authenticated_smtp_off_is_answered_with_the_manuals_remedy(whose: str) -> None:
    text = f"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the {whose}."
    outcome = answered(Phase.AUTH, Reply.of(535, text))
    assert (outcome.verdict, outcome.retry_after) == (Verdict.LATER, HOUR)
    remedy = explain(outcome).remedy
    for label in (
        "Microsoft 365 admin center",
        "[Active users]",
        "[Mail]",
        "[Manage email apps]",
        "[Authenticated SMTP]",
    ):
        assert label in remedy


@pytest.mark.parametrize("row", OURS, ids=lambda row: f"{row.code}-{row.phase}")
def test_our_own_codes_are_explained_by_their_row(row: Row) -> None:
    outcome = ours(row.phase or Phase.CONNECT, row.code, "why", server_spoke=False)
    assert explain(outcome) is row
    assert not outcome.answered


def test_lost_before_the_final_dot_is_not_unknown() -> None:
    for code in ("lost", "timeout", "protocol"):
        verdicts = {phase: ours(phase, code, "", server_spoke=True).verdict for phase in Phase}
        assert {phase for phase, verdict in verdicts.items() if verdict is Verdict.UNKNOWN} == {Phase.BODY}


def test_an_outcome_tells_its_reply() -> None:
    outcome = answered(Phase.RCPT, Reply.of(550, "5.1.1 No such user"))
    assert (outcome.code, outcome.reply, outcome.answered) == ("550 5.1.1", "No such user", True)
    assert explain(replace(outcome, recipients=())).cause == "There is no such recipient."


def test_a_code_of_ours_without_a_row_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        ours(Phase.CONNECT, "nonsense", "", server_spoke=False)
