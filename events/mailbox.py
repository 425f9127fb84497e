"""Facts about the mailbox of one account: what is sent from it, why nothing may be, and that it may again.

An account is an id of the store; its address stands in the account's row. Identities that sign in with the
same address share it.
"""

from typing import Annotated

from pydantic import AwareDatetime, Field

from .base import OfAccount

Count = Annotated[int, Field(ge=0)]


class MailboxClosed(OfAccount):
    """The submission server wants the mailbox, or its organisation, mended before anything more comes."""

    not_before: AwareDatetime | None = None
    "The earliest moment for a try, where the server's answer has a time of its own."
    code: str
    "The server's, such as `535 5.7.139`, or ours."


class MailboxTryDue(OfAccount):
    """It was closed for so long that one message should find out whether it was mended."""


class MailboxTryWanted(OfAccount):
    """Somebody did something that may have mended it: signed in, changed a setting, or asked for a try."""


class MailboxProved(OfAccount):
    """The submission server took a message while the mailbox was being tried."""


class PacedFact(OfAccount):
    """With what the provider allows, as its data and the settings say it now; 0: as much as the mailbox
    likes.
    """

    messages_a_minute: Count = 0
    messages_a_day: Count = 0
    recipients_a_day: Count = 0


class MailboxUsed(PacedFact):
    """A message is on its way: it counts for the provider's pace (B11)."""

    recipient_count: Count


class MailboxUseEnded(PacedFact):
    """What became of a message that was counted: its end came later than the moment that was counted, or the
    server did not take it.
    """

    used_at: AwareDatetime
    "The moment that was counted."
    given_back: Count
    "Recipients of a message that was not taken; 0: it was, or may have been."


class MailboxPaused(OfAccount):
    """Nothing more may go for a while: the server said so, or the next message would pass the provider's
    pace.
    """

    until: AwareDatetime
    code: str
    "The server's, such as `432 4.3.2`; or ours, `pace` or `quota`."


class MailboxPauseEnded(OfAccount):
    """The pause has lasted as long as it was to."""


class MailboxQuotaEased(OfAccount):
    """Of a day's allowance enough is free again that nobody needs to be told."""
