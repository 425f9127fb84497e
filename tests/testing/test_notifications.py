"""The playing submission server knows delivery status notifications as a conforming one does (RFC 3461)."""

import pytest

from franking.testing.notifications import MalformedParameter, Wants


def test_it_takes_out_what_is_asked_for_and_leaves_the_rest() -> None:
    wants = Wants(offered=True)
    assert wants.of_mail("FROM:<a@b> SIZE=1 RET=HDRS SMTPUTF8 ENVID=a+2Bb@c") == "FROM:<a@b> SIZE=1 SMTPUTF8"
    assert wants.mail == ("RET=HDRS", "ENVID=a+2Bb@c")


def test_it_remembers_what_was_asked_for_accepted_recipients() -> None:
    wants = Wants(offered=True)
    wants.of_recipient("TO:<a@b> NOTIFY=NEVER")
    assert wants.of_recipient("TO:<c@d> NOTIFY=success,DELAY ORCPT=rfc822;c@d") == "TO:<c@d>"
    wants.accept()
    assert wants.recipients == [("NOTIFY=success,DELAY", "ORCPT=rfc822;c@d")]


def test_the_next_message_begins_anew() -> None:
    wants = Wants(offered=True)
    wants.of_mail("FROM:<a@b> RET=FULL")
    wants.of_recipient("TO:<a@b> NOTIFY=NEVER")
    wants.accept()
    wants.begin()
    assert (wants.mail, wants.recipients) == ((), [])


def test_where_it_is_not_offered_nothing_is_taken_out() -> None:
    """So that the server refuses what it does not know."""
    wants = Wants(offered=False)
    assert wants.of_mail("FROM:<a@b> RET=HDRS") == "FROM:<a@b> RET=HDRS"
    assert wants.mail == ()


@pytest.mark.parametrize(
    "parameters",
    [
        "RET=SOME",
        "RET",
        "RET=HDRS RET=FULL",
        "ENVID=a+b",
        "ENVID=a=b",
        "ENVID=",
        f"ENVID={'a' * 101}",
    ],
)
def test_malformed_parameters_of_mail_are_refused(parameters: str) -> None:
    with pytest.raises(MalformedParameter):
        Wants(offered=True).of_mail(f"FROM:<a@b> {parameters}")


@pytest.mark.parametrize(
    "parameters",
    ["NOTIFY=", "NOTIFY=NEVER,SUCCESS", "NOTIFY=SUCCESS,", "NOTIFY=SOMETIMES", "ORCPT=a@b", "ORCPT=rfc822;",
     f"ORCPT=rfc822;{'a' * 494}", "NOTIFY=NEVER NOTIFY=NEVER"],
)  # fmt: skip
def test_malformed_parameters_of_a_recipient_are_refused(parameters: str) -> None:
    with pytest.raises(MalformedParameter):
        Wants(offered=True).of_recipient(f"TO:<a@b> {parameters}")
