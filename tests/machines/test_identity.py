"""Who must have signed in: the From address decides (S17, S20, S21)."""

import pytest

from franking.events.settings import Administrator, ChangeFrom, DeviceSettings, FromAddress
from franking.machines.identity import Sender, Signer, same, signer

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
    assert same("ß@example.com", "SS@example.com"), "as Unicode folds it"
    assert not same(None, None), "no address is nobody's"
