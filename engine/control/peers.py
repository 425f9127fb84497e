"""Who is at the other end of the socket, and what that makes him here (S33a).

Rule: the system says it when the connection is made; nothing that a request brings can change it.
"""

import os
import pwd
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from ...events.base import ADMINISTRATOR
from ...events.settings import Control
from ...machines.roles import Role, Viewer

CREDENTIALS = struct.Struct("3i")
"`struct ucred` of unix(7): process, user, group."


class Peer(NamedTuple):
    uid: int
    name: str
    "Of the user of the system; `#UID` where it has none."


def peer_of(connection: socket.socket) -> Peer:
    """Raises OSError where the system does not say."""
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    _, uid, _ = CREDENTIALS.unpack(said)
    return Peer(uid, name_of(uid))


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def viewer_of(peer: Peer, control: Control, own_uid: Callable[[], int] = os.geteuid) -> Viewer:
    """Root and the engine's own user could read all of it anyway."""
    if peer.uid in (0, own_uid()) or peer.name in control.controllers:
        return Viewer(Role.CONTROLLER)
    if peer.name in control.administrators:
        return Viewer(Role.ADMINISTRATOR)
    # Nobody is taken for the device by his name.
    return Viewer(Role.USER, "" if peer.name == ADMINISTRATOR else peer.name)
