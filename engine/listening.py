"""Where the engine can be called: an address of this machine, or in words why it cannot be had."""

import errno
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType

from .words import Spoken

WHY: Mapping[int, str] = MappingProxyType({
    errno.EADDRINUSE: "listening.in-use",
    errno.EACCES: "listening.not-allowed",
    errno.EADDRNOTAVAIL: "listening.not-here",
})  # fmt: skip


class CannotListen(Spoken, OSError):
    """The address is another program's, or may not be had, or is none of this machine's."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        code = WHY.get(error.errno or 0, "listening.other")
        if isinstance(error, socket.gaierror):
            code = "listening.unknown-host"
        super().__init__(code, address=address, port=port, why=error.strerror or type(error).__name__)


def bound(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Listens from now on. `host`: an address, or a name, of which the first address counts. Raises
    CannotListen.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=backlog)
    except OSError as error:
        raise CannotListen(host, port, error) from None


def is_loopback(host: str) -> bool:
    """Of this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
