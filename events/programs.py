"""Settings of what takes mail from programs that cannot sign in (B13).

Rule: a password stands nowhere; a setting names where its hash is kept.
"""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from .values import NEVER, Address, Line, Reference, Values

Writer = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=rf"^([^{NEVER}]+|[^{NEVER}]*@[^{NEVER}]+)$")
]
"An address, `@` and a domain for every address there, or a name without a domain, such as `root`."


def a_network(text: str) -> str:
    """Raises ValueError."""
    ip_network(text)
    return text


Network = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"),
    AfterValidator(a_network),
]
"An address of the network, or a network by its prefix, such as `192.0.2.0/24`."


class Client(Values):
    """One program, or several that are known in the same way."""

    user: Line | None = None
    "Whose mail it brings, or `administrator`; left out: whoever has the From address."
    password: Reference | None = None
    "The hash of its password, from `franking password --client NAME`: it signs in with that and its name."
    networks: tuple[Network, ...] = ()
    "Where it calls from: with a password from there alone; on this machine it is known by that without one."


class Programs(Values):
    """Mail of programs that cannot sign in: by SMTP, `franking-sendmail` and the drop folder (B13)."""

    senders: dict[Writer, Line] = Field(default_factory=dict)
    """A From that no mailbox has, and whose mail that is: a login name or `administrator`. It goes from the
    address that one's mail has: as set in [Change From Address Setting].
    """
    recipients: dict[Line, Address] = Field(default_factory=dict)
    "Where mail goes to a name without a domain, such as `root`; left out: to the administrator's address."
    clients: dict[Line, Client] = Field(default_factory=dict)
    "Programs by their names; left out: those on this machine, for `senders` and the administrator alone."
    certificate: Reference | None = None
    "Certificate with its private key (PEM), for STARTTLS and TLS; without it this machine alone is served."
    connections: Annotated[int, Field(ge=1, le=1000)] = 100
    "At once from one address, and twice as many in all."
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 6000
    "Messages that are taken from one client in a minute; the spool's quota limits them, too."
    octets: Annotated[int, Field(ge=10_000, le=1_000_000_000)] = 50_000_000
    "Of the largest message that is taken (SIZE, RFC 1870)."
