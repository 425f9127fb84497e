"""What a rule may look at: the settings, and one message with what is known of its server before it is asked.

Rule: plain values; whoever asks a rule has looked them up before.
"""

from typing import NamedTuple

from ..events.request import Function
from ..events.settings import DeviceSettings
from .identity import Sender


class Message(NamedTuple):
    """One message, as far as a rule may look at it."""

    function: Function
    sender: Sender
    recipients: int
    reports_failed_mail: bool = False
    former_from: bool = False
    "It was accepted with a From that whoever signs in for it does not send from any more."
    octets: int | None = None
    "Its size on the wire, once it is composed."
    reports_mail: bool = False
    "It reports a transmission by mail."
    mailbox_closed: bool = False
    "The mailbox that would send it waits for somebody to mend it."
    refused_from: bool = False
    "The submission server has refused its From lately, for the account that would send it."


class Limits(NamedTuple):
    """What is known of the submission server before it is asked."""

    server: str | None = None
    "Its name; None: there is none."
    octets_max: int | None = None
    "SIZE (RFC 1870), as it said last or as the provider documents it; None: unknown."
    recipients_max: int | None = None
    "A message; None: unknown."


UNKNOWN = Limits()


class Situation(NamedTuple):
    """What a rule may look at."""

    settings: DeviceSettings
    message: Message | None = None
    "Only where one message is looked at."
    limits: Limits = UNKNOWN
    "Looked at together with a message alone."
