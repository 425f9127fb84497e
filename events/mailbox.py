"""Facts about the mailbox of one account: closed until somebody mends it, tried, open again.

An account is an id of the store; its address stands in the account's row. Identities that sign in with the
same address share it.
"""

from pydantic import AwareDatetime

from .base import OfAccount


class MailboxClosed(OfAccount):
    """The submission server wants the mailbox, or its organisation, mended before anything more comes."""

    try_at: AwareDatetime
    "When to try with one message whether it was mended."
    code: str
    "The server's, such as `535 5.7.139`, or ours."


class MailboxTryDue(OfAccount):
    """It was closed for so long that one message should find out whether it was mended."""


class MailboxTryWanted(OfAccount):
    """Somebody did something that may have mended it: signed in, changed a setting, or asked for a try."""


class MailboxProved(OfAccount):
    """The submission server took a message while the mailbox was being tried."""
