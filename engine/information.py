"""The words of the [Information] screen: each code's cause, remedy and who must act (B9, S24).

Rule: sentences are made here and nowhere else, from a code and the fields of the fact that raised it.
"""

import json
from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from ..events.base import ADMINISTRATOR, Event
from ..events.device import Availability
from ..events.information import Actor, Info
from ..events.job import JobFailed, JobSent, JobTaken
from ..events.sign_in import SignInFailed
from ..events.token import AccessTokenRejected, GrantMissing, GrantRefused, RefreshBlocked
from ..machines.rules import Rule

ACQUIRE = "Tap [Acquire] of [Refresh Tokens (Administrator)] in [OAuth Settings] and sign in again."
SEAL = "seal"
"Code of a refresh that was not asked for: the stored token cannot be opened."
CREDENTIAL = "credential"
"The same: a secret that a setting names cannot be read."
SIGN_IN_AT_THE_PANEL = "Send again at the panel and sign in."
WITHOUT_DETAIL = {
    "admin": (
        "Ask the organisation's administrator to look up this code in the provider's sign-in log.",
        Actor.TENANT,
    ),
    "app": (
        "Check the application's registration at the provider: client id, secret and its expiry.",
        Actor.APP,
    ),
}
"By the actor that the fact names, where nothing more is known."


class Words(NamedTuple):
    cause: str
    remedy: str
    actor: Actor


class Raised(NamedTuple):
    """What the words are made from."""

    subject: str
    fact: Event
    "That caused it."
    detail: str
    "What the journal does not hold: addresses, or what an adapter knows of a trouble."
    rules: tuple[Rule, ...]
    "The manual's, and the embedding program's."


class Warning(NamedTuple):
    """One line of the [Information] screen."""

    code: Info
    subject: str
    "An identity, a place, a job's number, or empty for the device; says who sees it."
    since: datetime
    cause: str
    remedy: str
    actor: Actor


def not_available(raised: Raised) -> Words:
    codes = raised.fact.broken if isinstance(raised.fact, Availability) else ()
    return broken_rules(codes, raised.rules)


def broken_rules(codes: tuple[str, ...], rules: tuple[Rule, ...]) -> Words:
    found = [rule for rule in rules if rule.code in codes]
    unknown = [code for code in codes if code not in {rule.code for rule in found}]
    return Words(
        " ".join([*(rule.sentence for rule in found), *(f"Rule {code} is broken." for code in unknown)]),
        " ".join(rule.remedy for rule in found) or "See the settings that the rule names.",
        found[0].actor if found else Actor.ADMIN,
    )


def sign_in_again(raised: Raised) -> Words:
    said = f" ({raised.fact.code})" if isinstance(raised.fact, GrantRefused) else ""
    known = said_by(raised.detail)
    why = f" {known.cause}" if known else ""
    if isinstance(raised.fact, GrantMissing):
        cause = "The stored sign-in is missing: the store is damaged, or was put back in part."
        if raised.subject == ADMINISTRATOR:
            return Words(cause, ACQUIRE, Actor.ADMIN)
        return Words(cause, SIGN_IN_AT_THE_PANEL, Actor.PERSON)
    if raised.subject == ADMINISTRATOR:
        cause = f"The administrator's OAuth authentication was canceled by the provider{said}.{why}"
        return Words(cause, ACQUIRE, Actor.ADMIN)
    return Words(f"Your sign-in was ended by the provider{said}.{why}", SIGN_IN_AT_THE_PANEL, Actor.PERSON)


def other_account(raised: Raised) -> Words:
    cause = f"Another account signed in than the From address needs ({raised.detail}); nothing was kept."
    remedy = "Sign in again with the account of the From address."
    return Words(cause, remedy, Actor.ADMIN if raised.subject == ADMINISTRATOR else Actor.PERSON)


def sign_in_failed(raised: Raised) -> Words:
    said = f" ({raised.fact.code})" if isinstance(raised.fact, SignInFailed) else ""
    known = said_by(raised.detail) or Words("", "Try it again.", Actor.PERSON)
    return Words(
        f"The sign-in did not succeed{said}; nothing changed. {known.cause}".strip(),
        known.remedy,
        known.actor,
    )


def provider_refuses(raised: Raised) -> Words:
    blocked = raised.fact if isinstance(raised.fact, RefreshBlocked) else None
    code, actor = (blocked.code, blocked.actor) if blocked else ("unknown", "admin")
    known = said_by(raised.detail) or Words("", *WITHOUT_DETAIL.get(actor, WITHOUT_DETAIL["admin"]))
    if code in (SEAL, CREDENTIAL) and known.cause:
        return known
    cause = f"The provider refuses access until somebody acts ({code}); signing in again would not help."
    return Words(f"{cause} {known.cause}".strip(), known.remedy, known.actor)


def server_refuses_token(raised: Raised) -> Words:
    code = raised.fact.code if isinstance(raised.fact, AccessTokenRejected) else ""
    return Words(
        f"The mail server refuses a fresh access token ({code}).",
        "In the Microsoft 365 admin center, select the user from [Active users], and select the "
        "[Authenticated SMTP] check box in [Manage email apps] on the [Mail] tab; "
        "check that the account has a mailbox.",
        Actor.TENANT,
    )


def job_ended(raised: Raised) -> Words:
    fact = raised.fact
    if isinstance(fact, JobSent):
        return Words(
            f"Job {raised.subject} was sent in part: the server refused {fact.refused} of its recipients.",
            "Check those addresses and send to them again.",
            Actor.PERSON,
        )
    if isinstance(fact, JobTaken):
        why = broken_rules(fact.broken, raised.rules)
        return why._replace(cause=f"Job {raised.subject} ended: {why.cause}")
    code = fact.code if isinstance(fact, JobFailed) else ""
    known = said_by(raised.detail) or Words("", "See the job's reason.", Actor.PERSON)
    cause = f"Job {raised.subject} ended without success ({code}). {known.cause}"
    return Words(cause.strip(), known.remedy, known.actor)


def detail_of(cause: str, remedy: str, actor: Actor) -> str:
    """What an adapter knows of a trouble, for the information's row: the journal holds its code alone."""
    return json.dumps([cause, remedy, actor])


def said_by(detail: str) -> Words | None:
    if not detail:
        return None
    cause, remedy, actor = json.loads(detail)
    return Words(cause, remedy, Actor(actor))


WORDS: MappingProxyType[Info, Callable[[Raised], Words]] = MappingProxyType({
    Info.NOT_AVAILABLE: not_available,
    Info.SIGN_IN_AGAIN: sign_in_again,
    Info.OTHER_ACCOUNT: other_account,
    Info.SIGN_IN_FAILED: sign_in_failed,
    Info.PROVIDER_REFUSES: provider_refuses,
    Info.SERVER_REFUSES_TOKEN: server_refuses_token,
    Info.JOB_ENDED: job_ended,
})  # fmt: skip


def warning(code: Info, since: datetime, raised: Raised) -> Warning:
    words = WORDS[code](raised)
    return Warning(code, raised.subject, since, words.cause, words.remedy, words.actor)
