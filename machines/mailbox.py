"""The mailbox of one account: whether anything may be sent from it now (B10, B11, S31).

Some refusals are no matter of one message: Authenticated SMTP is off, the mailbox is full, it has no licence,
the account is blocked. Every further try would be refused as well, and servers close a mailbox for longer
that is tried on and on. So the first such refusal closes it, whichever job met it; all jobs of the account
wait. After a while, or when somebody acts, one message finds out whether it was mended: the first that is
taken opens it, another refusal of that kind closes it again.

Rule: the warning stands for as long as nothing was taken. What was under way when it closed says nothing of
that: a connection that was signed in before goes on for a while.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..events.base import OfAccount
from ..events.information import Info
from ..events.mailbox import MailboxClosed, MailboxProved, MailboxTryDue, MailboxTryWanted
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, Inform

Mailbox = StrEnum("Mailbox", {"OPEN": "open", "CLOSED": "closed", "TRYING": "being tried"})
OPEN, CLOSED, TRYING = Mailbox


@dataclass(frozen=True, slots=True)
class Closure:
    code: str = ""
    "What the server said."
    try_at: datetime | None = None


def known(closure: Closure, event: MailboxClosed) -> bool:
    """The warning says that already: it is not raised anew, for somebody may have read it."""
    return event.code == closure.code


def close(closure: Closure, event: MailboxClosed) -> Closure:
    return Closure(event.code, event.try_at)


def mended(closure: Closure, event: MailboxProved) -> Closure:
    return Closure()


TOLD = (Inform(Info.MAILBOX_CLOSED),)

MAILBOX = Definition(
    "mailbox", Closure,
    always(
        on(MailboxClosed, when=known, to=CLOSED, data=close),
        on(MailboxClosed, unless=known, to=CLOSED, data=close, ask=TOLD),
        ignore(MailboxTryDue, MailboxTryWanted, why="it is open to a message already"),
        ignore(MailboxProved, why="that says nothing of what it is closed for"),
    ),
    state(OPEN, "Nothing stands in the way.",
        on(MailboxClosed, to=CLOSED, data=close, ask=TOLD)),
    state(CLOSED, "Somebody must mend it first; the account's jobs wait.",
        lasts(until="try_at", then=MailboxTryDue),
        on(MailboxTryDue, MailboxTryWanted, to=TRYING)),
    state(TRYING, "One message at a time goes, until one is taken.",
        on(MailboxProved, to=OPEN, data=mended, ask=[Clear(Info.MAILBOX_CLOSED)])),
    per=OfAccount,
)  # fmt: skip
