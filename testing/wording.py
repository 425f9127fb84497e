"""What each playing provider says about each cause of a refusal.

Rule: every Cause has words in every table, as the real provider would answer; where it has no such answer,
those of the nearest. Sources: Microsoft's "Microsoft Entra authentication and authorization error codes";
Google's "Using OAuth 2.0 for Server to Server Applications" and "OAuth 2.0 for TV and Limited-Input Device
Applications"; RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5.
"""

from collections.abc import Mapping
from types import MappingProxyType

from .refusals import Cause, Words

MICROSOFT_WORDS: Mapping[Cause, Words] = MappingProxyType(
    {
        Cause.ACCOUNT_DISABLED: Words("invalid_grant", "The user account is disabled.", number=50057),
        Cause.APPLICATION_SCOPE: Words(
            "invalid_scope",
            "Client credential flows must have a scope value with /.default suffixed to the resource "
            "identifier (application ID URI).",
            number=1002012,
        ),
        Cause.ASSERTION_MALFORMED: Words(
            "invalid_client",
            "Client assertion is not valid: issuer, subject, audience or form.",
            number=50012,
            status=401,
        ),
        Cause.ASSERTION_REPEATED: Words(
            "invalid_client", "Client assertion was used before.", number=50012, status=401
        ),
        Cause.ASSERTION_SIGNATURE: Words(
            "invalid_client", "Client assertion contains an invalid signature.", number=700027, status=401
        ),
        Cause.ASSERTION_TIME: Words(
            "invalid_client",
            "Client assertion is not within its valid time range.",
            number=700024,
            status=401,
        ),
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
        Cause.CERTIFICATE_EXPIRED: Words(
            "invalid_client",
            "Client assertion failed signature validation: the certificate has expired.",
            number=700027,
            status=401,
        ),
        Cause.CERTIFICATE_UNKNOWN: Words(
            "invalid_client",
            "The certificate that signed the client assertion is not registered on the application.",
            number=700027,
            status=401,
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
        Cause.CONDITIONAL_ACCESS: Words(
            "invalid_grant",
            "Access has been blocked by Conditional Access policies. The access policy does not allow "
            "token issuance.",
            number=53003,
            suberror="message_only",
        ),
        Cause.CONSENT_WITHDRAWN: Words(
            "invalid_grant",
            "The user or administrator has not consented to use the application.",
            number=65001,
            suberror="consent_required",
        ),
        Cause.CREDENTIAL_MISSING: Words(
            "invalid_client",
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' "
            "grant type.",
            number=7000216,
            status=401,
        ),
        Cause.DELEGATION_MISSING: Words(
            "unauthorized_client", "The application is not authorized for this mailbox.", number=700016
        ),
        Cause.DEVICE_CODE_EXPIRED: Words(
            "expired_token",
            "The provided value for the input parameter 'device_code' is not valid. "
            "This device code has expired.",
            number=70020,
        ),
        Cause.DEVICE_CODE_UNKNOWN: Words(
            "bad_verification_code",
            "The provided value for the input parameter 'device_code' is not valid.",
            number=70018,
        ),
        Cause.DEVICE_DECLINED: Words(
            "authorization_declined", "User declined to authorize the device.", number=70017
        ),
        Cause.DEVICE_GRANT_BLOCKED: Words(
            "invalid_grant",
            "Access has been blocked by the authentication flows policy: the token was "
            "issued to a device code.",
            number=530036,
        ),
        Cause.DEVICE_PENDING: Words(
            "authorization_pending",
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            number=70016,
        ),
        Cause.DEVICE_SCOPE: Words(
            "invalid_scope", "The provided value for the input parameter 'scope' is not valid.", number=70011
        ),
        Cause.DEVICE_SLOW_DOWN: Words("slow_down", "Polling too often.", number=70016),
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
        Cause.REFRESH_REPLACED: Words(
            "invalid_grant",
            "The refresh token was replaced by another one.",
            number=70000,
            suberror="bad_token",
        ),
        Cause.REFRESH_REUSED: Words(
            "invalid_grant",
            "A replaced refresh token was used again: all of its family have ended.",
            number=50173,
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
        Cause.SECRET_EXPIRED: Words(
            "invalid_client",
            "The provided client secret keys for the application are expired.",
            number=7000222,
            status=401,
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
        Cause.SECURITY_DEFAULTS: Words(
            "invalid_grant",
            "Access has been blocked by security defaults. The request was deemed unsafe.",
            number=530035,
            suberror="message_only",
        ),
        Cause.SERVICE_ACCOUNT_DISABLED: Words(
            "unauthorized_client", "The application is disabled.", number=7000112
        ),
        Cause.SERVICE_ACCOUNT_UNKNOWN: Words(
            "unauthorized_client", "Application was not found in the directory.", number=700016
        ),
        Cause.SIGN_IN_FREQUENCY: Words(
            "invalid_grant",
            "The refresh token has expired or is invalid due to sign-in frequency checks by "
            "Conditional Access.",
            number=70043,
            suberror="token_expired",
        ),
        Cause.SINGLE_PAGE_ENDED: Words(
            "invalid_grant",
            "The refresh token was issued to a single page app and therefore has a fixed, "
            "limited lifetime, which cannot be extended.",
            number=700084,
        ),
        Cause.SUBJECT_UNKNOWN: Words(
            "invalid_grant", "The user account does not exist in the directory.", number=50034
        ),
        Cause.TENANT_SHARED: Words(
            "invalid_request",
            "The grant type 'client_credentials' is not supported over the /common or /consumers endpoints.",
            number=9001023,
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
        Cause.ACCOUNT_DISABLED: Words("invalid_grant", "Account has been deleted"),
        Cause.APPLICATION_SCOPE: Words("invalid_scope", "Invalid OAuth scope or ID token audience provided."),
        Cause.ASSERTION_MALFORMED: Words("invalid_grant", "Invalid JWT: Failed audience check."),
        Cause.ASSERTION_REPEATED: Words("invalid_grant", "Invalid JWT: used before."),
        Cause.ASSERTION_SIGNATURE: Words("invalid_grant", "Invalid JWT Signature."),
        Cause.ASSERTION_TIME: Words(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim.",
        ),
        Cause.BAD_RESPONSE_TYPE: Words("unsupported_response_type", "Invalid response_type."),
        Cause.BAD_SCOPE: Words("invalid_scope", "Some requested scopes were invalid."),
        Cause.CANCELLED: Words("access_denied"),
        Cause.CERTIFICATE_EXPIRED: Words("invalid_grant", "Invalid JWT Signature."),
        Cause.CERTIFICATE_UNKNOWN: Words("invalid_grant", "Invalid JWT Signature."),
        Cause.CHALLENGE_MISSING: Words("invalid_request", "Missing required parameter: code_challenge"),
        Cause.CHALLENGE_NOT_S256: Words(
            "invalid_request",
            "Invalid parameter value for code_challenge_method",
        ),
        Cause.CODE_EXPIRED: Words("invalid_grant", "Bad Request"),
        Cause.CODE_REUSED: Words("invalid_grant", "Bad Request"),
        Cause.CODE_UNKNOWN: Words("invalid_grant", "Malformed auth code."),
        Cause.CONDITIONAL_ACCESS: Words(
            "admin_policy_enforced", "Access to this account is restricted by the administrator."
        ),
        Cause.CONSENT_WITHDRAWN: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.CREDENTIAL_MISSING: Words("invalid_request", "client_secret is missing."),
        Cause.DELEGATION_MISSING: Words(
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client "
            "not authorized for any of the scopes requested.",
            status=401,
        ),
        Cause.DEVICE_CODE_EXPIRED: Words("expired_token", "The device code has expired."),
        Cause.DEVICE_CODE_UNKNOWN: Words("invalid_grant", "Malformed device code."),
        Cause.DEVICE_DECLINED: Words("access_denied", "Forbidden", status=403),
        Cause.DEVICE_GRANT_BLOCKED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.DEVICE_PENDING: Words("authorization_pending", "Precondition Required", status=428),
        Cause.DEVICE_SCOPE: Words("invalid_scope", "Invalid device flow scope."),
        Cause.DEVICE_SLOW_DOWN: Words("slow_down", "Forbidden", status=403),
        Cause.GRANT_TYPE: Words("unsupported_grant_type", "Invalid grant_type"),
        Cause.MALFORMED: Words("invalid_request", "Bad Request"),
        Cause.PASSWORD_CHANGED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REDIRECT_UNKNOWN: Words("redirect_uri_mismatch", "Bad Request"),
        Cause.REFRESH_EXPIRED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REFRESH_REPLACED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REFRESH_REUSED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.REFRESH_UNKNOWN: Words("invalid_grant", "Bad Request"),
        Cause.REVOKED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.SECRET_EXPIRED: Words("invalid_client", "The provided client secret is invalid.", status=401),
        Cause.SECRET_FROM_PUBLIC: Words("invalid_client", "Unauthorized", status=401),
        Cause.SECRET_MISSING: Words("invalid_request", "client_secret is missing."),
        Cause.SECRET_WRONG: Words("invalid_client", "The provided client secret is invalid.", status=401),
        Cause.SECURITY_DEFAULTS: Words(
            "admin_policy_enforced", "Access to this account is restricted by the administrator."
        ),
        Cause.SERVICE_ACCOUNT_DISABLED: Words("invalid_grant", "Robot is disabled."),
        Cause.SERVICE_ACCOUNT_UNKNOWN: Words("invalid_grant", "Invalid grant: account not found"),
        Cause.SIGN_IN_FREQUENCY: Words(
            "invalid_grant", "reauth related error (invalid_rapt)", suberror="invalid_rapt"
        ),
        Cause.SINGLE_PAGE_ENDED: Words("invalid_grant", "Token has been expired or revoked."),
        Cause.SUBJECT_UNKNOWN: Words("invalid_grant", "Invalid email or User ID"),
        Cause.TENANT_SHARED: Words("unsupported_grant_type", "Invalid grant_type"),
        Cause.TENANT_UNKNOWN: Words("invalid_request", "Bad Request"),
        Cause.TOKEN_UNKNOWN: Words("invalid_token", "Token expired or revoked"),
        Cause.UNKNOWN_CLIENT: Words("invalid_client", "The OAuth client was not found.", status=401),
        Cause.VERIFIER_MISSING: Words("invalid_grant", "Missing code verifier."),
        Cause.VERIFIER_WRONG: Words("invalid_grant", "Invalid code verifier."),
    }
)
