"""The rules of send-job validation and of availability, as one table (S12-S16).

The validation machine, the settings check, submit, the dispatcher, the command line and the documents all
read it. A rule says when it is looked at, what it means there, in which words, by which act it is put right,
and who must act.

Rule of this file: a condition reads its arguments only, and what is broken is always reported together (S15).
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from ..events.information import Actor
from ..events.menu import spoken
from ..events.request import Function
from ..events.settings import (
    GOOGLE,
    MENU,
    MICROSOFT,
    ChangeFrom,
    Connection,
    DeviceSettings,
    Flow,
    HttpVersion,
    Security,
    TlsVersion,
)
from .identity import same, signer
from .mailboxes import of_another, strange, whose
from .message import UNKNOWN, Limits, Message, Situation


class Look(StrEnum):
    """When a rule is looked at."""

    SET = "set"
    "Any change of settings."
    TURN_ON = "turn on"
    "The change that turns [OAuth 2.0] ON."
    SIGN_IN = "sign-in"
    SUBMIT = "submit"
    SEND = "send"


class Verdict(StrEnum):
    CANNOT_BE_SET = "cannot be set"
    "The change is refused."
    NOT_AVAILABLE = "not available"
    "Sign-in is refused, a person's job too; what waits goes on waiting; tokens are kept."
    REFUSE = "refuse"
    "This job."
    WARN = "warn"
    "The change is made, and whoever made it is told; [Status] tells it, too."


class Rule(NamedTuple):
    code: str
    settings: tuple[str, ...]
    "The settings involved, by their keys."
    broken: Callable[[Situation], bool]
    looked_at: tuple[tuple[Look, Verdict], ...]
    sentence: str
    remedy: str
    "What to do; `{key}` stands for where that setting is found, and `Rule.act` says it."
    actor: Actor
    with_oauth_alone: bool = False
    "It is no rule while [OAuth 2.0] is OFF (S1)."

    @property
    def act(self) -> str:
        """The remedy in the manual's menu path."""
        return spoken(self.remedy, MENU)

    def verdict(self, look: Look) -> Verdict | None:
        return next((verdict for when, verdict in self.looked_at if when is look), None)


class Rules(tuple[Rule, ...]):  # noqa: SLOT001 - what is found once is kept in it
    """Rules in their order, sorted once by when they are looked at: every job looks at them twice."""

    @cached_property
    def by_look(self) -> Mapping[Look, tuple[Rule, ...]]:
        return {look: tuple(rule for rule in self if rule.verdict(look)) for look in Look}


ROUTED = frozenset({Function.SCAN_TO_ME, Function.TSI_ROUTING})
"Where they go is found by the device; what is wrong when they go nowhere, a rule of their own says."
UNAVAILABLE = tuple((look, Verdict.NOT_AVAILABLE) for look in (Look.SIGN_IN, Look.SUBMIT, Look.SEND))


def tls_1_3_alone_with_microsoft(now: Situation) -> bool:
    tls = now.settings.tls
    return (
        whose(now.settings.oauth.provider) == MICROSOFT and tls.minimum == tls.maximum == TlsVersion.TLS_1_3
    )


def google_without_http_2(now: Situation) -> bool:
    return whose(now.settings.oauth.provider) == GOOGLE and now.settings.http.version != HttpVersion.HTTP_2


def network_2_with_vlan(now: Situation) -> bool:
    network = now.settings.network
    return network.connection is Connection.NETWORK_2 and network.vlan


def no_administrator(now: Situation) -> bool:
    return now.settings.administrator.address is None


def address_of_another_provider(now: Situation) -> bool:
    address = now.settings.administrator.address
    return address is not None and of_another(now.settings.oauth.provider, address)


def strange_server(now: Situation) -> bool:
    server = now.settings.smtp.server
    return server is not None and strange(now.settings.oauth.provider, server)


def bulk_differs(now: Situation) -> bool:
    chosen = now.settings.from_address
    return chosen.setting is ChangeFrom.BULK and not same(chosen.bulk, now.settings.administrator.address)


def minimum_above_maximum(now: Situation) -> bool:
    return now.settings.tls.minimum > now.settings.tls.maximum


def unsigned(now: Situation) -> bool:
    """There is a message, and nobody whose sign-in would send it."""
    return now.message is not None and signer(now.settings, now.message.sender) is None


def no_address(now: Situation) -> bool:
    needs_user = now.settings.from_address.setting in (ChangeFrom.LOGIN_USER, ChangeFrom.USER_CHANGES)
    message = now.message
    return (
        needs_user
        and message is not None
        and not message.sender.by_device
        and message.sender.user_address is None
        and unsigned(now)
    )


def from_not_allowed(now: Situation) -> bool:
    """The From that was chosen is what is wrong: without it there would be somebody to sign in."""
    message = now.message
    return (
        unsigned(now)
        and message is not None
        and signer(now.settings, message.sender._replace(chosen=None)) is not None
    )


def no_sender(now: Situation) -> bool:
    return unsigned(now) and not no_address(now) and not from_not_allowed(now)


def former_address(now: Situation) -> bool:
    return now.message is not None and now.message.former_from


def no_server(now: Situation) -> bool:
    return now.message is not None and now.limits.server is None


def no_recipients(now: Situation) -> bool:
    message = now.message
    return message is not None and message.recipients == 0 and message.function not in ROUTED


def nowhere_to_me(now: Situation) -> bool:
    message = now.message
    return message is not None and message.recipients == 0 and message.function is Function.SCAN_TO_ME


def no_route(now: Situation) -> bool:
    message = now.message
    return message is not None and message.recipients == 0 and message.function is Function.TSI_ROUTING


def too_many_recipients(now: Situation) -> bool:
    most = now.limits.recipients_max
    return now.message is not None and most is not None and now.message.recipients > most


def too_large(now: Situation) -> bool:
    octets = now.message.octets if now.message is not None else None
    most = now.limits.octets_max
    return octets is not None and most is not None and octets > most


def function_off(now: Situation) -> bool:
    return now.message is not None and now.message.function in now.settings.functions.off


def links_lead_nowhere(now: Situation) -> bool:
    to_url = now.message is not None and now.message.function is Function.SCAN_TO_URL
    return to_url and now.settings.box.public_url is None


def mail_about_failed_mail(now: Situation) -> bool:
    return now.message is not None and now.message.reports_failed_mail


def report_over_closed_mailbox(now: Situation) -> bool:
    return now.message is not None and now.message.reports_mail and now.message.mailbox_closed


def refused_from(now: Situation) -> bool:
    return now.message is not None and now.message.refused_from


def oauth_off(now: Situation) -> bool:
    return not now.settings.oauth.enabled


def no_client_id(now: Situation) -> bool:
    return not now.settings.oauth.client_id


def code_turned_off(now: Situation) -> bool:
    return now.settings.oauth.flow is Flow.CODE and not now.settings.oauth.device_code


def half_a_sign_in(now: Situation) -> bool:
    smtp = now.settings.smtp
    return not now.settings.oauth.enabled and (smtp.user is None) != (smtp.user_credential is None)


def secret_over_a_plain_connection(now: Situation) -> bool:
    smtp = now.settings.smtp
    secret = now.settings.oauth.enabled or smtp.user is not None or smtp.user_credential is not None
    return smtp.security is Security.NONE and secret


SUBMIT, SEND = Look.SUBMIT, Look.SEND
REFUSED_AT_ONCE = ((SUBMIT, Verdict.REFUSE),)

RULES = Rules((
    Rule("S1-off", ("oauth.enabled",), oauth_off, ((Look.SIGN_IN, Verdict.NOT_AVAILABLE),),
         "[OAuth 2.0] is OFF, so there is nothing to sign in for.",
         "Set {oauth.enabled} to ON.",
         Actor.ADMIN),
    Rule("S3-administrator", ("administrator.address", "oauth.enabled"), no_administrator,
         ((Look.SET, Verdict.CANNOT_BE_SET), *UNAVAILABLE),
         "OAuth authentication needs the administrator's e-mail address, and none is registered.",
         "Set {administrator.address}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S3-domain", ("administrator.address", "oauth.provider"), address_of_another_provider,
         ((Look.SET, Verdict.WARN),),
         "The administrator's e-mail address is known to be at another provider than [OAuth 2.0 Provider].",
         "If the address is right, choose its provider: {oauth.provider}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S5-server", ("smtp.server", "oauth.provider"), strange_server, ((Look.SET, Verdict.WARN),),
         "The SMTP server does not belong to [OAuth 2.0 Provider]: it may not take the provider's tokens.",
         "Leave {smtp.server} empty for the provider's own server, unless this one is meant.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S5-none", ("smtp.server", "oauth.enabled"), no_server, REFUSED_AT_ONCE,
         "No SMTP server is set, so there is nowhere to send mail to.",
         "Set {smtp.server}.",
         Actor.ADMIN),
    Rule("S7-bulk", ("from_address.setting", "from_address.bulk", "administrator.address"), bulk_differs,
         ((Look.SET, Verdict.CANNOT_BE_SET), (SUBMIT, Verdict.REFUSE), (SEND, Verdict.REFUSE)),
         "With [Bulk setting] the From address must be the administrator's e-mail address; it is another.",
         "Set the same address in {from_address.bulk} and {administrator.address}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S12-tls", ("tls.minimum", "tls.maximum", "oauth.provider"), tls_1_3_alone_with_microsoft,
         UNAVAILABLE,
         "OAuth authentication with Microsoft is not available while TLSv1.3 is both minimum and maximum.",
         "Set TLSv1.2 as {tls.minimum}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S13-http", ("http.version", "oauth.provider"), google_without_http_2, UNAVAILABLE,
         "OAuth authentication with Google needs HTTP/2, and the HTTP version setting is HTTP/1.1 alone.",
         "Set [HTTP/2,HTTP/1.1] as {http.version}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S14-vlan", ("network.connection", "network.vlan", "oauth.enabled"), network_2_with_vlan,
         ((Look.TURN_ON, Verdict.CANNOT_BE_SET), *UNAVAILABLE),
         "OAuth authentication is not available on Network 2 with VLAN enabled.",
         "Connect the device to Network 1, or turn off {network.vlan}.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S2-client", ("oauth.client_id", "oauth.enabled"), no_client_id,
         ((Look.SET, Verdict.CANNOT_BE_SET), *UNAVAILABLE),
         "No client id is set, so the OAuth provider would not know this application.",
         "Set {oauth.client_id} to the id of the application's registration at the provider.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("B3-code", ("oauth.flow", "oauth.device_code"), code_turned_off,
         ((Look.SET, Verdict.CANNOT_BE_SET), (Look.SIGN_IN, Verdict.NOT_AVAILABLE)),
         "People are to sign in with a code, and signing in with a code is turned off on this device.",
         "Set the browser in {oauth.flow}, or, if the organisation allows codes, {oauth.device_code} to ON.",
         Actor.ADMIN, with_oauth_alone=True),
    Rule("S17-address", ("from_address.setting", "users"), no_address, REFUSED_AT_ONCE,
         "The From address is to be the login user's, and this user has no e-mail address.",
         "Register the user's e-mail address, or choose another {from_address.setting}.",
         Actor.ADMIN),
    Rule("S17-from", ("from_address.setting", "aliases", "shared_mailboxes"), from_not_allowed,
         REFUSED_AT_ONCE,
         "This From address may not be used here.",
         "Leave the From address as it is, or choose another {from_address.setting}.",
         Actor.PERSON),
    Rule("S17-sender", ("administrator.address", "from_address.bulk"), no_sender, REFUSED_AT_ONCE,
         "There is no address that this message could be from.",
         "Set {administrator.address}.",
         Actor.ADMIN),
    Rule("S17-former", ("administrator.address", "users", "aliases", "shared_mailboxes"), former_address,
         ((SEND, Verdict.REFUSE),),
         "This message was accepted with a From address that belongs to nobody here any more.",
         "Send it again: it then has the From address that holds now.",
         Actor.PERSON),
    Rule("S17-refused", ("from_address.setting", "shared_mailboxes"), refused_from,
         ((SUBMIT, Verdict.REFUSE), (SEND, Verdict.REFUSE)),
         "The mail server has refused this From address: the account that sends may not send as it.",
         "Have the right [Send As] given to the account and sign in again, or use another From address.",
         Actor.TENANT),
    Rule("S20-off", ("functions.off",), function_off, REFUSED_AT_ONCE,
         "This function is turned off on this device.",
         "Use another function, or take this one out of {functions.off}.",
         Actor.ADMIN),
    Rule("S20-me", ("users",), nowhere_to_me, REFUSED_AT_ONCE,
         "Scan to Me sends to the login user's own e-mail address, and this user has none.",
         "Register the user's e-mail address.",
         Actor.ADMIN),
    Rule("S21-route", ("tsi_routing.routes", "tsi_routing.otherwise"), no_route, REFUSED_AT_ONCE,
         "TSI Routing has no address for this sender's number.",
         "Add the number to {tsi_routing.routes}, or set {tsi_routing.otherwise}.",
         Actor.ADMIN),
    Rule("S21-report", (), mail_about_failed_mail, REFUSED_AT_ONCE,
         "A mail that failed is not reported by mail.",
         "Look at the job's reason on the [Information] screen.",
         Actor.ADMIN),
    Rule("S21-closed", (), report_over_closed_mailbox, REFUSED_AT_ONCE,
         "A report about mail is not sent over a mailbox that is closed.",
         "The [Information] screen says what closed it.",
         Actor.ADMIN),
    Rule("S22-box", ("box.public_url",), links_lead_nowhere,
         ((SUBMIT, Verdict.REFUSE), (SEND, Verdict.REFUSE)),
         "Scan to URL is off: nobody has set where people reach this device's links.",
         "Set {box.public_url} to the address at which people reach this device.",
         Actor.ADMIN),
    Rule("S33-recipients", (), no_recipients, REFUSED_AT_ONCE,
         "The message has no recipient.",
         "Name at least one e-mail address.",
         Actor.PERSON),
    Rule("S33-many", (), too_many_recipients, ((SUBMIT, Verdict.REFUSE), (SEND, Verdict.REFUSE)),
         "The message has more recipients than the provider takes at once.",
         "Send it to fewer at a time.",
         Actor.PERSON),
    Rule("S33-size", (), too_large, REFUSED_AT_ONCE,
         "The message is larger than the mail server takes.",
         "Send less at a time: a lower resolution, fewer pages, smaller files, or use Scan to URL.",
         Actor.PERSON),
    Rule("S1-password", ("smtp.user", "smtp.user_credential"), half_a_sign_in,
         ((Look.SET, Verdict.CANNOT_BE_SET),),
         "Of user name and password for the SMTP server one is set without the other, so that mail would go "
         "without a sign-in.",
         "Set both {smtp.user} and {smtp.user_credential}, or neither for a server that wants no sign-in.",
         Actor.ADMIN),
    Rule("S30-plain", ("smtp.security", "oauth.enabled", "smtp.user"), secret_over_a_plain_connection,
         ((Look.SET, Verdict.CANNOT_BE_SET),),
         "Without a secure connection to the SMTP server neither a token nor a password may be sent.",
         "Set STARTTLS or implicit TLS as {smtp.security}; for a relay without TLS set {oauth.enabled} to "
         "OFF and leave {smtp.user} and {smtp.user_credential} empty.",
         Actor.ADMIN),
    Rule("S8-order", ("tls.minimum", "tls.maximum"), minimum_above_maximum,
         ((Look.SET, Verdict.CANNOT_BE_SET),),
         "The minimum TLS version is above the maximum.",
         "Set {tls.minimum} no higher than [Maximum].",
         Actor.ADMIN),
))  # fmt: skip
"""The order is that in which they are reported."""


def broken(
    settings: DeviceSettings,
    look: Look,
    message: Message | None = None,
    rules: Iterable[Rule] = RULES,
    limits: Limits = UNKNOWN,
) -> tuple[Rule, ...]:
    """Every rule that these settings break now; with [OAuth 2.0] OFF no OAuth rule applies (S1)."""
    now = Situation(settings, message, limits)
    looked_at = (rules if isinstance(rules, Rules) else Rules(rules)).by_look[look]
    found = (rule for rule in looked_at if settings.oauth.enabled or without_oauth(rule, look))
    return tuple(rule for rule in found if rule.broken(now))


def without_oauth(rule: Rule, look: Look) -> bool:
    """It holds with [OAuth 2.0] OFF, too. Mail that goes without OAuth never waits for it to be available."""
    makes_wait = look is not Look.SIGN_IN and rule.verdict(look) is Verdict.NOT_AVAILABLE
    return not rule.with_oauth_alone and not makes_wait


def unavailable(settings: DeviceSettings, rules: Iterable[Rule] = RULES) -> tuple[str, ...]:
    """Codes of the rules that make OAuth not available: what `Availability.broken` carries."""
    found = broken(settings, Look.SEND, rules=rules)
    return tuple(rule.code for rule in found if rule.verdict(Look.SEND) is Verdict.NOT_AVAILABLE)
