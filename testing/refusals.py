"""Why a playing provider refuses a request, and the form in which each says so.

Rule: a Cause is ours and the same at every provider; its words (`wording.py`) are the provider's. What goes
out is a body as the real one sends it, with the server's time.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why a request is refused; each provider has its own words for it."""

    ACCOUNT_DISABLED = "account_disabled"
    APPLICATION_SCOPE = "application_scope"
    ASSERTION_MALFORMED = "assertion_malformed"
    ASSERTION_REPEATED = "assertion_repeated"
    ASSERTION_SIGNATURE = "assertion_signature"
    ASSERTION_TIME = "assertion_time"
    BAD_RESPONSE_TYPE = "bad_response_type"
    BAD_SCOPE = "bad_scope"
    CANCELLED = "cancelled"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    CHALLENGE_MISSING = "challenge_missing"
    CHALLENGE_NOT_S256 = "challenge_not_s256"
    CODE_EXPIRED = "code_expired"
    CODE_REUSED = "code_reused"
    CODE_UNKNOWN = "code_unknown"
    CONDITIONAL_ACCESS = "conditional_access"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CREDENTIAL_MISSING = "credential_missing"
    DELEGATION_MISSING = "delegation_missing"
    DEVICE_CODE_EXPIRED = "device_code_expired"
    DEVICE_CODE_UNKNOWN = "device_code_unknown"
    DEVICE_DECLINED = "device_declined"
    DEVICE_GRANT_BLOCKED = "device_grant_blocked"
    DEVICE_PENDING = "device_pending"
    DEVICE_SCOPE = "device_scope"
    DEVICE_SLOW_DOWN = "device_slow_down"
    GRANT_TYPE = "grant_type"
    MALFORMED = "malformed"
    PASSWORD_CHANGED = "password_changed"
    REDIRECT_UNKNOWN = "redirect_unknown"
    REFRESH_EXPIRED = "refresh_expired"
    REFRESH_REPLACED = "refresh_replaced"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_UNKNOWN = "refresh_unknown"
    REVOKED = "revoked"
    SECRET_EXPIRED = "secret_expired"
    SECRET_FROM_PUBLIC = "secret_from_public"
    SECRET_MISSING = "secret_missing"
    SECRET_WRONG = "secret_wrong"
    SECURITY_DEFAULTS = "security_defaults"
    SERVICE_ACCOUNT_DISABLED = "service_account_disabled"
    SERVICE_ACCOUNT_UNKNOWN = "service_account_unknown"
    SIGN_IN_FREQUENCY = "sign_in_frequency"
    SINGLE_PAGE_ENDED = "single_page_ended"
    SUBJECT_UNKNOWN = "subject_unknown"
    TENANT_SHARED = "tenant_shared"
    TENANT_UNKNOWN = "tenant_unknown"
    TOKEN_UNKNOWN = "token_unknown"
    UNKNOWN_CLIENT = "unknown_client"
    VERIFIER_MISSING = "verifier_missing"
    VERIFIER_WRONG = "verifier_wrong"


@dataclass(frozen=True, slots=True)
class Words:
    """One refusal as the provider says it. `number`: Microsoft's AADSTS code, else 0; `suberror` is Google's
    `error_subtype`.
    """

    error: str
    text: str = ""
    status: int = 400
    number: int = 0
    suberror: str = ""


Body = dict[str, object]
"A JSON object."
Form = Callable[[Words, datetime], Body]


def microsoft_body(words: Words, now: datetime) -> Body:
    """With the number three times over, and what a support case needs: trace, correlation, time."""
    trace_id, correlation_id = str(uuid.UUID(bytes=secrets.token_bytes(16))), str(uuid.uuid4())
    timestamp = f"{now:%Y-%m-%d %H:%M:%SZ}"
    traced = f"Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
    return {
        "error": words.error,
        "error_description": f"AADSTS{words.number}: {words.text} {traced}",
        "error_codes": [words.number],
        "timestamp": timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"https://login.microsoftonline.com/error?code={words.number}",
        **({"suberror": words.suberror} if words.suberror else {}),
    }


def plain_body(words: Words, now: datetime) -> Body:
    """RFC 6749 section 5.2, and Google's `error_subtype` where there is one; no time in it."""
    return {
        "error": words.error,
        **({"error_description": words.text} if words.text else {}),
        **({"error_subtype": words.suberror} if words.suberror else {}),
    }
