"""What a provider does to a mailbox that wants too much of it: so many connections, so many messages in any
minute, so many recipients in any day, and whatever is more is refused.

Rule: it counts by the clock of the playing servers, and what it refused it counts, too (`refused`), so that a
test can say that nothing was ever provoked.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CONNECTIONS = "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending."
MESSAGES = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"
QUOTA = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"


@dataclass
class Throttle:
    """None: as much as a mailbox likes. A connection is named by whatever stands for it."""

    connections: int | None = None
    messages_a_minute: int | None = None
    recipients_a_day: int | None = None
    refused: list[str] = field(default_factory=list)
    open: dict[str, set[object]] = field(default_factory=lambda: defaultdict(set))
    sent: dict[str, deque[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(deque))
    widest: int = 0
    "The most connections that one mailbox had at once."

    def signs_in(self, account: str, connection: object) -> str | None:
        """The refusal; None: it may."""
        there = self.open[account]
        if self.connections is not None and len(there | {connection}) > self.connections:
            return self.refuses(CONNECTIONS)
        there.add(connection)
        self.widest = max(self.widest, len(there))
        return None

    def leaves(self, connection: object) -> None:
        for there in self.open.values():
            there.discard(connection)

    def submits(self, account: str, recipients: int, now: datetime) -> str | None:
        """The refusal; None: the message is taken, and counted."""
        sent = self.sent[account]
        while sent and sent[0][0] <= now - DAY:
            sent.popleft()
        minute = sum(moment > now - MINUTE for moment, _ in sent)
        if self.messages_a_minute is not None and minute >= self.messages_a_minute:
            return self.refuses(MESSAGES)
        people = sum(count for _, count in sent) + recipients
        if self.recipients_a_day is not None and people > self.recipients_a_day:
            return self.refuses(QUOTA)
        sent.append((now, recipients))
        return None

    def refuses(self, reply: str) -> str:
        self.refused.append(reply)
        return reply
