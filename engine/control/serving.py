"""The socket itself: bound by us, with the rights that the settings give it, served as long as a block lasts.

Rule: nobody may reach it for a moment with more rights than he shall have: it lies in a folder of its own,
which lets in who may use it and nobody else.
"""

import asyncio
import grp
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import h11

from ..engine import Engine
from ..web.serving import Connection, served
from ..words import Spoken, words
from .app import Control
from .dropped import taking_up
from .peers import peer_of
from .place import beside, socket_of
from .problems import problem
from .screen import ShownAtPlaces
from .shapes import MEDIA_TYPE
from .uploads import Uploads

PATH_MOST = 107
"Octets of a socket's path (unix(7))."
HEAD_MOST = 128 << 10
"Octets of a request's line and fields: the longest `to` with every octet of it escaped."
OF_ONE = 16
"Connections of one user of the system: another one still finds a place among all of them."
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class NoSuchGroup(Spoken, LookupError):
    """`[control] group` names a group that the system does not have, or that cannot be given the socket."""

    def __init__(self, group: str, why: str) -> None:
        super().__init__("control.group", group=group, why=why)
        self.group = group


class NotReadable(Spoken, ValueError):
    """What came is no HTTP, or its head is too long."""

    def __init__(self) -> None:
        super().__init__("control.not-readable", most=HEAD_MOST)


class PathTooLong(Spoken, OSError):
    def __init__(self, path: Path) -> None:
        super().__init__("control.path-long", path=path, most=PATH_MOST)
        self.path = path


class NoSocket(Spoken, OSError):
    """Something else lies where the socket shall stand; it is left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__("control.no-socket", path=path)
        self.path = path


class Answering(Connection):
    """What cannot be read as a request is answered as every other mistake is."""

    head_most = HEAD_MOST

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer has begun: no other fits in
            self.transport.close()
            return
        told = problem(NotReadable(), words())
        fields = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=told.status_code, headers=fields, reason=b"Bad Request"),
            h11.Data(data=bytes(told.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class PeerConnection(Answering):
    """Its requests know who asks."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.peer = peer_of(transport.get_extra_info("socket"))
        self.app_state = {**self.app_state, "peer": self.peer}
        super().connection_made(transport)
        if self.peer.uid not in (0, os.geteuid()) and self.of_the_same() > OF_ONE:
            transport.write(BUSY)
            transport.close()

    def of_the_same(self) -> int:
        return sum(isinstance(each, PeerConnection) and each.peer == self.peer for each in self.connections)


@asynccontextmanager
async def serve(
    engine: Engine,
    path: Path,
    screen: ShownAtPlaces,
    over: Callable[[], None] = lambda: None,
    drop: Path | None = None,
) -> AsyncIterator[Path]:
    """Serves the engine here as long as the block lasts, which stands inside the engine's. `over` is called
    where somebody has everything erased: the engine is to end then. `drop`: the folder in which programs left
    their mail. Raises NoSuchGroup, PathTooLong, NoSocket, OSError.
    """
    group = gid_of(engine.settings.control.group)
    listener = bound(path, group, engine.folder)
    uploads = Uploads(path.with_name("uploads"))
    uploads.close()  # of an engine that was killed
    try:
        control = Control(engine, screen, uploads, over)
        async with (
            served(control.app(), listener, kind=PeerConnection),
            taking_up(control.messages, drop, group),
        ):
            yield path
    finally:
        uploads.close()
        gone(path)


def gone(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def gid_of(group: str | None) -> int | None:
    """Raises NoSuchGroup."""
    if group is None:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise NoSuchGroup(group, "the system has none of this name") from None


def bound(path: Path, group: int | None, store: Path) -> socket.socket:
    """Raises NoSuchGroup, PathTooLong, NoSocket, OSError."""
    if len(os.fsencode(path)) > PATH_MOST:
        raise PathTooLong(path)
    if path.exists() and not path.is_socket():
        raise NoSocket(path)
    made = not path.parent.exists()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if made or path in (beside(store), socket_of(store, os.environ)):  # another folder keeps its rights
        given_to(path.parent, group, 0o700 if group is None else 0o750)
    gone(path)  # of an engine that was killed: the store's lock says that none runs
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        before = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(before)
        given_to(path, group, 0o600 if group is None else 0o660)
        listener.listen(128)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def given_to(path: Path, group: int | None, mode: int) -> None:
    """Raises NoSuchGroup."""
    if group is not None:
        try:
            os.chown(path, -1, group)
        except PermissionError:
            raise NoSuchGroup(grp.getgrgid(group).gr_name, "the engine's user is not in it") from None
    path.chmod(mode)
