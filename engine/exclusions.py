"""What is reached without the proxy (S4): host names, domains, addresses and networks, as an administrator
writes them in [Address not to use the proxy].

Rule: nothing is looked up. An address or a network excludes hosts that are written as an address, never a
name that would resolve to one: a proxy is often there because this device cannot resolve names at all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .words import Spoken

EVERYTHING = "*"
PORT_MAX = 65_535
WITH_PORT = re.compile(r"(?P<where>\[[^\]]*\](?:/[0-9]{1,3})?|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
NAME = re.compile(r"\.?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")
NUMBERS = re.compile(r"[0-9./]*|.*[/:].*")
"What is meant for an address or a network, and is none."


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One entry, read."""

    name: str = ""
    "A host in small letters; with a dot in front a domain with everything below it; or `EVERYTHING`."
    network: IPv4Network | IPv6Network | None = None
    "A single address is a network of one."
    port: int | None = None
    "None: any."

    def matches(self, host: str, port: int) -> bool:
        """`host`: as in a URL, with or without brackets."""
        if self.port not in (None, port):
            return False
        plain = host.strip("[]").partition("%")[0].casefold().rstrip(".")
        if self.network is not None:
            return _within(plain, self.network)
        domain = self.name.removeprefix(".")
        below = self.name.startswith(".") and plain.endswith(self.name)
        return self.name == EVERYTHING or plain == domain or below


class ExclusionUnusable(Spoken, ValueError):
    """What stands in [Address not to use the proxy] names nothing that could be reached."""

    def __init__(self, code: str, entry: str) -> None:
        super().__init__(code, entry=entry)


def exclusion(entry: str) -> Exclusion:
    """Reads `host`, `.domain` or `*.domain`, `*`, `192.0.2.7`, `10.0.0.0/8`, `[fd00::1]`, each with `:port`
    where one is meant; without a port IPv6 needs no brackets. Raises ExclusionUnusable.
    """
    text = entry.strip().casefold()
    where, port = text, None
    if text.startswith("[") or text.count(":") < 2:
        parts = WITH_PORT.fullmatch(text)
        if parts is None:
            raise ExclusionUnusable("exclusion.form", entry)
        where = parts["where"].replace("[", "").replace("]", "")
        port = int(parts["port"]) if parts["port"] else None
    if port is not None and not 1 <= port <= PORT_MAX:
        raise ExclusionUnusable("exclusion.port", entry)
    if where == EVERYTHING:
        return Exclusion(EVERYTHING, port=port)
    try:
        return Exclusion(network=ip_network(where, strict=False), port=port)
    except ValueError:
        return Exclusion(_name(where, entry), port=port)


def excluded(host: str, port: int, exclusions: Iterable[Exclusion]) -> bool:
    """Whether this host is reached without the proxy."""
    return any(each.matches(host, port) for each in exclusions)


def _within(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address in network


def _name(where: str, entry: str) -> str:
    if NUMBERS.fullmatch(where):
        raise ExclusionUnusable("exclusion.numbers", entry)
    name = where.removeprefix("*") if where.startswith("*.") else where
    if not NAME.fullmatch(name):
        raise ExclusionUnusable("exclusion.name", entry)
    return name.rstrip(".")
