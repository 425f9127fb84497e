"""Who must have signed in: the From address decides (S17, S20, S21)."""

import pytest

from franking.events.request import REQUESTS, Function
from franking.events.settings import Administrator, ChangeFrom, DeviceSettings, FromAddress
from franking.machines.identity import (
    Decision,
    From,
    Sender,
    Signer,
    Then,
    accepted,
    decisions,
    may_send_as,
    same,
    signer,
)
from franking.machines.refresh_token import ACQUIRED, EXPIRED, REQUIRED, Status

ADMIN, BULK, KIM, LEE = (f"{name}@example.com" for name in ("scanner", "bulk", "kim", "lee"))
LOGIN_USER, USER_CHANGES, FIX, BULK_SETTING = ChangeFrom
AS_ADMIN, AS_BULK, AS_KIM = Signer(True, ADMIN), Signer(True, BULK), Signer(False, KIM)

TABLE = [
    # setting       chosen From   who must have signed in
    (FIX,           None,         AS_ADMIN),
    (FIX,           ADMIN,        AS_ADMIN),
    (FIX,           KIM,          None),
    (FIX,           LEE,          None),
    (BULK_SETTING,  None,         AS_BULK),
    (BULK_SETTING,  BULK,         AS_BULK),
    (BULK_SETTING,  KIM,          None),
    (BULK_SETTING,  ADMIN,        None),
    (LOGIN_USER,    None,         AS_KIM),
    (LOGIN_USER,    KIM,          AS_KIM),
    (LOGIN_USER,    ADMIN,        None),
    (LOGIN_USER,    LEE,          None),
    (USER_CHANGES,  None,         AS_KIM),
    (USER_CHANGES,  KIM,          AS_KIM),
    (USER_CHANGES,  ADMIN,        AS_ADMIN),
    (USER_CHANGES,  LEE,          None),
]  # fmt: skip


def device(setting: ChangeFrom, administrator: str | None = ADMIN) -> DeviceSettings:
    return DeviceSettings(
        administrator=Administrator(address=administrator),
        from_address=FromAddress(setting=setting, bulk=BULK),
    )


@pytest.mark.manual("S17", "S6")
@pytest.mark.parametrize(("setting", "chosen", "expected"), TABLE)
def test_s17_the_from_address_decides_who_must_have_signed_in(
    setting: ChangeFrom, chosen: str | None, expected: Signer | None
) -> None:
    assert signer(device(setting), Sender(False, KIM, chosen)) == expected


@pytest.mark.manual("S17", "S6")
def test_s17_the_table_has_every_setting_and_every_kind_of_from() -> None:
    assert {(setting, chosen) for setting, chosen, _ in TABLE} >= {
        (setting, chosen) for setting in ChangeFrom for chosen in (None, KIM, ADMIN, LEE)
    } - {(BULK_SETTING, LEE)}


@pytest.mark.manual("S21")
@pytest.mark.parametrize("setting", list(ChangeFrom))
def test_s21_what_the_device_sends_by_itself_it_sends_as_administrator(setting: ChangeFrom) -> None:
    assert signer(device(setting), Sender(True, None, None)) == AS_ADMIN


@pytest.mark.manual("S17")
@pytest.mark.parametrize("setting", [LOGIN_USER, USER_CHANGES])
def test_s17_a_user_without_an_address_has_nothing_to_send_from(setting: ChangeFrom) -> None:
    assert signer(device(setting), Sender(False, None, None)) is None
    assert signer(device(setting), Sender(False, None, LEE)) is None


@pytest.mark.manual("S17")
@pytest.mark.parametrize("by_device", [True, False])
def test_s17_without_an_administrators_address_nothing_is_sent_as_administrator(by_device: bool) -> None:
    assert signer(device(FIX, administrator=None), Sender(by_device, KIM, None)) is None
    assert signer(device(USER_CHANGES, administrator=None), Sender(False, None, ADMIN)) is None


@pytest.mark.manual("S17", "S28")
def test_s17_a_user_with_the_administrators_address_is_still_a_user() -> None:
    assert signer(device(LOGIN_USER), Sender(False, ADMIN, None)) == Signer(False, ADMIN)
    assert signer(device(USER_CHANGES), Sender(False, ADMIN, ADMIN)) == Signer(False, ADMIN)


@pytest.mark.manual("S17")
def test_s17_addresses_are_compared_without_case() -> None:
    assert signer(device(LOGIN_USER), Sender(False, KIM, "Kim@Example.COM")) == AS_KIM
    assert signer(device(FIX), Sender(False, KIM, "Scanner@Example.com")) == AS_ADMIN
    assert same("MÜLLER@example.com", "müller@example.com"), "as Unicode folds it"
    for alike in ("\N{KELVIN SIGN}im@example.com", "Kim@exampl\N{FULLWIDTH LATIN SMALL LETTER E}.com"):
        assert not same(alike, KIM), "it looks like kim's, and is not"
    assert not same("ß@example.com", "SS@example.com"), "two mailboxes"
    assert not same(None, None), "no address is nobody's"


SALES, OLD_NAME, LOGIN_NAME = "sales@example.com", "kim.old@example.com", "kim@example.onmicrosoft.com"


def office(setting: ChangeFrom = USER_CHANGES) -> DeviceSettings:
    """kim has an alias, and may send from a shared mailbox; the administrator may from another."""
    return device(setting).model_copy(
        update={
            "aliases": {"kim": (OLD_NAME, LOGIN_NAME), "administrator": ("device@example.com",)},
            "shared_mailboxes": {SALES: ("kim",), "office@example.com": ("administrator",)},
        }
    )


@pytest.mark.manual("S17")
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (OLD_NAME, Signer(False, OLD_NAME)),
        (SALES, Signer(False, SALES)),
        (SALES.upper(), Signer(False, SALES.upper())),
        ("device@example.com", Signer(True, "device@example.com")),
        ("office@example.com", Signer(True, "office@example.com")),
        (LEE, None),
    ],
)
def test_s17_aliases_and_shared_mailboxes_are_accepted_as_configured(
    chosen: str, expected: Signer | None
) -> None:
    assert signer(office(), Sender(False, KIM, chosen, "kim")) == expected


@pytest.mark.manual("S17")
@pytest.mark.parametrize("setting", [LOGIN_USER, FIX, BULK_SETTING])
@pytest.mark.parametrize("chosen", [OLD_NAME, SALES])
def test_s17_they_are_for_who_may_change_the_from(setting: ChangeFrom, chosen: str) -> None:
    assert signer(office(setting), Sender(False, KIM, chosen, "kim", (OLD_NAME,))) is None


@pytest.mark.manual("S17")
def test_s17_an_alias_is_nobody_elses() -> None:
    assert signer(office(), Sender(False, LEE, OLD_NAME, "lee")) is None
    assert signer(office(), Sender(False, LEE, SALES, "lee")) is None
    assert signer(office(), Sender(False, None, OLD_NAME, "kim")) is None, "nobody could sign in for it"


@pytest.mark.manual("S17", "S19")
def test_s17_an_address_that_the_providers_claims_confirm_is_accepted() -> None:
    sender = Sender(False, KIM, "k.smith@example.com", "kim", ("K.Smith@example.com",))
    assert signer(device(USER_CHANGES), sender) == Signer(False, "k.smith@example.com")
    assert signer(device(USER_CHANGES), sender._replace(confirmed=())) is None


@pytest.mark.manual("S19")
@pytest.mark.parametrize(
    ("account", "confirmed", "right"),
    [
        (KIM, (), True),
        (KIM.upper(), (), True),
        (LEE, (), False),
        (LEE, (KIM,), True),
        (LOGIN_NAME, (), True),
        (SALES, (), False),
    ],
)
def test_s19_the_account_is_the_address_or_has_it_as_an_alias(
    account: str, confirmed: tuple[str, ...], right: bool
) -> None:
    assert accepted(office(), "kim", KIM, account, confirmed) is right


@pytest.mark.manual("S17", "S26a")
def test_s17_what_an_identity_sends_from() -> None:
    assert may_send_as(office(), "kim", KIM, ("k@example.com",)) == (
        KIM, OLD_NAME, LOGIN_NAME, "k@example.com", SALES,
    )  # fmt: skip
    assert ADMIN not in may_send_as(office(), "kim", KIM, ())


def rows(**wanted: object) -> list[Decision]:
    return [row for row in decisions() if all(getattr(row, name) == value for name, value in wanted.items())]


@pytest.mark.manual("S17", "S20", "S21")
def test_s17_the_printed_table_has_every_combination_once() -> None:
    keys = [(row.setting, row.function, row.chosen, row.status) for row in decisions()]
    assert len(set(keys)) == len(keys) == len(ChangeFrom) * len(Function) * len(From) * len(Status)


@pytest.mark.manual("S18")
def test_s18_the_printed_table_says_where_the_screen_opens() -> None:
    own = rows(setting=LOGIN_USER, chosen=From.OWN, status=REQUIRED)
    opens = {row.function for row in own if row.then is Then.SCREEN}
    assert opens == {f for f in Function if not REQUESTS[f].by_device} - {
        Function.APPLICATION,
        Function.PROGRAM,
        Function.REPORT,
    }
    for function in (Function.APPLICATION, Function.PROGRAM, Function.REPORT):
        (nobody_stands_there,) = [row for row in own if row.function is function]
        assert nobody_stands_there.then is Then.NEXT_LOG_IN


@pytest.mark.manual("S17", "S21")
@pytest.mark.parametrize("status", list(Status))
def test_s21_the_device_waits_for_its_administrator_whatever_the_setting(status: Status) -> None:
    by_device = [row for row in rows(status=status) if REQUESTS[row.function].by_device]
    assert {row.then for row in by_device} == {Then.GOES if status is ACQUIRED else Then.ACQUIRE}
    assert all(row.signer == Signer(True, "printer@example.com") for row in by_device)


@pytest.mark.manual("S17")
@pytest.mark.parametrize("status", [REQUIRED, EXPIRED, ACQUIRED])
def test_s17_the_printed_table_refuses_another_from(status: Status) -> None:
    acts = rows(status=status, chosen=From.OTHER)
    by_person = [row for row in acts if not REQUESTS[row.function].by_device]
    assert {row.then for row in by_person} == {Then.REFUSED}
