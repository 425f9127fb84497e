"""Why a playing provider refuses a request, and how each of the two says so.

Rule: every Cause has words in both tables, as the real provider would answer. Sources: Microsoft's "Microsoft
Entra authentication and authorization error codes"; RFC 6749 sections 4.1.2.1 and 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Cause(StrEnum):
    """Why a request is refused; each provider has its own words for it."""

    BAD_RESPONSE_TYPE = "bad_response_type"
    BAD_SCOPE = "bad_scope"
    CANCELLED = "cancelled"
    CHALLENGE_MISSING = "challenge_missing"
    CHALLENGE_NOT_S256 = "challenge_not_s256"
    CODE_EXPIRED = "code_expired"
    CODE_REUSED = "code_reused"
    CODE_UNKNOWN = "code_unknown"
    GRANT_TYPE = "grant_type"
    MALFORMED = "malformed"
    PASSWORD_CHANGED = "password_changed"
    REDIRECT_UNKNOWN = "redirect_unknown"
    REFRESH_EXPIRED = "refresh_expired"
    REFRESH_UNKNOWN = "refresh_unknown"
    REVOKED = "revoked"
    SECRET_FROM_PUBLIC = "secret_from_public"
    SECRET_MISSING = "secret_missing"
    SECRET_WRONG = "secret_wrong"
    TENANT_UNKNOWN = "tenant_unknown"
    TOKEN_UNKNOWN = "token_unknown"
    UNKNOWN_CLIENT = "unknown_client"
    VERIFIER_MISSING = "verifier_missing"
    VERIFIER_WRONG = "verifier_wrong"


@dataclass(frozen=True, slots=True)
class Words:
    """One refusal as the provider says it. `number`: Microsoft's AADSTS code, else 0."""

    error: str
    text: str = ""
    status: int = 400
    number: int = 0
    suberror: str = ""


MICROSOFT_WORDS: Mapping[Cause, Words] = MappingProxyType(
    {
        Cause.BAD_RESPONSE_TYPE: Words(
            "unsupported_response_type",
            "The provided value for 'response_type' is not allowed.",
            number=700051,
        ),
        Cause.BAD_SCOPE: Words(
            "invalid_scope",
            "The provided value for the input parameter 'scope' is not valid.",
            number=70011,
        ),
        Cause.CANCELLED: Words(
            "access_denied",
            "The user has declined to consent to access the app.",
            number=65004,
        ),
        Cause.CHALLENGE_MISSING: Words(
            "invalid_request",
            "The request must contain the following parameter: 'code_challenge'.",
            number=900144,
        ),
        Cause.CHALLENGE_NOT_S256: Words(
            "invalid_request",
            "Invalid request. Request is malformed or invalid: 'code_challenge_method'.",
            number=9002313,
        ),
        Cause.CODE_EXPIRED: Words(
            "invalid_grant",
            "The provided authorization code or refresh token has expired due to inactivity.",
            number=70008,
        ),
        Cause.CODE_REUSED: Words(
            "invalid_grant",
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
            number=54005,
        ),
        Cause.CODE_UNKNOWN: Words(
            "invalid_grant",
            "The provided value for the input parameter 'code' or 'refresh_token' is not valid.",
            number=70000,
        ),
        Cause.GRANT_TYPE: Words(
            "unsupported_grant_type",
            "The app requested an unsupported grant type.",
            number=70003,
        ),
        Cause.MALFORMED: Words(
            "invalid_request",
            "Invalid request. Request is malformed or invalid.",
            number=9002313,
        ),
        Cause.PASSWORD_CHANGED: Words(
            "invalid_grant",
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
            "The user might have changed or reset their password.",
            number=50173,
            suberror="bad_token",
        ),
        Cause.REDIRECT_UNKNOWN: Words(
            "invalid_request",
            "The redirect URI specified in the request does not match the redirect URIs configured "
            "for the application.",
            number=50011,
        ),
        Cause.REFRESH_EXPIRED: Words(
            "invalid_grant",
            "The refresh token has expired due to inactivity.",
            number=700082,
            suberror="bad_token",
        ),
        Cause.REFRESH_UNKNOWN: Words(
            "invalid_grant",
            "The provided value for the input parameter 'refresh_token' is not valid.",
            number=70000,
            suberror="bad_token",
        ),
        Cause.REVOKED: Words(
            "invalid_grant",
            "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            number=50173,
            suberror="bad_token",
        ),
        Cause.SECRET_FROM_PUBLIC: Words(
            "invalid_client",
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
            status=401,
            number=700025,
        ),
        Cause.SECRET_MISSING: Words(
            "invalid_client",
            "The request body must contain 'client_assertion' or 'client_secret'.",
            status=401,
            number=7000218,
        ),
        Cause.SECRET_WRONG: Words(
            "invalid_client",
            "Invalid client secret provided.",
            status=401,
            number=7000215,
        ),
        Cause.TENANT_UNKNOWN: Words("invalid_request", "Tenant not found.", number=90002),
        Cause.TOKEN_UNKNOWN: Words("invalid_request", "The token is not known.", number=9002313),
        Cause.UNKNOWN_CLIENT: Words(
            "unauthorized_client",
            "Application was not found in the directory.",
            number=700016,
        ),
        Cause.VERIFIER_MISSING: Words(
            "invalid_grant",
            "A code_verifier is required: a code_challenge was supplied in the authorization request.",
            number=50148,
        ),
        Cause.VERIFIER_WRONG: Words(
            "invalid_grant",
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
            number=501481,
        ),
    }
)

GOOGLE_WORDS: Mapping[Cause, Words] = MappingProxyType(
    {
        Cause.BAD_RESPONSE_TYPE: Words("unsupported_response_type", "Invalid response_type."),
        Cause.BAD_SCOPE: Words("invalid_scope", "Some requested scopes were invalid."),
        Cause.CANCELLED: Words("access_denied"),
        Cause.CHALLENGE_MISSING: Words("invalid_request", "Missing required parameter: code_challenge"),
        Cause.CHALLENGE_NOT_S256: Words(
            "invalid_request",
            "Invalid parameter value for code_challenge_method",
        ),
        Cause.CODE_EXPIRED: Words("invalid_grant", "Bad Request"),
        Cause.CODE_REUSED: Words("invalid_grant", "Bad Request"),
        Cause.CODE_UNKNOWN: Words("invalid_grant", "Malformed auth code."),
        Cause.GRANT_TYPE: Words("unsupported_grant_type", "Invalid grant_type"),
        Cause.MALFORMED: Words("invalid_request", "Bad Request"),
        Cause.PASSWORD_CHANGED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REDIRECT_UNKNOWN: Words("redirect_uri_mismatch", "Bad Request"),
        Cause.REFRESH_EXPIRED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REFRESH_UNKNOWN: Words("invalid_grant", "Bad Request"),
        Cause.REVOKED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.SECRET_FROM_PUBLIC: Words("invalid_client", "Unauthorized", status=401),
        Cause.SECRET_MISSING: Words("invalid_request", "client_secret is missing."),
        Cause.SECRET_WRONG: Words("invalid_client", "The provided client secret is invalid.", status=401),
        Cause.TENANT_UNKNOWN: Words("invalid_request", "Bad Request"),
        Cause.TOKEN_UNKNOWN: Words("invalid_token", "Token expired or revoked"),
        Cause.UNKNOWN_CLIENT: Words("invalid_client", "The OAuth client was not found.", status=401),
        Cause.VERIFIER_MISSING: Words("invalid_grant", "Missing code verifier."),
        Cause.VERIFIER_WRONG: Words("invalid_grant", "Invalid code verifier."),
    }
)
