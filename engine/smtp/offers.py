"""What a server offers and then fails at: it is noticed, the message goes the plain way, and the server is
asked for no more of it for a day.

Rule: an offer is left out at once, for the same message, where its words leave no doubt; a connection that
merely ends may end for any reason, so that takes a second one in a row, with none that worked between. It is
remembered only when the plain way went further.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from .reply import Reply

REMEMBERED = timedelta(days=1)
IN_A_ROW = 2
"Connections that end where something was offered, before that is blamed."
NOT_IMPLEMENTED = frozenset({501, 504, 555})
"Parameters that are not recognized or not implemented (RFC 5321 sections 4.1.1.11 and 4.2.2)."
OF_PARAMETERS = frozenset({"", "5.5.0", "5.5.1", "5.5.2", "5.5.4"})
"Enhanced codes of such replies: the command's fault, not an address's."
BAD_SEQUENCE = 503
_PIPELINING = re.compile(r"pipelin|synchroni[sz]ation", re.IGNORECASE)


class Offer(StrEnum):
    PIPELINING = "PIPELINING"
    AHEAD = "the next envelope behind a body"
    "RFC 2920 section 3.1 lets a group begin with message content."
    SIZE = "SIZE"
    DSN = "DSN"
    BODY = "BODY=8BITMIME"
    "Eight bits go without it, too, where 8BITMIME is offered and this refused, as Dovecot may."
    SMTPUTF8 = "SMTPUTF8"


Offers = frozenset[Offer]
NONE: Offers = frozenset()


PARAMETERS = {
    Offer.SIZE: re.compile("size", re.IGNORECASE),
    Offer.BODY: re.compile("BODY|8BITMIME", re.IGNORECASE),
    Offer.DSN: re.compile("ENVID|RET=|RET |NOTIFY|ORCPT"),
}
"Names of what they bring to MAIL and RCPT, as a refusal may have them."


class FailedOffers:
    """Of one server, in memory."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[Offer, datetime] = {}
        self._ended: dict[Offer, int] = {}
        "Connections in a row that ended right at it."

    @property
    def offers(self) -> Offers:
        """Those to leave out now."""
        now = self._now()
        return frozenset(offer for offer, until in self._until.items() if now < until <= now + REMEMBERED)

    def remember(self, offers: Offers) -> None:
        self._until |= dict.fromkeys(offers, self._now() + REMEMBERED)

    def worked(self, offer: Offer) -> None:
        self._ended.pop(offer, None)

    def ended(self, offer: Offer) -> bool:
        """A connection ended right at it; whether that is enough to blame the offer."""
        self._ended[offer] = self._ended.get(offer, 0) + 1
        return self._ended[offer] >= IN_A_ROW


def refuses_parameters(reply: Reply) -> bool:
    return reply.code in NOT_IMPLEMENTED and reply.enhanced in OF_PARAMETERS


def refuses_letters(reply: Reply) -> bool:
    """RFC 6531 section 3.5: an address that is not ASCII, where SMTPUTF8 was said."""
    return refuses_parameters(reply) or reply.enhanced == "5.6.7"


def refuses_pipelining(reply: Reply) -> bool:
    """Said of a command that came in a group, while none before it was refused."""
    return reply.code == BAD_SEQUENCE or (
        500 <= reply.code < 600 and _PIPELINING.search(reply.words) is not None
    )


def named(reply: Reply, offers: Offers) -> Offers:
    """Of these, the ones that the refusal names."""
    return frozenset(offer for offer in offers if PARAMETERS[offer].search(reply.words))
