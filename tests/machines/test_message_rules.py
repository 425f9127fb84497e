"""The rules that look at one message: From, recipients, function, size (S17, S20-S22, S33)."""

import pytest

from franking.events.information import Actor
from franking.events.request import REQUESTS, Function
from franking.events.settings import (
    Box,
    ChangeFrom,
    Functions,
)
from franking.machines.identity import Sender
from franking.machines.message import Limits
from franking.machines.rules import ROUTED, Look, broken
from franking.tests.machines.looked_at import ADMIN, DEVICE, KIM, NOBODY, codes, message, rule, settings

USERS = (ChangeFrom.LOGIN_USER, ChangeFrom.USER_CHANGES)


@pytest.mark.manual("S17")
@pytest.mark.parametrize("setting", list(ChangeFrom))
def test_s17_a_user_without_an_address_is_refused_where_the_from_is_his(setting: ChangeFrom) -> None:
    given = settings(change_from=setting, bulk=ADMIN)
    assert codes(given, Look.SUBMIT, NOBODY) == (["S17-address"] if setting in USERS else [])
    assert codes(given, Look.SUBMIT, DEVICE) == [], "the device sends as administrator"


@pytest.mark.manual("S17")
def test_s17_a_user_without_an_address_may_choose_the_administrators() -> None:
    chosen = NOBODY._replace(chosen=ADMIN)
    assert codes(settings(change_from=ChangeFrom.USER_CHANGES), Look.SUBMIT, chosen) == []
    assert codes(settings(change_from=ChangeFrom.LOGIN_USER), Look.SUBMIT, chosen) == ["S17-address"]


@pytest.mark.manual("S17")
@pytest.mark.parametrize("setting", list(ChangeFrom))
@pytest.mark.parametrize("enabled", [False, True])
def test_s17_any_other_from_is_refused(setting: ChangeFrom, enabled: bool) -> None:
    given = settings(change_from=setting, bulk=ADMIN, enabled=enabled)
    assert codes(given, Look.SUBMIT, KIM._replace(chosen="lee@example.com")) == ["S17-from"]
    assert rule("S17-from").actor is Actor.PERSON


@pytest.mark.manual("S17", "S1")
def test_s17_a_wrong_choice_is_the_persons_also_where_no_administrator_is_registered() -> None:
    given = settings(enabled=False, administrator=None, change_from=ChangeFrom.LOGIN_USER)
    assert codes(given, Look.SUBMIT, KIM._replace(chosen="lee@example.com")) == ["S17-from"]


@pytest.mark.manual("S17", "S1")
@pytest.mark.parametrize("sender", [KIM, DEVICE])
def test_s17_with_oauth_off_there_must_be_some_sender(sender: Sender) -> None:
    given = settings(enabled=False, administrator=None)
    assert codes(given, Look.SUBMIT, sender) == ["S17-sender"]


@pytest.mark.manual("S17")
def test_s17_a_job_whose_from_is_nobodys_any_more_is_refused_when_it_is_taken() -> None:
    former = message(former_from=True)
    assert codes(settings(), Look.SEND, former) == ["S17-former"]
    assert codes(settings(), Look.SUBMIT, former) == []


@pytest.mark.manual("S5")
@pytest.mark.parametrize("enabled", [False, True])
def test_s5_without_a_server_a_job_is_refused_when_it_is_submitted(enabled: bool) -> None:
    given = settings(enabled=enabled)
    assert [rule.code for rule in broken(given, Look.SUBMIT, message())] == ["S5-none"]
    assert broken(given, Look.SET) == (), "the manual sets the server last"


@pytest.mark.manual("S15", "S33")
@pytest.mark.parametrize("function", [each for each in Function if each not in ROUTED])
def test_s33_a_message_without_recipients_is_refused(function: Function) -> None:
    sender = DEVICE if REQUESTS[function].by_device else KIM
    given = message(sender, function=function, recipients=0)
    assert codes(settings(), Look.SUBMIT, given) == ["S33-recipients"]


@pytest.mark.manual("S20")
def test_s20_scan_to_me_needs_an_address_of_ones_own() -> None:
    given = message(NOBODY, function=Function.SCAN_TO_ME, recipients=0)
    assert codes(settings(), Look.SUBMIT, given) == ["S20-me"]


@pytest.mark.manual("S22")
@pytest.mark.parametrize("look", [Look.SUBMIT, Look.SEND])
@pytest.mark.parametrize("enabled", [False, True])
def test_s22_scan_to_url_is_off_until_people_can_reach_its_links(look: Look, enabled: bool) -> None:
    given = message(function=Function.SCAN_TO_URL)
    nowhere = settings(enabled=enabled).model_copy(update={"box": Box()})
    assert codes(nowhere, look, given) == ["S22-box"]
    assert codes(settings(enabled=enabled), look, given) == []
    assert codes(nowhere, look, message()) == [], "another function needs no links"


@pytest.mark.manual("S21")
def test_s21_a_fax_that_no_route_takes_is_refused() -> None:
    given = message(DEVICE, function=Function.TSI_ROUTING, recipients=0)
    assert codes(settings(), Look.SUBMIT, given) == ["S21-route"]


@pytest.mark.manual("S21")
def test_s21_a_mail_that_failed_is_not_reported_by_mail() -> None:
    given = message(DEVICE, function=Function.TX_RESULT_REPORT)
    assert codes(settings(), Look.SUBMIT, given._replace(reports_failed_mail=True)) == ["S21-report"]
    assert codes(settings(), Look.SUBMIT, given) == []


@pytest.mark.manual("S21")
@pytest.mark.parametrize("enabled", [False, True])
def test_s21_a_report_about_mail_is_not_sent_over_a_closed_mailbox(enabled: bool) -> None:
    given = message(DEVICE, function=Function.TX_RESULT_REPORT)._replace(mailbox_closed=True)
    about_mail = given._replace(reports_mail=True)
    assert codes(settings(enabled=enabled), Look.SUBMIT, about_mail) == ["S21-closed"]
    assert codes(settings(enabled=enabled), Look.SUBMIT, given) == [], "one about a fax waits like any mail"
    assert codes(settings(), Look.SEND, about_mail) == [], "it is taken when the mailbox is open"


@pytest.mark.manual("B11")
@pytest.mark.parametrize("look", [Look.SUBMIT, Look.SEND])
@pytest.mark.parametrize("enabled", [False, True])
def test_b11_a_from_that_the_server_refused_is_not_tried_again(look: Look, enabled: bool) -> None:
    given = message()._replace(refused_from=True)
    assert codes(settings(enabled=enabled), look, given) == ["S17-refused"]
    assert codes(settings(enabled=enabled), look, message()) == []


@pytest.mark.manual("S15", "S20", "S21")
@pytest.mark.parametrize("function", list(Function))
@pytest.mark.parametrize("enabled", [False, True])
def test_s20_a_function_that_is_turned_off_is_refused(function: Function, enabled: bool) -> None:
    sender = DEVICE if REQUESTS[function].by_device else KIM
    others = tuple(each for each in Function if each is not function)
    on, off = (
        settings(enabled=enabled).model_copy(update={"functions": Functions(off=turned_off)})
        for turned_off in (others, (function,))
    )
    given = message(sender, function=function)
    assert "S20-off" in codes(off, Look.SUBMIT, given)
    assert "S20-off" not in codes(on, Look.SUBMIT, given)


@pytest.mark.manual("S15", "S33")
def test_s33_a_message_over_the_servers_size_is_refused() -> None:
    limits = Limits("smtp.example.com", octets_max=1_000)

    def found(octets: int | None) -> list[str]:
        sent = message(octets=octets)
        return [rule.code for rule in broken(settings(), Look.SUBMIT, sent, limits=limits)]

    assert found(1_001) == ["S33-size"]
    assert found(1_000) == found(None) == []
    assert codes(settings(), Look.SUBMIT, message(octets=10**12)) == [], "a server that names no size"


@pytest.mark.manual("S15", "B11")
def test_b11_more_recipients_than_the_provider_takes_are_refused() -> None:
    limits = Limits("smtp.gmail.com", recipients_max=100)

    def found(recipients: int) -> list[str]:
        sent = message(recipients=recipients)
        return [rule.code for rule in broken(settings(), Look.SUBMIT, sent, limits=limits)]

    assert found(101) == ["S33-many"]
    assert found(100) == []
