"""How providers differ, as data: paths, hosts, scopes, lifetimes, rotation.

Rule: nothing in the servers asks which provider is played; whatever differs is a field here. Sources:
Microsoft's "Microsoft Entra authentication and authorization error codes" and "Refresh tokens in the
Microsoft identity platform"; Google's "OAuth 2.0 for Mobile & Desktop Apps"; RFC 6749 sections 4.1.2.1 and
5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from .refusals import GOOGLE_WORDS, MICROSOFT_WORDS, Cause, Words


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
    scopes: frozenset[str]
    scopes_not_answered: frozenset[str]
    scope_answers: Mapping[str, str]
    scopes_can_be_unticked: bool
    offline_scope: str | None
    "The scope that asks for a refresh token; None: access_type=offline with prompt=consent asks."
    rotates: bool
    expires_in_s: tuple[int, int]
    access_token_octets: int
    unused_max: timedelta
    live_tokens_max: int | None
    claims: frozenset[str]
    detailed_errors: bool
    words: Mapping[Cause, Words] = field(repr=False)
    code_life: timedelta = timedelta(minutes=10)

    @property
    def mail_grant(self) -> frozenset[str]:
        """The scopes that a device asks for: mail, who the person is, and a refresh token where a scope asks
        for it.
        """
        asked = {self.mail_scope, "openid", "email"}
        return frozenset(asked if self.offline_scope is None else asked | {self.offline_scope})


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
    scopes=frozenset(
        {"https://outlook.office.com/SMTP.Send", "offline_access", "openid", "email", "profile"}
    ),
    scopes_not_answered=frozenset({"offline_access"}),
    scope_answers=MappingProxyType({}),
    scopes_can_be_unticked=False,
    offline_scope="offline_access",
    rotates=True,
    expires_in_s=(3600, 5400),
    access_token_octets=1500,
    unused_max=timedelta(days=90),
    live_tokens_max=None,
    claims=frozenset({"email", "preferred_username", "name", "tid", "ver"}),
    detailed_errors=True,
    words=MICROSOFT_WORDS,
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
    rotates=False,
    expires_in_s=(3599, 3599),
    access_token_octets=220,
    unused_max=timedelta(days=180),
    live_tokens_max=100,
    claims=frozenset({"email", "email_verified", "preferred_username", "name"}),
    detailed_errors=False,
    words=GOOGLE_WORDS,
)

BY_NAME: Mapping[str, Quirks] = MappingProxyType({quirks.name: quirks for quirks in (MICROSOFT, GOOGLE)})
