"""Which mail addresses and which submission servers are known to be a provider's (S3, S5).

Rule: what stands here only warns. An organisation's own domain belongs to nobody here, and a provider that
this table does not know is never warned about.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..events.settings import GOOGLE, MICROSOFT, PROVIDERS

DOMAINS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        MICROSOFT: frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com", "onmicrosoft.com"}),
        GOOGLE: frozenset({"gmail.com", "googlemail.com"}),
    }
)
"Domains of mail addresses by provider; subdomains count."
SERVERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        MICROSOFT: frozenset({"office365.com", "outlook.com", "office365.us", "outlook.cn"}),
        GOOGLE: frozenset({"gmail.com", "google.com", "googlemail.com"}),
    }
)
"Domains of submission servers by provider, those of its national clouds included; subdomains count."


def plain_host(name: str) -> str:
    """As hosts are compared: without case, and without the dot of a full name (RFC 1034 section 3.1)."""
    return name.casefold().rstrip(".")


def same_host(one: str, other: str) -> bool:
    return plain_host(one) == plain_host(other)


def within(name: str, domains: Iterable[str]) -> bool:
    """Whether a host or domain name is one of these domains or stands below one."""
    plain = plain_host(name)
    return any(plain == domain or plain.endswith(f".{domain}") for domain in domains)


def whose(provider: str) -> str:
    """Whose service it is: Microsoft's, of each of its clouds."""
    return PROVIDERS.get(provider, provider)


def of_another(provider: str, address: str) -> bool:
    """The address is known to be another provider's."""
    domain, own = address.rpartition("@")[2], whose(provider)
    others = (domains for name, domains in DOMAINS.items() if name != own)
    return own in DOMAINS and any(within(domain, domains) for domains in others)


def strange(provider: str, server: str) -> bool:
    """The server is known not to be this provider's."""
    own = whose(provider)
    return own in SERVERS and not within(server, SERVERS[own])
