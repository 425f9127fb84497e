"""A provider that does what the RFCs say and nothing else, for embedding teams whose provider is neither
Microsoft nor Google: found by discovery, with every flow, strict rotation and introspection.

Rule: where an RFC leaves a choice, the stricter one is taken. RFC 6749, 7009, 7523, 7636, 7662, 8252, 8414,
8628, 9207, 9700; OpenID Connect Core 1.0.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from .policy import REUSE_ENDS_ALL
from .quirks import DIGITS, LETTERS, DeviceFlow, Flow, Quirks
from .refusals import Cause, Words, plain_body

NAME = "standard"
SCOPES = frozenset({"smtp", "offline_access", "openid", "email", "profile"})

ERRORS: Mapping[str, tuple[Cause, ...]] = MappingProxyType(
    {
        "access_denied": (
            Cause.CANCELLED,
            Cause.CONDITIONAL_ACCESS,
            Cause.DEVICE_DECLINED,
            Cause.SECURITY_DEFAULTS,
        ),
        "authorization_pending": (Cause.DEVICE_PENDING,),
        "expired_token": (Cause.DEVICE_CODE_EXPIRED,),
        "invalid_client": (
            Cause.CERTIFICATE_EXPIRED,
            Cause.CERTIFICATE_UNKNOWN,
            Cause.CREDENTIAL_MISSING,
            Cause.SECRET_EXPIRED,
            Cause.SECRET_FROM_PUBLIC,
            Cause.SECRET_MISSING,
            Cause.SECRET_WRONG,
            Cause.UNKNOWN_CLIENT,
        ),
        "invalid_grant": (
            Cause.ACCOUNT_DISABLED,
            Cause.ASSERTION_MALFORMED,
            Cause.ASSERTION_REPEATED,
            Cause.ASSERTION_SIGNATURE,
            Cause.ASSERTION_TIME,
            Cause.CODE_EXPIRED,
            Cause.CODE_REUSED,
            Cause.CODE_UNKNOWN,
            Cause.CONSENT_WITHDRAWN,
            Cause.DEVICE_CODE_UNKNOWN,
            Cause.DEVICE_GRANT_BLOCKED,
            Cause.PASSWORD_CHANGED,
            Cause.REFRESH_EXPIRED,
            Cause.REFRESH_REPLACED,
            Cause.REFRESH_REUSED,
            Cause.REFRESH_UNKNOWN,
            Cause.REVOKED,
            Cause.SERVICE_ACCOUNT_DISABLED,
            Cause.SERVICE_ACCOUNT_UNKNOWN,
            Cause.SIGN_IN_FREQUENCY,
            Cause.SINGLE_PAGE_ENDED,
            Cause.SUBJECT_UNKNOWN,
            Cause.VERIFIER_MISSING,
            Cause.VERIFIER_WRONG,
        ),
        "invalid_request": (
            Cause.CHALLENGE_MISSING,
            Cause.CHALLENGE_NOT_S256,
            Cause.MALFORMED,
            Cause.REDIRECT_UNKNOWN,
            Cause.TENANT_SHARED,
            Cause.TENANT_UNKNOWN,
        ),
        "invalid_scope": (Cause.APPLICATION_SCOPE, Cause.BAD_SCOPE, Cause.DEVICE_SCOPE),
        "invalid_token": (Cause.TOKEN_UNKNOWN,),
        "slow_down": (Cause.DEVICE_SLOW_DOWN,),
        "unauthorized_client": (Cause.DELEGATION_MISSING,),
        "unsupported_grant_type": (Cause.GRANT_TYPE,),
        "unsupported_response_type": (Cause.BAD_RESPONSE_TYPE,),
    }
)

STANDARD_WORDS: Mapping[Cause, Words] = MappingProxyType(
    {
        cause: Words(error, cause.replace("_", " "), status=401 if error == "invalid_client" else 400)
        for error, causes in ERRORS.items()
        for cause in causes
    }
)

STANDARD = Quirks(
    name=NAME,
    authorize_path="/authorize",
    token_path="/token",
    revoke_path="/revoke",
    discovery_path="/.well-known/openid-configuration",
    keys_path="/keys",
    issuer_path="",
    tenants_shared=frozenset(),
    redirect_hosts=frozenset({"127.0.0.1", "::1"}),
    redirect_paths=None,
    secret_required=False,
    redirects_refusals=True,
    issuer_in_redirect=True,
    mail_scope="smtp",
    application_scope="smtp",
    scopes=SCOPES,
    scopes_not_answered=frozenset(),
    scope_answers=MappingProxyType({}),
    scopes_can_be_unticked=False,
    offline_scope="offline_access",
    rotation=REUSE_ENDS_ALL,
    expires_in_s=(3600, 3600),
    access_token_octets=43,
    service_token_octets=43,
    unused_max=timedelta(days=14),
    live_tokens_max=None,
    claims=frozenset({"email", "email_verified", "preferred_username", "name"}),
    refusal_form=plain_body,
    extended_life=False,
    words=STANDARD_WORDS,
    flows=frozenset(Flow),
    device=DeviceFlow(
        path="/device_authorization",
        page_path="/device",
        address_field="verification_uri",
        tells_complete=True,
        slows_down=True,
        scopes=SCOPES,
        letters=LETTERS + DIGITS,
        groups=(4, 4),
    ),
    code_life=timedelta(minutes=1),
)
