"""Why a job waits or has ended, what to do about it, and who must (B9).

Rule: nothing is decided here. A reason is read from the job, from the machines that it waits for and from the
tables of the servers' answers. The words are those of the device's language.
"""

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info
from ..machines.access_token import BACKING_OFF
from ..machines.job import COPIED, DROPPED, ENDED, HELD, WAITING
from ..machines.mailbox import QUOTA
from ..machines.mailbox import WAITING as MAILBOX_WAITING
from ..machines.refresh_token import ACQUIRED, EXPIRED, REFRESH_TOKEN
from ..machines.validation import NOT_AVAILABLE, OFF
from .information import Advice, of_reason, of_rules
from .mailboxes import MailboxStatus
from .own_reasons import PAUSED, PAUSES
from .ports import Outcome, Phase, Verdict
from .records import JobOutcome
from .status import IdentityStatus, JobStatus, Reader, Status
from .words import CANNOT_BE_READ, Words

NO_ADDRESS = "S17-address"
"The rule that a user breaks whose address was taken away after the job was accepted."


def of_job(reader: Reader, job: JobStatus) -> Advice:
    """For a job that waits, is held, or has ended."""
    now, words = reader.beside_jobs(), reader.words
    if job.state == WAITING.name.lower():
        if now.validation == NOT_AVAILABLE.value:
            return of_rules(now.broken, reader.rules, words)
        identity = next(each for each in now.identities if each.identity == job.signer)
        if now.validation != OFF.value and identity.refresh_token != ACQUIRED.value:
            return without_token(now, identity, reader)
        account = reader.mailboxes.address(identity.identity)
        for closed in (each for each in now.mailboxes if each.address == account):
            if closed.state == MAILBOX_WAITING.value:
                return of_pause(closed, words)
            if found := warned(now, Info.MAILBOX_CLOSED, closed.account):
                return found
        if job.job in reader.mailboxes.passed:
            cause = words.say(PAUSES[QUOTA][1], account=account)
            return Advice(cause, words.say("waits.remedy"), Actor.NOBODY)
        found = warned(now, Info.PROVIDER_REFUSES, identity.identity)
        found = found or warned(now, Info.SERVER_REFUSES_TOKEN, identity.identity)
        if found:
            return found
        if identity.access_token == BACKING_OFF.name.lower().replace("_", " ") and not job.retry_at:
            return Advice(
                words.say("waits.unreachable.cause"), words.say("waits.unreachable.remedy"), Actor.NOBODY
            )
    if job.state == HELD.name.lower() and job.code != COPIED:
        return Advice(words.say("waits.held.cause"), words.say("waits.held.remedy"), Actor.PERSON)
    if job.code.endswith(CANNOT_BE_READ):
        secret = job.code.removesuffix(CANNOT_BE_READ)
        return Advice(
            words.say("credential.cause", reference=secret), words.say("waits.secret.remedy"), Actor.ADMIN
        )
    if job.code == DROPPED and (found := warned(now, Info.JOB_ENDED, str(job.job))):
        return found  # it says more, while it stands
    last = reader.store.job_outcome(job.job) or JobOutcome(job.job, "", "")
    if known := of_code(job.code, last, words, **addresses(reader, job)):
        return known
    if codes := reader.rules_in(job.code):
        return of_rules(codes, reader.rules, words)
    if job.state == ENDED.name.lower():
        return Advice(job.reason, words.say("I201.remedy"), Actor.PERSON)
    return Advice(job.reason, words.say("waits.remedy"), Actor.NOBODY)


def of_pause(mailbox: MailboxStatus, words: Words) -> Advice:
    """The provider's pace, or its server's word: nobody needs to do anything."""
    _, said = PAUSES.get(mailbox.code, PAUSED)
    cause = words.say(said, account=mailbox.address, code=mailbox.code)
    return Advice(cause, words.say("waits.remedy"), Actor.NOBODY)


def without_token(now: Status, identity: IdentityStatus, reader: Reader) -> Advice:
    """A person must sign in; only the provider's own word is a reason to say that again (S24)."""
    words = reader.words
    if not identity.address:
        return of_rules((NO_ADDRESS,), reader.rules, words)
    mine, login = identity.identity == ADMINISTRATOR, identity.login
    remedy = words.say("waits.acquire.remedy") if mine else words.say("waits.sign-in.remedy", login=login)
    actor = Actor.ADMIN if mine else Actor.PERSON
    if identity.refresh_token == EXPIRED.value:
        found = warned(now, Info.SIGN_IN_AGAIN, identity.identity)
        token = reader.found(REFRESH_TOKEN, identity.identity)
        if found and token and token.data.refused:
            return found
        return Advice(found.cause if found else words.say("waits.expired.cause"), remedy, actor)
    address = identity.address
    if mine:
        return Advice(words.say("waits.acquire.cause", address=address), remedy, actor)
    return Advice(words.say("waits.sign-in.cause", login=login, address=address), remedy, actor)


def warned(now: Status, code: Info, subject: str) -> Advice | None:
    """What the [Information] screen says of it."""
    for each in now.information:
        if (each.code, each.subject) == (code, subject):
            return Advice(each.cause, each.remedy, each.actor)
    return None


def addresses(reader: Reader, job: JobStatus) -> dict[str, str]:
    """What the words for a server's answer may name."""
    row = reader.store.job(job.job)
    return {"account": reader.mailboxes.address(job.signer), "sender": row.sender if row else ""}


def of_code(code: str, last: JobOutcome, words: Words, **addresses: str) -> Advice | None:
    """The words for a job's reason: the engine's own, or from the table of the servers' answers, which may
    name the `account` and the `sender`.
    """
    if (own := of_reason(code, words)) is not None:
        return own
    from .smtp.trouble import explain

    phase = Phase(last.phase) if last.phase else Phase.CONNECT
    try:
        row = explain(Outcome(Verdict.LATER, phase, code, last.reply, answered=bool(last.reply)))
    except LookupError:
        return None
    meaning = f"smtp.{row.meaning}"
    return Advice(
        words.table(f"{meaning}.cause", row.cause, **addresses),
        words.table(f"{meaning}.remedy", row.remedy, **addresses),
        row.actor,
    )


def server_words(reader: Reader, job: int) -> str:
    """What the submission server said last about this job; empty if nothing."""
    outcome = reader.store.job_outcome(job)
    return outcome.reply if outcome else ""
