"""The first steps: the settings, the names in them, and the proxy."""

import asyncio
import socket

from ...events.information import Actor
from ...machines.rules import RULES
from ..adapters import proxy_of
from ..exclusions import excluded
from ..oauth.faults import Fault, fault
from ..oauth.session import CallError
from ..ports import HttpProxy
from ..settings import CredentialError
from .ground import Ground
from .provider import blamed, ends, token_host
from .step import Ends, Finding, Mark, Name


async def settings(ground: Ground) -> Finding:
    """Rules and what the settings name, as for every start of the engine (S15, S16)."""
    words, oauth = ground.words, ground.settings.oauth
    told = [words.rule(rule) for rule in ground.rules]
    told += [(f"{each.named(words)}: {each.told(words)}", "") for each in ground.mistakes]
    if told:
        cause = " ".join(cause for cause, _ in told)
        remedy = " ".join(remedy for _, remedy in told if remedy)
        actor = next((rule.actor for rule in ground.rules), Actor.ADMIN)
        named = [rule.code for rule in ground.rules] + [each.key for each in ground.mistakes]
        return Finding(Mark.FAILED, ", ".join(named), cause, remedy, actor)
    if not oauth.enabled:
        return ground.ok(ground.say("check.settings.off"))
    return ground.ok(ground.say("check.settings.on", provider=oauth.provider))


async def dns(ground: Ground) -> Finding:
    """Every name that this device itself must resolve: behind a proxy the provider's is the proxy's."""
    found: dict[str, str] = {}
    for host, port in wanted(ground):
        try:
            addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return Finding(
                Mark.FAILED,
                host,
                ground.say("check.dns.cause", host=host),
                ground.say("check.dns.remedy"),
                Actor.ADMIN,
                Ends.UNREACHABLE,
            )
        found[host] = str(addresses[0][4][0])
    return ground.ok(", ".join(f"{host} → {address}" for host, address in found.items()))


def wanted(ground: Ground) -> list[tuple[str, int]]:
    hosts = []
    if ground.settings.oauth.enabled:
        proxy = ground.settings.proxy
        behind = proxy.host is not None and passes(ground, proxy_without_password(ground))
        hosts.append((proxy.host or "", proxy.port) if behind else token_host(ground))
    if (server := ground.server()) is not None:
        hosts.append((server.host, server.port))
    return hosts


def proxy_without_password(ground: Ground) -> HttpProxy | None:
    without = ground.settings.proxy.model_copy(update={"credential": None})
    return proxy_of(without, ground.adapters.credentials)


def passes(ground: Ground, proxy: HttpProxy | None) -> bool:
    """What goes to the provider goes through it."""
    return proxy is not None and not excluded(*token_host(ground), proxy.exclusions)


async def proxy(ground: Ground) -> Finding:
    if not ground.settings.oauth.enabled:
        return Finding(Mark.NOT_NEEDED, ground.say("check.off"))
    try:
        used = proxy_of(ground.settings.proxy, ground.adapters.credentials)
    except CredentialError:
        return ground.trouble(fault(Fault.PROXY_PASSWORD), ground.settings.proxy.host or "")
    if used is None:
        return Finding(Mark.NOT_NEEDED, ground.say("check.proxy.none"))
    if not passes(ground, used):
        return Finding(Mark.NOT_NEEDED, ground.say("check.proxy.excluded", host=token_host(ground)[0]))
    asked, where = await ground.ask(), f"{used.host}:{used.port}"
    if isinstance(asked, CallError) and blamed(asked) is Name.PROXY:
        return ground.trouble(fault(asked.fault), where, ends(asked))
    return ground.ok(where)


def no_server(ground: Ground) -> Finding:
    rule = next(rule for rule in RULES if rule.code == "S5-none")
    sentence, remedy = ground.words.rule(rule)
    return Finding(Mark.FAILED, "", sentence, remedy, rule.actor)
