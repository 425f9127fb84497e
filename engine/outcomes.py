"""What a try comes to: from the submission's outcome to facts, and to the rows that are committed with them.

A verdict that counts for the whole mailbox is said of the mailbox, and the job waits uncounted. Where several
recipients fare differently, whoever was taken or refused for good is settled, and the job waits for the rest
(S33c).

Rule: addresses and a server's words go into rows and into the detail of an information, never into a fact.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from ..events.information import Actor, Info
from ..events.job import JobDeferred, JobEndedInPart, JobFailed, JobPartlySent, JobSent, OutcomeUnknown
from ..events.token import AccessTokenRejected
from ..machines.progress import Progress
from .acts import SOMEBODYS_ACT
from .addressees import ADDRESSEES, Addressee, Addressees, Fate, after, count, first_refused, waiting
from .bus import Publication
from .clock import Clock
from .deeds import Outcome
from .holder import Held
from .information import detail_by
from .mailboxes import Mailboxes
from .ports import SIGN_IN_GONE, Phase, Recipient, Verdict
from .ports import Outcome as Sent
from .records import InformationDetail, JobOutcome, JobRow, JobTry, Write
from .retry import again

NAMED_MOST = 20
"So many recipients an information names; the job's row has all."


@dataclass(frozen=True)
class Tried:
    """One try of a job."""

    row: JobRow
    progress: Progress
    "As it was when the try began."
    before: Addressees
    held: Held | None
    "The access token with which it went."
    account: str
    sender: str
    sent: Sent

    @cached_property
    def now(self) -> Addressees:
        return after(self.before, self.sent)


class Outcomes:
    def __init__(
        self,
        mailboxes: Mailboxes,
        clock: Clock,
        explain: Callable[[Sent, Mapping[str, str]], str],
        give_up_after: Callable[[], timedelta],
    ) -> None:
        """`explain`: what an outcome means, with the fields of its sentences, as the detail of an
        information. `give_up_after`: the setting of this moment.
        """
        self.mailboxes, self.clock, self.explain = mailboxes, clock, explain
        self.give_up_after = give_up_after

    def of(self, tried: Tried) -> Outcome:
        sent = tried.sent
        if sent.verdict is Verdict.SENT:
            return self.taken(tried)
        if sent.verdict is Verdict.UNKNOWN:
            unknown = OutcomeUnknown(job=tried.row.job, retry_at=self.later(tried))
            return (Publication(unknown, rows=written(tried)),)
        if sent.verdict in (Verdict.ENDED, Verdict.SENDER_REFUSED):
            return self.ended(tried)
        at_once = JobDeferred(job=tried.row.job, retry_at=self.clock.now(), code=sent.code, counted=False)
        waits = Publication(at_once, rows=written(tried))
        if sent.verdict is Verdict.CLOSES:
            return (self.closed(tried, sent), waits)
        if sent.verdict is Verdict.PAUSES:
            return (self.mailboxes.throttled(tried.account, sent.code, sent.retry_after), waits)
        if sent.code == SIGN_IN_GONE:  # it goes as soon as there is another token
            return (waits,)
        if sent.verdict is Verdict.TOKEN_REFUSED and tried.held is not None:
            return (self.rejected(tried, tried.held), waits)
        deferred = JobDeferred(
            job=tried.row.job,
            retry_at=self.later(tried),
            code=sent.code,
            counted=sent.answered,
            give_up_after=self.give_up_after(),
        )
        return (Publication(deferred, rows=(*written(tried), self.if_given_up(tried, sent))),)

    def taken(self, tried: Tried) -> Outcome:
        """The server took the message for whomever it had accepted."""
        proved, now, row = self.mailboxes.proved(tried.account), tried.now, tried.row
        if waiting(now):
            return (self.partly(tried), *proved, *self.closed_for_one(tried))
        if count(now, Fate.REFUSED):
            return (self.in_part(tried), *proved)
        return (Publication(JobSent(job=row.job, identity=row.identity), rows=written(tried)), *proved)

    def partly(self, tried: Tried) -> Publication:
        left = [each for each in tried.sent.recipients if not each.accepted and each.verdict in WAITS]
        of_one = said_of(left[0])
        hint = max((each.retry_after or timedelta() for each in left), default=timedelta())
        fact = JobPartlySent(
            job=tried.row.job,
            identity=tried.row.identity,
            retry_at=again(self.clock.now(), 0, answered=True, hint=hint),
            code=of_one.code,
            taken=count(tried.now, Fate.TAKEN),
            waiting=len(left),
            give_up_after=self.give_up_after(),
        )
        return Publication(fact, rows=(*written(tried, of_one), self.if_given_up(tried, of_one)))

    def in_part(self, tried: Tried) -> Publication:
        """Some have it, and nobody waits any more."""
        now, job = tried.now, tried.row.job
        others = [each for each in now if each.fate is Fate.REFUSED]
        fact = JobEndedInPart(
            job=job, identity=tried.row.identity, taken=count(now, Fate.TAKEN), refused=len(others)
        )
        named = [f"{each.address} ({each.reply})" for each in others[:NAMED_MOST]]
        if len(others) > NAMED_MOST:
            named.append("…")
        detail = detail_by("I201.in-part", Actor.PERSON, recipients="; ".join(named))
        why = InformationDetail(Info.JOB_ENDED, str(job), detail)
        return Publication(fact, rows=(*written(tried), why))

    def ended(self, tried: Tried) -> Outcome:
        not_as = tried.sent.verdict is Verdict.SENDER_REFUSED
        remembered = self.mailboxes.refuses_sender(tried.account, tried.sender) if not_as else ()
        if count(tried.now, Fate.TAKEN):
            part = self.in_part(tried)
            return (replace(part, rows=(*part.rows, *remembered)),)
        job = tried.row.job
        why = InformationDetail(Info.JOB_ENDED, str(job), self.meant(tried, tried.sent))
        fact = JobFailed(job=job, code=tried.sent.code)
        return (Publication(fact, rows=(*written(tried), why, *remembered)),)

    def closed(self, tried: Tried, sent: Sent) -> Publication:
        mailbox = self.mailboxes.row(tried.account)
        fact = self.mailboxes.close(mailbox, sent.code, sent.retry_after)
        why = InformationDetail(Info.MAILBOX_CLOSED, mailbox.account, self.meant(tried, sent))
        return Publication(fact, rows=(mailbox, why))

    def closed_for_one(self, tried: Tried) -> Outcome:
        """Somebody else got it before the server closed the mailbox."""
        found = first_refused(tried.sent, (Verdict.CLOSES, Verdict.PAUSES))
        if found is not None and found.verdict is Verdict.PAUSES:
            return (self.mailboxes.throttled(tried.account, found.code, found.retry_after),)
        return (self.closed(tried, said_of(found)),) if found is not None else ()

    def rejected(self, tried: Tried, held: Held) -> Publication:
        identity = tried.row.identity
        fact = AccessTokenRejected(
            identity=identity,
            attempt=held.attempt,
            retry_at=self.clock.now() + SOMEBODYS_ACT,
            code=tried.sent.code,
        )
        why = InformationDetail(Info.SERVER_REFUSES_TOKEN, identity, self.meant(tried, tried.sent))
        return Publication(fact, rows=(why,))

    def later(self, tried: Tried) -> datetime:
        sent = tried.sent
        answered = sent.answered or sent.verdict is Verdict.UNKNOWN
        return again(self.clock.now(), tried.progress.tries, answered=answered, hint=sent.retry_after)

    def meant(self, tried: Tried, sent: Sent, **more: str) -> str:
        return self.explain(sent, {"account": tried.account, "sender": tried.sender, **more})

    def if_given_up(self, tried: Tried, sent: Sent) -> InformationDetail:
        """Nobody reads it unless this answer was the one too many: that, the job's machine decides."""
        words = self.meant(tried, sent, reply=f"{sent.code} {sent.reply}".rstrip())
        return InformationDetail(Info.JOB_ENDED, str(tried.row.job), words)


WAITS = frozenset(Verdict) - {Verdict.SENT, Verdict.ENDED, Verdict.SENDER_REFUSED}


def said_of(one: Recipient) -> Sent:
    """A server's word about one recipient, as that about a message."""
    words = one.reply.removeprefix(one.code).strip()
    return Sent(one.verdict, Phase.RCPT, one.code, words, answered=True, retry_after=one.retry_after)


def written(tried: Tried, last: Sent | None = None) -> tuple[Write, ...]:
    """What the store keeps of it. `last`: the server's words that count, where not those of the message."""
    job, sent, last, now = tried.row.job, tried.sent, last or tried.sent, tried.now
    unknown = tried.progress.unknown + (sent.verdict is Verdict.UNKNOWN)
    outcome = JobOutcome(job, last.reply, in_json(now), last.phase.value, unknown)
    if not sent.answered and sent.verdict is not Verdict.UNKNOWN:
        return (outcome,)
    asked = frozenset(waiting(tried.before))
    of_try = in_json([each for each in now if each.address in asked])
    return outcome, JobTry(job, tried.progress.number, sent.code, sent.phase.value, sent.reply, of_try)


def in_json(found: Iterable[Addressee]) -> str:
    return ADDRESSEES.dump_json(tuple(found)).decode()
