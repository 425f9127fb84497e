"""Who a client is (B13): by its password, or at an address of loopback by where it calls from; else a program
on this machine of which nothing else is known.

Rule: a guess is slow, and it is not told whether the name, the password or the place was wrong; a password
that was right once is known again by a digest that this process alone can make.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from ...events.programs import Client, Programs
from ..passwords import matches
from ..ports import Credentials
from ..secret import Secret
from ..settings import CredentialError

KEY_OCTETS = 32
HOUSEHOLD = 64
"Bits of an IPv6 address that one subscriber has at least (RFC 6177)."
ADDRESSES = 256
"That are remembered as they were read."
Address = IPv4Address | IPv6Address
log = logging.getLogger("franking")


class Guest(NamedTuple):
    """Who is at the other end."""

    name: str
    "Of the client in the settings; empty: a program on this machine that is not named there."
    client: Client | None


UNNAMED = Guest("", None)
"A program on this machine."


def address_of(peer: object) -> Address:
    """Of a socket's peer."""
    return read(str(peer[0]) if isinstance(peer, tuple) else "127.0.0.1")  # a socket of this machine


@lru_cache(ADDRESSES)
def read(text: str) -> Address:
    """An IPv4 address that came over IPv6 is the IPv4 address."""
    found = ip_address(text.partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def place_of(address: Address) -> str:
    """As what its connections, messages and guesses count: this machine has many addresses of its own, and
    whoever has one of IPv6 has the whole /64 that it lies in.
    """
    if address.is_loopback:
        return "loopback"
    return str(
        ip_network((address, HOUSEHOLD), strict=False) if isinstance(address, IPv6Address) else address
    )


def calls_from(client: Client, address: Address) -> int | None:
    """How long the prefix is of the network that has the address; None: none of them has it."""
    found = (ip_network(each) for each in client.networks)
    return max((each.prefixlen for each in found if address in each), default=None)


def by_network(programs: Programs, address: Address) -> Guest | None:
    """Of the clients without a password: the one with the narrowest network, of these the first."""
    best, longest = None, -1
    for name, client in programs.clients.items():
        prefix = calls_from(client, address) if client.password is None and client.networks else None
        if prefix is not None and prefix > longest:
            best, longest = Guest(name, client), prefix
    return best


def guest_at(programs: Programs, address: Address) -> Guest | None:
    """Who it is at an address of loopback, without a sign-in; None: nobody whose mail is taken."""
    return by_network(programs, address) or (UNNAMED if address.is_loopback else None)


class Passwords:
    def __init__(self, settings: Callable[[], Programs], credentials: Credentials) -> None:
        self.settings, self.credentials = settings, credentials
        self.key = secrets.token_bytes(KEY_OCTETS)
        self.right: dict[str, bytes] = {}
        "By client: a digest of the hash that is kept and of the password that it was made from."
        self.one = asyncio.Lock()
        "One is looked at at a time, for it costs memory."

    @property
    def any(self) -> bool:
        return any(client.password is not None for client in self.settings().clients.values())

    async def sign_in(self, name: str, password: Secret, address: Address) -> Guest | None:
        """None: there is no such client, it is not its password, or it may not sign in from there."""
        client = self.settings().clients.get(name)
        may = client is not None and (not client.networks or calls_from(client, address) is not None)
        kept = self.kept(name, client) if client is not None and may else None
        made = self.digest(kept, password) if kept is not None else b""
        if made and compare_digest(self.right.get(name, b""), made):
            return Guest(name, client)
        async with self.one:
            if not await asyncio.to_thread(matches, password, kept):
                return None
        self.right[name] = made
        return Guest(name, client)

    def why_not(self, name: str, address: Address) -> str:
        """For the log alone: who tried is not told. What is no client's name may be a mistyped password."""
        client = self.settings().clients.get(name)
        if client is None:
            return "it gave a name that is no client's in [programs.clients]"
        if client.password is None:
            return f"the client {name!r} has no password: set one by `franking password --client {name}`"
        if client.networks and calls_from(client, address) is None:
            return f"the client {name!r} may not sign in from there: its `networks` name others"
        return f"the password is not that of the client {name!r}, or what is kept of it cannot be read"

    def kept(self, name: str, client: Client) -> Secret | None:
        if client.password is None:
            return None
        try:
            return self.credentials.read(client.password)
        except CredentialError as error:
            log.warning("the password of the client %r cannot be read: %s", name, error)
            return None

    def digest(self, kept: Secret, password: Secret) -> bytes:
        made = blake2b(key=self.key)
        for each in (kept, password):
            octets = each.reveal().encode("utf-8", "surrogatepass")
            made.update(len(octets).to_bytes(8, "big") + octets)
        return made.digest()
