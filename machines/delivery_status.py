"""What a report says of one recipient: its action and its status (RFC 3461, RFC 3463, RFC 3464).

Rule: the status is the server's own enhanced code where it gave one for what is reported; else it is derived
from the reply's first digit, or from our own reason.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ..events.job import Ending
from ..events.request import Notify
from .job import GIVEN_UP, NOT_SIGNED_IN, UNKNOWN, UNKNOWN_TOO_OFTEN

REPLY = re.compile(r"([245])\d\d(?:$|[ -](?:([245]\.\d{1,3}\.\d{1,3})(?!\S))?)")
"Of a server: its code, and its enhanced code where it has one (RFC 2034)."


class Action(StrEnum):
    """RFC 3464 section 2.3.3, as far as this device can know it."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    "The submission server took it; what it does with it nobody says."


class Known(StrEnum):
    """What is known of one recipient when it is reported."""

    TAKEN = "taken"
    TOLD_ELSEWHERE = "taken by a server that tells itself what becomes of it"
    REFUSED = "refused"
    WAITS = "waits"


def action(occasion: Notify, notify: tuple[Notify, ...], known: Known) -> Action | None:
    """What is reported of it on this occasion; None: nothing was asked for (RFC 3461 section 4.1)."""
    failure = not notify or Notify.FAILURE in notify
    match occasion, known:
        case Notify.DELAY, Known.WAITS if Notify.DELAY in notify:
            return Action.DELAYED
        case Notify.FAILURE, Known.REFUSED | Known.WAITS if failure:
            return Action.FAILED
        case Notify.FAILURE | Notify.SUCCESS, Known.TAKEN if Notify.SUCCESS in notify:
            return Action.RELAYED
    return None


OURS: Mapping[str, str] = MappingProxyType({
    GIVEN_UP: "4.4.7",
    NOT_SIGNED_IN: "5.4.7",
    UNKNOWN: "4.4.2",
    UNKNOWN_TOO_OFTEN: "4.4.2",
    Ending.REVOKED: "5.7.1",
    "size": "5.3.4",
    "smtputf8": "5.6.7",
    "8bitmime": "5.6.3",
    "address": "5.1.3",
    "S33-size": "5.3.4",
    "S33-many": "5.5.3",
    "S17-refused": "5.7.1",
    "S17-former": "5.7.1",
    "S7-bulk": "5.7.1",
})  # fmt: skip
"By the engine's own reason: delivery time expired (x.4.7), bad connection (x.4.2), and what a rule says."
OTHERWISE: Mapping[Action, str] = MappingProxyType({
    Action.FAILED: "5.0.0",
    Action.DELAYED: "4.0.0",
    Action.RELAYED: "2.0.0",
})  # fmt: skip


def of_server(reply: str) -> bool:
    """A server said it, and not this device."""
    return REPLY.match(reply) is not None


def status(action: Action, reason: str, reply: str) -> str:
    """`reason`: of the job, a code; `reply`: what was said last of the recipient."""
    found = REPLY.match(reply)
    digit, enhanced = (found[1], found[2]) if found else ("", None)
    if action is Action.RELAYED:
        return enhanced if enhanced and digit == "2" else OTHERWISE[action]
    if action is Action.FAILED and digit != "5":
        return OURS.get(reason) or OURS.get(reply.partition(" ")[0]) or OTHERWISE[action]
    return enhanced or (f"{digit}.0.0" if digit in ("4", "5") else OTHERWISE[action])
