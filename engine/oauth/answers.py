"""What an answer of the authorization server means: the one decision from error, suberror and number to a
Trouble.

Rules: `error` and `suberror` decide; a number of Microsoft's only refines cause, remedy and who must act, for
clients must not depend on numbers. Only the provider's word that the grant is dead (`DEAD`) leads to
AnswerClass.PERSON at a refresh. An unknown number falls to its error, an unknown error keeps the grant.

Rows stand in the order in which they are asked: a provider's own first (`providers/*.py`), then what holds
for all. `docs/errors.md` is printed from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from ...events.information import Actor
from ..ports import AnswerClass, Trouble
from .faults import FAULTS, Fault, fault

DEAD = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
"Errors by which a provider says that a grant is dead (RFC 6749 section 5.2, OpenID Connect Core 3.1.2.6)."
NOT_NOW = frozenset({"temporarily_unavailable", "server_error", "rate_limit_exceeded", "internal_failure"})
"Errors that pass by themselves, whatever number stands beside them."
RETRY_AFTER_MAX = timedelta(days=1)
"A longer Retry-After is not believed: one broken header must not stop a device for a year."


class Call(StrEnum):
    """What was asked when the answer came."""

    AUTHORIZE = "authorization request"
    CODE = "authorization code"
    DEVICE = "device code"
    REFRESH = "refresh token"
    APPLICATION = "the application's own credential"
    "Client credentials, or a service account's assertion: there is no person."


SIGNS_IN = frozenset({Call.AUTHORIZE, Call.CODE, Call.DEVICE})
"A person is there."
REFRESHES = frozenset({Call.REFRESH})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that brings no token, or none at all (`fault`). Lives from the answer to the decision
    only."""

    status: int = 0
    error: str = ""
    suberror: str = ""
    numbers: tuple[int, ...] = ()
    words: str = field(default="", repr=False)
    "`error_description`; never kept, for it may repeat what was sent."
    retry_after: timedelta | None = None
    correlation: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One meaning. A condition that is empty asks nothing; all others must hold.

    A row of AnswerClass.PERSON is for sign-ins and for grants that the provider itself calls dead, whatever
    its conditions: no mistake in a table can end a grant.
    """

    meaning: str
    "Cause and remedy in the catalogues: `oauth.consent.cause`."
    kind: AnswerClass
    actor: Actor
    cause: str
    remedy: str
    "Of AnswerClass.PERSON: what goes beyond signing in again; empty: that is all."
    numbers: frozenset[int] = frozenset()
    errors: frozenset[str] = frozenset()
    suberrors: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    "In lower case: `error_description` has one of them."
    calls: frozenset[Call] = frozenset()
    pause: timedelta | None = None
    "How long to stay away where the answer names no time."
    source: str = ""
    "Where its meaning is documented, or was seen."
    shown: tuple[str, ...] = ()
    "Codes of answers that come to it by their status, or for want of another row."

    def matches(self, refusal: Refusal, call: Call) -> bool:
        said = refusal.words.casefold()
        return (
            (self.kind is not AnswerClass.PERSON or concerns_a_person(refusal, call))
            and (not self.numbers or not self.numbers.isdisjoint(refusal.numbers))
            and (not self.errors or refusal.error in self.errors)
            and (not self.suberrors or refusal.suberror in self.suberrors)
            and (not self.words or any(each in said for each in self.words))
            and (not self.calls or call in self.calls)
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """As they are shown: numbers where it has some, else errors with their suberrors."""
        if self.numbers:
            return tuple(f"AADSTS{number}" for number in sorted(self.numbers))
        errors = sorted(self.errors)
        full = [f"{error}/{sub}" for error in errors for sub in sorted(self.suberrors)] or errors
        said = tuple(f"{code}: {words}" for code in full for words in self.words) or tuple(full)
        return said + self.shown


def concerns_a_person(refusal: Refusal, call: Call) -> bool:
    return call in SIGNS_IN or (call is Call.REFRESH and refusal.error in DEAD)


def of_errors(*errors: str) -> frozenset[str]:
    return frozenset(errors)


RFC_6749 = "RFC 6749 section 5.2"
RFC_8628 = "RFC 8628 section 3.5"
OPENID = "OpenID Connect Core 1.0 section 3.1.2.6"

UNAVAILABLE = Row(
    "oauth.unavailable",
    AnswerClass.WAIT,
    Actor.NOBODY,
    "The provider is not available now.",
    "Wait: it is asked again.",
    errors=NOT_NOW,
    source="RFC 6749 section 4.1.2.1, RFC 9110 section 15.6",
    shown=("http-5xx", "http-408"),
)
TOO_MANY = Row(
    "oauth.too-many",
    AnswerClass.WAIT,
    Actor.NOBODY,
    "The provider wants fewer requests.",
    "Wait: it is asked again later.",
    source="RFC 6585 section 4",
    shown=("http-429",),
)
PROXY_SIGN_IN = Row(
    "fault.proxy_sign_in",
    *FAULTS[Fault.PROXY_SIGN_IN],
    source="RFC 9110 section 15.5.8",
    shown=("http-407",),
)
NOT_A_PROVIDER = Row(
    "oauth.not-a-provider",
    *FAULTS[Fault.NOT_A_TOKEN],
    source=RFC_6749,
    shown=("any other status", "4xx without an error"),
)
UNKNOWN_ERROR = Row(
    "oauth.unknown",
    AnswerClass.APP,
    Actor.APP,
    "The provider refused with an error that is not known here.",
    "Look the code up at the provider.",
    source=RFC_6749,
    shown=("any other error",),
)

DECLINED = "oauth.declined"
"The meaning of the person's own no."
GENERAL: tuple[Row, ...] = (
    Row(
        "oauth.pending",
        AnswerClass.WAIT,
        Actor.PERSON,
        "The person has not finished signing in.",
        "Enter the code at the address shown, and sign in there.",
        errors=of_errors("authorization_pending"),
        calls=frozenset({Call.DEVICE}),
        source=RFC_8628,
    ),
    Row(
        "oauth.slow-down",
        AnswerClass.WAIT,
        Actor.NOBODY,
        "The provider wants to be asked less often.",
        "Wait: it is asked again more slowly.",
        errors=of_errors("slow_down"),
        source=RFC_8628,
    ),
    Row(
        DECLINED,
        AnswerClass.PERSON,
        Actor.PERSON,
        "The person declined at the provider.",
        "Sign in again and accept.",
        errors=of_errors("access_denied", "authorization_declined"),
        calls=SIGNS_IN,
        source="RFC 6749 section 4.1.2.1, RFC 8628 section 3.5",
    ),
    Row(
        "oauth.device-code-late",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The code that was shown was not entered in time.",
        "Start the sign-in again: it shows a new code.",
        errors=of_errors("expired_token"),
        calls=frozenset({Call.DEVICE}),
        source=RFC_8628,
    ),
    Row(
        "oauth.device-code-unknown",
        AnswerClass.OURS,
        Actor.PERSON,
        "The provider does not know the code of this sign-in any more.",
        "Start the sign-in again.",
        errors=of_errors("bad_verification_code", "invalid_grant"),
        calls=frozenset({Call.DEVICE}),
        source=RFC_8628,
    ),
    Row(
        "oauth.consent-again",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The provider wants consent for sending e-mail.",
        "Accept when you are asked; if that is refused, the organisation's administrator must give consent.",
        errors=of_errors("consent_required"),
        calls=REFRESHES,
        source=OPENID,
    ),
    Row(
        "oauth.consent",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "Consent for sending e-mail is missing.",
        "The organisation's administrator must give consent to this application.",
        errors=of_errors("consent_required"),
        source=OPENID,
    ),
    Row(
        "oauth.interaction",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The provider wants the person to sign in again.",
        "",
        errors=of_errors("interaction_required", "login_required"),
        source=OPENID,
    ),
    Row(
        "oauth.code",
        AnswerClass.OURS,
        Actor.PERSON,
        "The authorization code was not accepted: too late, used before, or not the one of this sign-in.",
        "Start the sign-in again.",
        errors=of_errors("invalid_grant"),
        calls=frozenset({Call.AUTHORIZE, Call.CODE}),
        source=RFC_6749,
    ),
    Row(
        "oauth.assertion",
        AnswerClass.APP,
        Actor.APP,
        "The provider does not accept the application's word for this mailbox.",
        "Check the mailbox's address, the application's key and the clock.",
        errors=of_errors("invalid_grant"),
        calls=frozenset({Call.APPLICATION}),
        source="RFC 7523 section 3.1",
    ),
    Row(
        "oauth.ended",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The refresh token has expired or was revoked.",
        "",
        errors=of_errors("invalid_grant"),
        source=RFC_6749,
    ),
    Row(
        "oauth.client",
        AnswerClass.APP,
        Actor.APP,
        "The provider does not accept this application's client id or client secret.",
        "Check the client id and the client secret in [OAuth Settings].",
        errors=of_errors("invalid_client"),
        source=RFC_6749,
    ),
    Row(
        "oauth.way",
        AnswerClass.APP,
        Actor.APP,
        "This application may not sign in in this way.",
        "Check the client id and the tenant in [OAuth Settings], and the application's registration.",
        errors=of_errors("unauthorized_client"),
        source=RFC_6749,
    ),
    Row(
        "oauth.scope",
        AnswerClass.APP,
        Actor.APP,
        "The provider does not know the scope that was asked for.",
        "Check the application's permissions and the provider's endpoints.",
        errors=of_errors("invalid_scope"),
        source=RFC_6749,
    ),
    Row(
        "oauth.redirect",
        AnswerClass.APP,
        Actor.APP,
        "The redirect address is not registered.",
        "Register the application as one for desktop and mobile devices.",
        errors=of_errors("redirect_uri_mismatch"),
        source="RFC 8252 section 8.4",
    ),
    Row(
        "oauth.denied",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "The provider denied access.",
        "The organisation's administrator must allow this application.",
        errors=of_errors("access_denied"),
        source="RFC 6749 section 4.1.2.1",
    ),
    Row(
        "oauth.request",
        AnswerClass.OURS,
        Actor.MAKER,
        "The provider could not read the request.",
        "This is a fault of the program: report it with the code.",
        errors=of_errors("invalid_request", "unsupported_grant_type", "unsupported_response_type"),
        source=RFC_6749,
    ),
)
"What holds for all providers (RFC 6749 sections 4.1.2.1 and 5.2)."
FIXED = (UNAVAILABLE, TOO_MANY, PROXY_SIGN_IN, NOT_A_PROVIDER, UNKNOWN_ERROR)
"What the status decides, or that no row fits."


def decide(refusal: Refusal, call: Call, own: Iterable[Row] = ()) -> Trouble:
    """`own`: the provider's rows."""
    if refusal.fault is not None:
        return fault(refusal.fault)
    row = _row(refusal, call, tuple(own))
    return Trouble(
        row.kind,
        _code(refusal, row),
        row.meaning,
        row.cause,
        row.remedy,
        row.actor,
        min(refusal.retry_after or row.pause or timedelta(), RETRY_AFTER_MAX) or None,
        refusal.correlation,
    )


def _row(refusal: Refusal, call: Call, own: tuple[Row, ...]) -> Row:
    if refusal.status >= 500 or refusal.error in NOT_NOW:
        return UNAVAILABLE
    if refusal.status == 407:
        return PROXY_SIGN_IN
    found = next((row for row in (*own, *GENERAL) if row.matches(refusal, call)), None)
    if refusal.status == 429:
        return found if found is not None and found.kind is AnswerClass.OURS and found.pause else TOO_MANY
    if refusal.status == 408:
        return UNAVAILABLE
    if not refusal.error or not 400 <= refusal.status < 500:
        return NOT_A_PROVIDER
    return found or UNKNOWN_ERROR


def _code(refusal: Refusal, row: Row) -> str:
    number = next((number for number in refusal.numbers if number in row.numbers), None)
    if number is None and refusal.numbers:
        number = refusal.numbers[0]
    if number is not None:
        return f"AADSTS{number}"
    return "/".join(part for part in (refusal.error, refusal.suberror) if part) or f"http-{refusal.status}"
