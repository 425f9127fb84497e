"""Who must have signed in for a message: a pure table from settings, function and From (S17, S20, S21)."""

from typing import NamedTuple

from ..events.settings import ChangeFrom, DeviceSettings


class Sender(NamedTuple):
    """A message as far as its From decides anything."""

    by_device: bool
    "The device sends it by itself, as administrator (S21)."
    user_address: str | None
    chosen: str | None
    "The From that the person chose."


class Signer(NamedTuple):
    as_administrator: bool
    address: str
    "The From address."


def same(one: str | None, other: str | None) -> bool:
    """Addresses are compared without case: every provider that is known treats them so."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def signer(settings: DeviceSettings, sender: Sender) -> Signer | None:
    """None: no identity may send this; the rules S3, S17 say why."""
    administrator, setting = settings.administrator.address, settings.from_address.setting
    if sender.by_device or setting is ChangeFrom.ADMINISTRATOR:
        fixed = administrator
    elif setting is ChangeFrom.BULK:
        fixed = settings.from_address.bulk
    else:
        return of_user(settings, sender)
    if fixed is None or (sender.chosen is not None and not same(sender.chosen, fixed)):
        return None
    return Signer(True, fixed)


def of_user(settings: DeviceSettings, sender: Sender) -> Signer | None:
    if sender.user_address is not None and (
        sender.chosen is None or same(sender.chosen, sender.user_address)
    ):
        return Signer(False, sender.user_address)
    may_change = settings.from_address.setting is ChangeFrom.USER_CHANGES
    if may_change and same(sender.chosen, settings.administrator.address) and sender.chosen is not None:
        return Signer(True, sender.chosen)
    return None
