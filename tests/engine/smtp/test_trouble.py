"""The failure policy: each answer has one meaning, found by its most specific row."""

import re
from dataclasses import replace

import pytest

from franking.engine.ports import Phase, Verdict
from franking.engine.smtp.reply import Reply
from franking.engine.smtp.sources import SOURCES
from franking.engine.smtp.trouble import HOUR, OURS, ROWS, Row, answered, explain, meaning, ours
from franking.events.information import Actor
from franking.tests.engine.smtp.catalogue import CATALOGUE, LOST_AFTER_DOT, Known


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


@pytest.mark.manual("B10")
@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.STARTTLS, Phase.AUTH])
def test_b10_before_the_envelope_no_reply_ends_a_job(phase: Phase) -> None:
    ends = (Verdict.ENDED, Verdict.SENDER_REFUSED)
    for row in ROWS:
        code, enhanced, words = example(row)
        if code.isdigit():
            assert meaning(phase, Reply.of(int(code), f"{enhanced} {words}")).verdict not in ends, row


@pytest.mark.parametrize(
    ("phase", "code", "text", "verdict", "actor"),
    [
        (Phase.AUTH, 535, "5.7.3 Authentication unsuccessful", Verdict.TOKEN_REFUSED, Actor.TENANT),
        (Phase.AUTH, 535, "5.7.8 Username and Password not accepted", Verdict.TOKEN_REFUSED, Actor.PERSON),
        (Phase.AUTH, 535, "Incorrect authentication data", Verdict.TOKEN_REFUSED, Actor.PERSON),
        (Phase.AUTH, 454, "4.7.0 Temporary authentication failure", Verdict.LATER, Actor.NOBODY),
        (Phase.AUTH, 535, "5.7.139 basic authentication is disabled", Verdict.CLOSES, Actor.ADMIN),
        (Phase.MAIL, 550, "5.7.60 Client does not have permissions to send as this sender",
         Verdict.SENDER_REFUSED, Actor.TENANT),
        (Phase.MAIL, 530, "5.7.57 Client not authenticated", Verdict.LATER, Actor.ADMIN),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException",
         Verdict.SENDER_REFUSED, Actor.TENANT),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
         Verdict.PAUSES, Actor.NOBODY),
        (Phase.BODY, 554, "5.2.2 mailbox full", Verdict.CLOSES, Actor.PERSON),
        (Phase.MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", Verdict.ENDED,
         Actor.PERSON),
        (Phase.CONNECT, 421, "4.3.2 Service not available", Verdict.LATER, Actor.NOBODY),
        (Phase.MAIL, 432, "4.3.2 concurrent connections limit exceeded", Verdict.PAUSES, Actor.NOBODY),
        (Phase.RCPT, 550, "5.1.10 Recipient not found", Verdict.ENDED, Actor.PERSON),
        (Phase.RCPT, 450, "4.2.1 too fast", Verdict.LATER, Actor.NOBODY),
        (Phase.BODY, 550, "5.7.1 Message rejected", Verdict.ENDED, Actor.TENANT),
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
    assert (outcome.verdict, outcome.retry_after) == (Verdict.CLOSES, HOUR)
    remedy = explain(outcome).remedy
    for label in (
        "Microsoft 365 admin center",
        "[Active users]",
        "[Mail]",
        "[Manage email apps]",
        "[Authenticated SMTP]",
    ):
        assert label in remedy


@pytest.mark.manual("B11")
@pytest.mark.parametrize(
    ("phase", "code", "text", "actor"),
    [
        (Phase.AUTH, 535, "5.7.139 SmtpClientAuthentication is disabled for the Tenant.", Actor.TENANT),
        (Phase.AUTH, 535, "5.7.139 user is locked by your organization's security defaults policy.",
         Actor.ADMIN),
        (Phase.AUTH, 535, "5.7.139 the request did not meet the criteria to be authenticated successfully.",
         Actor.TENANT),
        (Phase.AUTH, 535, "5.7.144 Authentication refused", Actor.TENANT),
        (Phase.AUTH, 550, "5.7.30 Basic authentication is not supported for Client Submission", Actor.ADMIN),
        (Phase.AUTH, 534, "5.7.9 Please log in with your web browser and then try again.", Actor.PERSON),
        (Phase.AUTH, 525, "5.7.13 Account disabled", Actor.ADMIN),
        (Phase.BODY, 554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
         Actor.PERSON),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:QuotaExceededException.MapiException",
         Actor.PERSON),
        (Phase.BODY, 550, "5.2.251 Mailbox is throttled", Actor.PERSON),
        (Phase.BODY, 550, "5.2.252 Mailbox is throttled", Actor.TENANT),
        (Phase.BODY, 550, "5.2.253 Mailbox is throttled", Actor.TENANT),
        (Phase.BODY, 550, "5.2.254 Mailbox is throttled", Actor.PERSON),
        (Phase.BODY, 550, "5.2.255 Mailbox is throttled", Actor.PERSON),
        *[
            (phase, 550, f"{enhanced} Access denied", Actor.TENANT)
            for phase in (Phase.MAIL, Phase.RCPT, Phase.BODY)
            for enhanced in ("5.1.8", "5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708")
        ],
    ],
)  # fmt: skip
def test_b11_what_every_message_would_meet_closes_the_mailbox(
    phase: Phase, code: int, text: str, actor: Actor
) -> None:
    row = meaning(phase, Reply.of(code, text))
    assert (row.verdict, row.actor) == (Verdict.CLOSES, actor)


@pytest.mark.manual("B11")
@pytest.mark.parametrize(
    ("phase", "code", "text", "verdict"),
    [
        (Phase.BODY, 554, "5.2.2 Submission quota exceeded", Verdict.PAUSES),
        (Phase.RCPT, 552, "5.2.2 The mailbox is full", Verdict.ENDED),
        (Phase.RCPT, 452, "4.2.2 The recipient's inbox is out of storage space", Verdict.LATER),
        (Phase.BODY, 554, "5.2.252 SendAsDenied", Verdict.SENDER_REFUSED),
        (Phase.BODY, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
         Verdict.PAUSES),
        (Phase.AUTH, 454, "4.7.0 Too many login attempts", Verdict.LATER),
        (Phase.RCPT, 550, "5.2.121 Recipient's per hour message receive limit exceeded", Verdict.LATER),
        (Phase.BODY, 550, "5.2.122 The recipient gets too many messages", Verdict.LATER),
        (Phase.BODY, 552, "5.7.0 This message was blocked because its content presents a potential issue",
         Verdict.ENDED),
        (Phase.BODY, 550, "5.7.1 Message rejected", Verdict.ENDED),
        (Phase.BODY, 550, "5.7.232 Message can't be submitted", Verdict.PAUSES),
        (Phase.BODY, 550, "5.1.0 STOREDRV.Submission.Exception:SendAsDeniedException",
         Verdict.SENDER_REFUSED),
        (Phase.BODY, 550, "5.2.2 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
         Verdict.PAUSES),
        (Phase.BODY, 554, "5.2.2 STOREDRV.Submission.Exception:MapiExceptionShutoffQuotaExceeded",
         Verdict.CLOSES),
        (Phase.BODY, 550, "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException", Verdict.CLOSES),
        (Phase.BODY, 550, "5.2.0 STOREDRV.Submission.Exception:MapiExceptionMaxSubmissionExceeded",
         Verdict.ENDED),
        (Phase.BODY, 432, "4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", Verdict.LATER),
        (Phase.BODY, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Verdict.PAUSES),
    ],
)  # fmt: skip
def test_b11_replies_that_look_alike_and_are_another_matter(
    phase: Phase, code: int, text: str, verdict: Verdict
) -> None:
    assert meaning(phase, Reply.of(code, text)).verdict is verdict


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


@pytest.mark.parametrize("known", CATALOGUE, ids=lambda known: known.name)
@pytest.mark.manual("B9")
def test_b9_each_known_reply_has_its_verdict_and_who_must_act(known: Known) -> None:
    row = meaning(known.phase, Reply.of(known.reply, known.text))
    assert (row.verdict, row.actor) == (known.verdict, known.actor)
    assert row.meaning in SOURCES


def test_the_catalogue_is_whole_and_says_each_reply_once() -> None:
    code, verdict = LOST_AFTER_DOT
    assert ours(Phase.BODY, "lost", "", server_spoke=True).verdict is verdict
    assert len({known.name for known in CATALOGUE} | {code}) == len(CATALOGUE) + 1 == 78


def test_every_source_is_of_a_meaning_that_there_is() -> None:
    assert SOURCES.keys() <= {row.meaning for row in ROWS}
