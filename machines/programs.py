"""Whose mail a program brings that cannot sign in (B13): a pure table from settings, client and From.

Rule: the From decides (S17). One that no mailbox has is nobody's, unless the settings say whose it is; and a
program speaks for nobody else than for whom it is there.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.programs import Client
from ..events.settings import DeviceSettings
from .identity import aliases, among, folded
from .roles import Role, Viewer


class Whose(NamedTuple):
    login: str
    "Or `administrator`."
    chosen: str | None
    "The From, where the message goes with it."


class Bringer(NamedTuple):
    """Who hands a message over on this machine."""

    client: Client | None
    "None: a program of which nothing is known but that it runs here."
    name: str = ""
    "By which whose mail it is is found, whatever its From says; empty: by the From."


class Stranger(StrEnum):
    """Why nobody is found."""

    NOBODY = "programs.nobody"
    "No mailbox here has that From."
    UNKNOWN_CLIENT = "programs.unknown-client"
    "It is somebody's, and who brings it has not said who he is."
    UNKNOWN_USER = "programs.unknown-user"
    "The same where the system says as whom the program runs."
    ANOTHERS = "programs.anothers"
    "The program is there for somebody else."
    ANOTHER_USER = "programs.another-user"
    "The same where the system says as whom the program runs."
    DEVICE_ALONE = "programs.device-alone"
    "The program is there for the device, and the From is not the administrator's."


OF_USER: Mapping[Stranger, Stranger] = MappingProxyType({
    Stranger.UNKNOWN_CLIENT: Stranger.UNKNOWN_USER,
    Stranger.ANOTHERS: Stranger.ANOTHER_USER,
})  # fmt: skip


def mapped(senders: Mapping[str, str], writer: str) -> str | None:
    """By the whole address, or by the name where it has no domain. Without case."""
    return {folded(each): login for each, login in senders.items()}.get(folded(writer))


def mapped_by_domain(senders: Mapping[str, str], writer: str) -> str | None:
    _, at, domain = writer.rpartition("@")
    return mapped(senders, at + domain) if at else None


def of_administrator(settings: DeviceSettings, writer: str) -> bool:
    own = (settings.administrator.address, settings.from_address.bulk, *aliases(settings, ADMINISTRATOR))
    return among(writer, (each for each in own if each))


def whose(
    settings: DeviceSettings,
    client: Client | None,
    writer: str,
    login_of: Callable[[str], str | None],
    *,
    names_itself: bool = True,
) -> Whose | Stranger:
    """`client`: None for a program on this machine of which nothing else is known; `writer`: the From, or
    where there is none the MAIL FROM; `login_of`: whose address that is. `names_itself`: False where the
    system says as whom a program runs, so that another user's name in a From says nothing.
    """
    user = client.user if client is not None else None
    senders, of_device = settings.programs.senders, of_administrator(settings, writer)
    login = mapped(senders, writer) if names_itself or "@" in writer else None
    if (
        login is None and not of_device and login_of(writer) is None
    ):  # a mailbox is none of its domain's odd ones
        login = mapped_by_domain(senders, writer)
    if login is not None:
        return Whose(login, None) if user in (None, login) else Stranger.ANOTHERS
    without_domain = "@" not in writer
    if user == ADMINISTRATOR or (user is None and (without_domain or of_device)):
        own = without_domain or of_device
        return Whose(ADMINISTRATOR, None) if own else Stranger.DEVICE_ALONE
    if user is not None:
        return Whose(user, None if without_domain else writer)
    found = login_of(writer)
    if found is None:
        return Stranger.NOBODY
    return Whose(found, writer) if client is not None else Stranger.UNKNOWN_CLIENT


def bringer(settings: DeviceSettings, viewer: Viewer, name: str, address: str | None) -> Bringer:
    """Of who runs as this user of the system: `name`; `address`: of the device's user with that login; None:
    there is none. A person brings mail of his own; who speaks for the device brings anybody's; any other user
    of the system is a program's.
    """
    if viewer.role is Role.CONTROLLER:
        return Bringer(Client())
    if address is not None and name != ADMINISTRATOR:
        return Bringer(Client(user=name))
    return Bringer(None, "" if mapped(settings.programs.senders, name) is None else name)
