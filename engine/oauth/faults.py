"""What this device itself finds wrong where no answer of the provider's could be read: the network, the
proxy, the clock, what came back.

Rule: the words are ours alone; nothing that was sent or received is quoted. At a refresh none of these ends a
grant: only the provider's word does (S29).
"""

from enum import StrEnum

from ...events.information import Actor
from ..ports import AnswerClass, Trouble


class Fault(StrEnum):
    """Why there is no answer that could be read, in our words; the value is the Trouble's code."""

    NETWORK = "network"
    DNS = "dns"
    TIMEOUT = "timeout"
    PROXY = "proxy"
    PROXY_SIGN_IN = "proxy-407"
    PROXY_FORBIDS = "proxy-403"
    PROXY_GATEWAY = "proxy-5xx"
    NO_PROXY = "no proxy"
    PROXY_PASSWORD = "proxy password"  # noqa: S105 - a code, no secret
    TLS = "tls"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    "A certificate or id_token that is not valid yet, or no longer, by this device's clock."
    TRUST = "trust"
    "The file of additional authorities cannot be read."
    NOT_A_TOKEN = "not a token"  # noqa: S105 - a code, no secret
    REDIRECT = "redirect"
    ISSUER = "iss"
    ID_TOKEN = "id_token"  # noqa: S105
    KEYS = "jwks"
    ACCOUNT = "account"
    SCOPE = "scope"
    NO_REFRESH_TOKEN = "no refresh token"  # noqa: S105
    LISTENER = "listener"
    FLOW = "flow"
    "The provider allows no mail by this way of signing in."
    CODE_SCREEN = "no screen for a code"
    PAGE_SCREEN = "no screen for a page"
    "Said by a screen that shows codes alone."
    PROOF = "certificate or key"
    "The application's own credential cannot be used as it stands on this device."


FAULTS: dict[Fault, tuple[AnswerClass, Actor, str, str]] = {
    Fault.NETWORK: (
        AnswerClass.WAIT,
        Actor.NOBODY,
        "The provider could not be reached, or the connection was lost.",
        "Wait: it is asked again. If it lasts, check the network.",
    ),
    Fault.DNS: (
        AnswerClass.WAIT,
        Actor.NOBODY,
        "The provider's host name could not be resolved.",
        "Wait: it is asked again. If it lasts, check the DNS settings.",
    ),
    Fault.TIMEOUT: (
        AnswerClass.WAIT,
        Actor.NOBODY,
        "The provider did not answer in time.",
        "Wait: it is asked again. If it lasts, check the network.",
    ),
    Fault.PROXY: (
        AnswerClass.WAIT,
        Actor.ADMIN,
        "The proxy could not be reached: its address is not known, or nobody answers there.",
        "Check {proxy.host} and {proxy.port}; until then it is tried again.",
    ),
    Fault.PROXY_SIGN_IN: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "The proxy does not let this device in: its user name or password is missing or wrong.",
        "Set {proxy.user} and {proxy.credential}.",
    ),
    Fault.PROXY_FORBIDS: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "The proxy forbids the connection to the provider.",
        "Have the provider's hosts allowed at the proxy for this device, or name them in {proxy.exclusions}.",
    ),
    Fault.PROXY_GATEWAY: (
        AnswerClass.WAIT,
        Actor.NOBODY,
        "The proxy could not reach the provider, or cannot now.",
        "Wait: it is asked again. If it lasts, have the proxy's own way to the provider checked.",
    ),
    Fault.NO_PROXY: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "What answers at the proxy's address is no proxy for secure connections.",
        "Check {proxy.host} and {proxy.port}.",
    ),
    Fault.PROXY_PASSWORD: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "The proxy's password cannot be read on this device.",
        "Put it where {proxy.credential} names it, mode 0600.",
    ),
    Fault.TLS: (
        AnswerClass.WAIT,
        Actor.ADMIN,
        "No TLS connection to the provider could be made.",
        "Check [SSL/TLS Version Setting] and what stands between this device and the provider.",
    ),
    Fault.CERTIFICATE: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "The provider's certificate is not trusted.",
        "Where a company's proxy opens TLS, add its authority; else do not go on.",
    ),
    Fault.CLOCK: (
        AnswerClass.WAIT,
        Actor.ADMIN,
        "By this device's clock the provider's answer is from another time.",
        "Set the clock, or turn NTP on.",
    ),
    Fault.TRUST: (
        AnswerClass.ADMIN,
        Actor.ADMIN,
        "The file with additional certificate authorities cannot be read.",
        "Check the file that the setting `tls.trust` names.",
    ),
    Fault.NOT_A_TOKEN: (
        AnswerClass.PROTOCOL,
        Actor.ADMIN,
        "Something between this device and the provider answered in its place.",
        "Look for a captive portal or a proxy that changes answers.",
    ),
    Fault.REDIRECT: (
        AnswerClass.PROTOCOL,
        Actor.PERSON,
        "The browser came back without the provider's answer.",
        "Start the sign-in again.",
    ),
    Fault.ISSUER: (
        AnswerClass.PROTOCOL,
        Actor.ADMIN,
        "The browser came back from another authorization server than the one that was asked.",
        "Check the provider and its authority in [OAuth Settings].",
    ),
    Fault.ID_TOKEN: (
        AnswerClass.PROTOCOL,
        Actor.ADMIN,
        "The provider's word about who signed in could not be verified.",
        "Check the provider, tenant and client id in [OAuth Settings], then sign in again.",
    ),
    Fault.KEYS: (
        AnswerClass.PROTOCOL,
        Actor.ADMIN,
        "The provider's keys could not be read.",
        "Check the provider and its authority in [OAuth Settings], then sign in again.",
    ),
    Fault.ACCOUNT: (
        AnswerClass.APP,
        Actor.APP,
        "The provider did not say which e-mail address signed in.",
        "The application's registration must give the claims that name the address.",
    ),
    Fault.SCOPE: (
        AnswerClass.PERSON,
        Actor.PERSON,
        "The permission to send e-mail was not given.",
        "Sign in again and leave the permission for e-mail ticked.",
    ),
    Fault.NO_REFRESH_TOKEN: (
        AnswerClass.APP,
        Actor.APP,
        "The provider gave no refresh token.",
        "The application's registration must allow access while nobody is present.",
    ),
    Fault.LISTENER: (
        AnswerClass.OURS,
        Actor.ADMIN,
        "No loopback address is free for the browser to come back to.",
        "Restart the device.",
    ),
    Fault.FLOW: (
        AnswerClass.OURS,
        Actor.ADMIN,
        "The provider allows no e-mail by this way of signing in.",
        "Choose another way in {oauth.flow}, and for the administrator in {oauth.administrator_flow}.",
    ),
    Fault.CODE_SCREEN: (
        AnswerClass.OURS,
        Actor.ADMIN,
        "The screen of this place cannot show a code.",
        "Sign in with the browser: set it in {oauth.flow}.",
    ),
    Fault.PAGE_SCREEN: (
        AnswerClass.OURS,
        Actor.ADMIN,
        "The screen of this place cannot show the provider's page.",
        "Sign in with a code: set it in {oauth.flow}.",
    ),
    Fault.PROOF: (
        AnswerClass.OURS,
        Actor.ADMIN,
        "The application's certificate or key cannot be used as it stands on this device.",
        "Check the file that {oauth.client_certificate} or {oauth.service_account} names.",
    ),
}


def fault(kind: Fault) -> Trouble:
    """The Trouble where nothing of the provider's is to be quoted."""
    cls, actor, cause, remedy = FAULTS[kind]
    return Trouble(cls, kind.value, f"fault.{kind.name.lower()}", cause, remedy, actor)
