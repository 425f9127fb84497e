"""Who must have signed in for a message: a pure table from settings, function, user and From (S17-S21).

Rule: the From address decides. An address that is neither the person's own nor the administrator's is
nobody's, unless the settings or the provider's claims say whose it is.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.request import REQUESTS, Function
from ..events.settings import Administrator, ChangeFrom, DeviceSettings, FromAddress
from .refresh_token import ACQUIRED, Status


class Sender(NamedTuple):
    """A message as far as its From decides anything."""

    by_device: bool
    "The device sends it by itself, as administrator, and nobody chooses its From (S21)."
    user_address: str | None
    chosen: str | None
    "The From that the person chose."
    login: str = ""
    "Whose aliases and shared mailboxes count."
    confirmed: tuple[str, ...] = ()
    "Other addresses of the person's account, by the provider's claims."


class Signer(NamedTuple):
    as_administrator: bool
    address: str
    "The From address."


def folded(address: str) -> str:
    """Without case, as every provider that is known treats addresses. What only looks like ASCII when it is
    folded (a Kelvin sign, a ligature) is another mailbox.
    """
    if address.isascii():
        return address.lower()
    folds = ((each, each.casefold()) for each in address)
    return "".join(fold if each.isascii() or not fold.isascii() else each for each, fold in folds)


def same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and folded(one) == folded(other)


def among(address: str | None, addresses: Iterable[str]) -> bool:
    return any(same(address, each) for each in addresses)


def aliases(settings: DeviceSettings, login: str) -> tuple[str, ...]:
    """Other addresses of the same mailbox, as configured; `login` may be `administrator`."""
    return settings.aliases.get(login, ())


def shared(settings: DeviceSettings, login: str) -> tuple[str, ...]:
    """Shared mailboxes that this login may send from, as configured."""
    return tuple(address for address, logins in settings.shared_mailboxes.items() if login in logins)


def accepted(
    settings: DeviceSettings, login: str, wanted: str, account: str, confirmed: Iterable[str]
) -> bool:
    """Whether the account that signed in is the wanted address or has it as an alias (S19)."""
    return among(wanted, (account, *confirmed)) or among(account, aliases(settings, login))


def signer(settings: DeviceSettings, sender: Sender) -> Signer | None:
    """None: no identity may send this; the rules S3, S17 say why."""
    administrator, setting = settings.administrator.address, settings.from_address.setting
    if sender.by_device:
        return Signer(True, administrator) if administrator else None
    if setting in (ChangeFrom.LOGIN_USER, ChangeFrom.USER_CHANGES):
        return of_user(settings, sender)
    fixed = settings.from_address.bulk if setting is ChangeFrom.BULK else administrator
    if fixed is None or (sender.chosen is not None and not same(sender.chosen, fixed)):
        return None
    return Signer(True, fixed)


def of_user(settings: DeviceSettings, sender: Sender) -> Signer | None:
    own, chosen, login = sender.user_address, sender.chosen, sender.login
    if own is not None and (chosen is None or same(chosen, own)):
        return Signer(False, own)
    if chosen is None or settings.from_address.setting is not ChangeFrom.USER_CHANGES:
        return None
    if among(chosen, (*aliases(settings, login), *sender.confirmed, *shared(settings, login))):
        return Signer(False, chosen) if own is not None else None
    administrator = settings.administrator.address
    of_administrator = (*aliases(settings, ADMINISTRATOR), *shared(settings, ADMINISTRATOR))
    if same(chosen, administrator) or (administrator and among(chosen, of_administrator)):
        return Signer(True, chosen)
    return None


def may_send_as(
    settings: DeviceSettings, login: str, address: str, confirmed: Iterable[str]
) -> tuple[str, ...]:
    """Every address that this identity's sign-in sends from now; `login` may be `administrator`. With
    [OAuth 2.0] OFF the bulk address may be another than the administrator's (S7, S17).
    """
    bulk = None
    if login == ADMINISTRATOR and settings.from_address.setting is ChangeFrom.BULK:
        bulk = settings.from_address.bulk
    return (
        address,
        *((bulk,) if bulk and (same(bulk, address) or not settings.oauth.enabled) else ()),
        *aliases(settings, login),
        *confirmed,
        *shared(settings, login),
    )


class From(StrEnum):
    """The From of a message, as a person may choose it."""

    OWN = "the person's own"
    ADMINISTRATORS = "the administrator's"
    OTHER = "another"


class Then(StrEnum):
    """What becomes of the message."""

    GOES = "it goes"
    SCREEN = "the sign-in screen opens, then it goes"
    NEXT_LOG_IN = "it waits; the person is asked at the next log-in"
    ACQUIRE = "it waits for [Acquire]"
    REFUSED = "it is refused"


class Decision(NamedTuple):
    """One row of the table that the documents print."""

    setting: ChangeFrom
    function: Function
    chosen: From
    status: Status
    "Of the refresh token of who must have signed in."
    signer: Signer | None
    then: Then


def then(function: Function, who: Signer | None, status: Status) -> Then:
    if who is None:
        return Then.REFUSED
    if status is ACQUIRED:
        return Then.GOES
    if who.as_administrator:
        return Then.ACQUIRE
    return Then.SCREEN if REQUESTS[function].opens_screen else Then.NEXT_LOG_IN


EXAMPLE = {
    From.OWN: "kim@example.com",
    From.ADMINISTRATORS: "printer@example.com",
    From.OTHER: "lee@example.com",
}


def example(setting: ChangeFrom) -> DeviceSettings:
    administrator = EXAMPLE[From.ADMINISTRATORS]
    return DeviceSettings(
        administrator=Administrator(address=administrator),
        from_address=FromAddress(setting=setting, bulk=administrator),
    )


def decisions() -> Iterator[Decision]:
    """The whole table, each row by the function that decides in the device: kim sends from the printer, and
    no alias or shared mailbox is configured.
    """
    own = EXAMPLE[From.OWN]
    for setting in ChangeFrom:
        settings = example(setting)
        for function in Function:
            by_device = REQUESTS[function].by_device
            for chosen in From:
                who = signer(settings, Sender(by_device, own, EXAMPLE[chosen], "kim"))
                for status in Status:
                    yield Decision(setting, function, chosen, status, who, then(function, who, status))
