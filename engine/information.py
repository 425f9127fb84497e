"""The words of the [Information] screen: each code's cause, remedy and who must act (B9, S24).

Rule: what a warning says is made here and nowhere else, from a code and the fields of the fact that raised
it, each time that it is shown: so it follows the language of the device, however old it is. The sentences
stand in `words/`.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from ..events.base import ADMINISTRATOR, Event, NewLife
from ..events.device import Availability, CredentialEndAnnounced, StoreCopied
from ..events.information import Actor, Info
from ..events.job import (
    JobDeferred,
    JobEndedInPart,
    JobFailed,
    JobGivenUp,
    JobPartlySent,
    JobRevoked,
    JobSubmitted,
    JobTaken,
    LeftJobsSettled,
    OutcomeUnknown,
)
from ..events.mailbox import MailboxClosed
from ..events.sign_in import FlowRefused, SignInFailed
from ..events.token import (
    AccessTokenRejected,
    CredentialRefused,
    GrantCopied,
    GrantEndAnnounced,
    GrantLocked,
    GrantMissing,
    GrantRefused,
    RefreshBlocked,
)
from ..machines.rules import Rule
from .own_reasons import OURS
from .words import Words, words

SEAL = "seal"
"Code of a refresh that was not asked for: the stored token cannot be opened."
CREDENTIAL = "credential"
"The same: a secret that a setting names cannot be read."
BROKEN = "rules"
"What a detail says of rules that broke: their codes are its field."
CORRELATION = "correlation"
"The field of a detail with the id that the provider's support asks for."
WITHOUT_DETAIL = {"admin": ("I104.unexplained.remedy", Actor.TENANT), "app": ("I104.app.remedy", Actor.APP)}
"By the actor that the fact names, where nothing more is known."


class Advice(NamedTuple):
    """What is wrong, what to do about it, and who must."""

    cause: str
    remedy: str
    actor: Actor


class Detail(NamedTuple):
    """What an adapter knows of a trouble, and what the journal must not hold, such as an address."""

    meaning: str
    "Cause and remedy in the catalogues: `smtp.timeout.cause`."
    cause: str
    "In English, with placeholders for the fields, as the remedy."
    remedy: str
    actor: Actor
    fields: dict[str, str]


class Raised(NamedTuple):
    """What the words are made from."""

    subject: str
    fact: Event
    "That caused it."
    detail: str
    "What the journal does not hold: addresses, or what an adapter knows of a trouble."
    rules: tuple[Rule, ...]
    "The manual's, and the embedding program's."
    words: Words
    "Of the language in which it is told."


class Warning(NamedTuple):
    """One line of the [Information] screen."""

    code: Info
    subject: str
    "An identity, a place, a job's number, or empty for the device; says who sees it."
    since: datetime
    cause: str
    remedy: str
    actor: Actor
    who: str
    "The actor, in words."
    acknowledged: bool = False
    "A person has read it since it was raised."
    about: str = ""
    "The identity that was signing in at the place that is the subject."


def detail_of(meaning: str, cause: str, remedy: str, actor: Actor, /, **fields: str) -> str:
    """For the information's row: the code, so that it can be told in each language, and the English for a
    release that does not know the code any more.
    """
    return json.dumps(Detail(meaning, cause, remedy, actor, fields))


def detail_by(meaning: str, actor: Actor, /, **fields: str) -> str:
    """The same for sentences whose English stands in the catalogue. Raises KeyError for an unknown code."""
    english = words()
    cause, remedy = english.template(f"{meaning}.cause"), english.template(f"{meaning}.remedy")
    return detail_of(meaning, cause, remedy, actor, **fields)


def not_available(raised: Raised) -> Advice:
    return broken_rules(raised.fact.broken if isinstance(raised.fact, Availability) else (), raised)


def broken_rules(codes: tuple[str, ...], raised: Raised) -> Advice:
    return of_rules(codes, raised.rules, raised.words)


def of_rules(codes: tuple[str, ...], rules: tuple[Rule, ...], words: Words) -> Advice:
    """What broken rules come to; `rules`: the manual's and the embedding program's."""
    found = [words.told(rule) for rule in rules if rule.code in codes]
    unknown = [code for code in codes if code not in {rule.code for rule in found}]
    causes = [rule.sentence for rule in found]
    causes += [words.say("I001.unknown.cause", rule=code) for code in unknown]
    remedies = " ".join(rule.remedy for rule in found)
    return Advice(
        " ".join(causes),
        remedies or words.say("I001.unknown.remedy"),
        found[0].actor if found else Actor.ADMIN,
    )


def plainly(meaning: str, actor: Actor, raised: Raised) -> Advice:
    """Two sentences that need no more than the subject."""
    cause = raised.words.say(f"{meaning}.cause", job=raised.subject)
    return Advice(cause, raised.words.say(f"{meaning}.remedy"), actor)


def sign_in_again(raised: Raised) -> Advice:
    say, mine = raised.words.say, raised.subject == ADMINISTRATOR
    remedy = say("I101.administrator.remedy") if mine else say("I101.user.remedy")
    actor = Actor.ADMIN if mine else Actor.PERSON
    if isinstance(raised.fact, GrantMissing):
        return Advice(say("I101.missing.cause"), remedy, actor)
    if isinstance(raised.fact, GrantCopied):
        return Advice(say("I101.foreign.cause"), remedy, actor)
    if isinstance(raised.fact, GrantLocked):
        why = known_of(raised) or Advice("", "", actor)
        return Advice(joined(say("I101.unreadable.cause"), why.cause), joined(why.remedy, remedy), why.actor)
    if isinstance(raised.fact, CredentialRefused):
        why = known_of(raised) or Advice("", "", Actor.APP)
        cause = joined(say("I101.credential.cause", code=raised.fact.code), why.cause)
        return why._replace(cause=cause, remedy=joined(why.remedy, say("I101.credential.remedy")))
    said = in_brackets(raised.fact.code) if isinstance(raised.fact, GrantRefused) else ""
    cause = say("I101.administrator.cause", said=said) if mine else say("I101.user.cause", said=said)
    known = known_of(raised)
    if known is None:
        return Advice(cause, remedy, actor)
    if known.actor is not Actor.PERSON:  # signing in alone would not last, and comes after that act
        return known._replace(cause=joined(cause, known.cause), remedy=joined(known.remedy, remedy))
    return Advice(joined(cause, known.cause), joined(remedy, known.remedy), actor)


def sign_in_void(raised: Raised) -> Advice:
    login = read(raised.detail).fields.get("login", "") if raised.detail else raised.subject
    say, mine = raised.words.say, raised.subject == ADMINISTRATOR
    again = say("I101.administrator.remedy" if mine else "I101.user.remedy")
    cause = say("I109.administrator.cause") if mine else say("I109.cause", login=login)
    return Advice(cause, joined(again, say("I109.remedy")), Actor.ADMIN)


def other_account(raised: Raised) -> Advice:
    fields = read(raised.detail).fields if raised.detail else {}
    return Advice(
        raised.words.say("I102.cause", account=fields.get("account", ""), wanted=fields.get("wanted", "")),
        raised.words.say("I102.remedy"),
        Actor.ADMIN if raised.subject == ADMINISTRATOR else Actor.PERSON,
    )


def sign_in_failed(raised: Raised) -> Advice:
    said = in_brackets(raised.fact.code) if isinstance(raised.fact, SignInFailed) else ""
    known = known_of(raised) or Advice("", "", Actor.PERSON)
    cause = joined(raised.words.say("I103.cause", said=said), known.cause)
    return known._replace(cause=cause, remedy=known.remedy or raised.words.say("I103.remedy"))


def flow_refused(raised: Raised) -> Advice:
    """Whoever signs in has the other way before him: the setting is the administrator's matter."""
    code = raised.fact.code if isinstance(raised.fact, FlowRefused) else ""
    known = known_of(raised)
    cause = joined(raised.words.say("I106.cause", code=code), known.cause if known else "")
    return Advice(cause, raised.words.say("I106.remedy"), Actor.ADMIN)


def provider_refuses(raised: Raised) -> Advice:
    blocked = raised.fact if isinstance(raised.fact, RefreshBlocked) else None
    code, actor = (blocked.code, blocked.actor) if blocked else ("unknown", "admin")
    known = known_of(raised)
    if code in (SEAL, CREDENTIAL) and known is not None:
        return known
    if known is None:
        remedy, must = WITHOUT_DETAIL.get(actor, WITHOUT_DETAIL["admin"])
        known = Advice("", raised.words.say(remedy), must)
    return known._replace(cause=joined(raised.words.say("I104.cause", code=code), known.cause))


def sign_in_ends(raised: Raised) -> Advice:
    mine, fact = raised.subject == ADMINISTRATOR, raised.fact
    day = fact.ends_at.date().isoformat() if isinstance(fact, GrantEndAnnounced) else ""
    again = raised.words.say("I101.administrator.remedy" if mine else "I101.user.remedy")
    return Advice(
        raised.words.say("I107.cause", day=day),
        joined(again, raised.words.say("I107.remedy")),
        Actor.ADMIN if mine else Actor.PERSON,
    )


def credential_ends(raised: Raised) -> Advice:
    fact, say = raised.fact, raised.words.say
    if not isinstance(fact, CredentialEndAnnounced):
        return Advice("", say("I108.remedy"), Actor.APP)
    cause = "I108.ended.cause" if fact.ends_at <= fact.at else "I108.ends.cause"
    return Advice(say(cause, day=fact.ends_at.date()), say("I108.remedy"), Actor.APP)


def server_refuses_token(raised: Raised) -> Advice:
    code = raised.fact.code if isinstance(raised.fact, AccessTokenRejected) else ""
    known = known_of(raised) or Advice("", raised.words.say("I105.remedy"), Actor.TENANT)
    mine = raised.subject == ADMINISTRATOR and known.actor is Actor.PERSON
    actor = Actor.ADMIN if mine else known.actor
    return known._replace(cause=raised.words.say("I105.cause", code=code), actor=actor)


def mailbox_closed(raised: Raised) -> Advice:
    say = raised.words.say
    code = raised.fact.code if isinstance(raised.fact, MailboxClosed) else ""
    account = read(raised.detail).fields.get("account", "") if raised.detail else ""
    known = known_of(raised) or Advice("", "", Actor.ADMIN)
    return known._replace(
        cause=joined(say("I301.cause", account=account, code=code), known.cause),
        remedy=joined(known.remedy, say("I301.remedy")),
    )


def quota_near(raised: Raised) -> Advice:
    say, account = raised.words.say, read(raised.detail).fields.get("account", "") if raised.detail else ""
    return Advice(say("I302.cause", account=account), say("I302.remedy"), Actor.ADMIN)


def job_ended(raised: Raised) -> Advice:
    fact, say = raised.fact, raised.words.say
    if isinstance(fact, JobEndedInPart):
        named = read(raised.detail).fields.get("recipients", "") if raised.detail else ""
        cause = say("I201.in-part.cause", job=raised.subject, refused=fact.refused)
        whom = say("I201.in-part.whom", recipients=named) if named else ""
        return Advice(joined(cause, whom), say("I201.in-part.remedy"), Actor.PERSON)
    if isinstance(fact, JobDeferred | JobPartlySent):
        return tried_enough(raised, fact)
    if isinstance(fact, OutcomeUnknown | NewLife):
        return Advice(say("I201.unknown.cause", job=raised.subject), say("I201.unknown.remedy"), Actor.PERSON)
    if isinstance(fact, JobTaken) or (isinstance(fact, JobSubmitted) and not fact.refused):
        why = broken_rules(fact.broken, raised)
        return why._replace(cause=say("I201.rule.cause", job=raised.subject, why=why.cause))
    if isinstance(fact, JobGivenUp):
        waited = days(fact.at - fact.waited_since)
        cause = say("I201.given-up.cause", job=raised.subject, days=waited)
        return Advice(cause, say("I201.given-up.remedy"), Actor.PERSON)
    of_ours = fact.refused if isinstance(fact, JobSubmitted) else ""
    code = fact.code if isinstance(fact, JobFailed | JobRevoked) else of_ours
    known = known_of(raised) or of_reason(code, raised.words) or Advice("", say("I201.remedy"), Actor.PERSON)
    cause = say("I201.cause", job=raised.subject, code=raised.words.reason(code))
    return known._replace(cause=joined(cause, known.cause))


def tried_enough(raised: Raised, fact: JobDeferred | JobPartlySent) -> Advice:
    """The server's last words stand in it where they are for the owner alone: they may name an address."""
    say, after = raised.words.say, days(fact.give_up_after or timedelta())
    cause = say("I201.tried.cause", job=raised.subject, days=after)
    if isinstance(fact, JobPartlySent):
        cause = say("I201.tried-in-part.cause", job=raised.subject, days=after, waiting=fact.waiting)
    known = known_of(raised) or Advice("", "", Actor.PERSON)
    if known.actor not in (Actor.PERSON, Actor.NOBODY):
        return known._replace(cause=joined(cause, known.cause))
    reply = read(raised.detail).fields.get("reply", "") if raised.detail else ""
    words = say("I201.last-words", reply=reply) if reply else ""
    return Advice(joined(cause, known.cause, words), say("I201.tried.remedy"), Actor.PERSON)


def jobs_wait(raised: Raised) -> Advice:
    number = raised.fact.waiting if isinstance(raised.fact, LeftJobsSettled) else 0
    say = raised.words.say
    return Advice(say("I202.cause", number=number), say("I202.remedy"), Actor.PERSON)


def jobs_cancelled(raised: Raised) -> Advice:
    number = raised.fact.cancelled if isinstance(raised.fact, LeftJobsSettled) else 0
    say = raised.words.say
    return Advice(say("I203.cause", number=number), say("I203.remedy"), Actor.PERSON)


def jobs_held(raised: Raised) -> Advice:
    number = raised.fact.jobs if isinstance(raised.fact, StoreCopied) else 0
    return Advice(raised.words.say("I205.cause", number=number), raised.words.say("I205.remedy"), Actor.ADMIN)


def report_in_part(raised: Raised) -> Advice:
    numbers = raised.fact.left_out if isinstance(raised.fact, JobSubmitted) else ()
    lines = read(raised.detail).fields.get("lines", "") if raised.detail else ", ".join(map(str, numbers))
    say = raised.words.say
    return Advice(say("I204.cause", job=raised.subject, lines=lines), say("I204.remedy"), Actor.ADMIN)


def days(waited: timedelta) -> str:
    """`3`, or `0.5`: in days."""
    return f"{waited / timedelta(days=1):.3g}"


def of_reason(code: str, words: Words) -> Advice | None:
    """What the engine itself has to say of a job; None: the reason is the server's, or a rule."""
    if code not in OURS:
        return None
    cause, remedy, actor = OURS[code]
    return Advice(words.say(cause), words.say(remedy), actor)


def known_of(raised: Raised) -> Advice | None:
    """What an adapter knows of it, in the language of this moment."""
    if not raised.detail:
        return None
    known = read(raised.detail)
    if known.meaning == BROKEN:
        return broken_rules(tuple(known.fields), raised)
    cause = raised.words.table(f"{known.meaning}.cause", known.cause, **known.fields)
    if CORRELATION in known.fields:
        cause = joined(cause, raised.words.say("I104.support", **known.fields))
    remedy = raised.words.table(f"{known.meaning}.remedy", known.remedy, **known.fields)
    return Advice(cause, remedy, known.actor)


def read(detail: str) -> Detail:
    """Raises ValueError for what is none."""
    try:
        meaning, cause, remedy, actor, fields = json.loads(detail)
        return Detail(meaning, cause, remedy, Actor(actor), dict(fields))
    except TypeError as error:
        raise ValueError("this is no detail of an information") from error


def joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def in_brackets(code: str) -> str:
    return f" ({code})"


WORDS: MappingProxyType[Info, Callable[[Raised], Advice]] = MappingProxyType({
    Info.NOT_AVAILABLE: not_available,
    Info.CLOCK_NOT_SET: partial(plainly, "I002", Actor.ADMIN),
    Info.DISK_FULL: partial(plainly, "I003", Actor.ADMIN),
    Info.SIGN_IN_AGAIN: sign_in_again,
    Info.OTHER_ACCOUNT: other_account,
    Info.SIGN_IN_FAILED: sign_in_failed,
    Info.PROVIDER_REFUSES: provider_refuses,
    Info.SERVER_REFUSES_TOKEN: server_refuses_token,
    Info.FLOW_REFUSED: flow_refused,
    Info.SIGN_IN_ENDS: sign_in_ends,
    Info.CREDENTIAL_ENDS: credential_ends,
    Info.SIGN_IN_VOID: sign_in_void,
    Info.JOB_ENDED: job_ended,
    Info.JOBS_WAIT: jobs_wait,
    Info.JOBS_CANCELLED: jobs_cancelled,
    Info.REPORT_IN_PART: report_in_part,
    Info.JOBS_HELD: jobs_held,
    Info.JOB_LEFT_ALONE: partial(plainly, "I206", Actor.ADMIN),
    Info.JOB_LATE: partial(plainly, "I207", Actor.PERSON),
    Info.MAILBOX_CLOSED: mailbox_closed,
    Info.QUOTA_NEAR: quota_near,
})  # fmt: skip


def warning(code: Info, since: datetime, raised: Raised) -> Warning:
    said = WORDS[code](raised)
    who = raised.words.actor(said.actor)
    about = raised.fact.identity if isinstance(raised.fact, SignInFailed | FlowRefused) else ""
    return Warning(code, raised.subject, since, said.cause, said.remedy, said.actor, who, about=about)
