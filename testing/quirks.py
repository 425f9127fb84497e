"""How providers differ, as data: paths, hosts, scopes, lifetimes, rotation.

Rule: nothing in the servers asks which provider is played; whatever differs is a field here. Sources:
Microsoft's "Microsoft Entra authentication and authorization error codes" and "Refresh tokens in the
Microsoft identity platform"; Google's "OAuth 2.0 for Mobile & Desktop Apps"; RFC 6749 sections 4.1.2.1 and
5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from .policy import OLD_STAYS, Rotation
from .refusals import Cause, Form, Words, microsoft_body, plain_body
from .wording import GOOGLE_WORDS, MICROSOFT_WORDS


class Flow(StrEnum):
    """How a grant is got; the value is what `RequestSeen.kind` shows."""

    CODE = "authorization_code"
    DEVICE = "device_code"
    APPLICATION = "client_credentials"
    SERVICE = "jwt_bearer"


GRANT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "authorization_code": Flow.CODE.value,
        "refresh_token": "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code": Flow.DEVICE.value,
        "client_credentials": Flow.APPLICATION.value,
        "urn:ietf:params:oauth:grant-type:jwt-bearer": Flow.SERVICE.value,
    }
)
"What a request names, and what it is called here."


@dataclass(frozen=True, slots=True)
class DeviceFlow:
    """RFC 8628 as one provider speaks it."""

    path: str
    page_path: str
    address_field: str
    "Name of the address in the answer: `verification_uri`, but at Google `verification_url`."
    tells_complete: bool
    "Whether the answer has `verification_uri_complete`."
    slows_down: bool
    "Whether polling too fast is answered with `slow_down`."
    scopes: frozenset[str]
    letters: str
    groups: tuple[int, ...]
    "Letters of a user code between its hyphens."
    life: timedelta = timedelta(minutes=15)
    interval: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Quirks:
    """One provider. Paths may contain `{tenant}`; lifetimes count on the server's clock."""

    name: str
    authorize_path: str
    token_path: str
    revoke_path: str | None
    discovery_path: str
    keys_path: str
    issuer_path: str
    tenants_shared: frozenset[str]
    "Tenant names whose discovery document leaves the issuer's tenant open."
    redirect_hosts: frozenset[str]
    redirect_paths: frozenset[str] | None
    "None: any path."
    secret_required: bool
    redirects_refusals: bool
    "Whether a refusal after a valid redirect address is told to the client, or shown on a page."
    issuer_in_redirect: bool
    mail_scope: str
    application_scope: str | None
    "What a token without a person is asked for; None: there is no such token by client credentials."
    scopes: frozenset[str]
    scopes_not_answered: frozenset[str]
    scope_answers: Mapping[str, str]
    scopes_can_be_unticked: bool
    offline_scope: str | None
    "The scope that asks for a refresh token; None: access_type=offline with prompt=consent asks."
    rotation: Rotation | None
    "None: no new refresh token on refresh."
    expires_in_s: tuple[int, int]
    access_token_octets: int
    service_token_octets: int
    "Of a token without a person."
    unused_max: timedelta
    live_tokens_max: int | None
    claims: frozenset[str]
    refusal_form: Form
    extended_life: bool
    "Whether the answer has `ext_expires_in`."
    words: Mapping[Cause, Words] = field(repr=False)
    flows: frozenset[Flow]
    device: DeviceFlow
    code_life: timedelta = timedelta(minutes=10)

    @property
    def mail_scopes(self) -> frozenset[str]:
        """Any of these in a token lets it send."""
        return frozenset({self.mail_scope, self.application_scope or self.mail_scope})

    @property
    def mail_grant(self) -> frozenset[str]:
        """The scopes that a device asks for: mail, who the person is, and a refresh token where a scope asks
        for it.
        """
        asked = {self.mail_scope, "openid", "email"}
        return frozenset(asked if self.offline_scope is None else asked | {self.offline_scope})


LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"No vowels, so that no word comes out (RFC 8628 section 6.1)."
DIGITS = "23456789"
MICROSOFT_SCOPES = frozenset(
    {"https://outlook.office.com/SMTP.Send", "offline_access", "openid", "email", "profile"}
)

MICROSOFT = Quirks(
    name="microsoft",
    authorize_path="/{tenant}/oauth2/v2.0/authorize",
    token_path="/{tenant}/oauth2/v2.0/token",
    revoke_path=None,
    discovery_path="/{tenant}/v2.0/.well-known/openid-configuration",
    keys_path="/{tenant}/discovery/v2.0/keys",
    issuer_path="/{tenant}/v2.0",
    tenants_shared=frozenset({"common", "organizations", "consumers"}),
    redirect_hosts=frozenset({"localhost"}),
    redirect_paths=frozenset({"", "/"}),
    secret_required=False,
    redirects_refusals=True,
    issuer_in_redirect=False,
    mail_scope="https://outlook.office.com/SMTP.Send",
    application_scope="https://outlook.office365.com/.default",
    scopes=MICROSOFT_SCOPES,
    scopes_not_answered=frozenset({"offline_access"}),
    scope_answers=MappingProxyType({}),
    scopes_can_be_unticked=False,
    offline_scope="offline_access",
    rotation=OLD_STAYS,
    expires_in_s=(3600, 5400),
    access_token_octets=1500,
    service_token_octets=1500,
    unused_max=timedelta(days=90),
    live_tokens_max=None,
    claims=frozenset({"email", "preferred_username", "name", "tid", "ver"}),
    refusal_form=microsoft_body,
    extended_life=True,
    words=MICROSOFT_WORDS,
    flows=frozenset({Flow.CODE, Flow.DEVICE, Flow.APPLICATION}),
    device=DeviceFlow(
        path="/{tenant}/oauth2/v2.0/devicecode",
        page_path="/common/oauth2/deviceauth",
        address_field="verification_uri",
        tells_complete=False,
        slows_down=False,
        scopes=MICROSOFT_SCOPES,
        letters=LETTERS + DIGITS,
        groups=(9,),
    ),
)

GOOGLE = Quirks(
    name="google",
    authorize_path="/o/oauth2/v2/auth",
    token_path="/token",
    revoke_path="/revoke",
    discovery_path="/.well-known/openid-configuration",
    keys_path="/oauth2/v3/certs",
    issuer_path="",
    tenants_shared=frozenset(),
    redirect_hosts=frozenset({"127.0.0.1", "::1"}),
    redirect_paths=None,
    secret_required=True,
    redirects_refusals=False,
    issuer_in_redirect=True,
    mail_scope="https://mail.google.com/",
    application_scope=None,
    scopes=frozenset(
        {
            "https://mail.google.com/",
            "https://www.googleapis.com/auth/gmail.send",
            "openid",
            "email",
            "profile",
        }
    ),
    scopes_not_answered=frozenset(),
    scope_answers=MappingProxyType(
        {
            "email": "https://www.googleapis.com/auth/userinfo.email",
            "profile": "https://www.googleapis.com/auth/userinfo.profile",
        }
    ),
    scopes_can_be_unticked=True,
    offline_scope=None,
    rotation=None,
    expires_in_s=(3599, 3599),
    access_token_octets=220,
    service_token_octets=1024,
    unused_max=timedelta(days=180),
    live_tokens_max=100,
    claims=frozenset({"email", "email_verified", "preferred_username", "name"}),
    refusal_form=plain_body,
    extended_life=False,
    words=GOOGLE_WORDS,
    flows=frozenset({Flow.CODE, Flow.DEVICE, Flow.SERVICE}),
    device=DeviceFlow(
        path="/device/code",
        page_path="/device",
        address_field="verification_url",
        tells_complete=False,
        slows_down=True,
        # https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes
        scopes=frozenset({"openid", "email", "profile"}),
        letters=LETTERS,
        groups=(4, 4),
        life=timedelta(minutes=30),
    ),
)
