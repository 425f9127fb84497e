"""The mailbox of one account: whether anything may be sent from it now (B10, B11, S31).

Some refusals are no matter of one message: Authenticated SMTP is off, the mailbox is full, it has no licence,
the account is blocked. Every further try would be refused as well, and servers close a mailbox for longer
that is tried on and on. So the first such refusal closes it, whichever job met it; all jobs of the account
wait. After a while, each time longer, or when somebody acts, one message finds out whether it was mended: the
first that is taken opens it, another refusal of that kind closes it again.

What a provider allows a mailbox in a minute and in a day is counted here for all functions and people that
share it, so that its server never has to say no. Where it says no all the same, it waits as long as the
server wants, and then one message finds out.

Rule: the warning stands for as long as nothing was taken. What was under way when it closed says nothing of
that: a connection that was signed in before goes on for a while.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..events.base import OfAccount
from ..events.information import Info
from ..events.mailbox import (
    MailboxClosed,
    MailboxPaused,
    MailboxPauseEnded,
    MailboxProved,
    MailboxQuotaEased,
    MailboxTryDue,
    MailboxTryWanted,
    MailboxUsed,
    MailboxUseEnded,
    PacedFact,
)
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, Inform
from .pace import LATE, Pace, Use, current, eases_at, free_at, given_back, moved, quota, used

Mailbox = StrEnum(
    "Mailbox", {"OPEN": "open", "WAITING": "waiting until", "CLOSED": "closed", "TRYING": "being tried"}
)
OPEN, WAITING, CLOSED, TRYING = Mailbox
TRIED_AFTER = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 12, 24))
"How long it stays closed, the first time and after each try in vain; the last one from then on."
PACE, QUOTA = "pace", "quota"
OURS = frozenset({PACE, QUOTA})
"Why it waits although no server said so."


@dataclass(frozen=True, slots=True)
class Traffic:
    code: str = ""
    "What the server said when it closed it."
    waits: int = 0
    "Which of the times to be closed comes next."
    try_at: datetime | None = None
    until: datetime | None = None
    "When it waits: how long."
    why: str = ""
    "When it waits: what for, `pace`, `quota`, or what the server said."
    first_one: bool = False
    "When it waits: one message finds out first, when that is over."
    use: Use = field(default_factory=Use)
    eases_at: datetime | None = None
    "When the day's allowance is not nearly used up any more; None: it is not."


def pace_of(event: PacedFact) -> Pace:
    return Pace(event.messages_a_minute, event.messages_a_day, event.recipients_a_day)


# Closed


def known(traffic: Traffic, event: MailboxClosed) -> bool:
    """The warning says that already: it is not raised anew, for somebody may have read it."""
    return event.code == traffic.code


def closed(traffic: Traffic, event: MailboxClosed, waits: int) -> Traffic:
    due = event.at + TRIED_AFTER[min(waits, len(TRIED_AFTER) - 1)]
    at = max(due, event.not_before or due)
    return Traffic(event.code, waits + 1, at, use=traffic.use, eases_at=traffic.eases_at)


def close(traffic: Traffic, event: MailboxClosed) -> Traffic:
    return closed(traffic, event, 0)


def close_again(traffic: Traffic, event: MailboxClosed) -> Traffic:
    """A try in vain."""
    return closed(traffic, event, traffic.waits)


def by_a_person(traffic: Traffic, event: MailboxTryWanted) -> Traffic:
    """Who has mended a part of it tries again: the times begin anew."""
    return replace(traffic, waits=0)


def mended(traffic: Traffic, event: MailboxProved) -> Traffic:
    return Traffic(use=traffic.use, eases_at=traffic.eases_at)


# Pace


def counted(traffic: Traffic, event: MailboxUsed) -> Traffic:
    use = used(traffic.use, event.at, event.recipient_count)
    return replace(traffic, use=use, eases_at=eased_at(traffic, use, event))


def eased_at(traffic: Traffic, use: Use, event: PacedFact) -> datetime | None:
    """A warning that stands and is not true any more is cleared at once."""
    return eases_at(use, pace_of(event), event.at) or (event.at if traffic.eases_at else None)


def full(traffic: Traffic, event: MailboxUsed) -> bool:
    """It was the last one for now."""
    return free_at(counted(traffic, event).use, pace_of(event), event.at) is not None


def nearly(traffic: Traffic, event: MailboxUsed) -> bool:
    """With this one the day's allowance is nearly used up."""
    return traffic.eases_at is None and counted(traffic, event).eases_at is not None


def full_and_nearly(traffic: Traffic, event: MailboxUsed) -> bool:
    return full(traffic, event) and nearly(traffic, event)


def wait_for_room(traffic: Traffic, event: PacedFact) -> Traffic:
    """Until the pace leaves room; never shorter than before."""
    moment = free_at(traffic.use, pace_of(event), event.at) or event.at
    if traffic.until is not None and traffic.until >= moment:
        return traffic
    why = QUOTA if quota(traffic.use, pace_of(event), event.at) else PACE
    return replace(traffic, until=moment, why=why)


def counted_last(traffic: Traffic, event: MailboxUsed) -> Traffic:
    return wait_for_room(counted(traffic, event), event)


def corrected(traffic: Traffic, event: MailboxUseEnded) -> Traffic:
    use = traffic.use
    if event.given_back:
        use = given_back(use, event.at, event.used_at, event.given_back)
    if event.at - event.used_at >= LATE:
        use = moved(use, event.at, event.used_at)
    return replace(traffic, use=use, eases_at=eased_at(traffic, use, event))


def corrected_waiting(traffic: Traffic, event: MailboxUseEnded) -> Traffic:
    return wait_for_room(corrected(traffic, event), event)


def as_now(traffic: Traffic, event: MailboxPaused | MailboxPauseEnded) -> Use:
    """What a clock that has been set back counted ahead is of now once, and gets older from here on."""
    return current(traffic.use, event.at)


def pause(traffic: Traffic, event: MailboxPaused) -> Traffic:
    server = event.code not in OURS
    return replace(traffic, until=event.until, why=event.code, first_one=server, use=as_now(traffic, event))


def pause_a_try(traffic: Traffic, event: MailboxPaused) -> Traffic:
    return replace(pause(traffic, event), first_one=True)


def pause_on(traffic: Traffic, event: MailboxPaused) -> Traffic:
    """What lasts longer counts, and what a server said is found out by one message."""
    if traffic.until is not None and traffic.until >= event.until:
        return replace(traffic, first_one=traffic.first_one or event.code not in OURS)
    return replace(pause(traffic, event), first_one=traffic.first_one or event.code not in OURS)


def one_first(traffic: Traffic, event: MailboxPauseEnded) -> bool:
    return traffic.first_one


def waited(traffic: Traffic, event: MailboxPauseEnded) -> Traffic:
    return replace(traffic, until=None, why="", first_one=False, use=as_now(traffic, event))


def eased(traffic: Traffic, event: MailboxQuotaEased) -> Traffic:
    return replace(traffic, eases_at=None)


TOLD = (Inform(Info.MAILBOX_CLOSED),)
NEARLY = (Inform(Info.QUOTA_NEAR),)
EASES = lasts(until="eases_at", then=MailboxQuotaEased)

MAILBOX = Definition(
    "mailbox", Traffic,
    always(
        on(MailboxClosed, when=known, to=CLOSED, data=close_again),
        on(MailboxClosed, unless=known, to=CLOSED, data=close, ask=TOLD),
        on(MailboxUsed, when=nearly, data=counted, ask=NEARLY),
        on(MailboxUsed, unless=nearly, data=counted),
        on(MailboxUseEnded, data=corrected),
        on(MailboxQuotaEased, data=eased, ask=[Clear(Info.QUOTA_NEAR)]),
        ignore(MailboxTryDue, MailboxTryWanted, why="it is open to a message already, or will be"),
        ignore(MailboxProved, why="that says nothing of what it is closed for"),
        ignore(MailboxPaused, why="nothing goes as it is"),
        ignore(MailboxPauseEnded, why="it does not wait for that"),
    ),
    state(OPEN, "Nothing stands in the way.",
        EASES,
        on(MailboxClosed, to=CLOSED, data=close, ask=TOLD),
        on(MailboxUsed, when=full_and_nearly, to=WAITING, data=counted_last, ask=NEARLY),
        on(MailboxUsed, when=full, unless=full_and_nearly, to=WAITING, data=counted_last),
        on(MailboxUsed, when=nearly, unless=[full_and_nearly, full], data=counted, ask=NEARLY),
        on(MailboxUsed, unless=[full_and_nearly, full, nearly], data=counted),
        on(MailboxPaused, to=WAITING, data=pause)),
    state(WAITING, "The provider's pace is reached, or its server wants a while; it goes on by itself.",
        EASES,
        lasts(until="until", then=MailboxPauseEnded),
        on(MailboxUsed, when=nearly, data=counted_last, ask=NEARLY),
        on(MailboxUsed, unless=nearly, data=counted_last),
        on(MailboxUseEnded, data=corrected_waiting),
        on(MailboxPaused, data=pause_on),
        on(MailboxPauseEnded, when=one_first, to=TRYING, data=waited),
        on(MailboxPauseEnded, unless=one_first, to=OPEN, data=waited)),
    state(CLOSED, "Somebody must mend it first; the account's jobs wait.",
        EASES,
        lasts(until="try_at", then=MailboxTryDue),
        ignore(MailboxClosed, when=known, why="another message that was under way met the same"),
        on(MailboxClosed, unless=known, to=CLOSED, data=close, ask=TOLD),
        on(MailboxTryDue, to=TRYING),
        on(MailboxTryWanted, to=TRYING, data=by_a_person)),
    state(TRYING, "One message at a time goes, until one is taken.",
        EASES,
        on(MailboxPaused, to=WAITING, data=pause_a_try),
        on(MailboxProved, to=OPEN, data=mended, ask=[Clear(Info.MAILBOX_CLOSED)])),
    per=OfAccount,
)  # fmt: skip
