"""The answer that a provider sends for a code of an error catalogue: status, headers and body in its own
form.

Rule: a code is written as its provider's documentation writes it: `AADSTS50076`,
`invalid_grant/invalid_rapt`, `http-429`. Where a number does not tell its `error`, the one is taken that it
has been seen with; a number of which nobody told stands beside `invalid_grant`, the error that costs a
careless client its grant.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from .providers import BY_NAME
from .refusals import Words, microsoft_body, plain_body
from .scripted import CAPTIVE_PORTAL, CUT, JSON, Scripted
from .wording import MICROSOFT_WORDS

ERRORS: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "access_denied": frozenset({65004}),
        "authorization_declined": frozenset({70017}),
        "authorization_pending": frozenset({70016}),
        "bad_verification_code": frozenset({70018}),
        "expired_token": frozenset({70019, 70020}),
        "invalid_client": frozenset(
            {
                50012,
                65005,
                500133,
                650052,
                650056,
                700024,
                700025,
                700027,
                700030,
                7000215,
                7000216,
                7000218,
                7000222,
            }
        ),
        "invalid_request": frozenset(
            {
                50011,
                50147,
                50194,
                90002,
                90008,
                90014,
                90038,
                90119,
                90120,
                90124,
                501491,
                700022,
                900144,
                900382,
                900561,
                900971,
                9001023,
                9002313,
                9002326,
                9002327,
                9002332,
            }
        ),
        "invalid_resource": frozenset({500011, 650057}),
        "invalid_scope": frozenset({28002, 28003, 70011, 1002012}),
        "login_required": frozenset({50058}),
        "temporarily_unavailable": frozenset(
            {50033, 50087, 50166, 70012, 80002, 90006, 90012, 90024, 90033, 90055, 90090}
        ),
        "unauthorized_client": frozenset({70001, 700011, 700016, 7000112}),
        "unsupported_grant_type": frozenset({70003}),
    }
)
"Of Microsoft: the `error` beside which a number comes."

SUBERRORS: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "bad_token": frozenset({50173, 70000, 700082}),
        "basic_action": frozenset({50072, 50074, 50076, 50078, 50079, 50158}),
        "consent_required": frozenset({65001}),
        "device_authentication_failed": frozenset({50097, 50155}),
        "message_only": frozenset({50131, 53000, 53001, 53002, 53003, 53011, 530032, 530035}),
        "token_expired": frozenset({70008, 70043, 70044}),
        "user_password_expired": frozenset({50055}),
    }
)
"Of Microsoft."

NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "authorization_declined": 70017,
        "authorization_pending": 70016,
        "bad_verification_code": 70018,
        "expired_token": 70020,
        "slow_down": 70016,
        "temporarily_unavailable": 90033,
        "server_error": 90033,
    }
)
"Of Microsoft: the number beside an `error` that is named without one."

UNAUTHORIZED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "microsoft": frozenset({"invalid_client"}),
        "google": frozenset({"invalid_client", "deleted_client", "disabled_client", "unauthorized_client"}),
        "any": frozenset({"invalid_client"}),
    }
)
"Errors that come with 401 (RFC 6749 section 5.2)."
DEVICE_STATUSES: Mapping[str, int] = MappingProxyType(
    {"authorization_pending": 428, "slow_down": 403, "access_denied": 403}
)
"Of Google's token endpoint, for a device code."

GOOGLE_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "invalid_grant": "Token has been expired or revoked.",
        "invalid_grant/invalid_rapt": "reauth related error (invalid_rapt)",
        "invalid_grant/rapt_required": "reauth related error (rapt_required)",
        "invalid_grant: Invalid JWT": (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim."
        ),
        "invalid_grant: account not found": "Invalid grant: account not found",
        "invalid_grant: account has been deleted": "Account has been deleted",
        "invalid_grant: Robot is disabled": "Robot is disabled.",
        "invalid_client": "The OAuth client was not found.",
        "deleted_client": "The OAuth client was deleted.",
        "disabled_client": "The OAuth client was disabled.",
        "unauthorized_client": (
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
            "for any of the scopes requested."
        ),
        "admin_policy_enforced": "Access to this account is restricted by the administrator.",
        "invalid_scope": "Some requested scopes were invalid.",
    }
)
"`error_description` by code; what follows a colon in any other code is its description."

NARROWED = "openid https://www.googleapis.com/auth/userinfo.email"

ELSEWHERE: Mapping[str, Scripted] = MappingProxyType(
    {
        "network": CUT,
        "http-407": Scripted(407, {"Proxy-Authenticate": "Basic"}),
        "http-429": Scripted(429, JSON, b'{"message": "Too many requests"}'),
        "http-5xx": Scripted(
            503, {"Content-Type": "text/html"}, b"<html><h1>Service Unavailable</h1></html>"
        ),
        "http-403 rate_limit_exceeded": Scripted(403, JSON, b'{"error_code": "rate_limit_exceeded"}'),
        "200-not-a-token": CAPTIVE_PORTAL,
        "4xx-without-error": Scripted(403, JSON, b'{"message": "Forbidden"}'),
    }
)
"What says no `error`: gateways, proxies, portals, lost connections."


def answer_of(
    provider: str,
    code: str,
    now: datetime,
    *,
    where: str = "token",
    error: str = "",
    suberror: str = "",
    access_token: str = "",
) -> Scripted:
    """What `provider` ("microsoft", "google", or "any" for RFC 6749's own form) answers at `where` ("token"
    or "device") for this code, to be played by `ProviderServer.script`.

    `error`, `suberror`: where not those that the code has been seen with. `access_token`: for
    `scope-narrowed`, which is a good answer. Raises ValueError for a provider, or for a code that no answer
    carries (a certificate: see `ProviderServer.distrusted`).
    """
    if provider not in (*BY_NAME, "any"):
        raise ValueError(f"no provider is called {provider!r}")
    if code == "tls-certificate":
        raise ValueError("a certificate that nobody trusts comes before any answer")
    if code in ELSEWHERE:
        return ELSEWHERE[code]
    if code == "scope-narrowed":
        told = {"access_token": access_token, "expires_in": 3599, "scope": NARROWED, "token_type": "Bearer"}
        return Scripted(200, JSON, json.dumps(told).encode())
    if provider == "microsoft":
        words = _of_microsoft(code, error, suberror)
        body = microsoft_body(words, now)
    else:
        words = _of_google(code, error, suberror)
        body = plain_body(words, now)
    status = 401 if words.error in UNAUTHORIZED[provider] else 400
    if (provider, where) == ("google", "device"):
        status = DEVICE_STATUSES.get(words.error, status)
    return Scripted(status, JSON, json.dumps(body).encode())


def _of_microsoft(code: str, error: str, suberror: str) -> Words:
    number = int(code.removeprefix("AADSTS")) if code.startswith("AADSTS") else NUMBERS.get(code, 9999999)
    named = "" if code.startswith("AADSTS") else _error(code)
    said = error or named or _beside(ERRORS, number, "invalid_grant")
    text = next((words.text for words in MICROSOFT_WORDS.values() if words.number == number), "Refused.")
    return Words(said, text, number=number, suberror=suberror or _beside(SUBERRORS, number, ""))


def _of_google(code: str, error: str, suberror: str) -> Words:
    said, _, subtype = code.partition(":")[0].partition("/")
    text = GOOGLE_TEXTS.get(code, code.partition(": ")[2])
    return Words(error or _error(said), text, suberror=suberror or subtype)


def _error(code: str) -> str:
    """`invalid_grant-unknown` and `unknown-error` name errors that no provider documents further."""
    return {"invalid_grant-unknown": "invalid_grant", "unknown-error": "something_new"}.get(code, code)


def _beside(table: Mapping[str, frozenset[int]], number: int, otherwise: str) -> str:
    return next((name for name, numbers in table.items() if number in numbers), otherwise)
